//! Joins the parts of a line that was split at 16 KiB on its way, if they come in order.

mod part;

use self::part::{Part, begins};
use super::lines::HELD_BYTES;
use super::scan::Scan;
use crate::finding::{Position, Problem};
use crate::limits::SHIM_SPLIT_BYTES;
use crate::rule::Rule;

/// Lines that may be open at the same time: records of several containers or streams come in turn.
const MOST_OPEN: usize = 8;

/// The lines of which some parts have arrived.
#[derive(Debug, Default)]
pub(super) struct Parts {
    open: Vec<OpenLine>,
}

/// A line that is not whole yet.
#[derive(Debug)]
struct OpenLine {
    key: String,
    position: Position,
    line: String,
    /// The state of the JSON so far. Reading the line again for each part would have quadratic cost.
    scan: Scan,
    count: u64,
    /// The member `stream` of Docker's records.
    docker: Option<String>,
}

/// What becomes of a record.
#[derive(Debug)]
pub(super) enum Fate {
    /// It is an event by itself.
    Event,
    /// It is a part, so nothing else is done with it.
    Held,
    /// It is a part of a document whose beginning is missing.
    Orphan(Problem),
}

/// A record with the parts of a line.
#[derive(Debug)]
pub(super) struct JoinedLine {
    /// The position of the first part.
    pub(super) position: Position,
    pub(super) record: String,
    /// Reports that there were parts, and whether one is missing.
    pub(super) note: Problem,
}

/// How the parts of a line have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// The last part has arrived.
    Whole,
    /// The next part is missing.
    Missing,
    /// The line exceeds the memory for parts.
    NotHeld,
}

/// How a record relates to the open line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    /// It is the next part.
    Next,
    /// It is a part, but of another line.
    Another,
    /// It is an event by itself.
    Alone,
}

impl Parts {
    /// Whether no line is open.
    pub(super) fn are_none(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes a record if it is a part. `stream` is the log stream that it comes from, where that is known. Returns also
    /// a line that is now whole, or never will be.
    pub(super) fn add(
        &mut self,
        position: Position,
        stream: &str,
        text: &str,
    ) -> (Option<JoinedLine>, Fate) {
        let may_be = !self.open.is_empty()
            || text.len() > SHIM_SPLIT_BYTES
            || text.contains("\"partial_message\"")
            || text.contains("\"logtag\"")
            || text.contains(r#"\"CloudWatchMetrics\""#);
        if !text.starts_with('{') || !may_be {
            return (None, Fate::Event);
        }
        let Some(part) = Part::read(text, stream) else {
            return (None, Fate::Event);
        };
        let Some(index) = self.open.iter().position(|open| open.key == part.key) else {
            return self.begin(position, part);
        };
        match self.open[index].fit(&part) {
            Fit::Alone => return (None, Fate::Event),
            Fit::Another => {
                let joined = Some(self.open.remove(index).joined(End::Missing));
                // The first of another line, or one whose predecessors are missing.
                return (joined, self.begin(position, part).1);
            }
            Fit::Next => {}
        }
        let open = &mut self.open[index];
        open.line.push_str(&part.line);
        open.scan = open.scan.over(&part.line);
        open.count += 1;
        let joined = if part.last {
            Some(self.open.remove(index).joined(End::Whole))
        } else {
            self.beyond_the_limit()
        };
        (joined, Fate::Held)
    }

    fn begin(&mut self, position: Position, part: Part) -> (Option<JoinedLine>, Fate) {
        let is_first = match part.ordinal {
            Some(ordinal) => ordinal == 1,
            None => begins(&part.line),
        };
        if part.last || !is_first {
            let orphan = part.without_beginning().map(Fate::Orphan);
            return (None, orphan.unwrap_or(Fate::Event));
        }
        self.open.push(OpenLine {
            key: part.key,
            position,
            scan: Scan::default().over(&part.line),
            line: part.line,
            count: 1,
            docker: part.docker,
        });
        (self.beyond_the_limit(), Fate::Held)
    }

    /// Removes a line if the limits are exceeded: the oldest of too many, or the longest of too many bytes.
    fn beyond_the_limit(&mut self) -> Option<JoinedLine> {
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
    pub(super) fn left(&mut self) -> Option<JoinedLine> {
        (!self.open.is_empty()).then(|| self.open.remove(0).joined(End::Missing))
    }
}

impl OpenLine {
    /// How a record of the same origin relates to the line. Without a number, the text decides, so that two
    /// alternating writers lose no lines to each other.
    fn fit(&self, part: &Part) -> Fit {
        if let Some(ordinal) = part.ordinal {
            let is_next = ordinal == self.count + 1;
            return if is_next { Fit::Next } else { Fit::Another };
        }
        // Broken before this part, so the text shows nothing.
        if self.scan.is_broken() {
            return Fit::Next;
        }
        let mut scan = self.scan;
        let is_whole = scan.text(&part.line).is_some();
        match () {
            () if !scan.is_broken() && (is_whole || !part.last) => Fit::Next,
            () if !part.last && begins(&part.line) => Fit::Another,
            () if !part.last || part.line.trim_end().ends_with('}') => Fit::Next,
            () => Fit::Alone,
        }
    }

    /// The record of the line as far as it has arrived.
    fn joined(self, end: End) -> JoinedLine {
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
        let docker = match self.docker {
            Some(stream) => format!(",\"stream\":{stream},\"time\":\"\""),
            None => String::new(),
        };
        let line = serde_json::Value::String(self.line);
        JoinedLine {
            position: self.position,
            record: format!("{{\"log\":{line}{docker},\"partial_message\":\"true\"}}"),
            note: note.with_next_step(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::part::fills_buffer;
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

    /// A first part that fills the engine's buffer.
    fn full() -> String {
        format!("{{\"a\":\"{}", "x".repeat(SHIM_SPLIT_BYTES - 6))
    }

    /// The lines joined from some records, each with whether it is whole.
    fn joined(records: &[String]) -> (Vec<(String, bool)>, usize) {
        let mut parts = Parts::default();
        let mut found = Vec::new();
        let mut passed = 0;
        let mut add = |joined: JoinedLine| {
            let value: serde_json::Value = serde_json::from_str(&joined.record).unwrap();
            let whole = joined.note.given().contains("joined");
            found.push((value["log"].as_str().unwrap().to_owned(), whole));
        };
        for record in records {
            let (joined, fate) = parts.add(Position::default(), "", record);
            passed += usize::from(!matches!(fate, Fate::Held));
            joined.map(&mut add);
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
        let full = full();
        let records = [
            docker("stdout", "short\n"),
            docker("stdout", &full),
            docker("stderr", "other\n"),
            docker("stdout", "\"}\n"),
            docker("stdout", "next\n"),
        ];
        let whole = format!("{full}\"}}\n");
        assert_eq!(joined(&records), (vec![(whole, true)], 3));
    }

    #[test]
    fn what_is_an_event_by_itself_is_not_taken_for_a_part() {
        let full = full();
        let whole = format!("{}\"}}", &full[..SHIM_SPLIT_BYTES - 2]);
        let long = format!("{full}xx\"}}");
        let noise = "z".repeat(SHIM_SPLIT_BYTES);
        for first in [&whole, &long, &noise, &format!("{full}x")] {
            let records = [docker("stdout", first), docker("stdout", "{\"b\":1}\n")];
            assert_eq!(joined(&records), (vec![], 2), "{} bytes", first.len());
        }
        // One between the parts of another writer passes, and the parts are joined.
        for between in ["{\"b\":1}\n", "GET /health 200\n", "hello"] {
            let records = ["\"}\n"].map(|end| docker("stdout", end));
            let first = [docker("stdout", &full), docker("stdout", between)];
            let (found, passed) = joined(&[&first[..], &records].concat());
            assert_eq!(found, [(format!("{full}\"}}\n"), true)], "{between}");
            assert_eq!(passed, 1);
        }
    }

    #[test]
    fn parts_of_two_containers_are_not_joined() {
        let full = full();
        let of = |pod: &str, tag: &str, line: &str| {
            let line = serde_json::Value::from(line);
            format!(
                r#"{{"log":{line},"stream":"stdout","time":"t","logtag":"{tag}","kubernetes":{{"pod_name":"{pod}"}}}}"#
            )
        };
        let records = [
            of("p", "P", &full),
            of("q", "P", &full),
            of("q", "F", "q\"}"),
            of("p", "F", "p\"}"),
            of("p", "F", "{}"),
        ];
        let expected = ["q", "p"].map(|pod| (format!("{full}{pod}\"}}"), true));
        assert_eq!(joined(&records), (expected.to_vec(), 1));
    }

    #[test]
    fn a_character_on_the_border_of_two_parts_does_not_hide_them() {
        for (replaced, more, expected) in [(1, 2, true), (2, 4, true), (1, 4, false), (1, 1, false)]
        {
            let plain = SHIM_SPLIT_BYTES + more - 3 * replaced;
            let line = "x".repeat(plain) + &"\u{fffd}".repeat(replaced);
            assert_eq!(fills_buffer(&line), expected, "{replaced} {more}");
        }
    }

    #[test]
    fn what_is_held_is_bounded() {
        let records: Vec<_> = (0..20).map(|id| record(id, 1, false, "a")).collect();
        let mut parts = Parts::default();
        for record in &records {
            parts.add(Position::default(), "", record);
        }
        assert!(parts.open.len() <= MOST_OPEN);
        let large = "x".repeat(1_000_000);
        for ordinal in 1..10 {
            parts.add(Position::default(), "", &record(99, ordinal, false, &large));
            let held: usize = parts.open.iter().map(|open| open.line.len()).sum();
            assert!(held <= HELD_BYTES);
        }
    }
}
