//! What CloudWatch makes of log lines in embedded metric format (EMF): the data points, or why there are none.
//!
//! CloudWatch keeps a wrong document as an ordinary log line and says nothing. [`explain`] reads the lines of any EMF
//! writer and says what each one yields.
//!
//! # Which lines are EMF
//! A line that begins with `{` and contains `"_aws"`. All others are counted and no fault, with these exceptions: a line
//! over 262,118 bytes (the driver splits it), a line that is not UTF-8 (the driver may lose the batch it is in), and a
//! JSON object that is cut off where the input ends without line feed, or after 16,384 bytes, where `FireLens` splits: what
//! would make it EMF may be what is missing. White space after the object, a carriage return for one, is harmless.
//!
//! # Rules
//! From the specification and its schema; a document that breaks one yields no metric at all:
//! - one JSON object (RFC 8259), nothing before or after it; `_aws` is a member of the root and an object;
//! - `Timestamp` is an integer, `CloudWatchMetrics` an array of objects that have `Namespace`, `Dimensions` and `Metrics`;
//! - names are strings of 1 to 1,024 characters (keys of a dimension set: 250) without line breaks;
//! - `Dimensions` holds at least one set, a set 0 to 30 keys, `Metrics` at most 100 definitions;
//! - `Unit` is one of the listed words, `StorageResolution` an integer.
//!
//! From the specification's prose, for single targets: a metric's value is a number or an array of 1 to 100 numbers at the
//! root (else the metric is dropped); a dimension's value is a string at the root (else the set is dropped);
//! `StorageResolution` is 1 or 60. Value distributions (`Values`, `Counts`) and statistic sets are not in the specification.
//!
//! Known from CloudWatch's interface and from practice:
//! - timestamps reach from 14 days past to 2 hours ahead; values lie within ±2^360;
//! - a namespace has at most 255 characters of `A-Z a-z 0-9 . _ # : / -` and the space, is not blank, and begins neither
//!   with `AWS/` nor with `:`; a metric's name has at most 255 characters;
//! - a dimension's key is printable ASCII, not blank, and does not begin with `:`; its value is 1 to 1,024 printable ASCII characters, not blank;
//! - an *empty* dimension value publishes the metrics of the set without any dimension: that point is shown beside its fault;
//! - one metric name does not have two resolutions in one event.
//!
//! # Where the sources are silent
//! - A member named twice, at the root or in the metadata: readers of JSON differ. It is a fault, and the last one is taken for the points.
//! - `1574109732004.0` is no integer here: whether CloudWatch takes it for one is unknown.
//! - JSON nested more than 127 deep, lone surrogates and numbers that no double can hold (`1e999`) count as broken JSON.

mod document;
mod finding;
mod json;
mod lines;
mod place;
mod report;
mod rules;
mod schema;
mod targets;
mod time;

use std::fmt;
use std::io::{self, BufRead, BufWriter, Write};

use chrono::{DateTime, Utc};

use self::finding::{Effect, Fault};
use self::lines::{Line, LineReader};
use self::report::Report;
use self::rules::MAX_EVENT_BYTES;

pub use self::report::Summary;
pub use self::time::parse_now;

/// How [`explain`] judges and prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// One JSON object a line instead of text for a person.
    pub json: bool,
    /// The moment against which old and future timestamps are judged.
    pub now: DateTime<Utc>,
}

/// Why [`explain`] ended before the end of its input.
#[derive(Debug)]
pub enum Error {
    /// The input cannot be read.
    Read(io::Error),
    /// The report cannot be written, for instance because its reader has gone.
    Write(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "cannot read the log lines: {error}"),
            Self::Write(error) => write!(f, "cannot write the report: {error}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Read(error) | Self::Write(error) => Some(error),
        }
    }
}

/// Reads log lines from `input` and writes to `output` what CloudWatch would make of each.
///
/// One pass in constant memory: no line is held beyond the size of a log event. The report is written in blocks and
/// flushed at the end.
///
/// # Errors
/// [`Error::Read`] when the input fails, [`Error::Write`] when the output does. A wrong line is never an error, but a
/// fault in the report and in the [`Summary`].
///
/// # Example
/// ```
/// use ecs_clock_emf::explain::{Options, explain, parse_now};
///
/// let line = br#"{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["Service"]],"Metrics":[{"Name":"Time","Unit":"Seconds"}]}]},"Service":"api","Time":3}"#;
/// let mut report = Vec::new();
/// let options = Options { json: true, now: parse_now("2019-11-18T21:00:00Z")? };
/// let summary = explain(&mut line.as_slice(), &mut report, &options)?;
/// assert_eq!((summary.points, summary.faults), (1, 0));
/// assert_eq!(
///     String::from_utf8(report)?.trim_end(),
///     r#"{"line":1,"namespace":"N","metric":"Time","unit":"Seconds","resolution":60,"dimensions":{"Service":"api"},"timestamp":1574109732004,"values":[3]}"#
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    options: &Options,
) -> Result<Summary, Error> {
    let mut output = BufWriter::with_capacity(64 * 1024, output);
    let mut report = Report::new(&mut output, options.json);
    let mut lines = LineReader::new(input);
    while let Some(line) = lines.next().map_err(Error::Read)? {
        explain_line(&line, options.now, &mut report).map_err(Error::Write)?;
    }
    let summary = report.finish().map_err(Error::Write)?;
    output.flush().map_err(Error::Write)?;
    Ok(summary)
}

/// Judges one line and reports on it.
fn explain_line(line: &Line<'_>, now: DateTime<Utc>, report: &mut Report<'_>) -> io::Result<()> {
    let kept = line.kept();
    if let Line::TooLong { bytes, .. } = line {
        report.line(looks_like_emf(kept));
        let what = format!("the line has {bytes} bytes, allowed are {MAX_EVENT_BYTES}");
        return report.fault(&Fault::new(what, Effect::Split));
    }
    let text = match std::str::from_utf8(kept) {
        Ok(text) => text,
        Err(error) => {
            report.line(looks_like_emf(kept));
            let what = format!("the line is not UTF-8 at byte {}", error.valid_up_to() + 1);
            return report.fault(&Fault::new(what, Effect::Batch));
        }
    };
    let terminated = matches!(
        line,
        Line::Whole {
            terminated: true,
            ..
        }
    );
    let has_marker = text.contains(rules::MARKER);
    if text.starts_with('{') && has_marker {
        report.line(true);
        document::judge(text, terminated, now, &mut |finding| {
            report.finding(&finding)
        })?;
        return report.end_of_event();
    }
    report.line(false);
    if has_marker {
        report.count_prefixed();
    } else if text.starts_with('{') {
        if text.contains(rules::ESCAPED_MARKER) {
            report.count_wrapped();
        }
        // What would make it EMF may be what is missing.
        let may_be_cut = !terminated || text.len() == rules::SHIM_SPLIT_BYTES;
        if may_be_cut && json::is_cut(text) {
            return report.fault(&document::cut(text, terminated));
        }
    }
    Ok(())
}

/// The rule for EMF lines, on bytes that may be no text.
fn looks_like_emf(line: &[u8]) -> bool {
    let marker = rules::MARKER.as_bytes();
    line.starts_with(b"{") && line.windows(marker.len()).any(|window| window == marker)
}
