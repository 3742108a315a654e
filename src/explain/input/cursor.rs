//! A position in the line that is being read.

use super::lines::Piece;
use crate::finding::Position;

/// What is left of a line, or of a piece of a long one.
///
/// A form takes bytes from the front. What it leaves, the next form reads.
#[derive(Debug)]
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// The same bytes, if they are UTF-8. Forms never check that again, which would make a line of many events
    /// quadratic.
    text: Option<&'a str>,
    pub(super) place: LineState,
}

/// The part of a cursor that outlives the borrow of the line.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LineState {
    /// Bytes that are taken already.
    pub(super) at: usize,
    /// Where the line's own text begins, behind what a viewer has written before it.
    pub(super) start: usize,
    /// Whether a viewer has written something before the line.
    pub(super) has_prefix: bool,
    /// Whether escape sequences for colours were removed from the line.
    pub(super) is_coloured: bool,
    pub(super) piece: Piece,
    /// The number of the line, from 1.
    pub(super) line: u64,
}

/// A line, or a piece of it, in memory.
#[derive(Debug)]
pub(super) enum Buffer {
    Text(String),
    Bytes(Vec<u8>),
}

impl Buffer {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        crate::work::visit(bytes.len());
        match String::from_utf8(bytes) {
            Ok(text) => Self::Text(text),
            Err(error) => Self::Bytes(error.into_bytes()),
        }
    }

    /// Takes the buffer, to read the next line into it.
    pub(super) fn take(&mut self) -> Vec<u8> {
        match std::mem::replace(self, Self::Bytes(Vec::new())) {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Bytes(_) => None,
        }
    }
}

impl<'a> Cursor<'a> {
    pub(super) fn new(buffer: &'a Buffer, place: LineState) -> Self {
        Self {
            bytes: buffer.bytes(),
            text: buffer.text(),
            place,
        }
    }

    /// The position of an event that is the line.
    pub(super) fn position(&self) -> Position {
        Position::new(self.place.line, None)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.place.at >= self.bytes.len()
    }

    /// Whether the line begins here, apart from a viewer's prefix.
    pub(super) fn is_line_start(&self) -> bool {
        self.place.piece.first && self.place.at == self.place.start
    }

    /// Whether the line ends with these bytes, so that they are not a piece of a longer one.
    pub(super) fn ends_line(&self) -> bool {
        self.place.piece.last
    }

    /// Whether the input ends with these bytes and without a line feed.
    pub(super) fn is_open(&self) -> bool {
        !self.place.piece.terminated
    }

    /// The bytes that have not been taken.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes.get(self.place.at..).unwrap_or_default()
    }

    /// The same as text; `None` where the line is not UTF-8.
    pub(super) fn text(&self) -> Option<&'a str> {
        self.text?.get(self.place.at..)
    }

    pub(super) fn take(&mut self, count: usize) {
        self.place.at = (self.place.at + count).min(self.bytes.len());
    }

    pub(super) fn take_all(&mut self) {
        self.place.at = self.bytes.len();
    }

    /// Takes the blanks that come next.
    pub(super) fn skip_blanks(&mut self) {
        let rest = self.bytes();
        self.take(rest.len() - rest.trim_ascii_start().len());
    }
}
