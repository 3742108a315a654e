//! The rest of a line that is too long.

use super::form::{Form, Next, Output};
use crate::input::cursor::Cursor;

/// Drops what is left of a line.
#[derive(Debug)]
pub(super) struct Skip;

impl Form for Skip {
    fn read(&mut self, cursor: &mut Cursor<'_>, _: &mut Output<'_, '_>) -> Next {
        let ends = cursor.ends_line();
        cursor.take_all();
        if ends { Next::End } else { Next::Stay }
    }
}
