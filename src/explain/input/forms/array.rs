//! An array of events, taken apart into its elements. Holds one at a time.

use super::form::{Form, Next, Output};
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::lines::HELD_BYTES;
use crate::input::marker::{bytes_have_marker, has_marker};
use crate::input::origin::Origin;
use crate::input::printed::continues;
use crate::input::scan::{ArrayItem, Elements, Scan};
use crate::input::wrapper::{message, stream};
use crate::judge::document::{LocateOutcome, locate};

/// An array of events, as far as it has been read.
#[derive(Debug)]
pub(super) struct Array {
    elements: Elements,
    /// The line that the present element begins on.
    line: u64,
    count: u64,
    /// The rest of the object that holds the array, once the array has ended.
    after: Option<Scan>,
    /// How many objects hold the array.
    depth: u32,
    held_document: bool,
}

impl Array {
    /// An array that begins on this line, within so many objects.
    pub(super) fn new(line: u64, depth: u32) -> Self {
        Self {
            elements: Elements::default(),
            line,
            count: 0,
            after: None,
            depth,
            held_document: false,
        }
    }

    /// Whether a text that begins with a bracket is an array of events, or the beginning of one.
    pub(super) fn begins(text: &str) -> bool {
        let inside = text[1..].trim_start();
        let first = inside.as_bytes().first();
        let may_hold = first.is_none_or(|first| b"{[\"".contains(first));
        may_hold && (has_marker(text) || continues(text))
    }

    /// Emits an element as an event.
    fn element(&mut self, output: &mut Output<'_, '_>) {
        self.count += 1;
        let position = Position::new(self.line, Some(self.count));
        let element = &self.elements.element;
        if element.len() < self.elements.bytes {
            return output.too_large(position, element);
        }
        let Ok(text) = std::str::from_utf8(element) else {
            return output.not_utf8(position, element);
        };
        let mut origin = Origin::EXPORT;
        self.held_document |= has_marker(text);
        match locate(text) {
            LocateOutcome::Object(root, _) if root.is_document() => {
                origin.note = output.emitter.assume_export("an array of documents");
                output.document(position, (root, text.len()), origin);
            }
            _ => match message(text) {
                Some(message) => {
                    origin.stream = stream(text);
                    output.text(position, message.trim_end(), origin);
                }
                None => output.text(position, text, origin),
            },
        }
    }

    /// Reports an array that is cut off, if it held a document.
    fn abandon(&self, output: &mut Output<'_, '_>) {
        let inside = self.elements.is_inside();
        let held = bytes_have_marker(&self.elements.element);
        if self.after.is_some() || !(self.held_document || (inside && held)) {
            return;
        }
        let event = self.count + u64::from(inside);
        output.cut_export(Position::new(self.line, Some(event)));
    }
}

impl Form for Array {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        if let Some(scan) = &mut self.after {
            for (index, &byte) in cursor.bytes().iter().enumerate() {
                crate::work::visit(1);
                scan.byte(byte);
                if scan.is_over() {
                    cursor.take(index + 1);
                    cursor.skip_blanks();
                    return Next::End;
                }
            }
            cursor.take_all();
            return Next::Stay;
        }
        let was_inside = self.elements.is_inside();
        if was_inside && cursor.is_line_start() && cursor.bytes().starts_with(b"{\"") {
            self.abandon(output);
            return Next::Leave;
        }
        if !was_inside {
            self.line = cursor.place.line;
        }
        let (used, item) = self.elements.feed(cursor.bytes(), 2 * HELD_BYTES);
        let is_at_start = cursor.is_line_start();
        cursor.take(used);
        match item {
            ArrayItem::Element => self.element(output),
            ArrayItem::End if self.depth > 0 => {
                let mut scan = Scan::default();
                (0..self.depth).for_each(|_| scan.byte(b'{'));
                self.after = Some(scan);
            }
            ArrayItem::End => {
                cursor.skip_blanks();
                return Next::End;
            }
            // A JSON string does not continue on the next line.
            ArrayItem::Nothing if cursor.ends_line() && self.elements.in_string() => {
                self.abandon(output);
                return Next::End;
            }
            ArrayItem::Nothing => {}
            ArrayItem::Broken => {
                self.abandon(output);
                if !is_at_start {
                    cursor.take_all();
                }
                return Next::End;
            }
        }
        Next::Stay
    }

    fn finish(&mut self, _: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        self.abandon(output);
        None
    }
}
