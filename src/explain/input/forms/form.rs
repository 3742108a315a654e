//! What all forms share: how they read, what comes next, and where their events go.

use std::fmt;

use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::emit::Emitter;
use crate::input::event::Sink;
use crate::input::origin::Origin;
use crate::judge::document::Root;

/// A form of input, as far as it has been read.
///
/// `Send` and `Sync` so that the events of an input can move between threads.
pub(in crate::input) trait Form: fmt::Debug + Send + Sync {
    /// Reads from the cursor: an event at most, or the rest of the line.
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next;

    /// Ends the form at the end of the input. Returns a form that has more events, if any.
    fn finish(
        self: Box<Self>,
        _is_open: bool,
        _output: &mut Output<'_, '_>,
    ) -> Option<Box<dyn Form>> {
        None
    }

    /// Whether it reads lines of the input, rather than lines in memory.
    fn reads_lines(&self) -> bool {
        true
    }
}

/// Where a form passes its events on to.
pub(in crate::input) struct Output<'o, 's> {
    pub(in crate::input) emitter: &'o mut Emitter,
    pub(in crate::input) sink: &'o mut Sink<'s>,
}

impl Output<'_, '_> {
    /// Emits an event that may hold a document, or a part of one.
    pub(super) fn text(&mut self, position: Position, text: &str, origin: Origin) {
        self.emitter.text(position, text, origin, self.sink);
    }

    /// Emits an event that is surely no document.
    pub(super) fn surely_other(&mut self, position: Position, text: &str, origin: &Origin) {
        self.emitter.surely_other(position, text, origin, self.sink);
    }

    /// Emits an event that is a document, given with its length in the input.
    pub(super) fn document(
        &mut self,
        position: Position,
        document: (Root<'_>, usize),
        origin: Origin,
    ) {
        self.emitter.document(position, document, origin, self.sink);
    }

    pub(super) fn not_utf8(&mut self, position: Position, bytes: &[u8]) {
        self.emitter.not_utf8(position, bytes, self.sink);
    }

    pub(super) fn too_large(&mut self, position: Position, held: &[u8]) {
        self.emitter.too_large(position, held, self.sink);
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
