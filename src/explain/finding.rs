//! What an event yields, as values: data points and broken rules.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Number;

use super::kind::{Confidence, Counter, Effect, Severity};
use super::rule::Rule;

/// The position of an event in its input.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line that it begins on, from 1.
    pub line: u64,
    /// Its number within an export or a line of several events, from 1.
    pub event: Option<u64>,
}

impl Position {
    pub(crate) fn new(line: u64, event: Option<u64>) -> Self {
        Self { line, event }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}", self.line)?;
        match self.event {
            Some(event) => write!(f, ", event {event}"),
            None => Ok(()),
        }
    }
}

/// What an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// An EMF document, valid or not, with any wrapping.
    Document,
    /// Any other event.
    Other,
    /// Not an event: the findings concern the input as a whole.
    Input,
}

/// One event of the input with its data points and findings.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explained {
    /// Its place in the input.
    pub position: Position,
    /// What it is.
    pub kind: Kind,
    /// The length of its text in bytes.
    pub bytes: u64,
    /// The rules that it breaks.
    pub problems: Vec<Problem>,
    /// Data points: one for each dimension set and metric of a directive.
    pub points: Vec<Point>,
    /// Problems that are not listed, because there are too many.
    pub more_problems: u64,
    /// Points that are not listed, because there are too many.
    pub more_points: u64,
}

impl Explained {
    pub(super) fn new(position: Position, bytes: usize, kind: Kind) -> Self {
        Self {
            position,
            kind,
            bytes: bytes as u64,
            problems: Vec::new(),
            points: Vec::new(),
            more_problems: 0,
            more_points: 0,
        }
    }

    /// Whether something is certain to be lost.
    #[must_use]
    pub fn has_fault(&self) -> bool {
        self.problems.iter().any(Problem::is_fault)
    }
}

/// A data point that CloudWatch extracts from an event.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Point {
    /// The metric's namespace.
    pub namespace: Arc<str>,
    /// The metric's name.
    pub metric: Arc<str>,
    /// The unit, as CloudWatch spells it.
    pub unit: &'static str,
    /// Seconds: 1 or 60.
    pub resolution: u8,
    /// Names and values in the order of the set; empty for a point without dimensions.
    pub dimensions: Arc<[(String, String)]>,
    /// Milliseconds since 1970.
    pub timestamp: i64,
    /// The values.
    pub values: Arc<Values>,
    /// False if the point may not exist; a warning or fault of the event has the reason.
    pub certain: bool,
}

impl Point {
    /// The timestamp as a moment; `None` if it is out of range.
    #[must_use]
    pub fn time(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp_millis(self.timestamp)
    }
}

/// The values of a data point, as the document has them.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Single values, 1 to 100.
    List(Vec<Number>),
    /// Values and how often each occurred, 1 to 100.
    Distribution {
        /// The values.
        values: Vec<Number>,
        /// How often each occurred.
        counts: Vec<Number>,
    },
    /// A statistic set.
    Statistics {
        /// The smallest value.
        min: Number,
        /// The largest value.
        max: Number,
        /// The sum of all values.
        sum: Number,
        /// How many values there were.
        count: Number,
    },
}

/// More values than this are summed up.
const SHOWN_VALUES: usize = 5;

/// A few values as they are, many as their number and range.
impl fmt::Display for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(values) => write_list(f, values),
            Self::Distribution { values, counts } if values.len() <= SHOWN_VALUES => {
                for (index, (value, count)) in values.iter().zip(counts).enumerate() {
                    let space = if index == 0 { "" } else { " " };
                    write!(f, "{space}{value}×{count}")?;
                }
                Ok(())
            }
            Self::Distribution { values, .. } => {
                f.write_str("a distribution of ")?;
                write_list(f, values)
            }
            Self::Statistics {
                min,
                max,
                sum,
                count,
            } => write!(f, "min {min} max {max} sum {sum} count {count}"),
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, values: &[Number]) -> fmt::Result {
    if values.len() <= SHOWN_VALUES {
        for (index, value) in values.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { " " })?;
            fmt::Display::fmt(value, f)?;
        }
        return Ok(());
    }
    let order = |left: &&Number, right: &&Number| {
        let key = |number: &Number| number.as_f64().unwrap_or_default();
        key(left).total_cmp(&key(right))
    };
    match (values.iter().min_by(order), values.iter().max_by(order)) {
        (Some(least), Some(most)) => write!(f, "{} values, {least} to {most}", values.len()),
        _ => Ok(()),
    }
}

/// A broken rule: where, what was given, and what is expected. Its `Display` is the sentence of the report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    rule: Rule,
    place: String,
    given: String,
    expected: String,
    hint: Option<String>,
}

impl Problem {
    pub(super) fn new(
        rule: Rule,
        place: impl Into<String>,
        given: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            place: place.into(),
            given: given.into(),
            expected: expected.into(),
            hint: None,
        }
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds the rule's next step as a hint, where only a setting helps.
    pub(super) fn with_next_step(self) -> Self {
        let step = self.rule.next_step().trim_end_matches('.');
        let (first, rest) = step.split_at(1);
        let hint = format!("{}{rest}", first.to_ascii_lowercase());
        self.with_hint(hint)
    }

    /// The rule that is broken.
    #[must_use]
    pub fn rule(&self) -> Rule {
        self.rule
    }

    /// The place in the event: a path such as `_aws.Timestamp`, or the subject of the sentence.
    #[must_use]
    pub fn place(&self) -> &str {
        &self.place
    }

    /// What was given there.
    #[must_use]
    pub fn given(&self) -> &str {
        &self.given
    }

    /// What is expected there.
    #[must_use]
    pub fn expected(&self) -> &str {
        &self.expected
    }

    /// What may help in this case, beyond the rule's own next step.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether it is a fault or a warning.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.rule.severity()
    }

    /// Whether something is certain to be lost.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.severity() == Severity::Fault
    }

    /// How certain it is.
    #[must_use]
    pub fn confidence(&self) -> Confidence {
        self.rule.confidence()
    }

    /// The counter of CloudWatch that rises.
    #[must_use]
    pub fn counter(&self) -> Option<Counter> {
        self.rule.counter()
    }

    /// What it costs.
    #[must_use]
    pub fn effect(&self) -> Effect {
        self.rule.effect()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}: expected {}, got {}",
            self.place, self.expected, self.given
        )?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        write!(f, "; {}", self.effect())
    }
}

/// A text in quotes on one line: control characters escaped, the end of a long one left out.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    match text.char_indices().nth(SHOWN) {
        None => format!("{text:?}"),
        Some((end, _)) => format!("{:?}… ({} characters)", &text[..end], text.chars().count()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_stays_short_and_on_one_line() {
        assert_eq!(quoted("a\n\u{1b}[31m"), r#""a\n\u{1b}[31m""#);
        let long = quoted(&"é".repeat(5000));
        assert!(
            long.chars().count() < 100 && long.ends_with("… (5000 characters)"),
            "{long}"
        );
    }
}
