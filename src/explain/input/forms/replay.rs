//! Lines that were kept for a value but turned out to be none: emits each as an event.
//!
//! One at a time: as events, a mebibyte of short lines would take a hundred times the memory.

use super::form::{Form, Next, Output};
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::origin::Origin;

/// Lines that are still to be emitted.
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
}

impl Form for Replay {
    fn read(&mut self, _: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        let ended = line.len() == rest.len();
        output.text(self.position, line, self.origin.clone());
        self.at += line.len() + 1;
        self.position.line += 1;
        if ended { Next::Leave } else { Next::Stay }
    }

    fn reads_lines(&self) -> bool {
        false
    }
}
