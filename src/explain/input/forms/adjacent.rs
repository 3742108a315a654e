//! Documents one after the other on a line, from writers that do not end their lines.

use super::form::{Form, Next, Output};
use crate::finding::{Position, Problem};
use crate::input::cursor::Cursor;
use crate::input::mode::Input;
use crate::input::origin::Origin;
use crate::judge::document::{LocateOutcome, locate};
use crate::rule::Rule;

/// Documents on a line, of which some have been read.
#[derive(Debug, Default)]
pub(super) struct Adjacent {
    count: u64,
}

impl Adjacent {
    fn origin(&self, output: &Output<'_, '_>) -> Origin {
        if output.emitter.mode == Input::Export {
            return Origin::EXPORT;
        }
        let note = || {
            let expected = "one document on each line";
            let given = "several without a line feed between them";
            Problem::new(Rule::SeveralDocuments, "the line", given, expected)
        };
        Origin {
            certain: false,
            note: (self.count == 1).then(note),
            ..Origin::EXPORT
        }
    }
}

impl Form for Adjacent {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        if cursor.is_line_start() && self.count > 0 {
            return Next::Leave;
        }
        cursor.skip_blanks();
        // The line has been found to be UTF-8 before.
        let text = cursor.text().unwrap_or_default();
        if text.is_empty() {
            return Next::End;
        }
        let length = match locate(text) {
            LocateOutcome::Object(_, end) => end,
            // A document that does not end takes the rest of the line.
            LocateOutcome::Cut | LocateOutcome::Broken(_) => text.len(),
        };
        self.count += 1;
        let position = Position::new(cursor.place.line, Some(self.count));
        let origin = self.origin(output);
        output.text(position, &text[..length], origin);
        cursor.take(length);
        if cursor.is_empty() {
            Next::End
        } else {
            Next::Stay
        }
    }
}
