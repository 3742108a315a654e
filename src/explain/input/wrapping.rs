//! What may surround a document, and what it means: the one place that decides by mode what may be unwrapped.

use super::mode::Input;
use crate::rule::Rule;

/// Something around a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wrapping {
    /// What it breaks, unless a viewer wrote it.
    pub(super) rule: Rule,
    pub(super) author: Author,
}

/// Who writes something around a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// Only a viewer: its members are those of a log event, not of a log record.
    Viewer,
    /// A viewer, or the writer.
    PerhapsViewer,
    /// A logger of the writer.
    Logger,
    /// The writer, or what ships its lines.
    Writer,
}

/// Where the text of an event comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// From an export: exactly the text that CloudWatch has.
    Exported,
    /// A line of the input, read in this mode.
    Line(Input),
    /// A line of the input that no viewer wrote, as other lines show.
    Writers,
}

/// What a wrapping means for the document inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Treatment {
    /// A viewer wrote it. The event is what is inside.
    Unwrap,
    /// A viewer may have written it. The event is assumed to be what is inside.
    Assume,
    /// It is reported. A fault hides the document; with a warning, CloudWatch sees it all the same.
    Report,
}

impl Wrapping {
    pub(super) fn new(rule: Rule, author: Author) -> Self {
        Self { rule, author }
    }

    pub(super) fn by_writer(rule: Rule) -> Self {
        Self::new(rule, Author::Writer)
    }

    /// Decides what the wrapping means in a text from this source.
    pub(super) fn treatment(self, source: Source) -> Treatment {
        let is_viewers = self.author == Author::Viewer;
        match source {
            _ if matches!(self.author, Author::Logger | Author::Writer) => Treatment::Report,
            Source::Line(Input::Export) => Treatment::Unwrap,
            // No writer prints these, so no assumption is needed unless the input is a container's own output.
            Source::Line(Input::Auto) | Source::Writers if is_viewers => Treatment::Unwrap,
            Source::Line(Input::Auto) => Treatment::Assume,
            Source::Line(Input::Stdout) | Source::Exported | Source::Writers => Treatment::Report,
        }
    }
}

/// Whether to look for forms of viewers at all.
pub(super) fn reads_viewers(mode: Input) -> bool {
    mode != Input::Stdout
}
