//! Parsers of foreign bytes as functions without I/O, for the checks.

mod configuration;
mod lines;
#[cfg(target_os = "linux")]
mod segment;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::answer::http;
use crate::reading::{ReadError, Reading};
use crate::sidecar::Observed;
use crate::source::{self, Exchange, Sample, ntp_fuzzing};
use crate::time::{DriftRate, Moment};

pub(crate) use self::configuration::{Fault, Run, Start, start};
pub(crate) use self::lines::{Event, lines};
#[cfg(target_os = "linux")]
pub(crate) use self::segment::{SegmentFields, judge_segment, segment};

/// The sample of a request for the task document, sent at `requested`, with this body complete at
/// `at`.
#[must_use]
pub(crate) fn sample_of_body(body: &[u8], requested: Moment, at: Moment) -> Sample {
    source::sample_of_body(body, requested, at)
}

/// The request with this nonce to an NTP server.
#[must_use]
pub(crate) fn ntp_request(nonce: u64) -> [u8; 48] {
    ntp_fuzzing::request(nonce)
}

/// Judges a datagram that arrived at the second moment, for the request with this nonce that was sent at
/// the first.
///
/// # Errors
/// If it proves nothing.
pub(crate) fn ntp_exchange(
    datagram: &[u8],
    nonce: u64,
    moments: [Moment; 2],
    drift: DriftRate,
) -> Result<Exchange, ReadError> {
    ntp_fuzzing::exchange(datagram, nonce, moments, drift)
}

/// The sample that an exchange with an NTP server makes.
#[must_use]
pub(crate) fn sample_of_exchange(outcome: Result<Exchange, ReadError>) -> Sample {
    source::Sample::from_exchange(outcome)
}

/// Serves a connection to the listener to its end, when the last attempts to read the clock gave these
/// outcomes.
pub(crate) async fn http_converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    outcomes: &[Result<Reading, ReadError>],
) {
    let now = Moment::now().monotonic;
    let mut observed = Observed::new(now);
    for outcome in outcomes {
        observed.take(outcome, now);
    }
    http::converse(stream, observed).await;
}
