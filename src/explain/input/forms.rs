//! The forms that events come in: a small type for each. A form reads from a cursor and never calls another one; it names
//! the form that begins, and the reader puts that on its stack.

mod adjacent;
mod array;
mod cli_text;
mod csv;
mod line;
mod list;
mod replay;
mod table;
mod tabs;
mod terminal;
mod value;
mod yaml;

use super::Sink;
use super::cursor::Cursor;
use super::emit::Emitter;

pub(super) use self::adjacent::Adjacent;
pub(super) use self::array::Array;
pub(super) use self::cli_text::CliText;
pub(super) use self::csv::Csv;
pub(super) use self::line::Line;
pub(super) use self::list::List;
pub(super) use self::replay::Replay;
pub(super) use self::table::Table;
pub(super) use self::tabs::Tabs;
pub(super) use self::terminal::Terminal;
pub(super) use self::value::Value;
pub(super) use self::yaml::Yaml;

/// Where a form passes its events on to.
pub(super) struct Output<'o, 's> {
    pub(super) emitter: &'o mut Emitter,
    pub(super) sink: &'o mut Sink<'s>,
}

/// What comes after a form has read.
#[derive(Debug)]
pub(super) enum Next {
    /// The same form continues.
    Stay,
    /// The form has ended. The one beneath continues with the rest of the line.
    End,
    /// The form has ended before this line. The one beneath reads the line, also if it is blank.
    Leave,
    /// Another form begins here. This one continues behind it.
    Begin(Form),
    /// Another form takes the place of this one.
    Become(Form),
}

/// A form of input, as far as it has been read.
#[derive(Debug)]
pub(super) enum Form {
    /// A line by itself. Always at the bottom of the stack, since it recognizes the others.
    Line(Line),
    /// Documents one after the other on a line.
    Adjacent(Adjacent),
    /// Events joined by tabs.
    Tabs(Tabs),
    /// A JSON value over several lines, or an export on one.
    Value(Box<Value>),
    /// An array of events.
    Array(Box<Array>),
    /// The text form of the AWS CLI.
    CliText(CliText),
    /// The table form of the AWS CLI.
    Table(Table),
    /// Records of CSV.
    Csv(Csv),
    /// YAML.
    Yaml(Yaml),
    /// Names and values on lines, as PowerShell lists objects.
    List(List),
    /// A document that a terminal has broken over lines.
    Terminal(Box<Terminal>),
    /// Lines that were held for a value and made none.
    Replay(Replay),
    /// The rest of a line that is too long.
    Skip,
}

impl Form {
    /// Reads from the cursor: an event at most, or the rest of the line.
    pub(super) fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        match self {
            Self::Line(form) => form.read(cursor, output),
            Self::Adjacent(form) => form.read(cursor, output),
            Self::Tabs(form) => form.read(cursor, output),
            Self::Value(form) => form.read(cursor, output),
            Self::Array(form) => form.read(cursor, output),
            Self::CliText(form) => form.read(cursor, output),
            Self::Table(form) => form.read(cursor, output),
            Self::Csv(form) => form.read(cursor, output),
            Self::Yaml(form) => form.read(cursor, output),
            Self::List(form) => form.read(cursor, output),
            Self::Terminal(form) => form.read(cursor, output),
            Self::Replay(form) => form.read(output),
            Self::Skip => {
                let ends = cursor.ends_line();
                cursor.take_all();
                if ends { Next::End } else { Next::Stay }
            }
        }
    }

    /// Ends the form with the input; gives the form that has more to pass on.
    pub(super) fn finish(self, is_open: bool, output: &mut Output<'_, '_>) -> Option<Self> {
        match self {
            Self::Value(form) => form.finish(is_open, output),
            Self::Array(form) => {
                form.finish(output);
                None
            }
            Self::Csv(form) => {
                form.finish(output);
                None
            }
            Self::Yaml(form) => {
                form.finish(output);
                None
            }
            Self::List(form) => {
                form.finish(output);
                None
            }
            Self::Terminal(form) => form.finish(is_open, output),
            Self::Replay(form) => form.finish(output),
            _ => None,
        }
    }
}
