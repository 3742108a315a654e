//! Lines that were held for a value and made none: each is passed on by itself, one at a time.
//!
//! One at a time, since a mebibyte of short lines would otherwise be a hundred times as much memory as events.

use super::{Form, Next, Output};
use crate::finding::Position;
use crate::input::emit::Origin;

/// Lines that are left to pass on.
#[derive(Debug)]
pub(in crate::input) struct Replay {
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

    pub(super) fn read(&mut self, output: &mut Output<'_, '_>) -> Next {
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

    pub(super) fn finish(mut self, output: &mut Output<'_, '_>) -> Option<Form> {
        match self.read(output) {
            Next::Stay => Some(Form::Replay(self)),
            _ => None,
        }
    }
}
