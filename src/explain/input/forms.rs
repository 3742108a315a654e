//! The forms that events come in: a small type for each. A form reads from a cursor and never calls another one; it
//! returns the form that begins, and the reader puts that on its stack.

mod adjacent;
mod array;
mod cli_text;
mod csv;
mod form;
mod line;
mod list;
mod replay;
mod skip;
mod table;
mod tabs;
mod terminal;
mod value;
mod yaml;

pub(super) use self::form::{Form, Next};
pub(super) use self::line::Line;
