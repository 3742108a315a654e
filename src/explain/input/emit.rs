//! Emits events: judges what surrounds their documents, and remembers what later events depend on.

use super::copy::without_no_break_spaces;
use super::event::{RawEvent, Sink};
use super::marker::{bytes_have_marker, has_marker};
use super::mode::Input;
use super::origin::Origin;
use super::parts::{JoinedLine, Parts};
use super::peel::{Body, PeeledText, body, peel};
use super::unread::Unread;
use super::viewer::Viewer;
use super::wrapping::{Source, Treatment, Wrapping};
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

    /// Emits an event that is a document, with only blanks around it.
    pub(super) fn document(
        &mut self,
        position: Position,
        (root, bytes): (Root<'_>, usize),
        origin: Origin,
        sink: &mut Sink<'_>,
    ) {
        let mut event = self.event(position, root.text, Kind::Document);
        event.bytes = bytes;
        event.certain = origin.certain;
        event.problems.extend(origin.note.clone());
        if !origin.exported {
            let before = self.before_document(&origin, position.line);
            event.problems.extend(before);
            self.check_size(&mut event);
        }
        event.stream = self.viewer.stream_of(origin.stream, origin.has_prefix);
        event.root = Some(root);
        self.answered = true;
        sink(event);
    }

    /// Whether no line is open of which parts have come.
    pub(super) fn has_no_parts(&self) -> bool {
        self.parts.are_none()
    }

    /// Emits an event that may hold a document, or a part of one.
    pub(super) fn text(
        &mut self,
        position: Position,
        text: &str,
        origin: Origin,
        sink: &mut Sink<'_>,
    ) {
        let stream = origin.stream.as_deref().unwrap_or_default();
        let outcome = self.parts.add(position, stream, text);
        if let Some(joined) = outcome.joined {
            self.joined(joined, sink);
        }
        if let Some(orphan) = outcome.orphan {
            let mut event = self.event(position, text, Kind::Document);
            event.problems.push(orphan);
            self.answered = true;
            sink(event);
        } else if !outcome.held {
            self.whole(position, text, origin, sink);
        }
    }

    /// Emits an event that was joined from parts.
    fn joined(&mut self, joined: JoinedLine, sink: &mut Sink<'_>) {
        let origin = Origin {
            note: Some(joined.note),
            ..Origin::EXPORT
        };
        self.whole(joined.position, &joined.record, origin, sink);
    }

    /// Emits an event that may hold a document.
    fn whole(&mut self, position: Position, text: &str, origin: Origin, sink: &mut Sink<'_>) {
        let PeeledText {
            wrappings,
            text: inner,
        } = peel(text);
        let body = body(&inner, origin.open && wrappings.is_empty());
        if matches!(&body, Body::Spoilt(problem) if problem.rule() == Rule::JsonBroken)
            && self.mode != Input::Stdout
            && let Some(repaired) = without_no_break_spaces(text)
        {
            return self.repaired(position, &repaired, origin, sink);
        }
        if matches!(body, Body::Other) {
            return self.other(position, text, &origin, sink);
        }
        let joined = matches!(&origin.note, Some(note) if note.rule() == Rule::PartialMessage);
        let around = self.around(&wrappings, &origin, joined);
        // CloudWatch has what is inside, if a viewer wrote the rest.
        let seen = if around.is_viewers { &*inner } else { text };
        let mut event = self.event(position, seen, Kind::Document);
        event.certain = origin.certain && !around.hides && !around.is_doubtful;
        event.problems.extend(origin.note.clone());
        if !origin.exported {
            // A time within a logger's prefix is the logger's, not a viewer's.
            let is_loggers = matches!(wrappings.first(), Some((Wrapping::Prefix, _)));
            if !is_loggers {
                let before = self.before_document(&origin, position.line);
                event.problems.extend(before);
            }
            self.check_size(&mut event);
        }
        event.problems.extend(around.problems);
        event.text = &inner;
        event.stream = self.viewer.stream_of(origin.stream, origin.has_prefix);
        self.answered = true;
        match body {
            Body::Document(root) => event.root = Some(root),
            // It is cut off because it is a part, which is reported already.
            Body::Spoilt(problem) if around.is_partial && problem.rule() == Rule::Cut => {}
            Body::Spoilt(problem) => {
                self.is_after_cut = problem.rule() == Rule::Cut;
                event.problems.push(problem);
            }
            Body::Other => {}
        }
        sink(event);
    }

    /// Emits a text in which a copy from a page has replaced blanks by no-break spaces.
    fn repaired(&mut self, position: Position, text: &str, origin: Origin, sink: &mut Sink<'_>) {
        let given = "no-break spaces in place of blanks, as a copy from a page has them";
        let expected = "blanks, as the writer wrote them";
        let note = self.assume_copy(Problem::new(Rule::Copied, "the event", given, expected));
        let origin = Origin {
            note: origin.note.or(note),
            ..origin
        };
        self.whole(position, text, origin, sink);
    }

    /// What the wrappings of a document mean together.
    fn around(
        &mut self,
        wrappings: &[(Wrapping, String)],
        origin: &Origin,
        joined: bool,
    ) -> WrappingEffect {
        let mut around = WrappingEffect {
            is_viewers: !wrappings.is_empty(),
            hides: false,
            is_doubtful: false,
            is_partial: wrappings.iter().any(|(one, _)| *one == Wrapping::Partial),
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
            let treatment = wrapping.treatment(source);
            around.problems.extend(match treatment {
                Treatment::Unwrap => None,
                Treatment::Assume => self.assume_export(given),
                // The note reports it already.
                Treatment::Hides(Rule::PartialMessage) if joined => None,
                Treatment::Harmless(Rule::LeadingBlank) if self.blank_noted => None,
                Treatment::Harmless(rule) | Treatment::Hides(rule) => {
                    Some(around_problem(rule, *wrapping, given))
                }
            });
            match treatment {
                Treatment::Unwrap | Treatment::Assume => continue,
                Treatment::Harmless(Rule::LeadingBlank) => {
                    self.blank_noted = true;
                    continue;
                }
                Treatment::Harmless(rule) => {
                    around.is_doubtful |= rule.effect() == Effect::PerhapsEvent;
                }
                Treatment::Hides(_) => around.hides = true,
            }
            around.is_viewers = false;
            // A viewer is outermost: nothing inside another wrapping is a viewer's.
            source = Source::Exported;
        }
        around
    }

    /// Emits an event that [`is_surely_other`](super::reject::is_surely_other), and an object by its look.
    pub(super) fn surely_other(
        &mut self,
        position: Position,
        text: &str,
        origin: &Origin,
        sink: &mut Sink<'_>,
    ) {
        self.is_after_cut = false;
        self.emit_other(position, text, origin, sink);
    }

    /// Emits an event that is something else.
    pub(super) fn other(
        &mut self,
        position: Position,
        text: &str,
        origin: &Origin,
        sink: &mut Sink<'_>,
    ) {
        let is_rest = std::mem::take(&mut self.is_after_cut);
        self.unread
            .note(position.line, text, self.answered, is_rest);
        let is_plain =
            !text.trim_ascii().is_empty() && !text.starts_with(['"', '{', '[', '|', '+']);
        if !origin.exported && is_plain && self.plain_line.is_none() {
            self.plain_line = Some(position.line);
        }
        self.emit_other(position, text, origin, sink);
    }

    fn emit_other(&mut self, position: Position, text: &str, origin: &Origin, sink: &mut Sink<'_>) {
        let mut event = self.event(position, text, Kind::Other);
        event.stream = self
            .viewer
            .stream_of(origin.stream.clone(), origin.has_prefix);
        sink(event);
    }

    pub(super) fn not_utf8(&mut self, position: Position, bytes: &[u8], sink: &mut Sink<'_>) {
        let text = String::from_utf8_lossy(bytes);
        let mut event = self.event(position, &text, Kind::Other);
        event.bytes = bytes.len();
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let given = format!("a byte that is not, byte {}", valid + 1);
        event
            .problems
            .push(Problem::new(Rule::NotUtf8, "the line", given, "UTF-8"));
        if text.starts_with('{') && has_marker(&text) {
            event.kind = Kind::Document;
            self.answered = true;
        }
        sink(event);
    }

    /// Reports a line that is longer than any event, given the part in memory.
    pub(super) fn too_large(&mut self, position: Position, held: &[u8], sink: &mut Sink<'_>) {
        let mut event = self.event(position, "", Kind::Other);
        event.bytes = held.len();
        if held.starts_with(b"{") || bytes_have_marker(held) {
            let given = format!("over {} bytes", held.len().max(MAX_EVENT_BYTES));
            event.problems.push(too_large(given));
            event.kind = Kind::Document;
            self.answered = true;
        }
        sink(event);
    }

    /// Reports an export that ends within an event.
    pub(super) fn cut_export(&mut self, position: Position, sink: &mut Sink<'_>) {
        let given = "one that breaks off";
        let problem = Problem::new(Rule::Cut, "the export", given, "a whole JSON value");
        self.unreadable(position, problem, sink);
    }

    /// Reports that the whole input cannot be read.
    pub(super) fn unreadable(&mut self, position: Position, problem: Problem, sink: &mut Sink<'_>) {
        self.answered = true;
        let mut event = self.event(position, "", Kind::Input);
        event.problems.push(problem);
        sink(event);
    }

    /// Reports a problem of the input rather than of an event: that a viewer's prefix is the writer's after all.
    pub(super) fn input_problem(&mut self, line: u64, problem: Problem, sink: &mut Sink<'_>) {
        let position = Position { line, event: None };
        let mut event = self.event(position, "", Kind::Input);
        event.problems.push(problem);
        sink(event);
    }

    /// Ends the input, after so many lines.
    pub(super) fn end(&mut self, lines: u64, sink: &mut Sink<'_>) {
        while let Some(left) = self.parts.left() {
            self.joined(left, sink);
        }
        let Some((line, problem)) = self.unread.problem(lines, self.answered) else {
            return;
        };
        let position = Position { line, event: None };
        let mut event = self.event(position, "", Kind::Input);
        event.problems.push(problem);
        sink(event);
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

    /// Notes an event that is too large for CloudWatch or the log drivers.
    fn check_size(&self, event: &mut RawEvent<'_>) {
        let given = || format!("{} bytes", event.bytes);
        if event.bytes > MAX_EVENT_BYTES {
            let problem = too_large(given());
            event.problems.push(problem);
        } else if event.bytes > AWSLOGS_SPLIT_BYTES && self.mode != Input::Export {
            let expected =
                format!("at most {AWSLOGS_SPLIT_BYTES} bytes through the awslogs driver");
            let problem = Problem::new(Rule::OverAwslogs, "the line", given(), expected);
            event.problems.push(problem);
            event.certain = false;
        }
    }
}

/// All that surrounds a document.
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact")]
struct WrappingEffect {
    /// Whether a viewer wrote all of it.
    is_viewers: bool,
    /// Whether CloudWatch does not see the document.
    hides: bool,
    /// Whether it is not known if CloudWatch sees the document.
    is_doubtful: bool,
    is_partial: bool,
    problems: Vec<Problem>,
}

/// The problem of something around a document.
fn around_problem(rule: Rule, wrapping: Wrapping, given: &str) -> Problem {
    let problem = |given, expected| Problem::new(rule, "the event", given, expected);
    let alone = "the document alone";
    match (rule, wrapping) {
        (Rule::LeadingBlank, _) => problem("blanks before it", alone),
        (Rule::LambdaPrefix | Rule::LambdaLevelPrefix, _) => problem(given, alone),
        (Rule::PartialMessage, _) => {
            let given = "a part of a line that was longer than 16 KiB";
            problem(given, "a whole line").with_next_step()
        }
        (_, Wrapping::LoggerObject) => problem(given, alone)
            .with_hint("a logger wrote the object: write the document to stdout without it"),
        _ => problem(given, alone).with_next_step(),
    }
}

fn too_large(given: String) -> Problem {
    let expected = format!("at most {MAX_EVENT_BYTES} bytes");
    Problem::new(Rule::EventTooLarge, "the event", given, expected)
}
