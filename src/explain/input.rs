//! From bytes to events: recognizes the forms in which people have log lines. One pass in bounded memory.
//!
//! [`read`] gives the events of an export, of a container's output, or of what a viewer shows, each with the text
//! that CloudWatch has. [`explain`](crate::explain()) judges the same events.
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
mod event;
mod forms;
mod lines;
mod marker;
mod mode;
mod origin;
mod parts;
mod peel;
mod prefix;
mod printed;
mod reader;
mod reject;
mod scan;
mod time;
mod unread;
mod viewer;
mod wrapper;
mod wrapping;

use std::io::{self, BufRead};

use super::finding::Kind;

pub use self::event::Event;
pub(crate) use self::event::RawEvent;
pub use self::mode::Input;
pub(crate) use self::reader::Queue;

/// Reads the events of an input, one after the other.
///
/// Findings that concern the input as a whole are left out: see [`explain`](crate::explain()).
pub fn read<R: BufRead>(input: R, form: Input) -> Events<R> {
    Events(Queue::new(input, form))
}

/// The events of an input. Made by [`read`].
pub struct Events<R>(Queue<R, Event>);

impl<R: BufRead> Iterator for Events<R> {
    type Item = io::Result<Event>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next(|event| {
            (event.kind != Kind::Input).then(|| Event {
                position: event.position,
                kind: event.kind,
                text: event.text.to_owned(),
                log_stream: event.stream,
            })
        })
    }
}
