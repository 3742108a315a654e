//! The recorded lines of `tests/data/explain` and their reviewed reports.

use std::fs;
use std::path::{Path, PathBuf};

use emf_explain::{Input, Rule};

use super::command::explain;
use super::{NOW, events_of, found};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/explain")
}

fn read(name: &str) -> String {
    fs::read_to_string(data().join(name)).unwrap()
}

#[test]
fn reports_are_the_recorded_ones() {
    let mut compared = 0;
    for entry in fs::read_dir(data()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((stem, "jsonl" | "log")) = name.rsplit_once('.') else {
            continue;
        };
        for (arguments, ending) in [
            (["--now", NOW].as_slice(), "txt"),
            (&["--now", NOW, "--json"], "jsonl"),
        ] {
            let expected = read(&format!("expected/{stem}.{ending}"));
            let output = explain(arguments, read(&name).as_bytes());
            let actual = String::from_utf8(output.stdout).unwrap();
            for (number, (actual, expected)) in actual.lines().zip(expected.lines()).enumerate() {
                assert_eq!(actual, expected, "{stem}.{ending}, line {}", number + 1);
            }
            assert_eq!(actual, expected, "{stem}.{ending}");
            compared += 1;
        }
    }
    assert!(compared >= 22, "{compared}");
}

#[test]
fn every_good_line_is_without_fault_and_every_bad_one_has_one() {
    for line in read("good.jsonl").lines() {
        assert_eq!(found(line.as_bytes()).faults, [], "{line}");
    }
    for line in read("bad.jsonl").lines() {
        let found = found(format!("{line}\n").as_bytes());
        assert!(!found.faults.is_empty(), "{line}");
    }
    for line in read("unsure.jsonl").lines() {
        let found = found(line.as_bytes());
        assert!(
            found.faults.is_empty() && !found.warnings.is_empty(),
            "{line}: {found:?}"
        );
    }
}

#[test]
fn nothing_that_cloudwatch_takes_of_other_writers_is_a_fault() {
    for (name, documents, points, warnings) in [
        // A document without dimensions has an empty list of sets.
        (
            "aws-embedded-metrics-python.jsonl",
            9,
            139,
            vec![Rule::DimensionsMissing],
        ),
        (
            "aws-embedded-metrics-node.jsonl",
            6,
            9,
            vec![Rule::DimensionsMissing],
        ),
        ("powertools-python.jsonl", 1, 2, vec![]),
        ("powertools-typescript.jsonl", 1, 2, vec![]),
        // Several values become a distribution.
        ("metrique.jsonl", 5, 16, vec![Rule::Distribution; 2]),
        ("metrics-cloudwatch-embedded.jsonl", 4, 5, vec![]),
        (
            "awsemf.jsonl",
            3,
            9,
            vec![Rule::Distribution, Rule::DimensionsMissing],
        ),
        (
            "cloudwatch-agent.jsonl",
            2,
            3,
            vec![Rule::VersionZero, Rule::VersionZero, Rule::Distribution],
        ),
    ] {
        let found = found(read(name).as_bytes());
        // One line holds the largest double, which CloudWatch does not accept.
        let faults = if name == "metrique.jsonl" {
            vec![Rule::MetricOutOfRange]
        } else {
            vec![]
        };
        assert_eq!(found.faults, faults, "{name}: {found:?}");
        assert_eq!(
            (found.documents, found.points.len()),
            (documents, points),
            "{name}"
        );
        assert_eq!(found.warnings, warnings, "{name}");
    }
}

#[test]
fn lines_that_are_nearly_emf_are_named_by_their_number() {
    let events = events_of(read("others.log").as_bytes(), Input::Auto);
    let named: Vec<_> = events
        .iter()
        .flat_map(|event| {
            event
                .problems
                .iter()
                .map(|problem| (event.position.line, problem.rule()))
        })
        .collect();
    assert!(named.contains(&(6, Rule::FireLens)), "{named:?}");
    assert!(named.len() >= 4, "{named:?}");
}
