//! CSV as Logs Insights and the console write it: records that may span lines, one column of them the message.

use std::borrow::Cow;

/// Puts records together and finds the message in each.
#[derive(Debug)]
pub(super) struct Csv {
    /// The column of the message, from 0.
    column: usize,
    /// The record so far, as far as it is held.
    pub(super) record: Vec<u8>,
    in_quotes: bool,
    /// The line that the record begins on.
    pub(super) line: u64,
    /// Records so far.
    pub(super) count: u64,
}

impl Csv {
    /// A reader for the records under `header`, if that is one with a message.
    pub(super) fn with_header(header: &str) -> Option<Self> {
        const LONGEST: usize = 4 * 1024;
        if header.len() > LONGEST || header.starts_with('{') {
            return None;
        }
        let names: Vec<_> = header
            .trim_end()
            .split(',')
            .map(|name| name.trim_matches('"'))
            .collect();
        let column = names
            .iter()
            .position(|name| matches!(*name, "@message" | "message"))?;
        let has_time = names
            .iter()
            .any(|name| matches!(*name, "timestamp" | "@timestamp"));
        (has_time || names[column] == "@message").then_some(Self {
            column,
            record: Vec::new(),
            in_quotes: false,
            line: 0,
            count: 0,
        })
    }

    /// Takes a piece of a line; true where the record is complete. Holds at most `most` bytes.
    pub(super) fn feed(&mut self, piece: &[u8], line: u64, ends: bool, most: usize) -> bool {
        if self.record.is_empty() {
            self.line = line;
        }
        self.in_quotes = piece
            .iter()
            .fold(self.in_quotes, |quoted, &byte| quoted ^ (byte == b'"'));
        let room = most.saturating_sub(self.record.len());
        self.record
            .extend_from_slice(&piece[..piece.len().min(room)]);
        if ends && self.in_quotes && self.record.len() < most {
            self.record.push(b'\n');
        }
        ends && !self.in_quotes
    }

    /// The message of the record that is complete.
    pub(super) fn message(record: &str, column: usize) -> Option<Cow<'_, str>> {
        let mut rest = record.trim_end_matches(['\r', '\n']);
        for _ in 0..column {
            let (_, after) = field(rest);
            rest = after?;
        }
        Some(field(rest).0)
    }

    pub(super) fn column(&self) -> usize {
        self.column
    }
}

/// The first field of a record, and what follows its comma.
fn field(text: &str) -> (Cow<'_, str>, Option<&str>) {
    let Some(quoted) = text.strip_prefix('"') else {
        return match text.split_once(',') {
            Some((field, rest)) => (Cow::Borrowed(field), Some(rest)),
            None => (Cow::Borrowed(text), None),
        };
    };
    let mut from = 0;
    while let Some(at) = quoted[from..].find('"').map(|at| at + from) {
        if quoted[at + 1..].starts_with('"') {
            from = at + 2;
            continue;
        }
        let field = quoted[..at].replace("\"\"", "\"");
        let rest = quoted[at + 1..].split_once(',').map(|(_, rest)| rest);
        return (Cow::Owned(field), rest);
    }
    (Cow::Owned(quoted.replace("\"\"", "\"")), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_put_together_over_lines() {
        let mut csv = Csv::with_header("@timestamp,@message\r").unwrap();
        assert!(csv.feed(b"t,\"a \"\"b\"\", c\"\r", 2, true, 100));
        let record = String::from_utf8(csv.record.clone()).unwrap();
        assert_eq!(Csv::message(&record, csv.column()).unwrap(), "a \"b\", c");
        csv.record.clear();
        assert!(!csv.feed(b"t,\"{", 3, true, 100));
        assert!(csv.feed(b"}\",x", 4, true, 100));
        assert_eq!(csv.line, 3);
        let record = String::from_utf8(csv.record).unwrap();
        assert_eq!(Csv::message(&record, 1).unwrap(), "{\n}");
    }

    #[test]
    fn a_header_is_one_with_a_message() {
        for header in [
            "timestamp,message",
            "@timestamp,@message",
            "@message",
            "\"@ptr\",\"@message\"",
        ] {
            assert!(Csv::with_header(header).is_some(), "{header}");
        }
        for line in [
            "message",
            "a,b",
            "",
            "{\"message\":1}",
            "the message, timestamp",
        ] {
            assert!(Csv::with_header(line).is_none(), "{line}");
        }
    }
}
