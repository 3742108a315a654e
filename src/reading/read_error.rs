//! Why the clock could not be read.

use crate::text::{cut, names};

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
    /// and other characters become `?`, since part of it may come from the endpoint.
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

/// Declares the kinds, each with its name and its sentence.
macro_rules! kinds {
    ($($variant:ident $word:literal $about:literal)*) => {
        names! {
            /// The kinds of [`ReadError`], with their names in the member `ReadErrorKind`.
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            #[non_exhaustive]
            pub enum ReadErrorKind {
                $(#[doc = $about] $variant = $word,)*
            }
        }

        impl ReadErrorKind {
            /// What happened, in one sentence.
            #[must_use]
            pub fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }
        }
    };
}

kinds! {
    Timeout "timeout" "No complete answer within the request timeout."
    Connection "connection" "The endpoint could not be reached, or the connection broke."
    HttpStatus "http_status" "A status code other than 200."
    BodyTooLarge "body_too_large" "A body over 1 MiB."
    InvalidJson "invalid_json" "A body that is not a JSON object."
    NoTaskArn "no_task_arn" "A document without `TaskARN`."
    NoClockDrift "no_clock_drift" "A document whose `ClockDrift` is absent, `null`, `{}` or no object."
    InvalidMember "invalid_member" "One member of the wrong type or out of range; the rest of the reading is kept."
    Kernel "kernel" "The kernel refused to report its clock state."
    NoRuntime "no_runtime" "Only in the library: an application asked its clock outside of a tokio runtime, or while the runtime ended."
    ClockStepping "clock_stepping" "The wall clock was stepped during each of several reads in a row."
    NtpUnsynchronized "ntp_unsynchronized" "The NTP server reports that its own clock is not synchronized."
    NtpStratum "ntp_stratum" "The NTP server's stratum is 0 without a kiss code, or 16 and more: it has no source."
    NtpKissOfDeath "ntp_kiss_of_death" "The NTP server sent a kiss-o'-death packet: it refuses service, or wants fewer requests."
    NtpOrigin "ntp_origin" "The NTP server sent only answers to other requests."
    NtpPacket "ntp_packet" "A datagram of the NTP server that is not an NTP packet, or an answer that cannot be right."
    NtpClockMoved "ntp_clock_moved" "The wall clock moved during an exchange with the NTP server, which makes it void."
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
