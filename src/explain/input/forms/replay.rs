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
    lines: Vec<u8>,
    at: usize,
    position: Position,
    /// Whether the input ends within the last line.
    is_open: bool,
}

impl Replay {
    /// These lines, from this position on. `is_open` if the input ends within the last one.
    pub(super) fn new(lines: Vec<u8>, position: Position, is_open: bool) -> Self {
        Self {
            lines,
            at: 0,
            position,
            is_open,
        }
    }
}

impl Form for Replay {
    fn read(&mut self, _: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let rest = self.lines.get(self.at..).unwrap_or_default();
        let line = rest.split(|byte| *byte == b'\n').next();
        let line = line.unwrap_or_default();
        let ended = line.len() == rest.len();
        let origin = Origin {
            exported: false,
            open: ended && self.is_open,
            ..Origin::EXPORT
        };
        match std::str::from_utf8(line) {
            Ok(text) => output.text(self.position, text, origin),
            Err(_) => output.not_utf8(self.position, line),
        }
        self.at += line.len() + 1;
        self.position.line += 1;
        if ended { Next::Leave } else { Next::Stay }
    }

    fn reads_lines(&self) -> bool {
        false
    }
}
