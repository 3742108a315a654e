//! Emits events: judges what surrounds their documents, and remembers what later events depend on.

use super::copy::without_no_break_spaces;
use super::event::{RawEvent, Sink};
use super::marker::{bytes_have_marker, has_marker};
use super::mode::Input;
use super::origin::Origin;
use super::parts::{Fate, JoinedLine, Parts};
use super::peel::{Body, PeeledText, body, peel};
use super::unread::Unread;
use super::viewer::Viewer;
use super::wrapping::{Author, Source, Treatment, Wrapping};
use crate::finding::{Kind, Position, Problem};
use crate::judge::document::Root;
use crate::kind::Effect;
use crate::limits::{AWSLOGS_SPLIT_BYTES, MAX_EVENT_BYTES};
use crate::rule::Rule;

/// Passes events on, and remembers what later ones depend on.
#[expect(clippy::struct_excessive_bools, reason = "each is reported once")]
pub(super) struct Emitter {
    pub(super) mode: Input,
    pub(super) viewer: Viewer,
    /// The log stream that the member of an event in YAML has named.
    pub(super) member_stream: Option<String>,
    blank_noted: bool,
    copy_noted: bool,
    export_noted: bool,
    /// Whether a document has been seen, or a problem that prevents seeing one.
    answered: bool,
    /// The first line that is neither a JSON string nor an object.
    plain_line: Option<u64>,
    /// Whether the last event was a document cut off, so that the next may be its rest.
    is_after_cut: bool,
    /// Problems of the input that are reported with its next event.
    pending: Vec<Problem>,
    parts: Parts,
    unread: Unread,
}

impl Emitter {
    pub(super) fn new(mode: Input) -> Self {
        Self {
            mode,
            viewer: Viewer::new(mode),
            member_stream: None,
            blank_noted: false,
            copy_noted: false,
            export_noted: false,
            answered: false,
            plain_line: None,
            is_after_cut: false,
            pending: Vec::new(),
            parts: Parts::default(),
            unread: Unread::default(),
        }
    }

    /// Reports a problem with the next event.
    pub(super) fn later(&mut self, problem: Problem) {
        self.pending.push(problem);
    }

    /// The problem of a form that is assumed to be an export: once, and only if it is an assumption.
    pub(super) fn assume_export(&mut self, given: &str) -> Option<Problem> {
        if self.mode != Input::Auto || std::mem::replace(&mut self.export_noted, true) {
            return None;
        }
        let expected = "one document on each line, if this is what a container wrote";
        let problem = Problem::new(Rule::ExportAssumed, "the input", given, expected);
        Some(problem.with_hint("read as an export; --input stdout judges it as raw output"))
    }

    /// The problem of a text that a copy has altered: once, and only if it is an assumption.
    pub(super) fn assume_copy(&mut self, problem: Problem) -> Option<Problem> {
        if self.mode != Input::Auto || std::mem::replace(&mut self.copy_noted, true) {
            return None;
        }
        Some(problem.with_hint(
            "taken for a copy from a terminal or page; --input stdout judges it as raw output",
        ))
    }

    /// The problems of a document on a line of the input, with or without a viewer's prefix.
    fn before_document(&mut self, origin: &Origin, line: u64) -> Vec<Problem> {
        let prefix = self.viewer.document(origin.has_prefix, line);
        let is_bare = origin.is_coloured && !origin.has_prefix;
        let colours = is_bare.then(|| self.assume_export("colours around the document"));
        prefix.into_iter().chain(colours.flatten()).collect()
    }

    /// Whether no line is open of which parts have come.
    pub(super) fn has_no_parts(&self) -> bool {
        self.parts.are_none()
    }

    /// What the wrappings of a document mean together.
    fn around(&mut self, wrappings: &[(Wrapping, String)], origin: &Origin) -> WrappingEffect {
        let joined = matches!(&origin.note, Some(note) if note.rule() == Rule::PartialMessage);
        let mut around = WrappingEffect {
            is_viewers: !wrappings.is_empty(),
            is_certain: true,
            problems: Vec::new(),
        };
        let mut source = match (origin.exported, self.plain_line) {
            (true, _) if origin.is_indented => Source::Line(self.mode),
            (true, _) => Source::Exported,
            // If there are plain lines, a JSON string or object is the writer's: a viewer treats all lines alike.
            (false, Some(_)) if self.mode == Input::Auto => Source::Writers,
            (false, _) => Source::Line(self.mode),
        };
        for (wrapping, given) in wrappings {
            match (wrapping.treatment(source), wrapping.rule) {
                (Treatment::Unwrap, _) => continue,
                (Treatment::Assume, _) => {
                    around.problems.extend(self.assume_export(given));
                    continue;
                }
                (Treatment::Report, Rule::LeadingBlank) => {
                    if !std::mem::replace(&mut self.blank_noted, true) {
                        around.problems.push(around_problem(*wrapping, given));
                    }
                    continue;
                }
                // The note reports it already.
                (Treatment::Report, Rule::PartialMessage) if joined => {}
                (Treatment::Report, _) => around.problems.push(around_problem(*wrapping, given)),
            }
            around.is_certain &= wrapping.rule.effect() == Effect::Nothing;
            around.is_viewers = false;
            // A viewer is outermost: nothing inside another wrapping is a viewer's.
            source = Source::Exported;
        }
        around
    }

    fn event<'a>(&mut self, position: Position, text: &'a str, kind: Kind) -> RawEvent<'a> {
        RawEvent {
            position,
            bytes: text.len(),
            text,
            stream: None,
            kind,
            problems: std::mem::take(&mut self.pending),
            certain: true,
            root: None,
        }
    }

    /// The problem of an event that is too large for CloudWatch or the log drivers.
    fn size_problem(&self, event: &RawEvent<'_>) -> Option<Problem> {
        let given = || format!("{} bytes", event.bytes);
        if event.bytes > MAX_EVENT_BYTES {
            return Some(too_large(given()));
        }
        if event.bytes <= AWSLOGS_SPLIT_BYTES || self.mode == Input::Export {
            return None;
        }
        let expected = format!("at most {AWSLOGS_SPLIT_BYTES} bytes through the awslogs driver");
        Some(Problem::new(
            Rule::OverAwslogs,
            "the line",
            given(),
            expected,
        ))
    }
}

/// Where a form passes its events on to.
pub(super) struct Output<'o, 's> {
    pub(super) emitter: &'o mut Emitter,
    pub(super) sink: &'o mut Sink<'s>,
}

impl Output<'_, '_> {
    /// Emits an event that is a document, with only blanks around it. It is given with its length in the input.
    pub(super) fn document(
        &mut self,
        position: Position,
        (root, bytes): (Root<'_>, usize),
        origin: Origin,
    ) {
        let mut event = self.emitter.event(position, root.text, Kind::Document);
        event.bytes = bytes;
        event.root = Some(root);
        self.emit_document(event, origin, false, Vec::new());
    }

    /// Emits a document, or what was meant as one. The problems of the way it is shipped precede `problems`.
    fn emit_document(
        &mut self,
        mut event: RawEvent<'_>,
        mut origin: Origin,
        is_loggers: bool,
        problems: Vec<Problem>,
    ) {
        let emitter = &mut *self.emitter;
        event.certain &= origin.certain;
        event.problems.extend(origin.note.take());
        if !origin.exported {
            // A time within a logger's prefix is the logger's, not a viewer's.
            if !is_loggers {
                let line = event.position.line;
                event
                    .problems
                    .extend(emitter.before_document(&origin, line));
            }
            if let Some(problem) = emitter.size_problem(&event) {
                event.certain &= problem.rule() != Rule::OverAwslogs;
                event.problems.push(problem);
            }
        }
        event.problems.extend(problems);
        event.stream = emitter.viewer.stream_of(origin.stream, origin.has_prefix);
        emitter.answered = true;
        (self.sink)(event);
    }

    /// Emits an event that may hold a document, or a part of one.
    pub(super) fn text(&mut self, position: Position, text: &str, origin: Origin) {
        let stream = origin.stream.as_deref().unwrap_or_default();
        let (joined, fate) = self.emitter.parts.add(position, stream, text);
        if let Some(joined) = joined {
            self.joined(joined);
        }
        match fate {
            Fate::Event => self.whole(position, text, origin),
            Fate::Held => {}
            Fate::Orphan(problem) => {
                let mut event = self.emitter.event(position, text, Kind::Document);
                event.problems.push(problem);
                self.emitter.answered = true;
                (self.sink)(event);
            }
        }
    }

    /// Emits an event that was joined from parts.
    fn joined(&mut self, joined: JoinedLine) {
        let origin = Origin::noted(Some(joined.note));
        self.whole(joined.position, &joined.record, origin);
    }

    /// Emits an event that may hold a document.
    fn whole(&mut self, position: Position, text: &str, origin: Origin) {
        let PeeledText {
            wrappings,
            text: inner,
        } = peel(text);
        let body = body(&inner, origin.open && wrappings.is_empty());
        if matches!(&body, Body::Spoilt(problem) if problem.rule() == Rule::JsonBroken)
            && self.emitter.mode != Input::Stdout
            && let Some(repaired) = without_no_break_spaces(text)
        {
            return self.repaired(position, &repaired, origin);
        }
        if matches!(body, Body::Other) {
            return self.other(position, text, &origin);
        }
        let mut around = self.emitter.around(&wrappings, &origin);
        let has = |rule| move |(wrapping, _): &(Wrapping, String)| wrapping.rule == rule;
        let mut event = self.emitter.event(position, &inner, Kind::Document);
        // CloudWatch has what is inside, if a viewer wrote the rest.
        if !around.is_viewers {
            event.bytes = text.len();
        }
        event.certain = around.is_certain;
        match body {
            Body::Document(root) => event.root = Some(root),
            // It is cut off because it is a part, which is reported already.
            Body::Spoilt(problem)
                if problem.rule() == Rule::Cut
                    && wrappings.iter().any(has(Rule::PartialMessage)) => {}
            Body::Spoilt(problem) => {
                self.emitter.is_after_cut = problem.rule() == Rule::Cut;
                around.problems.push(problem);
            }
            Body::Other => {}
        }
        let is_loggers = wrappings.first().is_some_and(has(Rule::Prefix));
        self.emit_document(event, origin, is_loggers, around.problems);
    }

    /// Emits a text in which a copy from a page has replaced blanks by no-break spaces.
    fn repaired(&mut self, position: Position, text: &str, mut origin: Origin) {
        let given = "no-break spaces in place of blanks, as a copy from a page has them";
        let expected = "blanks, as the writer wrote them";
        let problem = Problem::new(Rule::Copied, "the event", given, expected);
        let note = self.emitter.assume_copy(problem);
        origin.note = origin.note.or(note);
        self.whole(position, text, origin);
    }

    /// Emits an event that [`is_surely_other`](super::reject::is_surely_other), and an object by its look.
    pub(super) fn surely_other(&mut self, position: Position, text: &str, origin: &Origin) {
        self.emitter.is_after_cut = false;
        self.emit_other(position, text, origin);
    }

    /// Emits an event that is something else.
    fn other(&mut self, position: Position, text: &str, origin: &Origin) {
        let emitter = &mut *self.emitter;
        let is_rest = std::mem::take(&mut emitter.is_after_cut);
        emitter
            .unread
            .note(position.line, text, emitter.answered, is_rest);
        let is_plain =
            !text.trim_ascii().is_empty() && !text.starts_with(['"', '{', '[', '|', '+']);
        if !origin.exported && is_plain {
            emitter.plain_line.get_or_insert(position.line);
        }
        self.emit_other(position, text, origin);
    }

    fn emit_other(&mut self, position: Position, text: &str, origin: &Origin) {
        let mut event = self.emitter.event(position, text, Kind::Other);
        let viewer = &self.emitter.viewer;
        event.stream = viewer.stream_of(origin.stream.clone(), origin.has_prefix);
        (self.sink)(event);
    }

    pub(super) fn not_utf8(&mut self, position: Position, bytes: &[u8]) {
        let text = String::from_utf8_lossy(bytes);
        let mut event = self.emitter.event(position, &text, Kind::Other);
        event.bytes = bytes.len();
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let given = format!("a byte that is not, byte {}", valid + 1);
        let problem = Problem::new(Rule::NotUtf8, "the line", given, "UTF-8");
        event.problems.push(problem);
        if text.starts_with('{') && has_marker(&text) {
            event.kind = Kind::Document;
            self.emitter.answered = true;
        }
        (self.sink)(event);
    }

    /// Reports a line that is longer than any event, given the part in memory.
    pub(super) fn too_large(&mut self, position: Position, held: &[u8]) {
        let mut event = self.emitter.event(position, "", Kind::Other);
        event.bytes = held.len();
        if held.starts_with(b"{") || bytes_have_marker(held) {
            let given = format!("over {} bytes", held.len().max(MAX_EVENT_BYTES));
            event.problems.push(too_large(given));
            event.kind = Kind::Document;
            self.emitter.answered = true;
        }
        (self.sink)(event);
    }

    /// Reports an export that ends within an event.
    pub(super) fn cut_export(&mut self, position: Position) {
        let given = "one that breaks off";
        let problem = Problem::new(Rule::Cut, "the export", given, "a whole JSON value");
        self.unreadable(position, problem);
    }

    /// Reports that the whole input cannot be read.
    pub(super) fn unreadable(&mut self, position: Position, problem: Problem) {
        self.emitter.answered = true;
        self.input_problem(position, problem);
    }

    /// Reports a problem of the input rather than of an event.
    pub(super) fn input_problem(&mut self, position: Position, problem: Problem) {
        let mut event = self.emitter.event(position, "", Kind::Input);
        event.problems.push(problem);
        (self.sink)(event);
    }

    /// Ends the input, after so many lines.
    pub(super) fn end(&mut self, lines: u64) {
        while let Some(left) = self.emitter.parts.left() {
            self.joined(left);
        }
        if let Some((line, problem)) = self.emitter.unread.problem(lines, self.emitter.answered) {
            self.input_problem(Position::new(line, None), problem);
        }
    }
}

/// All that surrounds a document.
struct WrappingEffect {
    /// Whether a viewer wrote all of it.
    is_viewers: bool,
    /// Whether it is known that CloudWatch sees the document.
    is_certain: bool,
    problems: Vec<Problem>,
}

/// The problem of something around a document.
fn around_problem(wrapping: Wrapping, given: &str) -> Problem {
    let problem = |given, expected| Problem::new(wrapping.rule, "the event", given, expected);
    let alone = "the document alone";
    match (wrapping.rule, wrapping.author) {
        (Rule::LeadingBlank, _) => problem("blanks before it", alone),
        (Rule::LambdaPrefix | Rule::LambdaLevelPrefix, _) => problem(given, alone),
        (Rule::PartialMessage, _) => {
            let given = "a part of a line that was longer than 16 KiB";
            problem(given, "a whole line").with_next_step()
        }
        (_, Author::Logger) => problem(given, alone)
            .with_hint("a logger wrote the object: write the document to stdout without it"),
        _ => problem(given, alone).with_next_step(),
    }
}

fn too_large(given: String) -> Problem {
    let expected = format!("at most {MAX_EVENT_BYTES} bytes");
    Problem::new(Rule::EventTooLarge, "the event", given, expected)
}
