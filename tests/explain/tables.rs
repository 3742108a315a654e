//! Tables of the AWS CLI, laid out as its source (version 2) does: widths are scaled to the whole, so that a cell has
//! up to three blanks behind its text.

use emf_explain::{Input, Rule};

use super::form_list::{Form, viewer};
use super::{NOW_MS, document, found, found_as};

const EVENT_ID: &str = "37121945671234567890123456789012345678901234567890123456";

/// The width of a text on a terminal; characters that are not certainly narrow count as wide.
fn width(text: &str) -> usize {
    let wide = text.chars().filter(|character| *character >= '\u{1100}');
    text.chars().count() + wide.count()
}

/// The widths of columns, scaled to the width of the table.
fn columns(widths: &[usize], whole: usize) -> Vec<usize> {
    let units: usize = widths.iter().map(|width| width + 4).sum();
    let scaled = widths.iter().map(|width| {
        #[allow(
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            clippy::cast_possible_truncation,
            reason = "as the CLI does"
        )]
        let scaled = ((width + 4) as f64 * whole as f64 / units as f64).round_ties_even() as usize;
        scaled
    });
    let mut scaled: Vec<_> = scaled.collect();
    let count = scaled.len();
    let mut at = 0;
    while scaled.iter().sum::<usize>() != whole {
        if scaled.iter().sum::<usize>() > whole {
            scaled[at % count] -= 1;
        } else {
            scaled[count - 1 - at % count] += 1;
        }
        at += 1;
    }
    scaled
}

fn row(cells: &[&str], columns: &[usize]) -> String {
    let mut row = String::new();
    for (index, (cell, column)) in cells.iter().zip(columns).enumerate() {
        let left = if index == 0 { "|" } else { "" };
        let padding = if *column >= width(cell) + 3 + left.len() {
            "  "
        } else {
            ""
        };
        let used = left.len() + padding.len() + width(cell) + 1;
        let rest = " ".repeat(column.saturating_sub(used));
        row.extend([left, padding, *cell, &rest, "|"]);
    }
    row + "\n"
}

/// A table with a title.
fn table(rows: &[Vec<&str>]) -> String {
    const TITLE: &str = "FilterLogEvents";
    let widths: Vec<_> = (0..rows[0].len())
        .map(|column| rows.iter().map(|row| width(row[column])).max().unwrap())
        .collect();
    let whole = widths.iter().map(|width| width + 4).sum::<usize>() + 2;
    let columns = columns(&widths, whole);
    let rule: String = columns
        .iter()
        .enumerate()
        .map(|(index, column)| match index {
            0 => format!("+{}+", "-".repeat(column - 2)),
            _ => format!("{}+", "-".repeat(column - 1)),
        })
        .collect();
    let title = format!("|{TITLE:^0$}|", whole - 2);
    let rows: String = rows.iter().map(|cells| row(cells, &columns)).collect();
    format!("{}\n{title}\n{rule}\n{rows}{rule}\n", "-".repeat(whole))
}

/// A table of events, each as a row.
fn of<'a>(events: &'a [String], cells: impl Fn(&'a str) -> Vec<&'a str>) -> String {
    let rows: Vec<_> = events.iter().map(|event| cells(event)).collect();
    table(&rows)
}

/// Events that end in a line feed, as all of Lambda's do.
fn ended(events: &[String]) -> Vec<String> {
    events.iter().map(|event| format!("{event}\n")).collect()
}

const TIME: &str = "1795348800000";

pub(super) const TABLES: &[Form] = &[
    viewer(
        "table: message",
        |events| of(events, |event| vec![event]),
        &[],
    ),
    viewer(
        "table: timestamp, message",
        |events| of(events, |event| vec![TIME, event]),
        &[],
    ),
    viewer(
        "table: message, timestamp",
        |events| of(events, |event| vec![event, TIME]),
        &[],
    ),
    viewer(
        "table: message, eventId",
        |events| of(events, |event| vec![event, EVENT_ID]),
        &[],
    ),
    viewer(
        "table: all members",
        |events| of(events, |event| vec![EVENT_ID, TIME, "s1", event, TIME]),
        &[],
    ),
    viewer(
        "table: Lambda's message",
        |events| of(&ended(events), |event| vec![event]),
        &[],
    ),
    viewer(
        "table: timestamp, Lambda's message",
        |events| of(&ended(events), |event| vec![TIME, event]),
        &[],
    ),
    viewer(
        "table: Lambda's message, timestamp",
        |events| of(&ended(events), |event| vec![event, TIME]),
        &[],
    ),
];

#[test]
fn the_words_of_a_logger_in_a_cell_are_a_prefix() {
    let document = document();
    for prefix in [
        "INFO | ",
        "2026-11-22 12:00:00 | INFO | ",
        "[INFO] ",
        "a |  ",
        "INFO:root:",
    ] {
        let event = format!("{prefix}{document}");
        for cells in [
            vec![event.as_str()],
            vec![TIME, &event],
            vec![&event, EVENT_ID],
        ] {
            let found = found(table(&[cells.clone(), cells]).as_bytes());
            assert_eq!(found.faults, [Rule::Prefix; 2], "{prefix:?}: {found:?}");
            assert!(found.warnings.is_empty(), "{prefix:?}: {found:?}");
            let given = format!("got \"{prefix}\" before it");
            assert!(found.sentences[0].contains(&given), "{found:?}");
        }
    }
}

#[test]
fn without_the_line_of_dashes_the_words_of_a_logger_are_a_prefix_too() {
    let document = document();
    for row in [
        format!("|  2026-11-22 12:00:00 | INFO | {document}  |"),
        format!("|  {NOW_MS}|  INFO | {document}   |"),
        format!("||  0 |  s1 |  INFO | {document} |  {NOW_MS} ||"),
    ] {
        let found = found(row.as_bytes());
        assert_eq!(found.faults, [Rule::Prefix], "{found:?}");
        assert_eq!(found.warnings, [Rule::ExportAssumed], "{found:?}");
        assert!(!found.sentences[0].contains("|  "), "{found:?}");
        assert!(!found.sentences[1].contains("|  "), "{found:?}");
    }
}

#[test]
fn text_behind_a_document_in_a_cell_is_a_fault() {
    let event = format!("{} done", document());
    for cells in [
        vec![event.as_str()],
        vec![TIME, &event],
        vec![&event, EVENT_ID],
    ] {
        let found = found(table(&[cells]).as_bytes());
        assert_eq!(found.faults, [Rule::TrailingText], "{found:?}");
        assert!(
            found.sentences[0].contains("got \"done\" after it"),
            "{found:?}"
        );
    }
}

#[test]
fn a_row_without_its_table_may_be_what_a_container_wrote() {
    let row = format!("|  {}  |\n", document());
    let auto = found(row.as_bytes());
    assert_eq!(
        (auto.warnings, auto.points.len()),
        (vec![Rule::ExportAssumed], 2)
    );
    assert_eq!(found_as(row.as_bytes(), Input::Export).warnings, []);
    assert_eq!(found_as(row.as_bytes(), Input::Stdout).faults.len(), 2);
}

#[test]
fn a_row_with_two_documents_loses_none() {
    let event = document().to_string();
    for cells in [
        vec![event.as_str(), &event],
        vec![TIME, &event, EVENT_ID, &event],
    ] {
        let found = found(table(&[cells.clone(), cells]).as_bytes());
        assert_eq!((found.documents, found.points.len()), (4, 8), "{found:?}");
        assert_eq!(found.sentences, Vec::<String>::new());
    }
}
