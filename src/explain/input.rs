//! From bytes to events: the forms that people have log lines in, recognized by themselves. One pass in bounded memory.
//!
//! [`read`] gives the events of an export, of a container's output, or of what a viewer shows, each as the text that
//! CloudWatch has of it. [`explain`](crate::explain()) judges the same events.
//!
//! # Example
//! ```
//! use emf_explain::Input;
//!
//! let export = br#"{"events":[{"logStreamName":"s1","timestamp":1,"message":"started"}]}"#;
//! for event in emf_explain::input::read(export.as_slice(), Input::Auto) {
//!     let event = event?;
//!     assert_eq!(event.text, "started");
//!     assert_eq!(event.log_stream.as_deref(), Some("s1"));
//! }
//! # Ok::<(), std::io::Error>(())
//! ```

mod copy;
mod cursor;
mod emit;
mod encoders;
mod forms;
mod lines;
mod marker;
mod parts;
mod peel;
mod prefix;
mod printed;
mod reader;
mod scan;
mod time;
mod unread;
mod viewer;
mod wrapper;
mod wrapping;

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, BufRead};
use std::str::FromStr;

use super::finding::{Kind, Position, Problem};
use super::judge::document::Root;

pub(crate) use self::reader::Reader;

/// How lines are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Input {
    /// The form is recognized; what it may also be is reported.
    #[default]
    Auto,
    /// A viewer or an export showed the lines: what it put around the events is not reported.
    Export,
    /// What a container wrote: each line is an event, and nothing is taken off without a fault.
    Stdout,
}

impl Input {
    /// Every way of reading.
    pub const ALL: &'static [Self] = &[Self::Auto, Self::Export, Self::Stdout];

    /// The word for it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Export => "export",
            Self::Stdout => "stdout",
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no way of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput(String);

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(given) = self;
        write!(
            f,
            "invalid input: expected auto, export or stdout, got {given:?}"
        )
    }
}

impl std::error::Error for InvalidInput {}

impl FromStr for Input {
    type Err = InvalidInput;

    fn from_str(word: &str) -> Result<Self, InvalidInput> {
        let mut all = Self::ALL.iter().copied();
        all.find(|input| input.as_str() == word)
            .ok_or_else(|| InvalidInput(word.to_owned()))
    }
}

/// An event of the input, without what viewers and shippers put around it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Event {
    /// Where it stands.
    pub position: Position,
    /// What it is.
    pub kind: Kind,
    /// Its text: the document where there is one, else the whole event.
    pub text: String,
    /// The log stream that it comes from, where the form names it.
    pub log_stream: Option<String>,
}

/// Reads the events of an input, one after the other.
///
/// Findings that concern the input as a whole are left out: see [`explain`](crate::explain()).
pub fn read<R: BufRead>(input: R, form: Input) -> Events<R> {
    Events {
        reader: Reader::new(input, form),
        found: VecDeque::new(),
        is_ended: false,
    }
}

/// The events of an input. Made by [`read`].
pub struct Events<R> {
    reader: Reader<R>,
    found: VecDeque<Event>,
    is_ended: bool,
}

impl<R: BufRead> Iterator for Events<R> {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(event) = self.found.pop_front() {
                return Some(Ok(event));
            }
            if self.is_ended {
                return None;
            }
            let found = &mut self.found;
            let step = self.reader.step(&mut |event| {
                if event.kind != Kind::Input {
                    found.push_back(Event {
                        position: event.position,
                        kind: event.kind,
                        text: event.text.to_owned(),
                        log_stream: event.stream,
                    });
                }
            });
            match step {
                Ok(goes_on) => self.is_ended = !goes_on,
                Err(error) => {
                    self.is_ended = true;
                    return Some(Err(error));
                }
            }
        }
    }
}

/// An event with what is wrong with how it is written or shipped.
pub(crate) struct RawEvent<'a> {
    pub(crate) position: Position,
    /// The length of its text in bytes.
    pub(crate) bytes: usize,
    pub(crate) text: &'a str,
    pub(crate) stream: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) problems: Vec<Problem>,
    /// Whether what the document has reaches CloudWatch.
    pub(crate) certain: bool,
    /// The document.
    pub(crate) root: Option<Root<'a>>,
}

/// Takes one event after the other.
pub(crate) type Sink<'s> = dyn FnMut(RawEvent<'_>) + 's;
