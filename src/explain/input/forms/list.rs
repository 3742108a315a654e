//! Names and values on lines, as PowerShell's `Format-List` shows events. A long value continues in the column where it began.

use super::form::{Form, Next, Output};
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::lines::HELD_BYTES;
use crate::input::origin::Origin;
use crate::input::scan::Scan;

/// A message, as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct List {
    line: u64,
    /// Where values begin.
    column: usize,
    text: String,
    scan: Scan,
    is_padded: bool,
}

impl List {
    /// Whether a line is a message.
    pub(super) fn begins(line: &str) -> bool {
        column(line).is_some()
    }

    fn emit(&mut self, output: &mut Output<'_, '_>) {
        let text = std::mem::take(&mut self.text);
        if self.line == 0 {
            return;
        }
        let position = Position::new(self.line, None);
        let is_document = text.starts_with('{');
        let note = (is_document && !self.is_padded)
            .then(|| output.emitter.assume_export("a list of names and values"));
        output.text(position, &text, Origin::noted(note.flatten()));
    }
}

impl Form for List {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let line = cursor
            .text()
            .filter(|_| cursor.ends_line())
            .map(str::trim_end);
        let piece = match (line, self.column) {
            (Some(line), 0) => column(line).map(|column| {
                self.line = cursor.place.line;
                self.column = column;
                self.is_padded = line[..column].ends_with("  : ");
                &line[column..]
            }),
            (Some(line), column) => line
                .get(..column)
                .filter(|before| before.trim().is_empty())
                .map(|_| &line[column..]),
            (None, _) => None,
        };
        let Some(piece) = piece.filter(|piece| self.text.len() + piece.len() < HELD_BYTES) else {
            self.emit(output);
            return Next::Leave;
        };
        cursor.take_all();
        self.text.push_str(piece);
        let ends = self.scan.text(piece).is_some();
        if ends || !self.text.starts_with('{') {
            self.emit(output);
            return Next::End;
        }
        Next::Stay
    }

    fn finish(&mut self, _: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        self.emit(output);
        None
    }
}

/// Where the value of a message begins on its line.
fn column(line: &str) -> Option<usize> {
    let rest = line
        .strip_prefix("Message")
        .or_else(|| line.strip_prefix("message"))?;
    let value = rest.trim_start_matches(' ').strip_prefix(": ")?;
    (rest.starts_with(' ')).then_some(line.len() - value.len())
}
