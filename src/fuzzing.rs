//! Entry points for the fuzz targets of `tests/fuzz`: every parser of foreign bytes as a function, without I/O.
//!
//! What is public already, such as `emf_explain`, needs none. Nothing here is an interface: it
//! changes with the targets.
#![cfg(feature = "fuzzing")]

mod configuration;
mod lines;
#[cfg(target_os = "linux")]
mod segment;

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};

use crate::answer::http;
use crate::reading::{ReadError, Reading};
use crate::sidecar::Observed;
use crate::source::{self, Exchange, Sample, ntp_fuzzing};
use crate::time::{DriftRate, Moment};
use emf_explain::Options;
use emf_explain::report::Report;

pub use self::configuration::{Check, Fault, Run, Start, start};
pub use self::lines::{Event, lines};
#[cfg(target_os = "linux")]
pub use self::segment::{SegmentFields, judge_segment, segment};

/// What a request for the task document gives that was sent at `requested` and whose answer, with this
/// body, was complete at `at`.
#[must_use]
pub fn sample_of_body(body: &[u8], requested: Moment, at: Moment) -> Sample {
    source::sample_of_body(body, requested, at)
}

/// The request with this nonce to an NTP server.
#[must_use]
pub fn ntp_request(nonce: u64) -> [u8; 48] {
    ntp_fuzzing::request(nonce)
}

/// What a datagram proves that came at the second moment, after the request with this nonce was sent at the
/// first.
///
/// # Errors
/// Where it proves nothing.
pub fn ntp_exchange(
    datagram: &[u8],
    nonce: u64,
    moments: [Moment; 2],
    drift: DriftRate,
) -> Result<Exchange, ReadError> {
    ntp_fuzzing::exchange(datagram, nonce, moments, drift)
}

/// The sample that an exchange with an NTP server makes.
#[must_use]
pub fn sample_of_exchange(outcome: Result<Exchange, ReadError>) -> Sample {
    source::Sample::from_exchange(outcome)
}

/// The report of the command `explain` on an input, and the number of faults.
///
/// # Errors
/// None, since nothing is read or written.
pub fn explain_report(input: &[u8], options: Options, json: bool) -> io::Result<(Vec<u8>, u64)> {
    let mut output = Vec::new();
    let mut report = Report::new(&mut output, json, false, false);
    report.begin_file(None);
    let mut events = emf_explain::explain(input, options);
    for event in events.by_ref() {
        report.event(&event?)?;
    }
    report.end_file(events.lines())?;
    let faults = report.finish()?;
    Ok((output, faults))
}

/// Serves a connection to the listener to its end, when the last attempts to read the clock gave these
/// outcomes.
pub async fn http_converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    outcomes: &[Result<Reading, ReadError>],
) {
    let mut observed = Observed::new(Moment::now().monotonic);
    for outcome in outcomes {
        observed.take(outcome);
    }
    http::converse(stream, observed).await;
}
