//! What the README says is what the program has: options, metrics, members, kinds of errors, links.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails"
)]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ecs_clock_emf::{Metric, ReadErrorKind};
use emf_explain::{Input, Options, explain, parse_now};
use serde::Deserialize;
use support::{Line, run};

const README: &str = include_str!("../README.md");
const REFERENCE: &str = include_str!("../src/program/README.md");

/// The cells of every table row of the reference, trimmed and without backticks.
fn rows() -> Vec<Vec<String>> {
    let rows = REFERENCE.lines().filter(|line| line.starts_with("| "));
    rows.map(|line| {
        line.trim_matches('|')
            .split('|')
            .map(|cell| cell.trim().replace('`', ""))
            .collect()
    })
    .collect()
}

fn row(first: &str) -> Vec<String> {
    let mut found = rows().into_iter().filter(|row| row[0] == first);
    let row = found
        .next()
        .unwrap_or_else(|| panic!("no row begins with {first}"));
    assert_eq!(found.next(), None, "{first}");
    row
}

/// `(flag, variable, default)` for each option in a help text, which is wrapped.
fn options(help: &str) -> Vec<(String, String, Option<String>)> {
    let between = |text: &str, open: &str| {
        let (_, rest) = text.split_once(open)?;
        Some(rest.split_once(']')?.0.to_owned())
    };
    let words: Vec<&str> = help.split_whitespace().collect();
    let help = words.join(" ");
    let options = help.split(" --").skip(1).filter_map(|text| {
        let name = text.split(' ').next()?;
        let variable = between(text, "[env: ")?;
        Some((format!("--{name}"), variable, between(text, "[default: ")))
    });
    options.collect()
}

#[test]
fn every_option_is_in_a_table_with_its_variable_and_default() {
    let help = [run(&["--help"], &[]), run(&["check", "--help"], &[])];
    let options: BTreeSet<_> = help.iter().flat_map(|help| options(&help.stdout)).collect();
    assert!(options.len() > 15, "{options:?}");
    for (flag, variable, default) in options {
        let row = row(&flag);
        assert_eq!(row[1], variable);
        let none = if flag == "--properties" { "none" } else { "" };
        assert_eq!(row[2], default.as_deref().unwrap_or(none), "{flag}");
    }
}

#[test]
fn every_variable_named_is_one() {
    let help = run(&["--help"], &[]).stdout + &run(&["check", "--help"], &[]).stdout;
    let known: BTreeSet<String> = options(&help)
        .into_iter()
        .map(|(_, variable, _)| variable)
        .collect();
    for document in [README, REFERENCE] {
        let words = document.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        for word in words.filter(|word| word.len() > 10 && word.starts_with("CLOCK_EMF_")) {
            assert!(known.contains(word), "{word}");
        }
    }
}

#[test]
fn every_metric_has_its_unit() {
    for metric in Metric::ALL {
        assert_eq!(row(metric.as_str())[1], metric.unit());
    }
}

/// The line that the reference shows in full.
fn whole_line() -> &'static str {
    let mut lines = REFERENCE.lines();
    lines.find(|line| line.starts_with("{\"_aws\"")).unwrap()
}

#[test]
fn the_line_shown_is_one_of_the_program_and_yields_its_points() {
    let text = whole_line();
    let line = Line::deserialize(&mut serde_json::Deserializer::from_str(text)).unwrap();
    assert_eq!(line.clock_error_bound.len(), line.samples);
    assert_eq!(line.version, env!("CARGO_PKG_VERSION"));
    let options = Options::new(
        Input::Stdout,
        parse_now(&line.aws.timestamp.to_string()).unwrap(),
    );
    let mut events = explain(text.as_bytes(), options);
    let event = events.next().unwrap().unwrap();
    assert_eq!((event.points.len(), event.problems.len()), (3, 0));
}

#[test]
fn every_member_and_every_kind_of_error_is_explained() {
    let value: serde_json::Value = serde_json::from_str(whole_line()).unwrap();
    let explained: String = rows().into_iter().map(|row| row.join(" ") + " ").collect();
    let words: BTreeSet<&str> = explained
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .collect();
    let members = value.as_object().unwrap().keys().map(String::as_str);
    let others = ["ReadErrorKind", "ReadErrorMessage"];
    let kinds = ReadErrorKind::ALL.iter().map(|kind| kind.as_str());
    for word in members.chain(others).chain(kinds) {
        assert!(word == "_aws" || words.contains(word), "{word}");
    }
}

/// The short form of the line in the README has the members and values of the whole one.
#[test]
fn the_short_line_is_a_part_of_the_whole_one() {
    let (_, rest) = README.split_once("{\"_aws\": ").unwrap();
    let (short, _) = rest.split_once("```").unwrap();
    let parts: Vec<&str> = short.split(": ").map(str::trim).collect();
    let whole = whole_line().replace(',', " ");
    for part in parts {
        for word in part.split([',', '[', ']', '{', '}', '\n', ' ']) {
            let word = word.trim().trim_matches('"').trim_end_matches('…');
            assert!(whole.contains(word), "{word:?}");
        }
    }
}

#[test]
fn the_readme_is_short() {
    let lines = README.lines().count();
    assert!(lines <= 190, "{lines} lines");
}

/// Prose fits a terminal of 120 columns. Tables, what programs print, and lines that are one link are as wide as they are.
#[test]
fn documents_are_wrapped() {
    for path in documents() {
        // Still to be rewritten.
        if [
            "container",
            "sam",
            "src/answer",
            "tests/data",
            "tests/data/explain",
        ]
        .iter()
        .any(|folder| path.ends_with(format!("{folder}/README.md")))
            || path.ends_with("CONTRIBUTING.md")
        {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let mut in_code = false;
        for line in text.lines() {
            let start = line.trim_start();
            if start.starts_with("```") {
                in_code = !in_code;
            }
            let width = line.chars().count();
            let is_free = in_code || start.starts_with("| ") || line.contains("](");
            let document = path.display();
            assert!(is_free || width <= 120, "{document}: {width}: {line}");
        }
    }
}

/// Every document for readers in this project.
fn documents() -> Vec<PathBuf> {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents: Vec<PathBuf> = [
        "",
        "container",
        "sam",
        "src",
        "src/answer",
        "src/demo",
        "src/program",
        "tests",
        "tests/data",
        "tests/data/explain",
    ]
    .iter()
    .map(|folder| top.join(folder).join("README.md"))
    .collect();
    let others = [
        ".github/CHANGELOG.md",
        ".github/CONTRIBUTING.md",
        ".github/RELEASING.md",
        "container/MIGRATION.md",
        "src/reading/README.md",
    ];
    documents.extend(others.map(|name| top.join(name)));
    documents
}

/// The heading's anchor, as GitHub makes it.
fn anchor(heading: &str) -> String {
    heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c))
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

#[test]
fn every_link_within_the_project_leads_somewhere() {
    for path in documents() {
        let document = path.display();
        let text = std::fs::read_to_string(&path).unwrap();
        for part in text.split("](").skip(1) {
            let (link, _) = part.split_once(')').unwrap();
            if link.contains("://") {
                continue;
            }
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() {
                path.clone()
            } else {
                path.parent().unwrap().join(file)
            };
            assert!(target.exists(), "{document}: {link}");
            if !fragment.is_empty() {
                let file = if target.is_dir() {
                    target.join("README.md")
                } else {
                    target
                };
                let headings = std::fs::read_to_string(file).unwrap();
                let mut anchors = headings
                    .lines()
                    .filter(|line| line.starts_with("##"))
                    .map(|line| anchor(line.trim_start_matches(['#', ' '])));
                assert!(
                    anchors.any(|anchor| anchor == fragment),
                    "{document}: {link}"
                );
            }
        }
    }
}
