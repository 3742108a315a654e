//! Events as they are handed on: with what is wrong with how they are written or shipped.

use super::form::{Form, has_marker};
use super::parts::{Joined, Parts};
use super::peel::{Body, Peeled, body, peel};
use super::{Event, Input, Sink};
use crate::finding::{Kind, Position, Problem};
use crate::judge::document::Root;
use crate::limits::{AWSLOGS_SPLIT_BYTES, MAX_EVENT_BYTES};
use crate::rule::Rule;

/// What an event comes from.
#[derive(Debug, Clone)]
pub(super) struct Context {
    /// Whether it has been taken from an export, so that it is exactly what CloudWatch has.
    pub(super) exported: bool,
    /// Whether it ends with the input and without a line feed.
    pub(super) open: bool,
    /// Whether CloudWatch gets it as it stands here.
    pub(super) certain: bool,
    /// What is to be said if it is a document.
    pub(super) note: Option<Problem>,
    /// The log stream that it comes from, where an export names it and it matters.
    pub(super) stream: Option<String>,
}

impl Context {
    pub(super) const EXPORT: Self = Self {
        exported: true,
        open: false,
        certain: true,
        note: None,
        stream: None,
    };
}

/// Whether the times before documents are a viewer's: if all documents have them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Times {
    /// No document so far.
    Unseen,
    /// Every document has one, from this line on.
    Viewers(u64),
    /// Some documents have none.
    Writers,
}

/// Hands events on and remembers what later ones depend on.
pub(super) struct Deliver {
    pub(super) form: Input,
    times: Times,
    blank_noted: bool,
    export_noted: bool,
    /// Whether a document has been seen, or that nothing can be seen.
    answered: bool,
    /// Problems of the input that are reported with its first event.
    pending: Vec<Problem>,
    parts: Parts,
}

impl Deliver {
    pub(super) fn new(form: Input) -> Self {
        Self {
            form,
            times: Times::Unseen,
            blank_noted: false,
            export_noted: false,
            answered: false,
            pending: Vec::new(),
            parts: Parts::default(),
        }
    }

    /// Reports a problem with the next event.
    pub(super) fn later(&mut self, problem: Problem) {
        self.pending.push(problem);
    }

    /// The problem of a form that is taken for an export, once and only where that is an assumption.
    pub(super) fn assume_export(&mut self, given: &str) -> Option<Problem> {
        if self.form != Input::Auto || std::mem::replace(&mut self.export_noted, true) {
            return None;
        }
        let expected = "one document on each line, if this is what a container wrote";
        let problem = Problem::new(Rule::ExportAssumed, "the input", given, expected);
        Some(problem.hint("read as an export; --input stdout judges it as raw output"))
    }

    /// An event that is a document, with nothing around it.
    pub(super) fn document(
        &mut self,
        position: Position,
        bytes: usize,
        root: Root<'_>,
        context: Context,
        sink: &mut Sink<'_>,
    ) {
        let mut event = self.event(position, bytes, Kind::Document);
        event.root = Some(root);
        event.certain = context.certain;
        event.problems.extend(context.note);
        if !context.exported {
            event.problems.extend(self.time(false, position.line));
            self.check_size(&mut event);
        }
        self.answered = true;
        sink(event);
    }

    /// An event that may hold a document, or a part of one.
    pub(super) fn text(
        &mut self,
        position: Position,
        text: &str,
        context: Context,
        sink: &mut Sink<'_>,
    ) {
        let stream = context.stream.as_deref().unwrap_or_default();
        let taken = self.parts.take(position, stream, text);
        if let Some(joined) = taken.joined {
            self.joined(joined, sink);
        }
        if let Some(orphan) = taken.orphan {
            let mut event = self.event(position, text.len(), Kind::Document);
            event.problems.push(orphan);
            self.answered = true;
            sink(event);
        } else if !taken.held {
            self.whole(position, text, context, sink);
        }
    }

    /// An event that was put together from parts.
    fn joined(&mut self, joined: Joined, sink: &mut Sink<'_>) {
        let context = Context {
            note: Some(joined.note),
            ..Context::EXPORT
        };
        self.whole(joined.position, &joined.record, context, sink);
    }

    /// An event that may hold a document.
    fn whole(&mut self, position: Position, text: &str, context: Context, sink: &mut Sink<'_>) {
        let viewers = !context.exported && self.form != Input::Stdout;
        let Peeled { forms, text: inner } = peel(text, viewers);
        let body = body(&inner, context.open && forms.is_empty());
        if matches!(body, Body::Other) {
            return self.other(position, text.len(), sink);
        }
        let seen_by_service = match forms.as_slice() {
            [(form, _)] if form.is_viewers() => inner.len(),
            _ => text.len(),
        };
        let mut event = self.event(position, seen_by_service, Kind::Document);
        let joined = matches!(&context.note, Some(note) if note.rule() == Rule::PartialMessage);
        event.problems.extend(context.note);
        event.certain = context.certain && forms.iter().all(|(form, _)| form.is_harmless());
        let is_partial = forms.iter().any(|(form, _)| *form == Form::Partial);
        if !context.exported {
            let timed = forms.first().is_some_and(|(form, _)| *form == Form::Time);
            event.problems.extend(self.time(timed, position.line));
            event.certain &= self.times != Times::Writers || !timed;
            self.check_size(&mut event);
        }
        let said = |form: &Form| joined && *form == Form::Partial;
        let others = forms.iter().filter(|(form, _)| !said(form));
        event
            .problems
            .extend(others.filter_map(|(form, given)| form.problem(given)));
        event.problems.extend(self.blank(&forms));
        self.answered = true;
        match body {
            Body::Document(root) => event.root = Some(root),
            // The part is cut because it is a part.
            Body::Spoilt(problem) if is_partial && problem.rule() == Rule::Cut => {}
            Body::Spoilt(problem) => event.problems.push(problem),
            Body::Other => {}
        }
        sink(event);
    }

    /// An event that is something else.
    pub(super) fn other(&mut self, position: Position, bytes: usize, sink: &mut Sink<'_>) {
        let event = self.event(position, bytes, Kind::Other);
        sink(event);
    }

    pub(super) fn not_utf8(&mut self, position: Position, bytes: &[u8], sink: &mut Sink<'_>) {
        let mut event = self.event(position, bytes.len(), Kind::Other);
        let valid = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
        let given = format!("a byte that is not, byte {}", valid + 1);
        event
            .problems
            .push(Problem::new(Rule::NotUtf8, "the line", given, "UTF-8"));
        let text = String::from_utf8_lossy(bytes);
        if text.starts_with('{') && has_marker(&text) {
            event.kind = Kind::Document;
            self.answered = true;
        }
        sink(event);
    }

    /// A line that is longer than any event, with what is held of it.
    pub(super) fn too_large(&mut self, position: Position, held: &[u8], sink: &mut Sink<'_>) {
        let mut event = self.event(position, held.len(), Kind::Other);
        if held.starts_with(b"{") || has_marker(&String::from_utf8_lossy(held)) {
            let given = format!("over {} bytes", held.len().max(MAX_EVENT_BYTES));
            event.problems.push(too_large(given));
            event.kind = Kind::Document;
            self.answered = true;
        }
        sink(event);
    }

    /// An export that ends within an event.
    pub(super) fn cut_export(&mut self, position: Position, sink: &mut Sink<'_>) {
        let mut event = self.event(position, 0, Kind::Input);
        let given = "one that breaks off";
        event.problems.push(Problem::new(
            Rule::Cut,
            "the export",
            given,
            "a whole JSON value",
        ));
        self.answered = true;
        sink(event);
    }

    /// The whole input, which cannot be read.
    pub(super) fn unreadable(&mut self, position: Position, problem: Problem, sink: &mut Sink<'_>) {
        self.answered = true;
        let mut event = self.event(position, 0, Kind::Input);
        event.problems.push(problem);
        sink(event);
    }

    /// The end of the input, after so many lines.
    pub(super) fn end(&mut self, lines: u64, sink: &mut Sink<'_>) {
        while let Some(left) = self.parts.left() {
            self.joined(left, sink);
        }
        if lines == 0 || self.answered {
            return;
        }
        let position = Position {
            line: lines,
            event: None,
        };
        let mut event = self.event(position, 0, Kind::Input);
        let given = match lines {
            1 => "none in 1 line".to_owned(),
            _ => format!("none in {lines} lines"),
        };
        event.problems.push(Problem::new(
            Rule::NoEmf,
            "the input",
            given,
            "EMF documents",
        ));
        sink(event);
    }

    fn event<'a>(&mut self, position: Position, bytes: usize, kind: Kind) -> Event<'a> {
        Event {
            position,
            bytes,
            kind,
            problems: std::mem::take(&mut self.pending),
            certain: true,
            root: None,
        }
    }

    /// Notes whether a document has a time before it, and says what follows from it.
    fn time(&mut self, timed: bool, line: u64) -> Option<Problem> {
        if self.form != Input::Auto {
            return None;
        }
        match (self.times, timed) {
            (Times::Unseen, true) => {
                self.times = Times::Viewers(line);
                let expected = "the document alone, if the writer writes the time itself";
                let given = "a time before the document";
                let problem = Problem::new(Rule::ViewerTime, "the event", given, expected);
                Some(
                    problem
                        .hint("taken for the viewer's; --input stdout takes it for the writer's"),
                )
            }
            (Times::Unseen, false) => {
                self.times = Times::Writers;
                None
            }
            (Times::Viewers(first), false) => {
                self.times = Times::Writers;
                let given = format!("none here and one from line {first} on");
                let expected = "a time before every document, if a viewer writes it";
                let problem = Problem::new(Rule::Prefix, "the input", given, expected);
                Some(problem.hint("so the times are the writer's and hide their documents"))
            }
            (Times::Writers, true) => {
                let given = "a time before the document, which other documents do not have";
                let expected = "the document alone";
                Some(Problem::new(Rule::Prefix, "the event", given, expected))
            }
            (Times::Viewers(_), true) | (Times::Writers, false) => None,
        }
    }

    fn blank(&mut self, forms: &[(Form, String)]) -> Option<Problem> {
        let is_blank = forms.iter().any(|(form, _)| *form == Form::Blank);
        if !is_blank || std::mem::replace(&mut self.blank_noted, true) {
            return None;
        }
        let expected = "the document alone";
        Some(Problem::new(
            Rule::LeadingBlank,
            "the event",
            "blanks before it",
            expected,
        ))
    }

    /// Notes an event that is too large for the ways to CloudWatch.
    fn check_size(&self, event: &mut Event<'_>) {
        let given = || format!("{} bytes", event.bytes);
        if event.bytes > MAX_EVENT_BYTES {
            let problem = too_large(given());
            event.problems.push(problem);
        } else if event.bytes > AWSLOGS_SPLIT_BYTES && self.form != Input::Export {
            let expected =
                format!("at most {AWSLOGS_SPLIT_BYTES} bytes on the way of the awslogs driver");
            let problem = Problem::new(Rule::OverAwslogs, "the line", given(), expected);
            event.problems.push(problem);
            event.certain = false;
        }
    }
}

fn too_large(given: String) -> Problem {
    let expected = format!("at most {MAX_EVENT_BYTES} bytes");
    Problem::new(Rule::EventTooLarge, "the event", given, expected)
}
