//! The table form of the AWS CLI: a row for each event, with its message in one of the columns.

use std::io::BufRead;

use super::deliver::Context;
use super::gather::{self, Gather};
use super::{Reader, Sink, form, prefix};
use crate::finding::Position;
use crate::judge::document::{Located, locate};

/// Where the borders of cells stand, counted in characters, as the last line of dashes has them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Borders {
    columns: Vec<usize>,
    /// The length of the line of dashes.
    width: usize,
}

impl Borders {
    /// The borders that a line of dashes shows, if it is one.
    pub(super) fn read(text: &str) -> Option<Self> {
        let text = text.trim_end();
        let is_rule = text.contains("+-") && text.bytes().all(|byte| b"+-|".contains(&byte));
        is_rule.then(|| Self {
            columns: text
                .match_indices(['+', '|'])
                .map(|(column, _)| column)
                .collect(),
            width: text.len(),
        })
    }

    /// Whether none has been seen.
    pub(super) fn is_unknown(&self) -> bool {
        self.columns.is_empty()
    }

    /// The bars of a row at the borders, each as a place in its text, and whether they are all. Nothing where the row does
    /// not fit the line of dashes: its text has wide characters, or the line is that of another table.
    fn bars(&self, row: &str) -> Option<(Vec<usize>, bool)> {
        let mut columns = self.columns.iter().peekable();
        let mut bars = Vec::new();
        let mut width = 0;
        for (column, (at, character)) in row.char_indices().enumerate() {
            width = column + 1;
            if columns.next_if_eq(&&column).is_some() {
                if character != '|' {
                    return None;
                }
                bars.push(at);
            }
        }
        // A row whose text has a line feed ends within a cell.
        let is_whole = width == self.width;
        let fits = is_whole || (width < self.width && !row.ends_with('|'));
        (!bars.is_empty() && fits).then_some((bars, is_whole))
    }
}

/// A row that has a document in one of its cells.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row<'a> {
    /// Where the cell's text begins in the row.
    at: usize,
    /// The cell without the blanks around it, if it ends on this line.
    cell: Option<&'a str>,
}

/// The document in a row, if this is a row and has one.
pub(super) fn row<'a>(text: &'a str, borders: &Borders) -> Option<Row<'a>> {
    let text = text.trim_end();
    let exact = borders.bars(text);
    let is_whole = matches!(exact, Some((_, true)));
    let bars = exact.map_or_else(|| likely_bars(text), |(bars, _)| bars);
    let opening = |brace: usize| bars.iter().rev().find(|bar| **bar < brace).copied();
    let is_first = |brace: &usize| {
        opening(*brace).is_some_and(|bar| text[bar + 1..*brace].trim_matches(' ').is_empty())
    };
    let mut braces = text.match_indices('{').map(|(at, _)| at);
    let brace = prefix::document(text)
        .or_else(|| braces.find(is_first))
        .filter(|brace| opening(*brace).is_some())?;
    let bar = opening(brace)?;
    let padding = text[bar + 1..].bytes().take(2);
    let at = bar + 1 + padding.take_while(|byte| *byte == b' ').count();
    let inside = &text[at..];
    if is_first(&brace) && gather::goes_on(&text[brace..]) {
        return Some(Row {
            at: brace,
            cell: None,
        });
    }
    let end = match bars.iter().find(|bar| **bar > brace) {
        Some(bar) if is_whole => bar - at,
        _ => likely_end(inside, brace - at),
    };
    Some(Row {
        at,
        cell: Some(inside.get(..end)?.trim_end_matches(' ')),
    })
}

/// Where cells begin as far as the row itself shows it: a bar with exactly two blanks behind it.
fn likely_bars(text: &str) -> Vec<usize> {
    let opens = |at: &usize| {
        let cell = text[*at + 1..].trim_start_matches(' ');
        text.len() - cell.len() == *at + 3 || (*at == 0 && cell.starts_with('{'))
    };
    let bars = text.match_indices('|').map(|(at, _)| at);
    bars.filter(opens).collect()
}

/// The end of a cell with a document at `brace`, as far as the row itself shows it.
fn likely_end(text: &str, brace: usize) -> usize {
    let mut end = brace;
    if let Located::Object(_, length) = locate(&text[brace..]) {
        end += length;
        let rest = text[end..].trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with('|') {
            return end;
        }
    }
    // What does not end within the document, or is not JSON, ends with the cell.
    let bar = text[end..].find("  |").map(|bar| end + bar);
    bar.unwrap_or_else(|| text.trim_end_matches('|').len())
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
                let is_assumed = self.borders.is_unknown() && form::has_marker(cell);
                let note = is_assumed.then(|| self.deliver.assume_export("a row of a table"));
                let context = Context {
                    note: note.flatten(),
                    ..Context::EXPORT
                };
                self.deliver.text(position, cell, context, sink);
                let end = at + row.at + cell.len();
                self.next_cell(&bytes[end..]).map(|next| end + next)
            }
            None => self.gather(Gather::message(position), bytes, at + row.at, sink),
        }
    }
}

impl<R> Reader<R> {
    /// Where the next cell with a document begins, in what is left of a row.
    fn next_cell(&self, rest: &[u8]) -> Option<usize> {
        let rest = std::str::from_utf8(rest).ok()?;
        let bar = rest.find('|')?;
        let cells = &rest[bar..];
        let holds = form::has_marker(cells) && row(cells, &self.borders).is_some();
        holds.then_some(bar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cell_of_the_document_is_found() {
        for (text, cell) in [
            ("|  {\"a\": \"x | y\"}      |", "{\"a\": \"x | y\"}"),
            ("||  0 |  s1  |  {\"a\":1}  |  17 ||", "{\"a\":1}"),
            ("||  0 |  s1  |  {\"a\":NaN}  |  17 ||", "{\"a\":NaN}"),
            ("|  {\"a\":1} x  |", "{\"a\":1} x"),
            ("|  {\"a\":1} |  17  |", "{\"a\":1}"),
            ("|  {\"a\":1}|  17  |", "{\"a\":1}"),
            ("|  17  |  {\"a\":1}", "{\"a\":1}"),
            (
                "|  10:00 | INFO | {\"_aws\":{}}  |",
                "10:00 | INFO | {\"_aws\":{}}",
            ),
            ("|  17|  [INFO] {\"_aws\":{}}   |", "[INFO] {\"_aws\":{}}"),
        ] {
            let row = row(text, &Borders::default()).unwrap();
            assert_eq!(row.cell, Some(cell), "{text}");
        }
        let none = Borders::default();
        assert!(row("||  0 |  s1  |  {", &none).unwrap().cell.is_none());
        for other in ["|  plain line  |", "| x {\"a\":1} |", "|  x {\"a\":1}  |"] {
            assert!(row(other, &none).is_none(), "{other}");
        }
    }

    #[test]
    fn the_line_of_dashes_says_where_cells_end() {
        let document = "{\"_aws\":{}}";
        for (rule, text, cell) in [
            (
                "+------+----------------------+",
                "|  17  |  a |  {\"_aws\":{}}    |",
                "a |  {\"_aws\":{}}",
            ),
            (
                "+-------------------+--------+",
                "|  {\"_aws\":{}}  | x |  17    |",
                "{\"_aws\":{}}  | x",
            ),
            (
                "|+---+-----------------+|",
                "||  0|  {\"_aws\":{}}    ||",
                document,
            ),
            ("+----+----+", "|  17  |  {\"_aws\":{}}    |", document),
            (
                "+---+-----------------+",
                "|  é|  {\"_aws\":{}}    |",
                document,
            ),
        ] {
            let borders = Borders::read(rule).unwrap();
            assert_eq!(row(text, &borders).unwrap().cell, Some(cell), "{text}");
        }
        for other in ["-----", "|  a  |", "||", "+", "+--+x"] {
            assert_eq!(Borders::read(other), None, "{other}");
        }
    }
}
