//! What an event yields: data points and faults.

use std::fmt;

use serde_json::Number;

use super::json::Json;

/// One thing found in an event.
#[derive(Debug)]
pub(super) enum Finding<'a> {
    /// The data points of one dimension set: one for each metric.
    Points(Points<'a>),
    /// A broken rule.
    Fault(Fault),
}

/// The data points of one dimension set of a directive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) namespace: &'a str,
    /// Milliseconds since 1970.
    pub(super) timestamp: i64,
    /// Names and values in the order of the set; empty for points without dimensions.
    pub(super) dimensions: &'a [(&'a str, &'a str)],
    pub(super) metrics: &'a [Metric<'a>],
}

/// One metric of a directive with its values, all within the limits.
#[derive(Debug)]
pub(super) struct Metric<'a> {
    pub(super) name: &'a str,
    pub(super) unit: &'a str,
    /// Seconds: 1 or 60.
    pub(super) resolution: u8,
    pub(super) values: Vec<&'a Number>,
}

/// What a fault costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// All metrics of the event.
    Event,
    /// All metrics of the directive.
    Directive,
    /// All points with this dimension set.
    Set,
    /// All points of this metric.
    Metric,
    /// Nothing certain: some tools write and read what the specification does not have.
    Unspecified,
    /// The dimensions of the set's points.
    Dimensions,
    /// Nothing certain: which of two members counts is up to the reader.
    Unsure,
    /// The line, which becomes several events.
    Split,
    /// The batch of events that the line is sent in.
    Batch,
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Event => "CloudWatch takes no metric from this event",
            Self::Directive => "CloudWatch takes no metric from this directive",
            Self::Set => "CloudWatch drops this dimension set",
            Self::Metric => "CloudWatch drops this metric",
            Self::Unspecified => "a data point of this metric cannot be relied on",
            Self::Dimensions => "CloudWatch publishes the metrics of this set without any dimension",
            Self::Unsure => "readers of JSON differ on which one counts, the last one is taken here",
            Self::Split => "the log driver splits it into several events, and CloudWatch takes no metric from any",
            Self::Batch => "the log driver alters the line or loses the batch it is in",
        })
    }
}

/// A broken rule: what was given, what is allowed, and what it costs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    what: String,
    effect: Effect,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, effect: Effect) -> Self {
        Self {
            what: what.into(),
            effect,
        }
    }

    pub(super) fn effect(&self) -> Effect {
        self.effect
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.effect)
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

/// What a JSON value is, for a sentence.
pub(super) fn described(value: &Json<'_>) -> String {
    match value {
        Json::Null => "null".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Number(number) => number.to_string(),
        Json::String(text) => format!("the string {}", quoted(text)),
        Json::Array(items) => format!("an array of {}", items.len()),
        Json::Object(object) => match object.members().next() {
            None => "an empty object".to_owned(),
            Some((name, _)) => format!("an object with {}", quoted(name)),
        },
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
