//! What can go wrong with an exchange, and the read error each makes.

use std::fmt;
use std::io;
use std::time::Duration;

use chrono::TimeDelta;

use crate::reading::{ReadError, ReadErrorKind};

/// Why an exchange gave nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// The name of the server could not be looked up.
    Lookup(io::Error),
    /// No packet could be sent or received.
    Network(io::Error),
    /// Nothing came in this time.
    Silent(Duration),
    /// A packet of fewer than 48 bytes.
    Short { length: usize },
    /// A packet that no server sends.
    NotAnAnswer { version: u8, mode: u8 },
    /// An answer to another request.
    ForeignOrigin,
    /// Stratum 0 and a code that says why.
    Kiss(KissCode),
    /// The server refused earlier and is not asked again.
    Refused(KissCode),
    /// The leap indicator says that the server's clock is not synchronized.
    Unsynchronized,
    /// Stratum 0 without a code, or 16 and more.
    Stratum(u8),
    /// Fields that contradict each other or the exchange.
    Implausible(Implausible),
    /// The wall clock moved this much against the monotonic one meanwhile.
    ClockMoved(TimeDelta),
}

/// What in an answer cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Implausible {
    NoReceiveTime,
    NoTransmitTime,
    TransmitBeforeReceive,
    LongerThanExchange,
    ReferenceAfterTransmit,
    RootDistance,
    Precision,
}

impl fmt::Display for Implausible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoReceiveTime => "the receive timestamp is 0",
            Self::NoTransmitTime => "the transmit timestamp is 0",
            Self::TransmitBeforeReceive => {
                "the transmit timestamp is earlier than the receive timestamp"
            }
            Self::LongerThanExchange => {
                "the time between the server's timestamps is longer than the whole exchange"
            }
            Self::ReferenceAfterTransmit => {
                "the reference timestamp is later than the transmit timestamp"
            }
            Self::RootDistance => "the server's distance from its reference is 16 s or more",
            Self::Precision => "the precision of the server's clock is 16 s or worse",
        })
    }
}

impl Fault {
    /// The kind it is counted as.
    fn kind(&self) -> ReadErrorKind {
        match self {
            Self::Lookup(_) | Self::Network(_) => ReadErrorKind::Connection,
            Self::Silent(_) => ReadErrorKind::Timeout,
            Self::ForeignOrigin => ReadErrorKind::NtpOrigin,
            Self::Kiss(_) | Self::Refused(_) => ReadErrorKind::NtpKissOfDeath,
            Self::Unsynchronized => ReadErrorKind::NtpUnsynchronized,
            Self::Stratum(_) => ReadErrorKind::NtpStratum,
            Self::Short { .. } | Self::NotAnAnswer { .. } | Self::Implausible(_) => {
                ReadErrorKind::NtpPacket
            }
            Self::ClockMoved(_) => ReadErrorKind::NtpClockMoved,
        }
    }

    /// Whether another address of the server may do better: this one has not shown that there is a
    /// server at all.
    pub(super) fn is_of_the_address(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Silent(_))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) => {
                write!(f, "the NTP server's name cannot be looked up: {error}")
            }
            Self::Network(error) => write!(f, "the NTP server cannot be reached: {error}"),
            Self::Silent(time) => {
                let time = humantime::format_duration(*time);
                write!(f, "no answer of the NTP server within {time}")
            }
            Self::Short { length } => {
                write!(f, "expected an NTP packet of 48 bytes, got {length} bytes")
            }
            Self::NotAnAnswer { version, mode } => write!(
                f,
                "expected an NTP packet of version 4 and mode 4 (server), got version {version} and mode {mode}"
            ),
            Self::ForeignOrigin => {
                f.write_str("the only answers were answers to other requests (origin timestamp)")
            }
            Self::Kiss(code) => write!(f, "the NTP server sent kiss code {code}"),
            Self::Refused(code) => write!(
                f,
                "the NTP server refused service (kiss code {code}) and is not asked again"
            ),
            Self::Unsynchronized => {
                f.write_str("the NTP server's clock is not synchronized (leap indicator 3)")
            }
            Self::Stratum(stratum) => {
                write!(
                    f,
                    "expected an NTP server of stratum 1 to 15, got {stratum}"
                )
            }
            Self::Implausible(what) => write!(f, "the NTP server's answer cannot be right: {what}"),
            Self::ClockMoved(by) => write!(
                f,
                "the wall clock moved by {} ms during the exchange",
                by.num_milliseconds()
            ),
        }
    }
}

impl From<Fault> for ReadError {
    fn from(fault: Fault) -> Self {
        Self::new(fault.kind(), fault.to_string())
    }
}

/// Four letters that stand in place of the reference of a server of stratum 0
/// ([RFC 5905 §7.4](https://www.rfc-editor.org/rfc/rfc5905#section-7.4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KissCode([u8; 4]);

/// What a client has to do about a kiss code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KissAction {
    /// Never ask this server again (DENY, RSTR).
    Stop,
    /// Ask less often (RATE).
    SlowDown,
    /// Nothing but to throw the answer away.
    Ignore,
}

impl KissCode {
    /// The code, if the four bytes are one. INIT and STEP are not: they say that the server is not
    /// synchronized yet.
    pub(super) fn read(id: [u8; 4]) -> Option<Self> {
        let is_code = id
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        (is_code && !matches!(&id, b"INIT" | b"STEP")).then_some(Self(id))
    }

    pub(super) fn action(self) -> KissAction {
        match &self.0 {
            b"DENY" | b"RSTR" => KissAction::Stop,
            b"RATE" => KissAction::SlowDown,
            _ => KissAction::Ignore,
        }
    }
}

impl fmt::Display for KissCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|byte| write!(f, "{}", char::from(*byte)))
    }
}
