//! An event of an input, as the forms give it and as callers get it.

use crate::finding::{Kind, Position, Problem};
use crate::judge::document::Root;

/// An event of the input, without what viewers and shippers put around it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Its position in the input.
    pub position: Position,
    /// What it is.
    pub kind: Kind,
    /// Its text: the document where there is one, else the whole event.
    pub text: String,
    /// The log stream that it comes from, where the form names it.
    pub log_stream: Option<String>,
}

/// An event, with the problems of how it is written or shipped.
pub(crate) struct RawEvent<'a> {
    pub(crate) position: Position,
    /// The length of its text in bytes.
    pub(crate) bytes: usize,
    pub(crate) text: &'a str,
    pub(crate) stream: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) problems: Vec<Problem>,
    /// Whether the document certainly reaches CloudWatch.
    pub(crate) certain: bool,
    /// The document.
    pub(crate) root: Option<Root<'a>>,
}

/// Takes one event after the other.
pub(crate) type Sink<'s> = dyn FnMut(RawEvent<'_>) + 's;
