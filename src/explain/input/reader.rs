//! Reads lines and passes them to the forms: the cursor, and the stack of forms that have begun.

use std::collections::VecDeque;
use std::io::{self, BufRead};

use super::cursor::{Buffer, Cursor, LineState};
use super::emit::{Emitter, Output};
use super::event::{RawEvent, Sink};
use super::forms::{Form, Line, Next};
use super::lines::Lines;
use super::mode::Input;
use crate::finding::{Position, Problem};
use crate::rule::Rule;

/// Reads events from bytes.
pub(crate) struct Reader<R> {
    lines: Lines<R>,
    /// The line, or the piece of one, that is being read.
    buffer: Buffer,
    place: LineState,
    /// Whether a form has read the line, which a blank line cannot show by its bytes.
    is_handled: bool,
    is_ended: bool,
    /// The forms that have begun, the innermost last.
    forms: Vec<Box<dyn Form>>,
    emitter: Emitter,
}

impl<R: BufRead> Reader<R> {
    pub(crate) fn new(input: R, mode: Input) -> Self {
        Self {
            lines: Lines::new(input),
            buffer: Buffer::Bytes(Vec::new()),
            place: LineState::default(),
            is_handled: true,
            is_ended: false,
            forms: vec![Box::new(Line::default())],
            emitter: Emitter::new(mode),
        }
    }

    /// Lines read so far.
    pub(crate) fn lines(&self) -> u64 {
        self.lines.number()
    }

    /// Reads at most one more line and emits the events it finds; false at the end of the input.
    ///
    /// # Errors
    /// Where the input cannot be read.
    pub(crate) fn step(&mut self, sink: &mut Sink<'_>) -> io::Result<bool> {
        let has_line = self.place.at < self.buffer.bytes().len() || !self.is_handled;
        let replays = self.forms.last().is_some_and(|form| !form.reads_lines());
        if self.is_ended && !replays {
            return Ok(self.finish(sink));
        }
        if !has_line && !replays {
            let mut bytes = self.buffer.take();
            let Some(piece) = self.lines.next(&mut bytes)? else {
                self.is_ended = true;
                return Ok(true);
            };
            self.place = LineState {
                piece,
                line: self.lines.number(),
                ..LineState::default()
            };
            self.is_handled = false;
            self.load(bytes, sink);
        }
        let mut cursor = Cursor::new(&self.buffer, self.place);
        let mut output = Output {
            emitter: &mut self.emitter,
            sink,
        };
        let Some(form) = self.forms.last_mut() else {
            return Ok(false);
        };
        let next = form.read(&mut cursor, &mut output);
        let place = cursor.place;
        let has_read = !replays && matches!(next, Next::Stay | Next::End);
        self.is_handled |= has_read || place.at != self.place.at;
        self.place = place;
        match next {
            Next::Stay => {}
            Next::End | Next::Leave => drop(self.forms.pop()),
            Next::Begin(form) => self.forms.push(form),
            Next::Become(form) => {
                self.forms.pop();
                self.forms.push(form);
            }
        }
        Ok(true)
    }

    /// Prepares a line: finds a viewer's prefix, and removes a byte order mark and colours.
    fn load(&mut self, mut bytes: Vec<u8>, sink: &mut Sink<'_>) {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let line = self.place.line;
        if self.place.piece.first {
            if line == 1 && self.is_unreadable(&bytes, sink) {
                self.buffer = Buffer::Bytes(bytes);
                return;
            }
            // Concatenated files have one each; a container writes none within its output.
            let may_have_mark = line == 1 || self.emitter.mode != Input::Stdout;
            if may_have_mark && bytes.starts_with(BYTE_ORDER_MARK) {
                bytes.drain(..BYTE_ORDER_MARK.len());
                let given = "one at the beginning";
                let expected = "text without a byte order mark";
                let rule = Rule::ByteOrderMark;
                self.emitter
                    .later(Problem::new(rule, "the input", given, expected));
            }
            if self.emitter.mode != Input::Stdout && memchr::memchr(ESCAPE, &bytes).is_some() {
                self.place.is_coloured = remove_colours(&mut bytes);
            }
        }
        self.buffer = Buffer::new(bytes);
        if let (true, Some(text)) = (self.place.piece.first, self.buffer.text()) {
            let (length, problem) = self.emitter.viewer.before_line(text);
            self.place.start = length;
            self.place.at = length;
            self.place.has_prefix = length > 0;
            if let Some(problem) = problem {
                let emitter = &mut self.emitter;
                Output { emitter, sink }.input_problem(Position::new(line, None), problem);
            }
        }
    }

    /// Whether the input is not text, which is reported.
    fn is_unreadable(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> bool {
        let (rule, given) = match bytes {
            [0x1f, 0x8b, ..] => (Rule::Gzip, "gzip"),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => (Rule::Zip, "a zip archive"),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, 0, _, ..] | [_, 0, _, 0, ..] => {
                (Rule::Utf16, "UTF-16")
            }
            _ => return false,
        };
        let position = Position::new(self.place.line, None);
        let problem = Problem::new(rule, "the input", given, "text in UTF-8").with_next_step();
        let emitter = &mut self.emitter;
        Output { emitter, sink }.unreadable(position, problem);
        self.forms.clear();
        true
    }

    /// Ends the forms that have begun, one at a time, and then the input; false when all is done.
    fn finish(&mut self, sink: &mut Sink<'_>) -> bool {
        let mut output = Output {
            emitter: &mut self.emitter,
            sink,
        };
        let Some(mut form) = self.forms.pop() else {
            return false;
        };
        let is_open = !self.place.piece.terminated;
        self.forms.extend(form.finish(is_open, &mut output));
        if self.forms.is_empty() {
            output.end(self.lines.number());
            return false;
        }
        true
    }
}

/// The events of a reader, each made into a value.
pub(crate) struct Queue<R, T> {
    pub(crate) reader: Reader<R>,
    found: VecDeque<T>,
    is_ended: bool,
}

impl<R: BufRead, T> Queue<R, T> {
    pub(crate) fn new(input: R, mode: Input) -> Self {
        Self {
            reader: Reader::new(input, mode),
            found: VecDeque::new(),
            is_ended: false,
        }
    }

    /// The next value; `make` gives none for an event that is left out.
    pub(crate) fn next(
        &mut self,
        make: impl Fn(RawEvent<'_>) -> Option<T>,
    ) -> Option<io::Result<T>> {
        loop {
            if let Some(value) = self.found.pop_front() {
                return Some(Ok(value));
            }
            if self.is_ended {
                return None;
            }
            let found = &mut self.found;
            let step = self.reader.step(&mut |event| found.extend(make(event)));
            self.is_ended = !matches!(step, Ok(true));
            if let Err(error) = step {
                return Some(Err(error));
            }
        }
    }
}

/// The byte that begins an escape sequence.
const ESCAPE: u8 = 0x1b;

/// Removes escape sequences for colours and from the keyboard; returns whether there were any.
fn remove_colours(bytes: &mut Vec<u8>) -> bool {
    crate::work::visit(bytes.len());
    let before = bytes.len();
    let mut in_sequence = false;
    let mut is_after_escape = false;
    bytes.retain(|&byte| {
        if in_sequence {
            // A letter ends the sequence.
            in_sequence = !(b'@'..=b'~').contains(&byte);
            return false;
        }
        if std::mem::replace(&mut is_after_escape, byte == ESCAPE) && byte == b'[' {
            in_sequence = true;
            return false;
        }
        byte != ESCAPE
    });
    bytes.len() < before
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_removed() {
        let mut line = b"\x1b[1;36mweb-1  | \x1b[0m{\"a\":[1]}\x1b[K".to_vec();
        assert!(remove_colours(&mut line));
        assert_eq!(line, b"web-1  | {\"a\":[1]}");
        assert!(!remove_colours(&mut line));
    }
}
