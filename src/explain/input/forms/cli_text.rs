//! The text form of the AWS CLI: `EVENTS`, then the members of each event in the order of their names, with tabs between them.

use super::form::{Form, Next, Output};
use super::value::Value;
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::origin::Origin;
use crate::input::printed::continues;

/// The beginning of each event's line.
const START: &str = "EVENTS\t";

/// Events in the text form, of which some have been read.
#[derive(Debug, Default)]
pub(super) struct CliText {
    count: u64,
}

/// The fields of an event's line.
struct Fields<'a> {
    /// Where the message begins.
    at: usize,
    message: &'a str,
    stream: Option<&'a str>,
}

impl CliText {
    /// Whether a line is an event.
    pub(super) fn begins(text: &str) -> bool {
        text.starts_with(START) && fields(text).is_some()
    }

    /// Another line: the rest of a message, or of another input.
    fn other(cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        match cursor.text() {
            Some(text) if !text.is_empty() && !text.starts_with(['{', '[', '|', '+']) => {
                let position = cursor.position();
                output.text(position, text, Origin::EXPORT);
                cursor.take_all();
                Next::Stay
            }
            _ => Next::Leave,
        }
    }
}

impl Form for CliText {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let fields = cursor.text().and_then(fields);
        let Some(fields) = fields.filter(|_| cursor.is_line_start()) else {
            return Self::other(cursor, output);
        };
        self.count += 1;
        let position = Position::new(cursor.place.line, Some(self.count));
        if fields.message.starts_with('{') && continues(fields.message) {
            cursor.take(fields.at);
            return Next::begin(Value::message(position));
        }
        let origin = Origin::from_stream(fields.stream.map(str::to_owned));
        let message = fields.message.trim_end();
        output.text(position, message, origin);
        cursor.take_all();
        Next::Stay
    }
}

/// Splits an event's line: `get-log-events` has the time of ingestion before the message, `filter-log-events` also the event's
/// number before that and the stream behind.
fn fields(text: &str) -> Option<Fields<'_>> {
    if !text.starts_with(START) {
        return None;
    }
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fields: Vec<_> = text.splitn(6, '\t').collect();
    let (at, stream) = match fields.as_slice() {
        ["EVENTS", id, ingested, stream, ..]
            if is_number(id) && is_number(ingested) && fields.len() > 4 =>
        {
            let at = id.len() + ingested.len() + stream.len() + 10;
            (at, Some(*stream))
        }
        ["EVENTS", ingested, ..] if is_number(ingested) => (ingested.len() + 8, None),
        _ => return None,
    };
    let rest = text.get(at..)?;
    let message = match rest.rsplit_once('\t') {
        Some((message, time)) if is_number(time.trim_end()) => message,
        _ => rest,
    };
    Some(Fields {
        at,
        message,
        stream,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_between_the_other_members() {
        for (line, expected) in [
            ("EVENTS\t17956\t{a\tb}\t17956", "{a\tb}"),
            ("EVENTS\t17956\tplain line\t17956\r", "plain line"),
            ("EVENTS\t0\t17956\ts1\t{a}\t17956", "{a}"),
            ("EVENTS\t17956\t{", "{"),
            ("EVENTS\t17956\t123\t17956", "123"),
        ] {
            assert_eq!(fields(line).unwrap().message, expected, "{line}");
        }
        assert!(fields("EVENTS\tof the day").is_none());
    }
}
