//! What may surround a document, and what it means: the one place that decides by mode what may be unwrapped.

use super::mode::Input;
use crate::rule::Rule;

/// Something around a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapping {
    /// Blanks.
    Blank,
    /// An object that only a viewer writes: its members are those of a log event, not of a log record.
    ViewerObject,
    /// An object that a viewer may have written, or a logger.
    LikelyViewerObject,
    /// A JSON string.
    JsonString,
    /// The prefix of Lambda's text format.
    Lambda,
    /// The prefix of Lambda's text format for Python.
    LambdaLevel,
    /// The object of Lambda's JSON format.
    LambdaJson,
    /// A record of Fluent Bit.
    FireLens,
    /// A record of Docker's json-file driver.
    DockerJson,
    /// The prefix of a container runtime's log file.
    Cri,
    /// A syslog header.
    Syslog,
    /// The mark of a part.
    Partial,
    /// An object that a logger wrote: level, message and time.
    LoggerObject,
    /// Any other object.
    JsonWrapper,
    /// Other lines in the same event.
    JoinedLines,
    /// Any other text.
    Prefix,
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
    /// CloudWatch sees the document all the same.
    Harmless(Rule),
    /// It hides the document.
    Hides(Rule),
}

impl Wrapping {
    /// Decides what the wrapping means in a text from this source.
    pub(super) fn treatment(self, source: Source) -> Treatment {
        let by_mode = |rule| match source {
            Source::Line(Input::Auto) => Treatment::Assume,
            Source::Line(Input::Export) => Treatment::Unwrap,
            Source::Line(Input::Stdout) | Source::Exported | Source::Writers => {
                Treatment::Hides(rule)
            }
        };
        match self {
            Self::Blank => Treatment::Harmless(Rule::LeadingBlank),
            // No writer prints these, so no assumption is needed unless the input is a container's own output.
            Self::ViewerObject => match source {
                Source::Line(Input::Auto) | Source::Writers => Treatment::Unwrap,
                _ => by_mode(Rule::JsonWrapper),
            },
            Self::LikelyViewerObject => by_mode(Rule::JsonWrapper),
            Self::JsonString => by_mode(Rule::JsonString),
            Self::Lambda => Treatment::Harmless(Rule::LambdaPrefix),
            Self::LambdaLevel => Treatment::Harmless(Rule::LambdaLevelPrefix),
            Self::LambdaJson => Treatment::Hides(Rule::LambdaJson),
            Self::FireLens => Treatment::Hides(Rule::FireLens),
            Self::DockerJson => Treatment::Hides(Rule::DockerJson),
            Self::Cri => Treatment::Hides(Rule::Cri),
            Self::Syslog => Treatment::Hides(Rule::Syslog),
            Self::Partial => Treatment::Hides(Rule::PartialMessage),
            Self::LoggerObject | Self::JsonWrapper => Treatment::Hides(Rule::JsonWrapper),
            Self::JoinedLines => Treatment::Hides(Rule::JoinedLines),
            Self::Prefix => Treatment::Hides(Rule::Prefix),
        }
    }
}

/// Whether to look for forms of viewers at all.
pub(super) fn reads_viewers(mode: Input) -> bool {
    mode != Input::Stdout
}
