//! Inputs as people paste them, each in every mode: a viewer's output, the writer's bytes, and inputs that are neither.

use std::fs;
use std::path::Path;

use emf_explain::{Explained, Input, Options, Severity, explain, parse_now};
use serde_json::{Value, json};

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
fn findings(events: &[Explained], severity: Severity) -> Vec<String> {
    let mut found = Vec::new();
    for event in events {
        let problems = event.problems.iter();
        let problems = problems.filter(|problem| problem.severity() == severity);
        found.extend(problems.map(|problem| format!("{}:{}", event.position.line, problem.rule())));
    }
    found
}

/// What is expected of each input, in the order of the names.
fn expected() -> Vec<Value> {
    let lines = fs::read_to_string(folder().join("expected.jsonl")).unwrap();
    let lines = lines.lines().map(serde_json::from_str);
    lines.map(Result::unwrap).collect()
}

#[test]
fn each_input_is_judged_by_its_mode() {
    for expected in expected() {
        let name = expected["input"].as_str().unwrap();
        for mode in Input::ALL {
            let events = events_of(name, *mode);
            let points = events.iter().flat_map(|event| &event.points);
            let (certain, others): (Vec<_>, Vec<_>) = points.partition(|point| point.certain);
            let found = json!({
                "certain": certain.len(),
                "others": others.len(),
                "faults": findings(&events, Severity::Fault),
                "warnings": findings(&events, Severity::Warning),
            });
            assert_eq!(found, expected[mode.as_str()], "{name}, {mode}");
        }
    }
}

#[test]
fn every_input_of_the_folder_is_tested() {
    let mut files: Vec<_> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !matches!(name.as_str(), "README.md" | "expected.jsonl"))
        .collect();
    files.sort();
    let expected = expected();
    let tested: Vec<_> = expected
        .iter()
        .map(|one| one["input"].as_str().unwrap())
        .collect();
    assert_eq!(files, tested);
    assert!(tested.len() > 70, "{}", tested.len());
}

/// All sentences that are reported for an input, with the next steps of their rules.
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
