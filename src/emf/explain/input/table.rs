//! The table form of the AWS CLI: a row for each event, with its message in one of the columns.

use std::io::BufRead;

use super::deliver::Context;
use super::gather::{self, Gather};
use super::{Reader, Sink};
use crate::emf::explain::finding::Position;
use crate::emf::explain::judge::document::{Located, locate};

/// A row that has a document in one of its cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// Where the cell begins in the row.
    at: usize,
    /// The cell without the blanks around it, if it ends on this line.
    cell: Option<&'a str>,
}

/// The document in a row, if this is a row and has one.
pub(super) fn row(text: &str) -> Option<Row<'_>> {
    let opens = |at: &usize| text[..*at].trim_end_matches(' ').ends_with('|');
    let mut braces = text.match_indices('{').map(|(at, _)| at);
    let at = braces.find(opens)?;
    let rest = &text[at..];
    if gather::goes_on(rest) && !rest.trim_end().ends_with('|') {
        return Some(Row { at, cell: None });
    }
    // What does not end within the document, or is not JSON, ends with the cell.
    let end = match locate(rest) {
        Located::Object(_, end) => end,
        _ => 0,
    };
    let bar = rest.get(end..)?.find("  |").map(|bar| end + bar)?;
    Some(Row {
        at,
        cell: rest.get(..bar).map(str::trim_end),
    })
}

impl<R: BufRead> Reader<R> {
    /// A row of a table that has a document.
    pub(super) fn table_row(
        &mut self,
        row: Row<'_>,
        bytes: &[u8],
        at: usize,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let position = Position {
            line: self.lines.number(),
            event: None,
        };
        match row.cell {
            Some(cell) => {
                self.deliver.text(position, cell, Context::EXPORT, sink);
                None
            }
            None => self.gather(Gather::message(position), bytes, at + row.at, sink),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_of_the_document_is_found() {
        for (text, cell) in [
            ("|  {\"a\": \"x | y\"}      |", Some("{\"a\": \"x | y\"}")),
            ("||  0 |  s1  |  {\"a\":1}  |  17 ||", Some("{\"a\":1}")),
            ("||  0 |  s1  |  {\"a\":NaN}  |  17 ||", Some("{\"a\":NaN}")),
            ("|  {\"a\":1} x  |", Some("{\"a\":1} x")),
        ] {
            assert_eq!(row(text).unwrap().cell, cell, "{text}");
        }
        assert!(row("||  0 |  s1  |  {").unwrap().cell.is_none());
        for other in ["|  plain line  |", "| x {\"a\":1} |", "||  {\"a\":1}"] {
            assert!(row(other).is_none(), "{other}");
        }
    }
}
