//! Documents in the input that cannot be read: the report must not claim that there are none.

use super::marker::{encoding, has_assignments};
use crate::finding::Problem;
use crate::rule::Rule;

/// Lines with documents in a form that is not known.
#[derive(Debug, Default)]
pub(super) struct Unread {
    lines: u64,
    first: u64,
    encoding: Option<(u64, &'static str, &'static str)>,
}

impl Unread {
    /// Notes an event that is not a document. `answered` is true if documents were found, and `is_rest` if it may be
    /// the rest of one that was cut off.
    pub(super) fn note(&mut self, line: u64, text: &str, answered: bool, is_rest: bool) {
        if self.encoding.is_none() && !answered {
            self.encoding = encoding(text).map(|(name, cure)| (line, name, cure));
        }
        if !is_rest && has_assignments(text) {
            if self.lines == 0 {
                self.first = line;
            }
            self.lines += 1;
        }
    }

    /// The problem of an input of so many lines, with the line to report.
    pub(super) fn problem(&self, lines: u64, answered: bool) -> Option<(u64, Problem)> {
        if self.lines > 0 {
            let count = counted(self.lines);
            let given = format!("_aws on {count} in a form that explain cannot read");
            let expected = "a document on each line, or a known export";
            let problem = Problem::new(Rule::UnreadableForm, "the input", given, expected);
            return Some((self.first, problem.with_next_step()));
        }
        if answered || lines == 0 {
            return None;
        }
        if let Some((line, name, cure)) = self.encoding {
            let expected = "lines with EMF documents";
            let problem = Problem::new(Rule::UnreadableForm, "the input", name, expected);
            return Some((line, problem.with_hint(cure)));
        }
        let given = format!("none in {}", counted(lines));
        let problem = Problem::new(Rule::NoEmf, "the input", given, "EMF documents");
        Some((lines, problem))
    }
}

fn counted(lines: u64) -> String {
    match lines {
        1 => "1 line".to_owned(),
        _ => format!("{lines} lines"),
    }
}
