//! The table form of the AWS CLI: a row for each event, with its message in one of the columns.

use super::form::{Form, Next, Output};
use super::value::Value;
use crate::input::cursor::Cursor;
use crate::input::marker::has_marker;
use crate::input::origin::Origin;
use crate::input::prefix;
use crate::input::printed::continues;
use crate::judge::document::{LocateOutcome, locate};

/// A table, of which some rows have been read.
#[derive(Debug, Default)]
pub(super) struct Table {
    borders: Borders,
    row: Option<Row>,
}

/// The columns of the cells' borders, counted in characters, as the last line of dashes shows them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Borders {
    columns: Vec<usize>,
    /// The length of the line of dashes.
    width: usize,
}

impl Borders {
    /// The borders that a line of dashes shows, if it is one.
    fn read(text: &str) -> Option<Self> {
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

    /// The positions of a row's bars at the borders, and whether these are all bars. `None` if the row does not fit the
    /// line of dashes: it has wide characters, or the line belongs to another table.
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

/// A row, of which some cells have been read.
#[derive(Debug)]
struct Row {
    /// Where cells begin or end, in bytes of the row.
    bars: Vec<usize>,
    /// Whether the line of dashes confirms all bars.
    is_whole: bool,
    /// Whether the bars were guessed from the row alone.
    is_guessed: bool,
    /// The next cell.
    next: usize,
    /// Everything before this byte has been emitted.
    from: usize,
    /// Whether a cell with a document has been emitted.
    has_document: bool,
    /// Bytes that may still be visited beyond the next bar. Without a limit, a row of braces has quadratic cost.
    budget: usize,
}

/// What a cell is.
enum Cell<'a> {
    /// Something else.
    Other,
    /// An event.
    Event(&'a str),
    /// The beginning of an event that continues on the next lines, at this place.
    Open(usize),
}

impl Row {
    fn new(text: &str, borders: &Borders) -> Self {
        crate::work::visit(text.len());
        let exact = borders.bars(text);
        let is_guessed = exact.is_none();
        let (bars, is_whole) = exact.unwrap_or_else(|| (likely_bars(text), false));
        Self {
            bars,
            is_whole,
            is_guessed,
            next: 0,
            from: 0,
            has_document: false,
            budget: 2 * text.len(),
        }
    }

    /// The next cell of the row.
    fn cell<'a>(&mut self, text: &'a str) -> Option<Cell<'a>> {
        let bar = *self.bars.get(self.next)?;
        self.next += 1;
        let end = self.bars.get(self.next).copied().unwrap_or(text.len());
        if bar < self.from || bar + 1 > end {
            return Some(Cell::Other);
        }
        let padding = text[bar + 1..end].bytes().take(2);
        let at = bar + 1 + padding.take_while(|byte| *byte == b' ').count();
        let inside = &text[at..end];
        let blank = inside.len() - inside.trim_start_matches(' ').len();
        let is_last = self.next >= self.bars.len();
        if is_last && inside[blank..].starts_with('{') && continues(inside) {
            return Some(Cell::Open(at + blank));
        }
        let brace = if inside[blank..].starts_with('{') {
            Some(blank)
        } else {
            prefix::document(inside)
        };
        let Some(brace) = brace else {
            return Some(Cell::Other);
        };
        let end = if self.is_whole {
            end
        } else {
            at + self.likely_end(&text[at..], brace, end - at)
        };
        let cell = text[at..end].trim_end_matches(' ');
        if !has_marker(cell) {
            return Some(Cell::Other);
        }
        self.from = end;
        Some(Cell::Event(cell))
    }

    /// The likely end of a cell with a document at `brace`; `bar` is where the next cell seems to begin.
    fn likely_end(&mut self, text: &str, brace: usize, bar: usize) -> usize {
        let mut found = locate(&text[brace..bar]);
        // A document may have bars in its strings.
        if matches!(found, LocateOutcome::Cut) && self.budget >= text.len() {
            self.budget -= text.len();
            found = locate(&text[brace..]);
        }
        let end = match found {
            LocateOutcome::Object(_, length) => brace + length,
            // A document that does not end, or is not JSON, ends with the cell.
            _ => return close_of_cell(text, brace, bar),
        };
        let rest = text[end..].trim_start_matches(' ');
        if rest.is_empty() || rest.starts_with('|') {
            return end;
        }
        close_of_cell(text, end, bar.max(end))
    }
}

/// The end of a cell from a place within it: two blanks and a bar, or the bar.
fn close_of_cell(text: &str, from: usize, bar: usize) -> usize {
    let cell = &text[from..bar.max(from)];
    match cell
        .find("  |")
        .or_else(|| cell.rfind('|').filter(|_| bar >= text.len()))
    {
        Some(end) => from + end,
        None => bar,
    }
}

/// Where cells probably begin: at bars that are followed by exactly two blanks.
fn likely_bars(text: &str) -> Vec<usize> {
    let opens = |at: &usize| {
        let cell = &text[*at + 1..];
        let is_padded = cell.starts_with("  ") && !cell[2..].starts_with(' ');
        (is_padded && cell.len() > 2) || (*at == 0 && cell.trim_start_matches(' ').starts_with('{'))
    };
    let bars = text.match_indices('|').map(|(at, _)| at);
    bars.filter(opens).collect()
}

impl Table {
    /// Whether a line belongs to a table: a line of dashes, or a row with a document.
    pub(super) fn begins(text: &str) -> bool {
        if !text.starts_with(['|', '+']) {
            return false;
        }
        if Borders::read(text).is_some() {
            return true;
        }
        let opens = text.starts_with('|') && continues(text);
        text.starts_with('|') && (has_marker(text) || opens) && !likely_bars(text).is_empty()
    }

    fn other(cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let position = cursor.position();
        let text = cursor.text().unwrap_or_default();
        output.text(position, text, Origin::EXPORT);
        cursor.take_all();
        Next::Stay
    }
}

impl Form for Table {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        if cursor.is_line_start() && self.row.is_none() {
            let Some(text) = cursor
                .text()
                .filter(|text| text.starts_with(['|', '+', ' ']))
            else {
                return Next::Leave;
            };
            if text.starts_with(' ') {
                // The rest of a cell whose text has a line feed.
                return Self::other(cursor, output);
            }
            if let Some(borders) = Borders::read(text) {
                self.borders = borders;
                return Self::other(cursor, output);
            }
            self.row = Some(Row::new(text.trim_end(), &self.borders));
        }
        let Some(row) = &mut self.row else {
            // The rest of a row behind a message that spans lines.
            cursor.take_all();
            return Next::Stay;
        };
        let text = cursor.text().unwrap_or_default().trim_end();
        let position = cursor.position();
        loop {
            match row.cell(text) {
                Some(Cell::Other) => {}
                Some(Cell::Event(cell)) => {
                    row.has_document = true;
                    let is_assumed = row.is_guessed && self.borders.columns.is_empty();
                    let note = is_assumed.then(|| output.emitter.assume_export("a row of a table"));
                    output.text(position, cell, Origin::noted(note.flatten()));
                    return Next::Stay;
                }
                Some(Cell::Open(at)) => {
                    self.row = None;
                    cursor.take(at);
                    return Next::begin(Value::message(position));
                }
                None if row.has_document => {
                    self.row = None;
                    cursor.take_all();
                    return Next::Stay;
                }
                None => {
                    self.row = None;
                    return Self::other(cursor, output);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The cells of a row that have a document.
    fn cells<'a>(text: &'a str, borders: &Borders) -> Vec<&'a str> {
        let mut row = Row::new(text, borders);
        let mut found = Vec::new();
        while let Some(cell) = row.cell(text) {
            if let Cell::Event(cell) = cell {
                found.push(cell);
            }
        }
        found
    }

    #[test]
    fn the_cell_of_the_document_is_found() {
        for (text, cell) in [
            ("|  {\"_aws\": \"x | y\"}      |", "{\"_aws\": \"x | y\"}"),
            ("|  {\"_aws\": \"x |  y\"}      |", "{\"_aws\": \"x |  y\"}"),
            ("||  0 |  s1  |  {\"_aws\":1}  |  17 ||", "{\"_aws\":1}"),
            ("||  0 |  s1  |  {\"_aws\":NaN}  |  17 ||", "{\"_aws\":NaN}"),
            ("|  {\"_aws\":1} x  |", "{\"_aws\":1} x"),
            ("|  {\"_aws\":1} |  17  |", "{\"_aws\":1}"),
            ("|  {\"_aws\":1}|  17  |", "{\"_aws\":1}"),
            ("|  17  |  {\"_aws\":1}", "{\"_aws\":1}"),
            (
                "|  10:00 | INFO | {\"_aws\":{}}  |",
                "10:00 | INFO | {\"_aws\":{}}",
            ),
            ("|  17|  [INFO] {\"_aws\":{}}   |", "[INFO] {\"_aws\":{}}"),
        ] {
            assert_eq!(cells(text, &Borders::default()), [cell], "{text}");
        }
        let two = "|  {\"_aws\":1}  |  {\"_aws\":2}  |";
        assert_eq!(cells(two, &Borders::default()).len(), 2);
        let mut open = Row::new("||  0 |  s1  |  {", &Borders::default());
        let last = std::iter::from_fn(|| open.cell("||  0 |  s1  |  {")).last();
        assert!(matches!(last, Some(Cell::Open(_))));
    }

    #[test]
    fn the_line_of_dashes_shows_where_cells_end() {
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
            assert_eq!(cells(text, &borders), [cell], "{text}");
        }
        for other in ["-----", "|  a  |", "||", "+", "+--+x"] {
            assert_eq!(Borders::read(other), None, "{other}");
        }
    }
}
