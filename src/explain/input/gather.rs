//! Values over several lines: a document printed over lines, or an export whose events are taken out one by one.

use std::io::BufRead;

use super::deliver::Context;
use super::form::has_marker;
use super::lines::HELD_BYTES;
use super::prefix::after_time;
use super::scan::{Elements, Got, Scan};
use super::wrapper::{message, stream};
use super::{Input, Mode, Reader, Sink};
use crate::finding::{Position, Problem};
use crate::judge::document::{Located, locate};
use crate::rule::Rule;

/// Whether a text that is not a whole object goes on in the next line, as printed documents do.
pub(super) fn goes_on(text: &str) -> bool {
    let mut scan = Scan::default();
    let ends_open = text.trim_end().ends_with(['{', '[', ',', ':']);
    ends_open && {
        text.bytes().for_each(|byte| scan.byte(byte));
        !scan.in_string()
    }
}

/// Whether a text that begins with a bracket is an array of events, or the beginning of one.
pub(super) fn begins_array(text: &str) -> bool {
    let inside = text[1..].trim_start();
    let first = inside.as_bytes().first();
    let may_hold = first.is_none_or(|first| b"{[\"".contains(first));
    may_hold && (has_marker(text) || goes_on(text))
}

/// Whether a line is a time and the beginning of a printed document.
pub(super) fn begins_behind_time(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
        && text.trim_end().ends_with(['{', '['])
        && after_time(text).is_some_and(|rest| matches!(rest.trim(), "{" | "["))
}

/// Whether a line can go on with a printed document.
fn goes_on_with(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b' ' | b'\t' | b'\r' | b'}' | b']' | b'"' | b'[' | b',') => true,
        Some(b'{') => line.get(1) != Some(&b'"'),
        Some(_) => false,
    }
}

/// Where a line goes on behind a value that has ended.
fn rest_of_line(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = bytes[at..].trim_ascii_start();
    (!rest.is_empty()).then(|| bytes.len() - rest.len())
}

/// A value over several lines, as far as it has been read.
#[derive(Debug)]
pub(super) struct Gather {
    start: Position,
    buffer: Vec<u8>,
    scan: Scan,
    /// Whether each line has a time before it: then each line was an event.
    timed: bool,
    /// Whether it is the message of an event of the CLI's text form.
    message: bool,
    /// Whether more events may follow on its last line.
    among_others: bool,
    lines: u64,
}

/// What a piece has brought.
enum Fed {
    More,
    /// The value has ended before this byte.
    Closed(usize),
    /// An array of events begins before this byte.
    Array(usize),
    /// More has come than any event has.
    TooLong,
}

impl Gather {
    pub(super) fn new(line: u64, timed: bool) -> Self {
        Self {
            start: Position { line, event: None },
            buffer: Vec::new(),
            scan: Scan::default(),
            timed,
            message: false,
            among_others: false,
            lines: 0,
        }
    }

    /// The message of an event of the CLI's text form.
    pub(super) fn message(start: Position) -> Self {
        Self {
            start,
            message: true,
            ..Self::new(0, false)
        }
    }

    /// The same where other events follow behind it.
    pub(super) fn among_others(self) -> Self {
        Self {
            among_others: true,
            ..self
        }
    }

    fn feed(&mut self, bytes: &[u8], arrays: bool) -> Fed {
        for (index, &byte) in bytes.iter().enumerate() {
            if arrays && byte == b'[' && !self.scan.in_string() && self.opens_events() {
                return Fed::Array(index + 1);
            }
            if self.buffer.len() >= HELD_BYTES {
                return Fed::TooLong;
            }
            self.buffer.push(byte);
            self.scan.byte(byte);
            if self.scan.is_over() && matches!(byte, b'}' | b']') {
                return Fed::Closed(index + 1);
            }
        }
        Fed::More
    }

    /// Whether a bracket that comes next opens an array of events: at the beginning, or as a member of the root that
    /// exports have.
    fn opens_events(&self) -> bool {
        let before = self.buffer.trim_ascii_end();
        match self.scan.depth() {
            0 => before.is_empty(),
            1 => before.strip_suffix(b":").is_some_and(|before| {
                let name = before.trim_ascii_end();
                (name.ends_with(b"\"events\"") || name.ends_with(b"\"results\""))
                    && !has_marker(&String::from_utf8_lossy(before))
            }),
            _ => false,
        }
    }
}

/// An array of events, as far as it has been read.
#[derive(Debug)]
pub(super) struct Array {
    elements: Elements,
    /// The line that the present element begins on.
    line: u64,
    count: u64,
    /// The rest of the object that holds the array, once the array has ended.
    after: Option<Scan>,
    in_object: bool,
    held_document: bool,
}

impl<R: BufRead> Reader<R> {
    /// Goes on with a value over several lines.
    pub(super) fn gather(
        &mut self,
        mut gather: Gather,
        bytes: &[u8],
        at: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let mut at = at;
        if gather.timed {
            let rest = std::str::from_utf8(&bytes[at..]).ok().and_then(after_time);
            match rest {
                Some(rest) => at = bytes.len() - rest.len(),
                // A time before the first line only is that of one event.
                None if gather.lines == 1 && goes_on_with(&bytes[at..]) => gather.timed = false,
                None => return self.give_up(&gather, bytes, at, sink),
            }
        }
        if gather.lines > 0 && self.piece.first && !goes_on_with(&bytes[at..]) {
            return self.give_up(&gather, bytes, at, sink);
        }
        let arrays = !gather.message && !gather.timed && self.deliver.form != Input::Stdout;
        match gather.feed(&bytes[at..], arrays) {
            Fed::Closed(used) => self.close(&gather, bytes, at + used, sink),
            Fed::Array(used) => {
                self.mode = Mode::Array(Array {
                    elements: Elements::default(),
                    line: gather.start.line,
                    count: 0,
                    after: None,
                    in_object: gather.scan.depth() > 0,
                    held_document: false,
                });
                Some(at + used)
            }
            Fed::TooLong => {
                self.deliver.too_large(gather.start, &gather.buffer, sink);
                if !self.piece.last {
                    self.mode = Mode::Skip;
                }
                None
            }
            Fed::More => {
                if self.piece.last {
                    gather.lines += 1;
                    if gather.scan.in_string() {
                        // No string goes over lines.
                        self.abandon(&gather, sink);
                        return None;
                    }
                    gather.buffer.push(b'\n');
                }
                self.mode = Mode::Gather(gather);
                None
            }
        }
    }

    /// Ends a value that a line does not go on with, and reads the line by itself.
    fn give_up(
        &mut self,
        gather: &Gather,
        bytes: &[u8],
        at: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        self.deliver_gathered(gather, false, sink);
        let _ = at;
        self.line(bytes, 0, sink)
    }

    /// Hands on a value that is complete, and goes on behind it.
    fn close(
        &mut self,
        gather: &Gather,
        bytes: &[u8],
        at: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        self.deliver_gathered(gather, false, sink);
        rest_of_line(bytes, at).filter(|_| !gather.message || gather.among_others)
    }

    /// Hands on a value that has not ended.
    pub(super) fn abandon(&mut self, gather: &Gather, sink: &mut Sink<'_>) {
        self.deliver_gathered(gather, !self.piece.terminated, sink);
    }

    fn deliver_gathered(&mut self, gather: &Gather, open: bool, sink: &mut Sink<'_>) {
        let Ok(text) = std::str::from_utf8(&gather.buffer) else {
            return self.deliver.not_utf8(gather.start, &gather.buffer, sink);
        };
        if self.deliver.form == Input::Stdout && !open && !has_marker(text) {
            return self.other_lines(gather.start, text, sink);
        }
        let text = text.trim_end();
        let whole = matches!(locate(text), Located::Object(..));
        let mut context = Context {
            open,
            ..Context::EXPORT
        };
        // What is cut may be a line by itself.
        if !gather.message && whole && has_marker(text) {
            if gather.timed || self.deliver.form == Input::Stdout {
                let given = format!("{} lines", gather.lines + 1);
                let problem = Problem::new(Rule::MultiLine, "the document", given, "one line");
                context.note = Some(problem);
                context.certain = false;
            } else {
                context.note = self.deliver.assume_export("a document over several lines");
            }
        }
        self.deliver.text(gather.start, text, context, sink);
    }

    /// Lines of stdout that make a value and no document: each is an event.
    fn other_lines(&mut self, start: Position, text: &str, sink: &mut Sink<'_>) {
        for (line, text) in (start.line..).zip(text.lines()) {
            let position = Position { line, ..start };
            self.deliver.other(position, text.len(), sink);
        }
    }

    /// Goes on with an array of events.
    pub(super) fn array(
        &mut self,
        mut array: Array,
        bytes: &[u8],
        at: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        if let Some(scan) = &mut array.after {
            for (index, &byte) in bytes[at..].iter().enumerate() {
                scan.byte(byte);
                if scan.is_over() {
                    return rest_of_line(bytes, at + index + 1);
                }
            }
            self.mode = Mode::Array(array);
            return None;
        }
        let was_inside = array.elements.is_inside();
        if was_inside && at == 0 && self.piece.first && bytes.starts_with(b"{\"") {
            self.abandon_array(&array, sink);
            return self.line(bytes, 0, sink);
        }
        if !was_inside {
            array.line = self.lines.number();
        }
        let (used, got) = array.elements.feed(&bytes[at..], 2 * HELD_BYTES);
        match got {
            Got::Element => {
                self.element(&mut array, sink);
                self.mode = Mode::Array(array);
                Some(at + used)
            }
            Got::End if array.in_object => {
                let mut scan = Scan::default();
                scan.byte(b'{');
                array.after = Some(scan);
                self.mode = Mode::Array(array);
                Some(at + used)
            }
            Got::End => rest_of_line(bytes, at + used),
            Got::Nothing if self.piece.last && array.elements.in_string() => {
                self.abandon_array(&array, sink);
                None
            }
            Got::Nothing => {
                self.mode = Mode::Array(array);
                None
            }
            Got::Broken => {
                self.abandon_array(&array, sink);
                (at + used == 0 || bytes[..at + used].trim_ascii().is_empty())
                    .then(|| self.line(bytes, at + used, sink))
                    .flatten()
            }
        }
    }

    /// Hands on the event that an element of an array is.
    fn element(&mut self, array: &mut Array, sink: &mut Sink<'_>) {
        array.count += 1;
        let position = Position {
            line: array.line,
            event: Some(array.count),
        };
        let element = &array.elements.element;
        if element.len() < array.elements.bytes {
            return self.deliver.too_large(position, element, sink);
        }
        let Ok(text) = std::str::from_utf8(element) else {
            return self.deliver.not_utf8(position, element, sink);
        };
        let mut context = Context::EXPORT;
        array.held_document |= has_marker(text);
        match locate(text) {
            Located::Object(root, _) if root.is_document() => {
                context.note = self.deliver.assume_export("an array of documents");
                self.deliver
                    .document(position, text.len(), root, context, sink);
            }
            _ => match message(text) {
                Some(message) => {
                    context.stream = stream(text, &message);
                    self.deliver
                        .text(position, message.trim_end(), context, sink);
                }
                None if has_marker(text) => self.deliver.text(position, text, context, sink),
                None => self.deliver.other(position, text.len(), sink),
            },
        }
    }

    /// Ends an array that has not ended.
    pub(super) fn abandon_array(&mut self, array: &Array, sink: &mut Sink<'_>) {
        let inside = array.elements.is_inside();
        let held = has_marker(&String::from_utf8_lossy(&array.elements.element));
        if array.after.is_some() || !(array.held_document || (inside && held)) {
            return;
        }
        let position = Position {
            line: array.line,
            event: Some(array.count + u64::from(inside)),
        };
        self.deliver.cut_export(position, sink);
    }
}
