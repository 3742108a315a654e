//! Parts of a line that was split at 16 KiB on its way: put together again where they come in order.

use super::lines::HELD_BYTES;
use crate::emf::explain::finding::{Position, Problem};
use crate::emf::explain::judge::document::for_each_member;
use crate::emf::explain::judge::json::Name;
use crate::emf::explain::rule::Rule;
use crate::emf::limits::SHIM_SPLIT_BYTES;

/// Lines that may be open at the same time: records of several containers or streams come in turn.
const MOST_OPEN: usize = 8;

/// The lines of which some parts have come.
#[derive(Debug, Default)]
pub(super) struct Parts {
    open: Vec<Open>,
}

/// A line that is not whole yet.
#[derive(Debug)]
struct Open {
    key: String,
    position: Position,
    line: String,
    count: u64,
}

/// What has become of a record.
#[derive(Debug, Default)]
pub(super) struct Taken {
    /// A line that is now whole, or never will be.
    pub(super) joined: Option<Joined>,
    /// Whether the record is a part and nothing else need be done with it.
    pub(super) held: bool,
}

/// A record with the parts of a line.
#[derive(Debug)]
pub(super) struct Joined {
    /// Where the first part stands.
    pub(super) position: Position,
    pub(super) record: String,
    /// That there were parts, and whether one is missing.
    pub(super) note: Problem,
}

/// How the parts of a line have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The last one has come.
    Whole,
    /// The next one has not come.
    Missing,
    /// No more of them is held.
    NotHeld,
}

/// A part of a line.
#[derive(Debug)]
struct Part {
    /// What all parts of a line have in common.
    key: String,
    line: String,
    /// Its number from 1, where the record has one.
    ordinal: Option<u64>,
    last: bool,
}

impl Parts {
    /// Takes a record if it is a part.
    pub(super) fn take(&mut self, position: Position, text: &str) -> Taken {
        let may_be = !self.open.is_empty() || text.len() > SHIM_SPLIT_BYTES;
        if !text.starts_with('{') || !(may_be || text.contains("\"partial_message\"")) {
            return Taken::default();
        }
        let Some(part) = Part::read(text) else {
            return Taken::default();
        };
        let Some(index) = self.open.iter().position(|open| open.key == part.key) else {
            return self.begin(position, part);
        };
        let next = self.open[index].count + 1;
        if part.ordinal.is_some_and(|ordinal| ordinal != next) {
            let joined = Some(self.open.remove(index).joined(End::Missing));
            // The first of another line, or one whose predecessors are missing.
            let held = self.begin(position, part).held;
            return Taken { joined, held };
        }
        let open = &mut self.open[index];
        open.line.push_str(&part.line);
        open.count = next;
        let joined = if part.last {
            Some(self.open.remove(index).joined(End::Whole))
        } else {
            self.beyond_the_limit()
        };
        Taken { joined, held: true }
    }

    fn begin(&mut self, position: Position, part: Part) -> Taken {
        if part.last || part.ordinal.is_some_and(|ordinal| ordinal != 1) {
            return Taken::default();
        }
        self.open.push(Open {
            key: part.key,
            position,
            line: part.line,
            count: 1,
        });
        Taken {
            joined: self.beyond_the_limit(),
            held: true,
        }
    }

    /// What has to go: the oldest of too many lines, or the longest of lines that are too long.
    fn beyond_the_limit(&mut self) -> Option<Joined> {
        let bytes: usize = self.open.iter().map(|open| open.line.len()).sum();
        let lengths = self.open.iter().map(|open| open.line.len()).enumerate();
        let index = match lengths.max_by_key(|(_, length)| *length) {
            Some((longest, _)) if bytes > HELD_BYTES => longest,
            _ if self.open.len() > MOST_OPEN => 0,
            _ => return None,
        };
        Some(self.open.remove(index).joined(End::NotHeld))
    }

    /// A line that is still open when the input ends.
    pub(super) fn left(&mut self) -> Option<Joined> {
        (!self.open.is_empty()).then(|| self.open.remove(0).joined(End::Missing))
    }
}

impl Open {
    /// The record of the line as far as it has come.
    fn joined(self, end: End) -> Joined {
        let count = self.count;
        let given = match end {
            End::Whole => {
                format!("{count} parts of a line that was longer than 16 KiB, joined here")
            }
            End::Missing => format!(
                "a line longer than 16 KiB up to part {count}, and no part {} that follows it",
                count + 1
            ),
            End::NotHeld => {
                format!("a line longer than 16 KiB up to part {count}; explain holds no more of it")
            }
        };
        let note = Problem::new(Rule::PartialMessage, "the event", given, "a whole line");
        // Docker's records have these members, those of FireLens have not.
        let docker = match self.key.strip_prefix(DOCKER) {
            Some(stream) => format!(",\"stream\":{stream},\"time\":\"\""),
            None => String::new(),
        };
        let line = serde_json::Value::String(self.line);
        Joined {
            position: self.position,
            record: format!("{{\"log\":{line}{docker},\"partial_message\":\"true\"}}"),
            note: note.with_cure(),
        }
    }
}

/// The beginning of the key of Docker's records.
const DOCKER: &str = "json-file ";

impl Part {
    /// A record of `FireLens` that says it is a part, or one of Docker's that may be: the only sign there is that no line
    /// feed ends the text.
    fn read(text: &str) -> Option<Self> {
        const NAMES: [&str; 7] = [
            "log",
            "partial_message",
            "partial_id",
            "partial_ordinal",
            "partial_last",
            "stream",
            "time",
        ];
        let mut found = [None; 7];
        for_each_member(text, &mut |name, value| {
            if let Some(index) = NAMES.iter().position(|known| *known == name) {
                found[index] = Some(value);
            }
        })
        .ok()?;
        let [log, partial, id, ordinal, last, stream, time] = found;
        let Name(line) = serde_json::from_str(log?).ok()?;
        let line = line.into_owned();
        let bare = |value: &str| value.trim_matches('"').to_owned();
        if partial.is_some_and(|partial| bare(partial) == "true") {
            return Some(Self {
                key: id.unwrap_or_default().to_owned(),
                ordinal: Some(bare(ordinal?).parse().ok()?),
                last: last.is_some_and(|last| bare(last) == "true"),
                line,
            });
        }
        let (stream, _) = (stream?, time?);
        let ended = line.ends_with('\n');
        Some(Self {
            key: format!("{DOCKER}{stream}"),
            ordinal: None,
            // The engine's buffer is exactly as large.
            last: ended || line.len() < SHIM_SPLIT_BYTES,
            line,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: u32, ordinal: u32, last: bool, line: &str) -> String {
        format!(
            r#"{{"log":"{line}","partial_message":"true","partial_id":"{id}","partial_ordinal":"{ordinal}","partial_last":"{last}"}}"#
        )
    }

    fn docker(stream: &str, line: &str) -> String {
        let line = serde_json::Value::from(line);
        format!(r#"{{"log":{line},"stream":"{stream}","time":"t"}}"#)
    }

    /// What is joined of some records: the line, and whether it is whole.
    fn joined(records: &[String]) -> (Vec<(String, bool)>, usize) {
        let mut parts = Parts::default();
        let mut found = Vec::new();
        let mut passed = 0;
        let mut add = |joined: Joined| {
            let value: serde_json::Value = serde_json::from_str(&joined.record).unwrap();
            let whole = joined.note.given().contains("joined");
            found.push((value["log"].as_str().unwrap().to_owned(), whole));
        };
        for record in records {
            let taken = parts.take(Position::default(), record);
            passed += usize::from(!taken.held);
            taken.joined.map(&mut add);
        }
        while let Some(left) = parts.left() {
            add(left);
        }
        (found, passed)
    }

    #[test]
    fn parts_in_order_make_a_line_and_others_pass() {
        let records = [
            record(1, 1, false, "a"),
            record(2, 1, false, "x"),
            r#"{"log":"whole"}"#.to_owned(),
            record(1, 2, false, "b"),
            record(2, 2, true, "y"),
            record(1, 3, true, "c"),
        ];
        let (found, passed) = joined(&records);
        let expected = [("xy".to_owned(), true), ("abc".to_owned(), true)];
        assert_eq!((found.as_slice(), passed), (&expected[..], 1));
    }

    #[test]
    fn a_missing_part_ends_its_line() {
        let records = [record(1, 1, false, "a"), record(1, 3, true, "c")];
        assert_eq!(joined(&records), (vec![("a".to_owned(), false)], 1));
        let records = [record(1, 2, true, "b")];
        assert_eq!(joined(&records), (vec![], 1));
        let records = [record(1, 1, false, "a")];
        assert_eq!(joined(&records), (vec![("a".to_owned(), false)], 0));
    }

    #[test]
    fn dockers_parts_are_those_that_fill_its_buffer_without_a_line_feed() {
        let full = "x".repeat(SHIM_SPLIT_BYTES);
        let records = [
            docker("stdout", "short\n"),
            docker("stdout", &full),
            docker("stderr", "other\n"),
            docker("stdout", "end\n"),
            docker("stdout", "next\n"),
        ];
        assert_eq!(joined(&records), (vec![(format!("{full}end\n"), true)], 3));
    }

    #[test]
    fn what_is_held_is_bounded() {
        let records: Vec<_> = (0..20).map(|id| record(id, 1, false, "a")).collect();
        let mut parts = Parts::default();
        for record in &records {
            parts.take(Position::default(), record);
        }
        assert!(parts.open.len() <= MOST_OPEN);
        let large = "x".repeat(1_000_000);
        for ordinal in 1..10 {
            parts.take(Position::default(), &record(99, ordinal, false, &large));
            let held: usize = parts.open.iter().map(|open| open.line.len()).sum();
            assert!(held <= HELD_BYTES);
        }
    }
}
