//! What all forms share: how they read, and what comes next.

use std::fmt;

use crate::input::cursor::Cursor;
pub(in crate::input) use crate::input::emit::Output;

/// A form of input, as far as it has been read.
///
/// `Send` and `Sync` so that the events of an input can move between threads.
pub(in crate::input) trait Form: fmt::Debug + Send + Sync {
    /// Reads from the cursor: an event at most, or the rest of the line.
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next;

    /// Ends the form at the end of the input. Returns a form that has more events, if any.
    fn finish(&mut self, _is_open: bool, _: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        None
    }

    /// Whether it reads lines of the input, rather than lines in memory.
    fn reads_lines(&self) -> bool {
        true
    }
}

/// What comes after a form has read.
#[derive(Debug)]
pub(in crate::input) enum Next {
    /// The same form continues.
    Stay,
    /// The form has ended. The one beneath continues with the rest of the line.
    End,
    /// The form has ended before this line. The one beneath reads the line, also if it is blank.
    Leave,
    /// Another form begins here. This one continues behind it.
    Begin(Box<dyn Form>),
    /// Another form takes the place of this one.
    Become(Box<dyn Form>),
}

impl Next {
    pub(super) fn begin(form: impl Form + 'static) -> Self {
        Self::Begin(Box::new(form))
    }

    pub(super) fn become_form(form: impl Form + 'static) -> Self {
        Self::Become(Box::new(form))
    }
}
