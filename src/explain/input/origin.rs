//! Where the text of an event comes from.

use crate::finding::Problem;

/// Where the text of an event comes from.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact")]
pub(super) struct Origin {
    /// Whether it comes from an export, so that CloudWatch has exactly this text.
    pub(super) exported: bool,
    /// Whether it ends with the input and without a line feed.
    pub(super) open: bool,
    /// Whether CloudWatch gets exactly this text.
    pub(super) certain: bool,
    /// Whether a viewer has written something before its line.
    pub(super) has_prefix: bool,
    /// Whether its line had colours.
    pub(super) is_coloured: bool,
    /// Whether it was printed over several lines, so that a viewer has shown it.
    pub(super) is_indented: bool,
    /// What is reported if it is a document.
    pub(super) note: Option<Problem>,
    /// The log stream that it comes from, where the form names it.
    pub(super) stream: Option<String>,
}

impl Origin {
    pub(super) const EXPORT: Self = Self {
        exported: true,
        open: false,
        certain: true,
        has_prefix: false,
        is_coloured: false,
        is_indented: false,
        note: None,
        stream: None,
    };

    /// From an export, with what is reported if it is a document.
    pub(super) fn noted(note: Option<Problem>) -> Self {
        Self {
            note,
            ..Self::EXPORT
        }
    }

    /// From an export, which names the log stream.
    pub(super) fn from_stream(stream: Option<String>) -> Self {
        Self {
            stream,
            ..Self::EXPORT
        }
    }
}
