//! From bytes to events: the forms that people have lines in, recognized by themselves. One pass in bounded memory.

mod csv;
mod deliver;
mod form;
mod gather;
mod lines;
mod parts;
mod peel;
mod prefix;
mod scan;
mod several;
mod table;
mod text;
mod wrapper;

use std::io::{self, BufRead};

use self::csv::Csv;
use self::deliver::{Context, Deliver};
use self::form::has_marker;
use self::gather::{Array, Gather};
use self::lines::{HELD_BYTES, Lines, Piece};
use self::several::Several;
use self::table::Borders;
use super::finding::{Kind, Position, Problem};
use super::judge::document::{Located, Root, locate};
use super::rule::Rule;

/// How lines are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Input {
    /// The form is recognized; what it may also be is reported.
    #[default]
    Auto,
    /// An export of events: a document over several lines is one event, and a time before it is the viewer's.
    Export,
    /// What a container wrote: each line is an event.
    Stdout,
}

/// An event, without what viewers put around it.
pub(super) struct Event<'a> {
    pub(super) position: Position,
    /// The length of its text in bytes.
    pub(super) bytes: usize,
    pub(super) kind: Kind,
    /// What is wrong with how it is written or shipped.
    pub(super) problems: Vec<Problem>,
    /// Whether what the document says reaches CloudWatch.
    pub(super) certain: bool,
    /// The document.
    pub(super) root: Option<Root<'a>>,
}

/// Takes one event after the other.
pub(super) type Sink<'s> = dyn FnMut(Event<'_>) + 's;

/// Reads events from bytes.
pub(super) struct Reader<R> {
    lines: Lines<R>,
    /// The piece of a line that was read last.
    buffer: Vec<u8>,
    piece: Piece,
    /// How much of it has been used, if there is more to it.
    at: Option<usize>,
    mode: Mode,
    deliver: Deliver,
    /// Events of the CLI's text form so far.
    cli_events: u64,
    /// The borders of the CLI's table form.
    borders: Borders,
}

/// What the next bytes are.
enum Mode {
    /// The beginning of the input.
    Start,
    /// A line.
    Line,
    /// The rest of a line that is too long.
    Skip,
    /// The rest of a line that holds several events.
    Several(Several),
    /// The rest of a value over several lines.
    Gather(Gather),
    /// The rest of an array of events.
    Array(Array),
    /// A record of CSV.
    Csv(Csv),
    /// Nothing that can be read.
    End,
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R, form: Input) -> Self {
        Self {
            lines: Lines::new(input),
            buffer: Vec::new(),
            piece: Piece {
                first: true,
                last: true,
                terminated: false,
            },
            at: None,
            mode: Mode::Start,
            deliver: Deliver::new(form),
            cli_events: 0,
            borders: Borders::default(),
        }
    }

    /// Lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines.number()
    }

    /// Reads on, by a line at most, and gives the events it finds; false at the end of the input.
    ///
    /// # Errors
    /// Where the input cannot be read.
    pub(super) fn step(&mut self, sink: &mut Sink<'_>) -> io::Result<bool> {
        if self.at.is_none() {
            if matches!(self.mode, Mode::End) {
                return Ok(false);
            }
            let Some(piece) = self.lines.next(&mut self.buffer)? else {
                self.finish(sink);
                return Ok(false);
            };
            self.piece = piece;
        }
        let buffer = std::mem::take(&mut self.buffer);
        self.at = self.process(&buffer, self.at.unwrap_or_default(), sink);
        self.buffer = buffer;
        Ok(true)
    }

    /// Uses a piece from `at` on; where something is left of it, says from where.
    fn process(&mut self, bytes: &[u8], at: usize, sink: &mut Sink<'_>) -> Option<usize> {
        match std::mem::replace(&mut self.mode, Mode::Line) {
            Mode::Start => self.start(bytes, sink),
            Mode::Line => self.line(bytes, at, sink),
            Mode::Skip => {
                if !self.piece.last {
                    self.mode = Mode::Skip;
                }
                None
            }
            Mode::Several(several) => self.several(several, bytes, sink),
            Mode::Gather(gather) => self.gather(gather, bytes, at, sink),
            Mode::Array(array) => self.array(array, bytes, at, sink),
            Mode::Csv(csv) => {
                self.csv(csv, bytes, sink);
                None
            }
            Mode::End => None,
        }
    }

    /// The first piece of the input: what is not text is named, and a header of CSV found.
    fn start(&mut self, bytes: &[u8], sink: &mut Sink<'_>) -> Option<usize> {
        let position = self.position();
        let unreadable = match bytes {
            [0x1f, 0x8b, ..] => Some((Rule::Gzip, "gzip")),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, _, 0, _, ..] | [_, 0, _, 0, ..] => {
                Some((Rule::Utf16, "UTF-16"))
            }
            _ => None,
        };
        if let Some((rule, given)) = unreadable {
            let problem = Problem::new(rule, "the input", given, "text in UTF-8").with_cure();
            self.deliver.unreadable(position, problem, sink);
            self.mode = Mode::End;
            return None;
        }
        let mut at = 0;
        if bytes.starts_with(b"\xef\xbb\xbf") {
            at = 3;
            let expected = "text without a byte order mark";
            let problem = Problem::new(
                Rule::ByteOrderMark,
                "the input",
                "one at its beginning",
                expected,
            );
            self.deliver.later(problem);
        }
        let header = std::str::from_utf8(&bytes[at..])
            .ok()
            .and_then(Csv::with_header);
        if let (Some(csv), true) = (header, self.deliver.form != Input::Stdout) {
            self.mode = Mode::Csv(csv);
            return None;
        }
        self.line(bytes, at, sink)
    }

    /// A line, or its first piece.
    fn line(&mut self, bytes: &[u8], at: usize, sink: &mut Sink<'_>) -> Option<usize> {
        let position = self.position();
        let line = &bytes[at..];
        if !self.piece.last {
            return self.long_line(bytes, at, sink);
        }
        let Ok(text) = std::str::from_utf8(line) else {
            self.deliver.not_utf8(position, line, sink);
            return None;
        };
        let viewers = self.deliver.form != Input::Stdout;
        if viewers && text.starts_with(['|', '+']) {
            if let Some(borders) = Borders::read(text) {
                self.borders = borders;
                self.deliver.other(position, text.len(), sink);
                return None;
            }
            if text.starts_with('|')
                && let Some(row) = table::row(text, &self.borders)
            {
                return self.table_row(row, bytes, at, sink);
            }
        }
        match text.as_bytes().first() {
            Some(b'{') => self.object(bytes, at, text, sink),
            Some(b'[') if viewers && gather::begins_array(text) => {
                self.gather(Gather::new(self.lines.number(), false), bytes, at, sink)
            }
            Some(b'E') if viewers && text.starts_with("EVENTS\t") => {
                self.cli_text(bytes, at, text, sink)
            }
            _ if viewers && gather::begins_behind_time(text) => {
                self.gather(Gather::new(self.lines.number(), true), bytes, at, sink)
            }
            _ if has_marker(text) => {
                if viewers && let Some(several) = Several::tab_joined(text, at) {
                    return self.several(several, bytes, sink);
                }
                self.deliver.text(position, text, self.context(), sink);
                None
            }
            _ => {
                self.deliver.other(position, text.len(), sink);
                None
            }
        }
    }

    /// A line that begins with a brace.
    fn object(
        &mut self,
        bytes: &[u8],
        at: usize,
        text: &str,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let position = self.position();
        let viewers = self.deliver.form != Input::Stdout;
        match locate(text) {
            Located::Object(root, end) => {
                let rest = &text[end..];
                if rest.trim_matches([' ', '\t', '\r']).is_empty() {
                    if root.is_document() {
                        self.deliver
                            .document(position, text.len(), root, self.context(), sink);
                    } else if viewers && root.exported.is_some_and(|array| array.starts_with('[')) {
                        return self.gather(
                            Gather::new(self.lines.number(), false),
                            bytes,
                            at,
                            sink,
                        );
                    } else {
                        self.deliver.text(position, text, self.context(), sink);
                    }
                    return None;
                }
                let several = match rest.starts_with('\t') {
                    _ if !has_marker(text) => None,
                    true if viewers => Some(Several::after_tab(at)),
                    _ if rest.trim_start().starts_with('{') => Some(Several::adjacent(at)),
                    _ => None,
                };
                if let Some(several) = several {
                    return self.several(several, bytes, sink);
                }
                self.deliver.text(position, text, self.context(), sink);
                None
            }
            Located::Cut if gather::goes_on(text) => {
                self.gather(Gather::new(self.lines.number(), false), bytes, at, sink)
            }
            _ => {
                self.deliver.text(position, text, self.context(), sink);
                None
            }
        }
    }

    /// The first piece of a line that is longer than any event: an export on one line, or too long.
    fn long_line(&mut self, bytes: &[u8], at: usize, sink: &mut Sink<'_>) -> Option<usize> {
        let begins = bytes.get(at).is_some_and(|first| b"{[".contains(first));
        if begins && self.deliver.form != Input::Stdout {
            return self.gather(Gather::new(self.lines.number(), false), bytes, at, sink);
        }
        self.deliver.too_large(self.position(), &bytes[at..], sink);
        self.mode = Mode::Skip;
        None
    }

    fn csv(&mut self, mut csv: Csv, bytes: &[u8], sink: &mut Sink<'_>) {
        let number = self.lines.number();
        if csv.feed(bytes, number, self.piece.last, 2 * HELD_BYTES) {
            self.csv_record(&mut csv, sink);
        }
        self.mode = Mode::Csv(csv);
    }

    fn csv_record(&mut self, csv: &mut Csv, sink: &mut Sink<'_>) {
        csv.count += 1;
        let position = Position {
            line: csv.line,
            event: Some(csv.count),
        };
        let record = std::mem::take(&mut csv.record);
        match std::str::from_utf8(&record) {
            Ok(text) => match Csv::message(text, csv.column()) {
                Some(message) => self.deliver.text(position, &message, Context::EXPORT, sink),
                None => self.deliver.other(position, text.len(), sink),
            },
            Err(_) => self.deliver.not_utf8(position, &record, sink),
        }
        csv.record = record;
        csv.record.clear();
    }

    /// The end of the input: what has begun and not ended, and whether there was anything.
    fn finish(&mut self, sink: &mut Sink<'_>) {
        match std::mem::replace(&mut self.mode, Mode::End) {
            Mode::Gather(gather) => self.abandon(&gather, sink),
            Mode::Array(array) => self.abandon_array(&array, sink),
            Mode::Csv(mut csv) if !csv.record.is_empty() => self.csv_record(&mut csv, sink),
            _ => {}
        }
        self.deliver.end(self.lines.number(), sink);
    }

    /// The position of an event that is the line.
    fn position(&self) -> Position {
        Position {
            line: self.lines.number(),
            event: None,
        }
    }

    /// What an event that is the line can be.
    fn context(&self) -> Context {
        Context {
            exported: false,
            open: !self.piece.terminated,
            certain: true,
            note: None,
            stream: None,
        }
    }
}
