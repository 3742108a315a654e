//! Events as plain sentences, for a person at a terminal.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::{Event, Level};

/// Fields that name what an event is about; they come first.
const SUBJECTS: [&str; 3] = ["option", "variable", "file"];
/// Fields that explain an event; they follow its message.
const CAUSES: [&str; 2] = ["problem", "error"];
/// Fields that the cause repeats.
const REPEATED: [&str; 2] = ["given", "kind"];

/// An event as `level: subject: message: cause (other fields)`, with a line feed.
pub(super) fn line(event: &Event<'_>) -> String {
    let (_, level) = level(event);
    format!("{level}: {}\n", Parts::of(event).sentence())
}

/// As [`line`], with the level in colour.
pub(super) fn colored_line(event: &Event<'_>) -> String {
    let (code, level) = level(event);
    let sentence = Parts::of(event).sentence();
    format!("\u{1b}[{code}m{level}\u{1b}[0m: {sentence}\n")
}

/// The colour of an event's level, and its name.
fn level(event: &Event<'_>) -> (&'static str, &'static str) {
    match *event.metadata().level() {
        Level::ERROR => ("1;31", "error"),
        Level::WARN => ("1;33", "warning"),
        Level::INFO => ("1;32", "info"),
        Level::DEBUG => ("1;34", "debug"),
        Level::TRACE => ("1;35", "trace"),
    }
}

/// The fields of an event.
#[derive(Default)]
struct Parts {
    subject: String,
    message: String,
    cause: String,
    others: String,
}

impl Parts {
    fn of(event: &Event<'_>) -> Self {
        let mut parts = Self::default();
        event.record(&mut parts);
        parts
    }

    fn sentence(&self) -> String {
        let mut sentence = String::new();
        // `invalid --max-error: expected …` reads better than the constant message for log collectors.
        let invalid = self.message == "invalid configuration" && !self.subject.is_empty();
        let parts = if invalid {
            [&format!("invalid {}", self.subject), "", &self.cause]
        } else {
            [self.subject.as_str(), &self.message, &self.cause]
        };
        for part in parts {
            if !part.is_empty() {
                let separator = if sentence.is_empty() { "" } else { ": " };
                let _ = write!(sentence, "{separator}{part}");
            }
        }
        if !self.others.is_empty() {
            let _ = write!(sentence, " ({})", self.others);
        }
        // The given value may contain anything, also terminal escapes.
        let printable = |c: char| if c.is_control() { '\u{fffd}' } else { c };
        sentence.chars().map(printable).collect()
    }

    fn take(&mut self, name: &str, value: &str) {
        match name {
            "message" => value.clone_into(&mut self.message),
            name if SUBJECTS.contains(&name) => value.clone_into(&mut self.subject),
            name if CAUSES.contains(&name) => value.clone_into(&mut self.cause),
            name if REPEATED.contains(&name) => {}
            // Once is the usual case.
            "times" if value == "1" => {}
            "times" => self.other(&format!("{value} times")),
            name => {
                let name = name.replace('_', " ");
                self.other(&format!("{name}: {value}"));
            }
        }
    }

    fn other(&mut self, text: &str) {
        let separator = if self.others.is_empty() { "" } else { ", " };
        let _ = write!(self.others, "{separator}{text}");
    }
}

impl Visit for Parts {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.take(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.take(field.name(), &format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(fields: &[(&str, &str)]) -> String {
        let mut parts = Parts::default();
        for (name, value) in fields {
            parts.take(name, value);
        }
        parts.sentence()
    }

    #[test]
    fn an_event_is_a_sentence() {
        let fault = [
            ("message", "invalid configuration"),
            ("option", "--max-error"),
            ("given", "5m"),
            ("problem", "did you mean 5ms?"),
        ];
        assert_eq!(sentence(&fault), "invalid --max-error: did you mean 5ms?");
        let listening = [("message", "listening"), ("address", "127.0.0.1:2780")];
        assert_eq!(sentence(&listening), "listening (address: 127.0.0.1:2780)");
        let failing = [
            ("message", "reading the clock failed"),
            ("kind", "timeout"),
            ("error", "no answer"),
            ("times", "3"),
        ];
        assert_eq!(
            sentence(&failing),
            "reading the clock failed: no answer (3 times)"
        );
        assert_eq!(
            sentence(&[("message", "stopped"), ("times", "1")]),
            "stopped"
        );
        assert_eq!(
            sentence(&[("message", "\u{1b}[2J\n")]),
            "\u{fffd}[2J\u{fffd}"
        );
    }
}
