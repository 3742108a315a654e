//! Explains what CloudWatch makes of log lines in embedded metric format (EMF): the data points, or why there are none.
//!
//! CloudWatch keeps an invalid document as an ordinary log line and reports nothing. [`explain`] reads what people have,
//! lines of any EMF writer or an export of them, and gives each event with its data points and with every [`Rule`] that it
//! breaks: where, what was given, what is expected, what it costs, and how certain that is.
//!
//! - [`explain`] judges events; [`report`] prints the result as text or JSON.
//! - [`input`] only reads events, from any export.
//! - [`limits`] has CloudWatch's limits.
//! - With the feature `cli` (default), `command` is the command line.
//!
//! Without default features the crate needs no clock, no files and no threads, and compiles to WebAssembly.
//!
//! # What a document is
//! An event that begins with `{` and has a member `_aws` at its root, or `CloudWatchMetrics` (version 0). What viewers
//! put around events is removed. What CloudWatch would have too is a fault, and the document inside is judged anyway.
//! All other events are counted and are not a fault, with these exceptions:
//! - an event that is not UTF-8
//! - a document in another notation than JSON
//! - a JSON object that is cut off where the input ends without a line feed, or after 16,384 bytes, where `FireLens` splits
//!
//! # Where the sources disagree
//! - A member named twice: JSON parsers differ. It is a warning, and the last one is used for the points.
//! - `1574109732004.0` is not an integer here: whether CloudWatch accepts it is unknown.
//! - Metadata nested more than 127 deep, or with half of a surrogate pair, counts as broken JSON.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

#[cfg(feature = "cli")]
pub mod command;
#[cfg(test)]
mod cost;
mod finding;
#[doc(hidden)]
pub mod fuzzing;
pub mod input;
mod judge;
mod kind;
pub mod limits;
pub mod report;
mod rule;
mod serialize;
mod work;

use std::io::{self, BufRead};

use chrono::{DateTime, Utc};

use self::input::{Queue, RawEvent};

pub use self::finding::{Explained, Kind, Point, Position, Problem, Values};
pub use self::input::Input;
pub use self::judge::{InvalidTime, parse_now};
pub use self::kind::{Confidence, Counter, Effect, Severity};
pub use self::rule::Rule;

/// How [`explain`] reads and judges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The form of the input.
    pub input: Input,
    /// The moment against which old and future timestamps are judged.
    pub now: DateTime<Utc>,
}

impl Options {
    /// Reads in this form, and judges timestamps as of `now`.
    #[must_use]
    pub fn new(input: Input, now: DateTime<Utc>) -> Self {
        Self { input, now }
    }
}

/// Reads events from `input` and judges what CloudWatch makes of each.
///
/// One pass in bounded memory: events larger than CloudWatch's limit are not kept, and at most 10,000 points and 1,000
/// problems are listed per event. Give it a buffer of 64 KiB or more.
///
/// # Errors
/// An item is an error if the input cannot be read; the iterator ends after it. An invalid event is never an error.
///
/// # Example
/// ```
/// use emf_explain::{Input, Options, explain, parse_now};
///
/// let line = br#"{"_aws":{"Timestamp":1574109732004,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[["Service"]],"Metrics":[{"Name":"Time","Unit":"Seconds"},{"Name":"Hits"}]}]},"Service":"api","Time":3}"#;
/// let options = Options::new(Input::Auto, parse_now("2019-11-18T21:00:00Z")?);
/// for event in explain(line.as_slice(), options) {
///     let event = event?;
///     assert_eq!((event.points.len(), event.problems.len()), (1, 1));
///     assert_eq!(event.problems[0].rule().as_str(), "metric-missing");
///     assert_eq!(
///         event.problems[0].to_string(),
///         "the metric \"Hits\": expected a value at the root, got nothing; CloudWatch drops this metric"
///     );
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn explain<R: BufRead>(input: R, options: Options) -> Events<R> {
    Events {
        queue: Queue::new(input, options.input),
        now: options.now,
    }
}

/// The events of an input, explained one after the other. Made by [`explain`].
pub struct Events<R> {
    queue: Queue<R, Explained>,
    now: DateTime<Utc>,
}

impl<R: BufRead> Events<R> {
    /// Lines read so far.
    pub fn lines(&self) -> u64 {
        self.queue.reader.lines()
    }
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = io::Result<Explained>;

    fn next(&mut self) -> Option<Self::Item> {
        self.queue.next(|event| Some(judged(event, self.now)))
    }
}

/// Judges an event.
fn judged(event: RawEvent<'_>, now: DateTime<Utc>) -> Explained {
    let mut explained = Explained::new(event.position, event.bytes, event.kind);
    let refused = event
        .problems
        .iter()
        .any(|problem| problem.effect() == Effect::Refused);
    judge::add_problems(&mut explained, event.problems);
    if let Some(root) = &event.root {
        judge::judge(root, now, &mut explained);
    }
    if refused {
        explained.points.clear();
        explained.more_points = 0;
    } else if !event.certain {
        let points = explained.points.iter_mut();
        points.for_each(|point| point.certain = false);
    }
    explained
}

/// The problem of so many findings that a report leaves out.
pub(crate) fn not_listed(count: u64) -> Problem {
    let expected = "a report of bounded size";
    let given = format!("{count} more findings");
    Problem::new(Rule::NotListed, "the line", given, expected)
}
