//! A line by itself, and the recognition of all other forms.

use super::adjacent::Adjacent;
use super::array::Array;
use super::cli_text::CliText;
use super::csv::Csv;
use super::form::{Form, Next, Output};
use super::list::List;
use super::skip::Skip;
use super::table::Table;
use super::tabs::Tabs;
use super::terminal::Terminal;
use super::value::Value;
use super::yaml::Yaml;
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::marker::has_marker;
use crate::input::origin::Origin;
use crate::input::prefix::lambda_length;
use crate::input::printed::continues;
use crate::input::reject::is_surely_other;
use crate::input::wrapping::reads_viewers;
use crate::judge::document::{LocateOutcome, Root, locate};

/// The longest prefix before a document that is printed over several lines.
const LONGEST_PREFIX: usize = 200;

/// Lines, each an event, until another form begins.
#[derive(Debug, Default)]
pub(in crate::input) struct Line {
    has_begun: bool,
}

impl Form for Line {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let is_first = !std::mem::replace(&mut self.has_begun, true);
        if !cursor.ends_line() {
            return long_line(cursor, output);
        }
        let position = cursor.position();
        let Some(text) = cursor.text() else {
            output.not_utf8(position, cursor.bytes());
            cursor.take_all();
            return Next::Stay;
        };
        if text.starts_with('{') {
            return object(position, text, cursor, output);
        }
        let viewers = reads_viewers(output.emitter.mode);
        if viewers {
            Yaml::follow_stream(text, &mut output.emitter.member_stream);
        }
        if viewers && let Some(form) = viewers_form(text, is_first, cursor) {
            return Next::Begin(form);
        }
        if let Some(prefix) = prefix_of_printed(text) {
            return Next::begin(Value::behind_prefix(cursor, prefix));
        }
        output.text(position, text, origin(cursor));
        cursor.take_all();
        Next::Stay
    }
}

/// The origin of an event that is a whole line.
fn origin(cursor: &Cursor<'_>) -> Origin {
    Origin {
        exported: false,
        open: cursor.is_open(),
        has_prefix: cursor.place.has_prefix,
        is_coloured: cursor.place.is_coloured,
        ..Origin::EXPORT
    }
}

/// A line that begins with a brace.
fn object(
    position: Position,
    text: &str,
    cursor: &mut Cursor<'_>,
    output: &mut Output<'_, '_>,
) -> Next {
    if output.emitter.has_no_parts() && is_surely_other(text) {
        output.surely_other(position, text, &origin(cursor));
        cursor.take_all();
        return Next::Stay;
    }
    let viewers = reads_viewers(output.emitter.mode);
    let value = |cursor: &Cursor<'_>| Next::begin(Value::new(cursor));
    match locate(text) {
        LocateOutcome::Object(root, end) => {
            let rest = &text[end..];
            let is_alone = rest.trim_matches([' ', '\t', '\r']).is_empty();
            if is_alone && root.is_document() {
                output.document(position, (root, text.len()), origin(cursor));
                cursor.take_all();
                return Next::Stay;
            }
            if viewers && is_export(&root) {
                return value(cursor);
            }
            if !is_alone && has_marker(text) {
                if viewers && rest.starts_with('\t') {
                    let tabs = Tabs::new(cursor.place.line, text.len());
                    return Next::begin(tabs);
                }
                if !rest.starts_with('\t') && rest.trim_start().starts_with('{') {
                    return Next::begin(Adjacent::default());
                }
            }
        }
        LocateOutcome::Cut if continues(text) => return value(cursor),
        LocateOutcome::Cut if viewers => {
            if let Some(terminal) = Terminal::with_line(text, cursor) {
                return Next::begin(terminal);
            }
        }
        LocateOutcome::Cut | LocateOutcome::Broken(_) => {}
    }
    output.text(position, text, origin(cursor));
    cursor.take_all();
    Next::Stay
}

/// Whether an object holds events as exports do.
fn is_export(root: &Root<'_>) -> bool {
    !root.is_document() && root.exported.is_some_and(|array| array.starts_with('['))
}

/// The form of a viewer that begins on a line.
fn viewers_form(text: &str, is_first: bool, cursor: &Cursor<'_>) -> Option<Box<dyn Form>> {
    if Table::begins(text) {
        return Some(Box::new(Table::default()));
    }
    if text.starts_with('[') && Array::begins(text) {
        return Some(Box::new(Value::new(cursor)));
    }
    if CliText::begins(text) {
        return Some(Box::new(CliText::default()));
    }
    if is_first && let Some(csv) = Csv::with_header(text) {
        return Some(Box::new(csv));
    }
    if let Some(csv) = Csv::with_document(text) {
        return Some(Box::new(csv));
    }
    if Yaml::begins(text) {
        return Some(Box::new(Yaml::default()));
    }
    if List::begins(text) {
        return Some(Box::new(List::default()));
    }
    if has_marker(text) && Tabs::are_in(text) {
        return Some(Box::new(Tabs::new(cursor.place.line, text.len())));
    }
    None
}

/// The length of a writer's prefix before a document that it prints over several lines.
fn prefix_of_printed(text: &str) -> Option<usize> {
    let text = text.trim_end();
    if let Some(length) = lambda_length(text) {
        let body = &text[length..];
        return (body.starts_with('{') && continues(body)).then_some(length);
    }
    let prefix = text.strip_suffix('{')?;
    (!prefix.is_empty() && prefix.len() <= LONGEST_PREFIX && !prefix.contains('{'))
        .then_some(prefix.len())
}

/// The first piece of a line that is longer than any event: an export on one line, or too long.
fn long_line(cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
    let bytes = cursor.bytes();
    let begins = bytes.first().is_some_and(|first| b"{[".contains(first));
    if begins && reads_viewers(output.emitter.mode) {
        return Next::begin(Value::new(cursor));
    }
    let position = cursor.position();
    output.too_large(position, bytes);
    cursor.take_all();
    Next::begin(Skip)
}
