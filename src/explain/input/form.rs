//! The forms that an event can come in, and what each means for it.

use crate::finding::Problem;
use crate::rule::Rule;

/// Whether a text may hold a document: it names a member that documents have.
pub(super) fn has_marker(text: &str) -> bool {
    text.contains("_aws") || text.contains("CloudWatchMetrics")
}

/// Whether a text that is not valid JSON was meant as a document: it has the member, not only the word.
pub(super) fn has_member(text: &str) -> bool {
    let is_member = |name: &str| {
        text.match_indices(name)
            .any(|(at, _)| text[at + name.len()..].trim_start().starts_with(':'))
    };
    is_member("\"_aws\"") || is_member("\"CloudWatchMetrics\"")
}

/// Something around a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A viewer's time, possibly with the name of a stream.
    Time,
    /// Blanks.
    Blank,
    /// An object in which the AWS CLI or Logs Insights shows an event.
    ViewerObject,
    /// The prefix of Lambda's text format.
    Lambda,
    /// The object of Lambda's JSON format.
    LambdaJson,
    /// A record of `FireLens`.
    FireLens,
    /// A record of Docker's json-file driver.
    DockerJson,
    /// The prefix of a container runtime's log file.
    Cri,
    /// A syslog header.
    Syslog,
    /// The mark of a part.
    Partial,
    /// A JSON string.
    JsonString,
    /// Any other object.
    JsonWrapper,
    /// Any other text.
    Prefix,
}

impl Form {
    /// Whether it is a viewer's, so that the event is what stands inside.
    pub(super) fn is_viewers(self) -> bool {
        matches!(self, Self::Time | Self::Blank | Self::ViewerObject)
    }

    /// Whether CloudWatch sees the document in spite of it.
    pub(super) fn is_harmless(self) -> bool {
        self.is_viewers() || self == Self::Lambda
    }

    /// The problem that it is; a viewer's is another matter.
    pub(super) fn problem(self, what: &str) -> Option<Problem> {
        let rule = match self {
            Self::Time | Self::Blank | Self::ViewerObject => return None,
            Self::Lambda => Rule::LambdaPrefix,
            Self::LambdaJson => Rule::LambdaJson,
            Self::FireLens => Rule::FireLens,
            Self::DockerJson => Rule::DockerJson,
            Self::Cri => Rule::Cri,
            Self::Syslog => Rule::Syslog,
            Self::Partial => Rule::PartialMessage,
            Self::JsonString => Rule::JsonString,
            Self::JsonWrapper => Rule::JsonWrapper,
            Self::Prefix => Rule::Prefix,
        };
        let expected = "the document alone";
        Some(match self {
            Self::Lambda => Problem::new(rule, "the event", what, expected),
            Self::Partial => {
                let given = "a part of a line that was longer than 16 KiB";
                Problem::new(rule, "the event", given, "a whole line").with_cure()
            }
            _ => Problem::new(rule, "the event", what, expected).with_cure(),
        })
    }
}
