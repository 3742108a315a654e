//! Why the clock could not be read.

use crate::text::cut;

/// Why a reading, or one member of it, could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadError {
    /// The kind, for counting and filtering.
    pub kind: ReadErrorKind,
    /// What happened, for a person. It may name the host and the port of the endpoint, but never its path.
    pub message: String,
}

impl ReadError {
    /// The longest message kept, in characters.
    const MESSAGE_LIMIT: usize = 200;

    /// An error with a message of at most 200 characters of printable ASCII: a longer one is cut,
    /// and `?` stands for other characters, since part of it may come from the endpoint.
    #[must_use]
    pub fn new(kind: ReadErrorKind, message: impl AsRef<str>) -> Self {
        let printable = |c: char| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        };
        let message = cut(message.as_ref(), Self::MESSAGE_LIMIT)
            .chars()
            .map(printable)
            .collect();
        Self { kind, message }
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.message)
    }
}

impl std::error::Error for ReadError {}

/// The kinds of [`ReadError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReadErrorKind {
    /// No complete answer within the request timeout.
    Timeout,
    /// The endpoint could not be reached, or the connection broke.
    Connection,
    /// A status code other than 200.
    HttpStatus,
    /// A body over 1 MiB.
    BodyTooLarge,
    /// A body that is not a JSON object.
    InvalidJson,
    /// A document without `TaskARN`.
    NoTaskArn,
    /// A document whose `ClockDrift` is absent, `null`, `{}` or no object.
    NoClockDrift,
    /// One member of the wrong type or out of range; the rest of the reading stands.
    InvalidMember,
    /// The kernel refused to tell.
    Kernel,
    /// An application asked its clock outside of a tokio runtime, or while the runtime ended.
    NoRuntime,
    /// The wall clock was stepped during each of several reads in a row.
    ClockStepping,
    /// The NTP server says that its own clock is not synchronized.
    NtpUnsynchronized,
    /// The NTP server's stratum is 0 without a kiss code, or 16 and more: it has no source.
    NtpStratum,
    /// The NTP server sent a kiss-o'-death packet: it refuses service, or wants fewer requests.
    NtpKissOfDeath,
    /// All that came from the NTP server were answers to other requests.
    NtpOrigin,
    /// A datagram of the NTP server that is not an NTP packet, or an answer that cannot be right.
    NtpPacket,
    /// The wall clock moved during an exchange with the NTP server, which makes it void.
    NtpClockMoved,
}

impl ReadErrorKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Timeout,
        Self::Connection,
        Self::HttpStatus,
        Self::BodyTooLarge,
        Self::InvalidJson,
        Self::NoTaskArn,
        Self::NoClockDrift,
        Self::InvalidMember,
        Self::Kernel,
        Self::NoRuntime,
        Self::ClockStepping,
        Self::NtpUnsynchronized,
        Self::NtpStratum,
        Self::NtpKissOfDeath,
        Self::NtpOrigin,
        Self::NtpPacket,
        Self::NtpClockMoved,
    ];

    /// The word for it in `ReadErrorKind`, such as `timeout`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::HttpStatus => "http_status",
            Self::BodyTooLarge => "body_too_large",
            Self::InvalidJson => "invalid_json",
            Self::NoTaskArn => "no_task_arn",
            Self::NoClockDrift => "no_clock_drift",
            Self::InvalidMember => "invalid_member",
            Self::Kernel => "kernel",
            Self::NoRuntime => "no_runtime",
            Self::ClockStepping => "clock_stepping",
            Self::NtpUnsynchronized => "ntp_unsynchronized",
            Self::NtpStratum => "ntp_stratum",
            Self::NtpKissOfDeath => "ntp_kiss_of_death",
            Self::NtpOrigin => "ntp_origin",
            Self::NtpPacket => "ntp_packet",
            Self::NtpClockMoved => "ntp_clock_moved",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_message_is_cut_and_made_printable() {
        let error = ReadError::new(ReadErrorKind::HttpStatus, "\u{1b}é".repeat(250));
        assert_eq!(error.message, "?".repeat(200) + "...");
    }
}
