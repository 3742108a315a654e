//! A document that was copied from a terminal, which has broken it into lines of the terminal's width.

use super::form::{Form, Next, Output};
use super::replay::Replay;
use crate::finding::{Position, Problem};
use crate::input::cursor::Cursor;
use crate::input::origin::Origin;
use crate::input::scan::Scan;
use crate::judge::document::{LocateOutcome, locate};
use crate::rule::Rule;

/// Widths of terminals, in characters.
const WIDTHS: std::ops::RangeInclusive<usize> = 40..=1_000;
/// The longest document that is put together, in bytes.
const MOST_BYTES: usize = 256 * 1024;

/// Lines that may be a document, as far as they have been read.
#[derive(Debug)]
pub(super) struct Terminal {
    position: Position,
    width: usize,
    /// The lines, each with a line feed.
    held: String,
    /// The same without.
    joined: String,
    scan: Scan,
    /// Whether the last line was as wide as the first.
    is_full: bool,
}

impl Terminal {
    /// Starts with this line, if it is the beginning of a document and not all of it.
    pub(super) fn with_line(line: &str, cursor: &Cursor<'_>) -> Option<Self> {
        if !line.starts_with("{\"") || cursor.is_open() || cursor.place.has_prefix {
            return None;
        }
        let width = line
            .trim_end_matches('\r')
            .chars()
            .take(WIDTHS.end() + 1)
            .count();
        let position = cursor.position();
        WIDTHS.contains(&width).then(|| Self {
            position,
            width,
            held: String::new(),
            joined: String::new(),
            scan: Scan::default(),
            is_full: true,
        })
    }

    /// Emits the lines as events, since they do not form a document.
    fn replay(&mut self, is_open: bool) -> Option<Box<dyn Form>> {
        let mut held = std::mem::take(&mut self.held);
        held.pop()?;
        let lines = held.into_bytes();
        Some(Box::new(Replay::new(lines, self.position, is_open)))
    }
}

impl Form for Terminal {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let line = cursor.text().map(|line| line.trim_end_matches('\r'));
        let piece = line.filter(|line| self.is_full && !line.is_empty() && cursor.ends_line());
        let width = piece.map_or(0, |line| line.chars().take(self.width + 1).count());
        let piece = piece.filter(|line| {
            width <= self.width
                && self.joined.len() + line.len() <= MOST_BYTES
                && !cursor.place.has_prefix
        });
        let Some(piece) = piece else {
            return self.replay(false).map_or(Next::Leave, Next::Become);
        };
        let mut scan = self.scan;
        let end = scan.text(piece);
        let ends_here = end == Some(piece.trim_end().len());
        if scan.is_broken() || (end.is_some() && !ends_here) {
            return self.replay(false).map_or(Next::Leave, Next::Become);
        }
        self.scan = scan;
        self.is_full = width == self.width;
        self.joined.push_str(piece);
        self.held.push_str(piece);
        self.held.push('\n');
        if !ends_here {
            cursor.take_all();
            return Next::Stay;
        }
        match locate(&self.joined) {
            LocateOutcome::Object(root, _) if root.is_document() => {
                let given =
                    "a document broken over several lines of one width, as a terminal wraps it";
                let expected = "one line, as the writer wrote it";
                let note = Problem::new(Rule::Copied, "the input", given, expected);
                let origin = Origin::noted(output.emitter.assume_copy(note));
                output.document(self.position, (root, self.joined.len()), origin);
                cursor.take_all();
                Next::End
            }
            _ => {
                cursor.take_all();
                self.replay(false).map_or(Next::End, Next::Become)
            }
        }
    }

    fn finish(&mut self, is_open: bool, _: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        self.replay(is_open)
    }
}
