//! Log lines of any writer, as `explain` reads them.
//!
//! The bytes are the input, in each form. A line that is one whole document is also wrapped as loggers and viewers
//! do: the findings stay the same.

#![cfg(any(test, fuzzing))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::pedantic,
    reason = "a broken promise panics, here as under libFuzzer"
)]

use std::io;

use chrono::{DateTime, Utc};

use crate::report::{Format, Report};
use crate::{Confidence, Explained, Input, Kind, Options, Point, Problem, Rule, Severity, explain};
use serde_json::{Value, json};

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// The report on an input, and the number of faults.
fn explain_report(input: &[u8], options: Options, format: Format) -> io::Result<(Vec<u8>, u64)> {
    let mut output = Vec::new();
    let mut report = Report::new(&mut output, format);
    let mut events = explain(input, options);
    for event in events.by_ref() {
        report.event(&event?)?;
    }
    let summary = report.finish(events.lines())?;
    summary.write(&mut output, format)?;
    Ok((output, summary.faults()))
}

/// The largest report on any input: 4 MiB for a line, and these inputs are short.
const LARGEST_REPORT: usize = 10_000_000;

pub fn check(input: &[u8]) {
    for form in [Input::Auto, Input::Export, Input::Stdout] {
        let options = options(form);
        let (events, lines) = events_of(input, options);
        check_events(input, &events, lines, form);
        check_json(input, options, &events);
        check_text(input, options, &events);
    }
    let lines = input.split(|byte| *byte == b'\n').take(4);
    lines
        .filter_map(|line| std::str::from_utf8(line).ok())
        .for_each(check_wrapped);
}

fn options(input: Input) -> Options {
    let now = time("2026-11-22T12:00:00Z");
    Options::new(input, now)
}

fn events_of(input: &[u8], options: Options) -> (Vec<Explained>, u64) {
    let mut events = explain(input, options);
    let found = events
        .by_ref()
        .map(|event| event.expect("memory can be read"))
        .collect();
    (found, events.lines())
}

/// Every line is read, every event has a line, and nothing is skipped silently.
fn check_events(input: &[u8], events: &[Explained], lines: u64, form: Input) {
    let has_rule = |wanted: &[Rule]| {
        let mut problems = events.iter().flat_map(|event| &event.problems);
        problems.any(|problem| wanted.contains(&problem.rule()))
    };
    let all = input.split_inclusive(|byte| *byte == b'\n').count() as u64;
    if has_rule(&[Rule::Gzip, Rule::Zip, Rule::Utf16]) {
        assert_eq!((lines, events.len()), (1, 1));
    } else {
        assert_eq!(lines, all);
    }
    assert!(
        events
            .iter()
            .all(|event| (1..=all.max(1)).contains(&event.position.line))
    );
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    assert!(input.is_empty() || count(Kind::Document) > 0 || count(Kind::Input) > 0);
    assert!(!has_rule(&[Rule::NoEmf]) || count(Kind::Document) == 0);
    let mut each = input.split(|byte| *byte == b'\n');
    if form == Input::Stdout
        && !has_rule(&[Rule::Gzip, Rule::Zip, Rule::Utf16])
        && !each.any(may_be_joined)
    {
        // On stdout every other line is an event.
        let events = count(Kind::Document) + count(Kind::Other);
        assert_eq!(events as u64, lines);
    }
    for event in events {
        assert!(event.points.len() <= 10_000 && event.problems.len() <= 1_000);
        event.points.iter().for_each(check_point);
        let is_lost = event
            .problems
            .iter()
            .any(|problem| problem.effect() == crate::Effect::Refused);
        assert!(!is_lost || event.points.is_empty());
    }
}

/// Whether a line may be one event with others: a part of a record, or of a document that was printed over several lines,
/// perhaps behind a prefix.
fn may_be_joined(line: &[u8]) -> bool {
    let names = |name: &[u8]| line.windows(name.len()).any(|window| window == name);
    line.starts_with(b"{")
        || line.starts_with(b"\xef\xbb\xbf{")
        || names(b"_aws")
        || names(b"CloudWatchMetrics")
}

/// Checks that CloudWatch can hold a point.
fn check_point(point: &Point) {
    assert!((1..=255).contains(&point.namespace.chars().count()));
    assert!((1..=255).contains(&point.metric.chars().count()));
    assert!(point.dimensions.len() <= 30);
    assert!(matches!(point.resolution, 1 | 60));
}

/// Checks the report for programs: one JSON object per line and finding, without hidden characters.
fn check_json(input: &[u8], options: Options, events: &[Explained]) {
    let (report, faults) =
        explain_report(input, options, Format::Json).expect("memory can be written");
    assert_presentable(&report);
    let records: Vec<Value> = report
        .split_inclusive(|byte| *byte == b'\n')
        .map(|record| serde_json::from_slice(record).expect("a JSON object a line"))
        .collect();
    let count = |member: &str| {
        records
            .iter()
            .filter(|record| record.get(member).is_some())
            .count() as u64
    };
    let left_out = records
        .iter()
        .filter(|record| record["rule"] == Rule::NotListed.as_str());
    let left_out: u64 = left_out.map(left_out_by).sum();
    let problems = || events.iter().flat_map(|event| &event.problems);
    let found: u64 = events.iter().map(findings).sum();
    let listed = records
        .iter()
        .filter(|record| record["rule"] != Rule::NotListed.as_str())
        .count() as u64;
    assert_eq!(
        listed + left_out,
        found,
        "every finding is listed or counted"
    );
    if left_out == 0 {
        let of = |severity| {
            problems()
                .filter(|problem| problem.severity() == severity)
                .count() as u64
        };
        assert_eq!(
            (count("fault"), count("warning")),
            (of(Severity::Fault), of(Severity::Warning))
        );
        assert_eq!(faults, count("fault"));
    }
    assert_eq!(
        faults > 0,
        problems().any(Problem::is_fault),
        "the exit code"
    );
    for record in &records {
        assert!(record["line"].is_u64());
        let is_point = record.get("metric").is_some();
        assert_eq!(is_point, record.get("rule").is_none());
        let words = [
            Confidence::Documented,
            Confidence::Reported,
            Confidence::Unknown,
        ]
        .map(|word| word.to_string());
        assert!(
            is_point || words.iter().any(|word| record["confidence"] == **word),
            "{record}"
        );
    }
}

/// How many findings a record says were left out.
fn left_out_by(record: &Value) -> u64 {
    let sentence = record["warning"].as_str().expect("a sentence");
    let words = sentence.split(' ').rev();
    let number = words.filter_map(|word| word.parse::<u64>().ok()).next();
    number.expect("a number")
}

fn findings(event: &Explained) -> u64 {
    (event.points.len() + event.problems.len()) as u64 + event.more_points + event.more_problems
}

/// Checks the report for a person: it is harmless on a terminal, and its last line adds up.
fn check_text(input: &[u8], options: Options, events: &[Explained]) {
    let (report, faults) =
        explain_report(input, options, Format::Text).expect("memory can be written");
    assert_presentable(&report);
    let report = std::str::from_utf8(&report).expect("UTF-8");
    let last = report.lines().last().expect("a last line");
    let count = |kind| events.iter().filter(|event| event.kind == kind).count();
    let (documents, others) = (count(Kind::Document), count(Kind::Other));
    assert!(
        last.contains(&format!(": {documents} EMF, {others} other")),
        "{last}"
    );
    assert!(last.contains(&format!(" {faults} fault")), "{last}");
    let points: u64 = events
        .iter()
        .map(|event| event.points.len() as u64 + event.more_points)
        .sum();
    assert!(last.contains(&format!(" {points} data point")), "{last}");
}

/// Checks that a report does not move the cursor, change the direction of text, or contain invisible characters.
fn assert_presentable(report: &[u8]) {
    assert!(report.len() <= LARGEST_REPORT, "{} bytes", report.len());
    let report = std::str::from_utf8(report).expect("UTF-8");
    let steers = |c: char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}');
    let hidden = report
        .chars()
        .find(|c| *c != '\n' && (c.is_control() || steers(*c)));
    assert_eq!(hidden, None, "{report:?}");
    assert!(report.is_empty() || report.ends_with('\n'));
}

/// A way in which a line reaches the user: what it does to the line, and which findings it adds.
struct Wrapping {
    wrap: fn(&str) -> String,
    rules: &'static [Rule],
    /// Whether the document inside reaches CloudWatch.
    certain: bool,
}

const WRAPPINGS: &[Wrapping] = &[
    Wrapping {
        wrap: |line| format!("{line}\r"),
        rules: &[],
        certain: true,
    },
    Wrapping {
        wrap: |line| format!("2026-11-22T12:00:00.123Z {line}"),
        rules: &[Rule::ViewerTime],
        certain: true,
    },
    Wrapping {
        wrap: |line| format!("EVENTS\t1795348800000\t{line}\t1795348800000"),
        rules: &[],
        certain: true,
    },
    Wrapping {
        wrap: |line| {
            json!({"events": [{"timestamp": 1_795_348_800_000_i64, "message": line}]}).to_string()
        },
        rules: &[],
        certain: true,
    },
    Wrapping {
        wrap: |line| {
            format!(
                "timestamp,message\n1795348800000,\"{}\"",
                line.replace('"', "\"\"")
            )
        },
        rules: &[],
        certain: true,
    },
    Wrapping {
        wrap: |line| json!({"container_id": "a", "log": line}).to_string(),
        rules: &[Rule::FireLens],
        certain: false,
    },
    Wrapping {
        wrap: |line| {
            json!({"log": format!("{line}\n"), "stream": "stdout", "time": "2026-11-22T12:00:00Z"})
                .to_string()
        },
        rules: &[Rule::DockerJson],
        certain: false,
    },
    Wrapping {
        wrap: |line| json!(line).to_string(),
        rules: &[Rule::ExportAssumed],
        certain: true,
    },
    Wrapping {
        wrap: |line| format!("INFO:root:{line}"),
        rules: &[Rule::Prefix],
        certain: false,
    },
];

/// The findings about how a document is shipped. A line that has one is wrapped already.
const OF_SHIPPING: &[Rule] = &[
    Rule::ByteOrderMark,
    Rule::ExportAssumed,
    Rule::ViewerTime,
    Rule::ViewerPrefix,
    Rule::Copied,
    Rule::LeadingBlank,
    Rule::MultiLine,
    Rule::SeveralDocuments,
    Rule::Prefix,
    Rule::LambdaPrefix,
    Rule::LambdaLevelPrefix,
    Rule::LambdaJson,
    Rule::FireLens,
    Rule::DockerJson,
    Rule::Cri,
    Rule::Syslog,
    Rule::PartialMessage,
    Rule::JsonString,
    Rule::JsonWrapper,
    Rule::NotUtf8,
    Rule::EventTooLarge,
    Rule::OverAwslogs,
    Rule::NotListed,
    Rule::Cut,
    Rule::TrailingText,
    Rule::JoinedLines,
    Rule::NotJson,
    Rule::JsonBroken,
    Rule::UnreadableForm,
];

fn check_wrapped(line: &str) {
    // Characters that some wrappings cannot hold.
    if !line.starts_with('{')
        || !line.ends_with('}')
        || line.len() > 16_000
        || line.contains(char::is_control)
    {
        return;
    }
    let judged = |text: &str| events_of(text.as_bytes(), options(Input::Auto)).0;
    let bare = judged(&format!("{line}\n"));
    let [bare] = bare.as_slice() else { return };
    if bare.kind != Kind::Document
        || bare.position.event.is_some()
        || bare
            .problems
            .iter()
            .any(|problem| OF_SHIPPING.contains(&problem.rule()))
    {
        return;
    }
    for wrapping in WRAPPINGS {
        let text = (wrapping.wrap)(line) + "\n";
        let judged = judged(&text);
        let documents: Vec<_> = judged
            .iter()
            .filter(|event| event.kind == Kind::Document)
            .collect();
        assert_eq!(documents.len(), 1, "{text}");
        assert_eq!(
            verdict(documents[0], wrapping.rules, true),
            verdict(bare, &[], wrapping.certain),
            "{text}"
        );
        let said: Vec<_> = judged
            .iter()
            .flat_map(|event| &event.problems)
            .map(Problem::rule)
            .collect();
        assert!(
            wrapping.rules.iter().all(|rule| said.contains(rule)),
            "{said:?}: {text}"
        );
    }
}

/// What is reported of an event, without its position and its wrapping.
fn verdict(event: &Explained, of_wrapping: &[Rule], certain: bool) -> (Vec<Point>, Vec<String>) {
    let points = event.points.iter().cloned().map(|mut point| {
        point.certain &= certain;
        point
    });
    let problems = event
        .problems
        .iter()
        .filter(|problem| !of_wrapping.contains(&problem.rule()));
    (
        points.collect(),
        problems.map(ToString::to_string).collect(),
    )
}

#[cfg(test)]
mod replay {
    use std::path::Path;

    use super::check;

    /// Replays the corpus, and names the input that breaks a promise.
    #[test]
    fn every_promise_holds_for_the_corpus() {
        let folder =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/corpus/log_lines");
        let files = std::fs::read_dir(folder).unwrap();
        let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 5, "{} files", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            let outcome = std::panic::catch_unwind(|| check(&bytes));
            assert!(outcome.is_ok(), "{} breaks a promise", file.display());
        }
    }

    /// Checks an empty input, inputs of one repeated byte, and one of every byte.
    #[test]
    fn every_promise_holds_for_the_plainest_inputs() {
        for length in [0, 1, 2, 47, 48, 80, 300] {
            for byte in [0, b' ', b'{', 0x7f, 0xff] {
                let bytes = vec![byte; length];
                let outcome = std::panic::catch_unwind(|| check(&bytes));
                assert!(outcome.is_ok(), "{length} times {byte:#x} breaks a promise");
            }
        }
        check(&(0..=255).collect::<Vec<u8>>());
    }
}
