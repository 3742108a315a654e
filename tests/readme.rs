//! The documents match the program: generated tables, examples, variables and links.
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
use emf_explain::{Input, Options, Rule, Severity, explain, parse_now};
use serde::Deserialize;
use support::{Line, run};

const README: &str = include_str!("../README.md");
const REFERENCE: &str = include_str!("../src/program/README.md");

/// An option as its help describes it.
struct Documented {
    flag: String,
    variable: String,
    default: String,
    about: String,
}

/// The options with a variable in a help text, which is wrapped.
fn options(help: &str) -> Vec<Documented> {
    let words: Vec<&str> = help.split_whitespace().collect();
    let help = words.join(" ");
    let options = help.split(" --").skip(1).filter_map(|text| {
        let (text, rest) = text.split_once(" [env: ")?;
        let (text, default) = text.split_once(" [default: ").unwrap_or((text, "]"));
        let (name, about) = text.split_once(' ')?;
        let about = match about.strip_prefix('<') {
            Some(placeholder) => placeholder.split_once("> ")?.1,
            None => about,
        };
        Some(Documented {
            flag: format!("--{name}"),
            variable: rest.split_once(']')?.0.to_owned(),
            default: default.strip_suffix(']')?.to_owned(),
            about: about.to_owned(),
        })
    });
    options.collect()
}

/// The options of `run` and `check`, in the order of their help, each with its command.
fn all_options() -> Vec<(Documented, &'static str)> {
    let [run, check] = [run(&["--help"], &[]), run(&["check", "--help"], &[])].map(|help| {
        let options = options(&help.stdout);
        assert!(options.len() > 10, "{}", help.stdout);
        options
    });
    let is_in = |options: &[Documented], flag: &str| options.iter().any(|other| other.flag == flag);
    let command = |option: &Documented| {
        if is_in(&check, &option.flag) {
            "both"
        } else {
            "`run`"
        }
    };
    let commands: Vec<_> = run.iter().map(command).collect();
    let only_check: Vec<_> = check
        .into_iter()
        .filter(|option| !is_in(&run, &option.flag))
        .map(|option| (option, "`check`"))
        .collect();
    run.into_iter().zip(commands).chain(only_check).collect()
}

/// A table in Markdown.
fn table(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let head = head.iter().map(|&cell| cell.to_owned()).collect::<Vec<_>>();
    let rule = format!("|{}\n", "---|".repeat(head.len()));
    let line = |cells: Vec<String>| {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    std::iter::once(line(head))
        .chain(std::iter::once(rule))
        .chain(rows.map(line))
        .collect()
}

fn code(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("`{text}`")
    }
}

/// The definitions in the program and the libraries, as tables of the references.
fn generated(name: &str) -> String {
    let rules = |severity| {
        let rules = Rule::ALL
            .iter()
            .filter(move |rule| rule.severity() == severity);
        let row = |rule: &Rule| {
            vec![
                code(rule.as_str()),
                rule.confidence().to_string(),
                rule.about().to_owned(),
            ]
        };
        table(&["rule", "confidence", "what was found"], rules.map(row))
    };
    match name {
        "options" => table(
            &["flag", "variable", "default", "meaning", "command"],
            all_options().into_iter().map(|(option, command)| {
                vec![
                    code(&option.flag),
                    code(&option.variable),
                    option.default,
                    option.about,
                    command.to_owned(),
                ]
            }),
        ),
        "metrics" => table(
            &["name", "unit", "meaning"],
            Metric::ALL.iter().map(|metric| {
                vec![
                    code(metric.as_str()),
                    metric.unit().to_owned(),
                    metric.about().to_owned(),
                ]
            }),
        ),
        "read errors" => table(
            &["`ReadErrorKind`", "meaning"],
            ReadErrorKind::ALL
                .iter()
                .map(|kind| vec![code(kind.as_str()), kind.about().to_owned()]),
        ),
        "faults" => rules(Severity::Fault),
        "warnings" => rules(Severity::Warning),
        _ => panic!("<!-- {name} --> is not generated"),
    }
}

/// The text between `<!-- NAME -->` and `<!-- /NAME -->` equals the program's definitions. `UPDATE=1` writes it.
#[test]
fn the_generated_tables_are_those_of_the_program() {
    for (document, names) in [
        (
            "src/program/README.md",
            &["options", "metrics", "read errors"][..],
        ),
        ("src/explain/README.md", &["faults", "warnings"]),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(document);
        let present = std::fs::read_to_string(&path).unwrap();
        let mut wanted = present.clone();
        for name in names {
            let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
            let (before, rest) = wanted.split_once(&begin).unwrap();
            let (_, after) = rest.split_once(&end).unwrap();
            wanted = format!("{before}{begin}{}{end}{after}", generated(name));
        }
        if std::env::var_os("UPDATE").is_some_and(|value| !value.is_empty()) {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            let differs = wanted
                .lines()
                .find(|line| !present.lines().any(|other| other == *line));
            assert!(
                present == wanted,
                "{document}: run UPDATE=1 cargo test --test readme; it lacks {differs:?}"
            );
        }
    }
}

#[test]
fn every_variable_named_is_one() {
    let known: BTreeSet<String> = all_options()
        .into_iter()
        .map(|(option, _)| option.variable)
        .collect();
    for document in [README, REFERENCE] {
        let words = document.split(|c: char| !(c.is_ascii_uppercase() || c == '_'));
        for word in words.filter(|word| word.len() > 10 && word.starts_with("CLOCK_EMF_")) {
            assert!(known.contains(word), "{word}");
        }
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
fn every_member_is_explained() {
    let value: serde_json::Value = serde_json::from_str(whole_line()).unwrap();
    let rows: Vec<&str> = REFERENCE
        .lines()
        .filter(|line| line.starts_with("| "))
        .collect();
    for member in value.as_object().unwrap().keys() {
        let name = code(member);
        assert!(
            member == "_aws" || rows.iter().any(|row| row.contains(&name)),
            "{member}"
        );
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
    assert!(lines <= 160, "{lines} lines");
}

/// The README's call of `explain` stays right at any later date: the file is the line of the reference, and `--now` its time.
#[test]
fn the_readme_explains_the_line_of_the_reference() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/line.jsonl");
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        format!("{}\n", whole_line())
    );
    let (_, rest) = README
        .split_once("cargo run --release -- explain ")
        .unwrap();
    let mut arguments: Vec<&str> = rest.lines().next().unwrap().split(' ').collect();
    assert_eq!(arguments.pop(), Some("tests/data/line.jsonl"));
    let now = [
        &["explain"],
        arguments.as_slice(),
        &[file.to_str().unwrap()],
    ]
    .concat();
    let explained = run(&now, &[]);
    assert_eq!(explained.code, Some(0), "{}", explained.stdout);
    assert!(
        explained
            .stdout
            .contains("3 data points, 0 faults, 0 warnings")
    );
}

/// Prose fits 120 columns. Only what cannot be wrapped is wider: a table, a code block, a line that is one link or code.
#[test]
fn documents_are_wrapped() {
    for path in documents() {
        let text = std::fs::read_to_string(&path).unwrap();
        let mut in_code = false;
        for line in text.lines() {
            let start = line.trim_start();
            if start.starts_with("```") {
                in_code = !in_code;
            }
            let width = line.chars().count();
            let words = start.trim_start_matches("- ");
            let is_free = in_code || start.starts_with('|') || !words.contains(' ');
            let document = path.display();
            assert!(is_free || width <= 120, "{document}: {width}: {line}");
        }
    }
}

/// Every document for readers in this project.
fn documents() -> Vec<PathBuf> {
    let mut documents = Vec::new();
    let mut folders = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR"))];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            // What tools and test runs leave behind is nobody's reading.
            let is_foreign = (name.starts_with('.') && name != ".github")
                || matches!(
                    name.as_str(),
                    "target" | "node_modules" | "runs" | "artifacts"
                );
            if path.is_dir() && !is_foreign {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                documents.push(path);
            }
        }
    }
    assert!(documents.len() > 20, "{documents:?}");
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
