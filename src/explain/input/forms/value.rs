//! A JSON value over several lines: a printed document, or an export whose events follow.

use super::array::Array;
use super::form::{Form, Next, Output};
use super::replay::Replay;
use super::skip::Skip;
use crate::finding::{Position, Problem};
use crate::input::cursor::Cursor;
use crate::input::lines::HELD_BYTES;
use crate::input::marker::{bytes_have_marker, has_marker};
use crate::input::mode::Input;
use crate::input::origin::Origin;
use crate::input::printed::can_follow;
use crate::input::scan::Scan;
use crate::input::wrapping::reads_viewers;
use crate::rule::Rule;

/// A value over several lines, as far as it has been read.
#[derive(Debug)]
pub(super) struct Value {
    start: Position,
    buffer: Vec<u8>,
    scan: Scan,
    kind: Kind,
    /// Bytes of a writer's prefix on the first line.
    prefix: usize,
    /// Lines that have ended.
    lines: u64,
    /// Whether the first line has a viewer's prefix. If the second has one too, each line must have one.
    has_prefix: bool,
    /// Whether it may be an export whose events are emitted one by one.
    may_be_export: bool,
    /// Whether a whole value has been read.
    is_whole: bool,
}

/// The role of a value in the form in which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A value by itself.
    Alone,
    /// The message of an event; the rest of its last line is ignored.
    Message,
    /// The message of an event; other events follow on its last line.
    AmongOthers,
}

impl Value {
    pub(super) fn new(cursor: &Cursor<'_>) -> Self {
        Self {
            kind: Kind::Alone,
            has_prefix: cursor.place.has_prefix,
            may_be_export: !cursor.place.has_prefix,
            ..Self::message(cursor.position())
        }
    }

    /// A value behind so many bytes that the writer has put before it.
    pub(super) fn behind_prefix(cursor: &Cursor<'_>, prefix: usize) -> Self {
        Self {
            prefix,
            may_be_export: false,
            ..Self::new(cursor)
        }
    }

    /// The message of an event.
    pub(super) fn message(start: Position) -> Self {
        Self {
            start,
            buffer: Vec::new(),
            scan: Scan::default(),
            kind: Kind::Message,
            prefix: 0,
            lines: 0,
            has_prefix: false,
            may_be_export: false,
            is_whole: false,
        }
    }

    /// The message of one of several events on a line.
    pub(super) fn among_others(start: Position) -> Self {
        Self {
            kind: Kind::AmongOthers,
            ..Self::message(start)
        }
    }

    /// Whether a second line can continue a first line with a prefix; true for all other lines.
    fn follows_prefix(&self, line: &[u8]) -> bool {
        let inside = line.trim_ascii_start();
        self.prefix == 0 || self.lines > 1 || inside.starts_with(b"\"") || inside.starts_with(b"}")
    }

    /// Takes bytes up to the end of the value, or of the line.
    fn add(&mut self, cursor: &mut Cursor<'_>, is_export: bool) -> AddOutcome {
        let bytes = cursor.bytes();
        for (index, &byte) in bytes.iter().enumerate() {
            crate::work::visit(1);
            if is_export && byte == b'[' && !self.scan.in_string() && self.opens_events() {
                cursor.take(index + 1);
                return AddOutcome::Array;
            }
            if self.buffer.len() >= HELD_BYTES {
                cursor.take(index);
                return AddOutcome::All;
            }
            self.buffer.push(byte);
            self.scan.byte(byte);
            if self.scan.is_over() && matches!(byte, b'}' | b']') {
                cursor.take(index + 1);
                return AddOutcome::Whole;
            }
        }
        cursor.take_all();
        AddOutcome::All
    }

    /// Whether a bracket that comes next opens an array of events: at the beginning, or as a member of the root that
    /// exports have.
    fn opens_events(&mut self) -> bool {
        const NAMES: [&[u8]; 4] = [b"\"events\"", b"\"results\"", b"\"logEvents\"", b"\"hits\""];
        let before = self.buffer.trim_ascii_end();
        match self.scan.depth() {
            0 => before.is_empty(),
            1 | 2 => {
                let Some(name) = before.strip_suffix(b":").map(<[u8]>::trim_ascii_end) else {
                    return false;
                };
                let opens = NAMES.iter().any(|known| name.ends_with(known));
                if opens && bytes_have_marker(name) {
                    // A document has begun. Checking again at each bracket would have quadratic cost.
                    self.may_be_export = false;
                }
                opens && self.may_be_export
            }
            _ => false,
        }
    }

    /// Ends the value, and emits it: as one event, or each of its lines as one.
    fn pass_on(&mut self, open: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        if !self.is_lines(output) || bytes_have_marker(&self.buffer) {
            self.emit(open, output);
            return None;
        }
        // The line feed of the last line.
        self.buffer.pop_if(|byte| *byte == b'\n');
        let lines = std::mem::take(&mut self.buffer);
        Some(Box::new(Replay::new(lines, self.start, open)))
    }

    /// Whether each line of a value that is no document is an event.
    fn is_lines(&self, output: &Output<'_, '_>) -> bool {
        output.emitter.mode == Input::Stdout || self.prefix > 0
    }

    /// Ends a whole value, with the rest of its last line where that belongs to it.
    fn end(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        self.is_whole = true;
        match self.kind {
            Kind::Message => cursor.take_all(),
            Kind::Alone => cursor.skip_blanks(),
            Kind::AmongOthers => {}
        }
        let is_line = self.kind == Kind::Alone && self.is_lines(output) && cursor.ends_line();
        if is_line && !bytes_have_marker(cursor.bytes()) {
            self.buffer.extend_from_slice(cursor.bytes());
            cursor.take_all();
        }
        self.pass_on(false, output).map_or(Next::End, Next::Become)
    }

    /// What has been read. If it is not text, it is emitted as such.
    fn take_text(&mut self, output: &mut Output<'_, '_>) -> Option<String> {
        let text = String::from_utf8(std::mem::take(&mut self.buffer));
        text.map_err(|error| output.not_utf8(self.start, error.as_bytes()))
            .ok()
    }

    /// Emits the value as one event.
    fn emit(&mut self, open: bool, output: &mut Output<'_, '_>) {
        let Some(text) = self.take_text(output) else {
            return;
        };
        let text = text.trim_end();
        let mut origin = Origin {
            open,
            is_indented: self.kind == Kind::Alone,
            ..Origin::EXPORT
        };
        let stdout = output.emitter.mode == Input::Stdout;
        // A value that is cut off may be a single line.
        if self.kind == Kind::Alone && self.is_whole && has_marker(text) {
            if self.has_prefix || stdout {
                let given = format!("{} lines", self.lines + 1);
                let problem = Problem::new(Rule::MultiLine, "the document", given, "one line");
                origin.note = (self.lines > 0).then_some(problem);
                origin.certain = self.lines == 0;
            } else {
                let given = "a document over several lines";
                origin.note = output.emitter.assume_export(given);
            }
        }
        output.text(self.start, text, origin);
    }
}

impl Form for Value {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        if cursor.is_line_start() && self.lines > 0 {
            if self.lines == 1 && self.kind == Kind::Alone {
                self.has_prefix &= cursor.place.has_prefix;
            }
            let follows = can_follow(cursor.bytes()) && self.follows_prefix(cursor.bytes());
            if cursor.place.has_prefix != self.has_prefix || !follows {
                return self
                    .pass_on(false, output)
                    .map_or(Next::Leave, Next::Become);
            }
        }
        if self.lines == 0 && self.buffer.is_empty() {
            self.buffer
                .extend_from_slice(&cursor.bytes()[..self.prefix]);
            cursor.take(self.prefix);
        }
        let is_export = self.may_be_export && reads_viewers(output.emitter.mode);
        match self.add(cursor, is_export) {
            AddOutcome::All if self.buffer.len() >= HELD_BYTES => {
                output.too_large(self.start, &self.buffer);
                if cursor.ends_line() {
                    cursor.take_all();
                    return Next::End;
                }
                Next::become_form(Skip)
            }
            AddOutcome::All if !cursor.ends_line() => Next::Stay,
            AddOutcome::All => {
                self.lines += 1;
                crate::work::visit(1);
                self.buffer.push(b'\n');
                // A JSON string does not continue on the next line.
                if self.scan.in_string() {
                    self.pass_on(cursor.is_open(), output)
                        .map_or(Next::End, Next::Become)
                } else {
                    Next::Stay
                }
            }
            AddOutcome::Array => Next::become_form(Array::new(self.start.line, self.scan.depth())),
            AddOutcome::Whole => self.end(cursor, output),
        }
    }

    fn finish(&mut self, is_open: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        self.pass_on(is_open, output)
    }
}

/// The outcome of adding the bytes of a line.
enum AddOutcome {
    /// All bytes were added, or as many as an event may have.
    All,
    /// The value has ended.
    Whole,
    /// An array of events begins.
    Array,
}
