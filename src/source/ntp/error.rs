//! Why an exchange failed, and the kind of read error for each reason.

use std::fmt;
use std::io;
use std::time::Duration;

use chrono::TimeDelta;

use super::server::NtpServer;
use crate::reading::{ReadError, ReadErrorKind};

/// Why an exchange failed.
#[derive(Debug)]
pub(super) enum ExchangeError {
    /// The lookup of the server's name failed.
    Lookup(io::Error),
    /// The lookup of the server's name did not end within this time.
    LookupHung(Duration),
    /// No packet could be sent or received.
    Network(io::Error),
    /// Nothing was received within this time.
    Silent(Duration),
    /// A packet of fewer than 48 bytes.
    Short { length: usize },
    /// A packet that is not a server's answer.
    NotAnAnswer { version: u8, mode: u8 },
    /// An answer to another request.
    ForeignOrigin,
    /// Stratum 0 with a kiss code.
    Kiss(KissCode),
    /// The server refused service earlier; nothing was sent.
    Refused(KissCode),
    /// The leap indicator 3: the server's clock is not synchronized.
    Unsynchronized,
    /// Stratum 0 without a code, or 16 and more.
    Stratum(u8),
    /// Fields that contradict each other or the measured exchange.
    Implausible(Implausible),
    /// The wall clock moved by this much against the monotonic clock during the exchange.
    ClockMoved(TimeDelta),
}

/// A contradiction in an answer.
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

impl ExchangeError {
    /// The kind under which it is counted.
    pub(super) fn kind(&self) -> ReadErrorKind {
        match self {
            Self::Lookup(_) | Self::Network(_) => ReadErrorKind::Connection,
            Self::LookupHung(_) | Self::Silent(_) => ReadErrorKind::Timeout,
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

    /// The read error, whose message names the server.
    pub(super) fn of_server(&self, server: &NtpServer) -> ReadError {
        ReadError::new(self.kind(), format!("NTP server {server}: {self}"))
    }

    /// Whether another address of the server may work: at this one no server has answered.
    pub(super) fn is_of_the_address(&self) -> bool {
        matches!(self, Self::Network(_) | Self::Silent(_))
    }
}

/// What follows the server's name in [`ExchangeError::of_server`].
impl fmt::Display for ExchangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lookup(error) => write!(f, "the lookup of its name failed: {error}"),
            Self::LookupHung(time) => {
                let time = humantime::format_duration(*time);
                write!(f, "the lookup of its name did not end within {time}")
            }
            Self::Network(error) => write!(f, "cannot be reached: {error}"),
            Self::Silent(time) => {
                let time = humantime::format_duration(*time);
                write!(f, "no answer within {time}")
            }
            Self::Short { length } => {
                write!(f, "expected an NTP packet of 48 bytes, got {length} bytes")
            }
            Self::NotAnAnswer { version, mode } => write!(
                f,
                "expected an NTP packet of version 4 and mode 4 (server), got version {version} and mode {mode}"
            ),
            Self::ForeignOrigin => {
                f.write_str("only answers to other requests arrived (foreign origin timestamp)")
            }
            Self::Kiss(code) => write!(f, "it sent kiss code {code}"),
            Self::Refused(code) => write!(
                f,
                "it refused service (kiss code {code}); no more requests are sent"
            ),
            Self::Unsynchronized => f.write_str("its clock is not synchronized (leap indicator 3)"),
            Self::Stratum(stratum) => write!(f, "expected a stratum from 1 to 15, got {stratum}"),
            Self::Implausible(what) => write!(f, "its answer is implausible: {what}"),
            Self::ClockMoved(by) => write!(
                f,
                "the wall clock moved by {} ms during the exchange",
                by.num_milliseconds()
            ),
        }
    }
}

/// The four letters in the reference ID of a packet of stratum 0
/// ([RFC 5905 §7.4](https://www.rfc-editor.org/rfc/rfc5905#section-7.4)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KissCode([u8; 4]);

/// The action that a kiss code demands of a client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KissAction {
    /// Send no more requests (DENY, RSTR).
    Stop,
    /// Send fewer requests (RATE).
    SlowDown,
    /// Discard the answer.
    Ignore,
}

impl KissCode {
    /// The code, if the four bytes are one. INIT and STEP do not count: with them a server reports that it is
    /// not synchronized yet.
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
