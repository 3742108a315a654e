//! A record of a log file that may be a part of a line.

use crate::finding::Problem;
use crate::input::marker::{has_marker, has_member};
use crate::input::prefix;
use crate::judge::document::{LocateOutcome, for_each_member, locate};
use crate::judge::json::Name;
use crate::limits::SHIM_SPLIT_BYTES;
use crate::rule::Rule;

/// A part of a line.
#[derive(Debug)]
pub(super) struct Part {
    /// What all parts of a line have in common.
    pub(super) key: String,
    pub(super) line: String,
    /// Its number from 1, where the record has one.
    pub(super) ordinal: Option<u64>,
    pub(super) last: bool,
    /// The member `stream` of Docker's records.
    pub(super) docker: Option<String>,
}

impl Part {
    /// A record of `FireLens` that is marked as a part, or one of a container's log file that may be.
    pub(super) fn read(text: &str, origin: &str) -> Option<Self> {
        const NAMES: [&str; 8] = [
            "log",
            "partial_message",
            "partial_id",
            "partial_ordinal",
            "partial_last",
            "stream",
            "time",
            "logtag",
        ];
        // These members differ between the parts of a line.
        const TIMES: [&str; 4] = ["date", "timestamp", "@timestamp", "_p"];
        let mut found = [None; 8];
        let mut others = String::new();
        for_each_member(text, &mut |name, value| {
            if let Some(index) = NAMES.iter().position(|known| *known == name) {
                found[index] = Some(value);
            } else if !TIMES.contains(&name) {
                others.extend([name, ":", value, "\n"]);
            }
        })
        .ok()?;
        let [log, partial, id, ordinal, last, stream, time, tag] = found;
        let Name(line) = serde_json::from_str(log?).ok()?;
        let line = line.into_owned();
        if partial.is_some_and(|partial| bare(partial) == "true") {
            return Some(Self {
                key: format!("{origin}\n{}", id.unwrap_or_default()),
                ordinal: Some(bare(ordinal?).parse().ok()?),
                last: last.is_some_and(|last| bare(last) == "true"),
                line,
                docker: None,
            });
        }
        let (stream, _) = (stream?, time?);
        if is_whole(&line) {
            return None;
        }
        let last = match tag.map(bare) {
            Some("F") => true,
            Some("P") => false,
            // The only evidence: the text fills the engine's buffer and has no line feed.
            _ => line.ends_with('\n') || !fills_buffer(&line),
        };
        Some(Self {
            key: format!("{origin}\n{stream}\n{}\n{others}", tag.is_some()),
            ordinal: None,
            last,
            line,
            docker: Some(stream.to_owned()),
        })
    }
}

/// A member's text without quotation marks.
fn bare(value: &str) -> &str {
    value.trim_matches('"')
}

/// Whether a text is as long as the engine's buffer. The engine writes each byte that is not UTF-8, such as those of a
/// character on the border of two parts, as a replacement character of three.
pub(super) fn fills_buffer(line: &str) -> bool {
    let replaced = line
        .matches(char::REPLACEMENT_CHARACTER)
        .take(SHIM_SPLIT_BYTES)
        .count();
    line.len()
        .checked_sub(SHIM_SPLIT_BYTES)
        .is_some_and(|more| more % 2 == 0 && more / 2 <= replaced)
}

/// The text from the document on, if there seems to be one.
fn from_document(line: &str) -> &str {
    if line.starts_with('{') {
        return line;
    }
    prefix::split(line).map_or(line, |(_, at)| &line[at..])
}

/// Whether a text has all of its document, or is a whole object.
fn is_whole(line: &str) -> bool {
    let text = from_document(line);
    matches!(locate(text), LocateOutcome::Object(_, end) if text[end..].trim().is_empty())
}

/// Whether a text may be the first part of a document.
pub(super) fn begins(line: &str) -> bool {
    let text = from_document(line);
    text.starts_with('{') && (matches!(locate(text), LocateOutcome::Cut) || has_marker(text))
}

impl Part {
    /// The problem if no part came before: it holds the metadata of a document whose beginning is missing.
    pub(super) fn without_beginning(&self) -> Option<Problem> {
        let ends_document = self.line.contains("\"CloudWatchMetrics\"")
            && has_member(&self.line)
            && self.line.trim_end().ends_with('}')
            && !self.line.starts_with('{')
            && prefix::document(&self.line).is_none();
        let given = match self.ordinal {
            Some(ordinal) => {
                format!("part {ordinal} of a line longer than 16 KiB, without the parts before it")
            }
            None => "the end of a document, without the parts before it".to_owned(),
        };
        let problem = Problem::new(Rule::PartialMessage, "the event", given, "a whole line");
        (self.last && ends_document).then(|| problem.with_next_step())
    }
}
