//! Events joined by tabs, as `--query 'events[].message' --output text` writes them.

use super::form::{Form, Next, Output};
use super::value::Value;
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::origin::Origin;
use crate::input::prefix::lambda_length;
use crate::input::printed::continues;
use crate::judge::document::{LocateOutcome, locate};

/// Events on a line, of which some have been read.
#[derive(Debug)]
pub(super) struct Tabs {
    count: u64,
    line: u64,
    /// Bytes that may still be visited beyond the next tab. Without a limit, a line of open braces has quadratic cost.
    budget: usize,
}

impl Tabs {
    /// Events joined by tabs on a line of this length.
    pub(super) fn new(line: u64, length: usize) -> Self {
        Self {
            count: 0,
            line,
            budget: 2 * length,
        }
    }

    /// Whether a text that does not begin with a document consists of events joined by tabs: a document is between two
    /// tabs.
    pub(super) fn are_in(text: &str) -> bool {
        crate::work::visit(text.len());
        let Some(before) = text.find("\t{") else {
            return false;
        };
        let rest = &text[before + 1..];
        matches!(locate(rest), LocateOutcome::Object(_, end) if rest[end..].starts_with('\t'))
    }

    /// The length of the first event of a text.
    fn length(&mut self, text: &str) -> usize {
        let header = lambda_length(text).unwrap_or_default();
        let body = &text[header..];
        let to_tab = |from: usize| {
            let tab = body[from..].find('\t');
            crate::work::visit(tab.unwrap_or(body.len() - from));
            tab.map_or(text.len(), |tab| header + from + tab)
        };
        let first = to_tab(0);
        if !body.starts_with('{') || first == text.len() {
            return first;
        }
        match locate(&text[header..first]) {
            // A document may have tabs between its members.
            LocateOutcome::Cut if self.budget >= body.len() => {
                self.budget -= body.len();
                match locate(body) {
                    LocateOutcome::Object(_, end) => to_tab(end),
                    LocateOutcome::Broken(_) => first,
                    LocateOutcome::Cut => text.len(),
                }
            }
            _ => first,
        }
    }
}

impl Form for Tabs {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        if cursor.place.line != self.line && cursor.is_line_start() {
            return Next::Leave;
        }
        // A printed document may have spanned lines.
        self.line = cursor.place.line;
        let text = cursor.text().unwrap_or_default();
        if text.trim_ascii_end().is_empty() {
            cursor.take_all();
            return Next::End;
        }
        let text = if self.count > 0 {
            let behind = text.strip_prefix('\t').unwrap_or(text);
            cursor.take(text.len() - behind.len());
            behind
        } else {
            text
        };
        let event = &text[..self.length(text)];
        self.count += 1;
        let position = Position::new(cursor.place.line, Some(self.count));
        // A printed document begins here and continues on the lines that follow.
        if event.len() == text.len() && event.starts_with('{') && continues(event) {
            let value = Value::among_others(position);
            return Next::begin(value);
        }
        let note = (self.count == 1).then(|| {
            output
                .emitter
                .assume_export("several events on a line, joined by tabs")
        });
        output.text(position, event, Origin::noted(note.flatten()));
        cursor.take(event.len());
        if cursor.is_empty() {
            Next::End
        } else {
            Next::Stay
        }
    }
}
