//! Inputs as people paste them, each in every mode: what a viewer shows, what the writer's own bytes are, and what is neither.

use std::fs;
use std::path::Path;

use emf_explain::{Explained, Input, Options, Severity, explain, parse_now};

/// What is found of an input in one mode: points that are certain, others, and the lines and rules of faults and warnings.
type Expected = (usize, usize, &'static str, &'static str);

/// Each input of `tests/data/explain3` with what is found in the modes auto, export and stdout.
const INPUTS: &[(&str, [Expected; 3])] = &[
    (
        "advice-eks-fluent-bit.txt",
        [
            (0, 2, "1:firelens 2:firelens", ""),
            (0, 2, "1:firelens 2:firelens", ""),
            (0, 2, "1:firelens 2:firelens", ""),
        ],
    ),
    (
        "advice-multiline-pattern.json",
        [
            (2, 1, "3:joined-lines 10:joined-lines 17:joined-lines", ""),
            (2, 1, "3:joined-lines 10:joined-lines 17:joined-lines", ""),
            (
                0,
                0,
                "1:multi-line 1:json-wrapper 1:json-wrapper 1:joined-lines",
                "",
            ),
        ],
    ),
    (
        "advice-winston-is-not-lambda.log",
        [
            (0, 1, "1:json-wrapper", ""),
            (0, 1, "1:json-wrapper", ""),
            (0, 1, "1:json-wrapper", ""),
        ],
    ),
    (
        "copy-wrapped-80.txt",
        [
            (1, 0, "4:metric-not-number", "1:copied"),
            (1, 0, "4:metric-not-number", ""),
            (0, 0, "1:cut 4:cut", ""),
        ],
    ),
    (
        "export-awslogs-data.json",
        [
            (0, 0, "1:unreadable-form", ""),
            (0, 0, "1:unreadable-form", ""),
            (0, 0, "1:unreadable-form", ""),
        ],
    ),
    (
        "export-csv-message-only.csv",
        [
            (13, 0, "17:metric-not-number 47:metric-not-number", ""),
            (13, 0, "17:metric-not-number 47:metric-not-number", ""),
            (0, 0, "3:unreadable-form", ""),
        ],
    ),
    (
        "export-excel-paste.txt",
        [
            (1, 0, "3:metric-not-number", ""),
            (1, 0, "3:metric-not-number", ""),
            (0, 0, "2:unreadable-form", ""),
        ],
    ),
    (
        "export-jq-csv.txt",
        [
            (1, 0, "3:metric-not-number", ""),
            (1, 0, "3:metric-not-number", ""),
            (0, 0, "2:unreadable-form", ""),
        ],
    ),
    (
        "export-powershell-list.txt",
        [
            (1, 0, "11:metric-not-number", ""),
            (1, 0, "11:metric-not-number", ""),
            (0, 1, "7:prefix 11:prefix 11:metric-not-number", ""),
        ],
    ),
    (
        "export-splunk-json.json",
        [
            (1, 0, "2:metric-not-number", ""),
            (1, 0, "2:metric-not-number", ""),
            (
                0,
                1,
                "1:json-wrapper 1:json-wrapper 2:json-wrapper 2:json-wrapper 2:metric-not-number",
                "",
            ),
        ],
    ),
    (
        "export-subscription.json",
        [
            (1, 0, "1:metric-not-number", ""),
            (1, 0, "1:metric-not-number", ""),
            (0, 1, "1:json-wrapper 1:json-wrapper", ""),
        ],
    ),
    (
        "hint-case-of-dimension.txt",
        [
            (0, 0, "1:dimension-missing", ""),
            (0, 0, "1:dimension-missing", ""),
            (0, 0, "1:dimension-missing", ""),
        ],
    ),
    (
        "lambda-python-prefix.txt",
        [
            (0, 2, "", "2:lambda-level-prefix 3:lambda-level-prefix"),
            (0, 2, "", "2:lambda-level-prefix 3:lambda-level-prefix"),
            (0, 2, "", "2:lambda-level-prefix 3:lambda-level-prefix"),
        ],
    ),
    (
        "names-of-metrics.txt",
        [
            (
                2,
                5,
                "",
                "1:metric-name-unusual 2:metric-name-unusual 3:metric-name-unusual 4:metric-name-unusual 5:metric-name-unusual",
            ),
            (
                2,
                5,
                "",
                "1:metric-name-unusual 2:metric-name-unusual 3:metric-name-unusual 4:metric-name-unusual 5:metric-name-unusual",
            ),
            (
                2,
                5,
                "",
                "1:metric-name-unusual 2:metric-name-unusual 3:metric-name-unusual 4:metric-name-unusual 5:metric-name-unusual",
            ),
        ],
    ),
    (
        "silent-curly-quotes.txt",
        [
            (1, 0, "2:not-json", ""),
            (1, 0, "2:not-json", ""),
            (1, 0, "2:not-json", ""),
        ],
    ),
    (
        "silent-document-in-array.txt",
        [
            (1, 1, "2:json-wrapper", ""),
            (1, 1, "2:json-wrapper", ""),
            (1, 1, "2:json-wrapper", ""),
        ],
    ),
    (
        "silent-java-tostring.txt",
        [
            (1, 0, "2:not-json", ""),
            (1, 0, "2:not-json", ""),
            (1, 0, "2:not-json", ""),
        ],
    ),
    (
        "silent-pino-logstreamname.log",
        [
            (0, 1, "1:json-wrapper", ""),
            (0, 1, "1:json-wrapper", ""),
            (0, 1, "1:json-wrapper", ""),
        ],
    ),
    (
        "silent-python-dict.log",
        [
            (1, 0, "3:not-json", ""),
            (1, 0, "3:not-json", ""),
            (1, 0, "3:not-json", ""),
        ],
    ),
    (
        "silent-timestamp-message-auto.txt",
        [
            (0, 1, "2:json-wrapper", ""),
            (1, 0, "", ""),
            (0, 1, "2:json-wrapper", ""),
        ],
    ),
    (
        "silent-winston-logstash.log",
        [
            (1, 0, "", "2:export-assumed"),
            (1, 0, "", ""),
            (0, 1, "2:json-wrapper", ""),
        ],
    ),
    (
        "viewer-awslogs-get-colour.txt",
        [
            (1, 0, "3:metric-not-number", "2:viewer-prefix"),
            (1, 0, "3:metric-not-number", ""),
            (0, 1, "2:prefix 3:prefix 3:metric-not-number", ""),
        ],
    ),
    (
        "viewer-docker-compose-colour.txt",
        [
            (1, 0, "3:metric-not-number", "2:viewer-prefix"),
            (1, 0, "3:metric-not-number", ""),
            (0, 1, "2:prefix 3:prefix 3:metric-not-number", ""),
        ],
    ),
    (
        "viewer-docker-compose.txt",
        [
            (1, 0, "3:metric-not-number", "2:viewer-prefix"),
            (1, 0, "3:metric-not-number", ""),
            (0, 1, "2:prefix 3:prefix 3:metric-not-number", ""),
        ],
    ),
    (
        "viewer-grep-n.txt",
        [
            (1, 0, "2:metric-not-number", "1:viewer-prefix"),
            (1, 0, "2:metric-not-number", ""),
            (0, 1, "1:prefix 2:prefix 2:metric-not-number", ""),
        ],
    ),
    (
        "viewer-jq-strings.txt",
        [
            (1, 0, "3:metric-not-number", "2:export-assumed"),
            (1, 0, "3:metric-not-number", ""),
            (0, 1, "2:json-string 3:json-string 3:metric-not-number", ""),
        ],
    ),
    (
        "viewer-lambda-console-copy.txt",
        [
            (1, 0, "", "1:export-assumed 1:lambda-prefix"),
            (1, 0, "", "1:lambda-prefix"),
            (0, 1, "1:multi-line", "1:lambda-prefix"),
        ],
    ),
    (
        "viewer-query-renamed.txt",
        [
            (1, 0, "10:metric-not-number", ""),
            (1, 0, "10:metric-not-number", ""),
            (
                0,
                1,
                "6:multi-line 6:json-wrapper 10:multi-line 10:json-wrapper 10:metric-not-number",
                "6:leading-blank",
            ),
        ],
    ),
    (
        "viewer-query-results-text.txt",
        [
            (1, 0, "4:metric-not-number", ""),
            (1, 0, "4:metric-not-number", ""),
            (0, 1, "4:prefix 4:metric-not-number 7:prefix", ""),
        ],
    ),
    (
        "viewer-sam-logs.txt",
        [
            (1, 0, "3:metric-not-number", "2:viewer-prefix"),
            (1, 0, "3:metric-not-number", ""),
            (0, 1, "2:prefix 3:prefix 3:metric-not-number", ""),
        ],
    ),
    (
        "viewer-stern.txt",
        [
            (1, 0, "3:metric-not-number", "2:viewer-prefix"),
            (1, 0, "3:metric-not-number", ""),
            (0, 1, "2:prefix 3:prefix 3:metric-not-number", ""),
        ],
    ),
];

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/explain3")
}

fn events_of(name: &str, mode: Input) -> Vec<Explained> {
    let bytes = fs::read(folder().join(name)).unwrap();
    let options = Options::new(mode, parse_now("2026-11-29T06:00:00Z").unwrap());
    let events = explain(bytes.as_slice(), options);
    events.map(Result::unwrap).collect()
}

/// The lines and rules of findings.
fn findings(events: &[Explained], severity: Severity) -> String {
    let mut found = Vec::new();
    for event in events {
        let problems = event.problems.iter();
        let problems = problems.filter(|problem| problem.severity() == severity);
        found.extend(problems.map(|problem| format!("{}:{}", event.position.line, problem.rule())));
    }
    found.join(" ")
}

#[test]
fn each_input_is_judged_by_its_mode() {
    for (name, expected) in INPUTS {
        for (mode, expected) in Input::ALL.iter().zip(expected) {
            let events = events_of(name, *mode);
            let points = events.iter().flat_map(|event| &event.points);
            let (certain, others): (Vec<_>, Vec<_>) = points.partition(|point| point.certain);
            let faults = findings(&events, Severity::Fault);
            let warnings = findings(&events, Severity::Warning);
            let found = (
                certain.len(),
                others.len(),
                faults.as_str(),
                warnings.as_str(),
            );
            assert_eq!(found, *expected, "{name}, {mode}");
        }
    }
}

#[test]
fn every_input_of_the_folder_is_tested() {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name != "README.md")
        .collect();
    files.sort();
    let tested: Vec<_> = INPUTS.iter().map(|(name, _)| *name).collect();
    assert_eq!(files, tested);
}

/// All sentences that are reported of an input, with the next steps of their rules.
fn words(name: &str) -> String {
    let events = events_of(name, Input::Auto);
    let problems = events.iter().flat_map(|event| &event.problems);
    let words = problems.map(|problem| format!("{problem} {}\n", problem.rule().next_step()));
    words.collect()
}

#[test]
fn each_fix_follows_from_the_evidence() {
    for (name, has, has_not) in [
        ("advice-eks-fluent-bit.txt", "log_key log", "awslogs driver"),
        (
            "advice-multiline-pattern.json",
            "awslogs-multiline-pattern",
            "line feed",
        ),
        (
            "advice-winston-is-not-lambda.log",
            "a logger wrote",
            "function",
        ),
        (
            "copy-wrapped-80.txt",
            "as a terminal wraps it",
            "size limit",
        ),
        (
            "export-awslogs-data.json",
            "base64 -d | gunzip",
            "extracts no metrics",
        ),
        (
            "hint-case-of-dimension.txt",
            "the root has \"Service\": case matters",
            "did you mean",
        ),
        (
            "silent-curly-quotes.txt",
            "typographic quotation marks",
            "size limit",
        ),
        ("silent-java-tostring.txt", "Java", "Python"),
        ("silent-python-dict.log", "json.dumps", "Java"),
    ] {
        let words = words(name);
        assert!(words.contains(has), "{name}: {words}");
        assert!(!words.contains(has_not), "{name}: {words}");
    }
}
