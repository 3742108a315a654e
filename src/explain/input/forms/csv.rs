//! CSV of any tool: records that may span lines, with the message in one column.

use std::borrow::Cow;

use super::form::{Form, Next, Output};
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::lines::HELD_BYTES;
use crate::input::marker::is_string_with_document;
use crate::input::origin::Origin;

/// The longest record in memory, in bytes: quotation marks in a message are doubled.
const MOST_BYTES: usize = 2 * HELD_BYTES;
/// Characters that separate the fields of a record.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// Records, of which some have been read.
#[derive(Debug)]
pub(super) struct Csv {
    columns: Columns,
    record: Vec<u8>,
    in_quotes: bool,
    /// Whether the header is still to be read.
    is_before_header: bool,
    /// Whether a record has begun.
    has_begun: bool,
    /// The line that the record begins on.
    line: u64,
    count: u64,
}

/// What is known of the columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Columns {
    /// The column of the message, from 0, and the separator.
    Named(usize, char),
    /// Unknown, except that a field of this one record has a document.
    Unknown,
}

impl Csv {
    /// The records under `header`, if it names a message.
    pub(super) fn with_header(header: &str) -> Option<Self> {
        const LONGEST: usize = 4 * 1024;
        const MESSAGES: [&str; 6] = ["@message", "message", "_raw", "log_message", "log", "line"];
        if header.len() > LONGEST || header.starts_with(['{', '[']) {
            return None;
        }
        let header = header.trim_end();
        let separator = SEPARATORS
            .into_iter()
            .max_by_key(|separator| header.matches(*separator).count())?;
        let is_quoted = header.starts_with('"');
        let names = header
            .split(separator)
            .map(|name| name.trim_matches('"').to_ascii_lowercase());
        let names: Vec<_> = names.collect();
        let is_name = |name: &String| {
            let word =
                |c: char| c.is_ascii_alphanumeric() || matches!(c, '@' | '_' | '.' | '-' | ' ');
            name.chars().all(word) && name.split(' ').count() <= 3
        };
        let column = MESSAGES
            .iter()
            .find_map(|message| names.iter().position(|name| name == message))?;
        let others = names
            .iter()
            .filter(|name| name.contains("time") || name.contains("stream"));
        let is_message = names[column] == "@message" || (is_quoted && names.len() == 1);
        (names.iter().all(is_name) && (is_message || others.count() > 0))
            .then(|| Self::new(Columns::Named(column, separator)))
    }

    /// A record with a document in one of its fields, if a line begins one.
    pub(super) fn with_document(line: &str) -> Option<Self> {
        let has_document =
            line.contains("\"\"_aws\"\"") || line.contains("\"\"CloudWatchMetrics\"\"");
        (has_document || begins_field(line)).then(|| Self::new(Columns::Unknown))
    }

    fn new(columns: Columns) -> Self {
        Self {
            columns,
            record: Vec::new(),
            in_quotes: false,
            is_before_header: matches!(columns, Columns::Named(..)),
            has_begun: false,
            line: 0,
            count: 0,
        }
    }

    /// Passes on the message of a record.
    fn emit(&mut self, output: &mut Output<'_, '_>) {
        self.count += 1;
        self.has_begun = false;
        let event = matches!(self.columns, Columns::Named(..)).then_some(self.count);
        let position = Position::new(self.line, event);
        let record = std::mem::take(&mut self.record);
        match std::str::from_utf8(&record) {
            Ok(text) => {
                let message = match self.columns {
                    Columns::Named(column, separator) => {
                        fields(text, separator).nth(column).unwrap_or_default()
                    }
                    Columns::Unknown => with_document(text).unwrap_or(Cow::Borrowed(text)),
                };
                let message = message.trim_end();
                output.text(position, message, Origin::EXPORT);
            }
            Err(_) => output.not_utf8(position, &record),
        }
        self.record = record;
        self.record.clear();
    }
}

impl Form for Csv {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        if std::mem::take(&mut self.is_before_header) {
            cursor.take_all();
            return Next::Stay;
        }
        let bytes = cursor.bytes();
        let is_other = bytes.starts_with(b"{\"") && !bytes.starts_with(b"{\"\"");
        if self.in_quotes && is_other && cursor.is_line_start() && self.columns == Columns::Unknown
        {
            // Within quotes, a quotation mark is doubled.
            self.emit(output);
            return Next::Leave;
        }
        if !self.has_begun {
            self.line = cursor.place.line;
            self.has_begun = true;
        }
        crate::work::visit(bytes.len());
        let quotes = bytes.split(|byte| *byte == b'"').count() - 1;
        self.in_quotes ^= quotes % 2 == 1;
        let room = MOST_BYTES.saturating_sub(self.record.len());
        self.record
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
        cursor.take_all();
        if !cursor.ends_line() {
            return Next::Stay;
        }
        if self.in_quotes {
            if self.record.len() < MOST_BYTES {
                self.record.push(b'\n');
            }
            return Next::Stay;
        }
        self.emit(output);
        match self.columns {
            Columns::Named(..) => Next::Stay,
            Columns::Unknown => Next::End,
        }
    }

    fn finish(&mut self, _: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        if !self.record.is_empty() {
            self.emit(output);
        }
        None
    }
}

/// Whether a line ends within a quoted field that begins as a printed document does.
fn begins_field(line: &str) -> bool {
    let Some(rest) = line.trim_end().strip_suffix("\"{") else {
        return false;
    };
    rest.is_empty() || rest.ends_with(SEPARATORS)
}

/// The field of a record that has a document, with any separator.
fn with_document(record: &str) -> Option<Cow<'_, str>> {
    let at = record.find("\"{")?;
    let separator = record[..at].chars().next_back();
    let separator = separator
        .filter(|c| SEPARATORS.contains(c))
        .unwrap_or_else(|| {
            // The document is in the first field.
            let behind = record
                .rfind("}\"")
                .and_then(|end| record[end + 2..].chars().next());
            behind.filter(|c| SEPARATORS.contains(c)).unwrap_or(',')
        });
    fields(record, separator).find(|field| is_string_with_document(field))
}

/// The fields of a record.
fn fields(record: &str, separator: char) -> impl Iterator<Item = Cow<'_, str>> {
    let mut rest = Some(record.trim_end_matches(['\r', '\n']));
    std::iter::from_fn(move || {
        let (field, behind) = field(rest?, separator);
        rest = behind;
        Some(field)
    })
}

/// The first field of a record, and what follows its separator.
fn field(text: &str, separator: char) -> (Cow<'_, str>, Option<&str>) {
    let Some(quoted) = text.strip_prefix('"') else {
        return match text.split_once(separator) {
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
        let rest = quoted[at + 1..].split_once(separator).map(|(_, rest)| rest);
        return (Cow::Owned(field), rest);
    }
    (Cow::Owned(quoted.replace("\"\"", "\"")), None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_taken_apart() {
        let record = "t,\"a \"\"b\"\", c\",,\"{\n}\"\r";
        let all: Vec<_> = fields(record, ',').collect();
        assert_eq!(all, ["t", "a \"b\", c", "", "{\n}"]);
    }

    #[test]
    fn a_header_is_one_with_a_message() {
        for header in [
            "timestamp,message",
            "@timestamp,@message",
            "@message",
            "\"message\"",
            "\"@ptr\",\"@message\"",
            "\"IngestionTime\",\"Message\",\"Timestamp\"",
            "time;message",
            "@timestamp\t@message\t@logStream",
            "_time,host,_raw",
        ] {
            assert!(Csv::with_header(header).is_some(), "{header}");
        }
        for line in [
            "message",
            "a,b",
            "",
            "{\"message\":1}",
            "the message, timestamp",
            "the message: it is time, message",
        ] {
            assert!(Csv::with_header(line).is_none(), "{line}");
        }
    }

    #[test]
    fn the_field_of_a_document_is_found_without_a_header() {
        let document = "\"{\"\"_aws\"\":{}}\"";
        for record in [
            document.to_owned(),
            format!("1795,{document}"),
            format!("29/11/2026 05:30\t{document}"),
            format!("{document};1795"),
            format!("a,b;\"plain\";{document}"),
        ] {
            assert!(Csv::with_document(&record).is_some(), "{record}");
            assert_eq!(with_document(&record).unwrap(), "{\"_aws\":{}}", "{record}");
        }
        assert!(Csv::with_document("1795,\"{").is_some());
        assert!(Csv::with_document("1795,\"x\"").is_none());
    }
}
