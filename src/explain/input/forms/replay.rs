//! Lines that were held for a value and made none: each is passed on by itself, one at a time.
//!
//! One at a time, since a mebibyte of short lines would otherwise be a hundred times as much memory as events.

use super::form::{Form, Next, Output};
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::emit::Origin;

/// Lines that are left to pass on.
#[derive(Debug)]
pub(super) struct Replay {
    text: String,
    at: usize,
    position: Position,
    origin: Origin,
}

impl Replay {
    /// The lines of a text, from this position on.
    pub(super) fn new(text: String, position: Position, origin: Origin) -> Self {
        Self {
            text,
            at: 0,
            position,
            origin,
        }
    }

    /// Passes on the next line.
    fn line(&mut self, output: &mut Output<'_, '_>) -> Next {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let ended = line.len() == rest.len();
        let origin = self.origin.clone();
        output
            .emitter
            .text(self.position, line, origin, output.sink);
        self.at += line.len() + 1;
        self.position.line += 1;
        if ended { Next::Leave } else { Next::Stay }
    }
}

impl Form for Replay {
    fn read(&mut self, _: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        self.line(output)
    }

    fn finish(mut self: Box<Self>, _: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        match self.line(output) {
            Next::Stay => Some(self),
            _ => None,
        }
    }

    fn reads_lines(&self) -> bool {
        false
    }
}
