//! Lines that are long, cut off, not text, or not EMF; streams that fail.

use std::io::{self, BufReader, Read};

use emf_explain::{Input, Options, Rule, explain};
use serde_json::{Value, json};

use super::{document, events_of, found, found_as, now};

/// A valid line of this many bytes.
fn line_of(bytes: usize) -> String {
    let mut document = document();
    document["Padding"] = json!("");
    let missing = bytes - document.to_string().len();
    document["Padding"] = json!("x".repeat(missing));
    document.to_string()
}

#[test]
fn a_line_over_the_awslogs_limit_is_a_warning_and_one_over_a_mebibyte_a_fault() {
    let awslogs = 262_118;
    let service = 1024 * 1024;
    for (bytes, faults, warnings, certain) in [
        (awslogs, vec![], vec![], Some(true)),
        (awslogs + 1, vec![], vec![Rule::OverAwslogs], Some(false)),
        (service, vec![], vec![Rule::OverAwslogs], Some(false)),
        (service + 1, vec![Rule::EventTooLarge], vec![], None),
        (2 * service, vec![Rule::EventTooLarge], vec![], None),
    ] {
        let good = document();
        let input = format!("{good}\n{}\n{good}", line_of(bytes));
        let events = events_of(input.as_bytes(), Input::Auto);
        assert_eq!(events.len(), 3, "{bytes}");
        let found = super::Findings::in_events(&events[1..2]);
        assert_eq!(
            (found.faults, found.warnings),
            (faults, warnings),
            "{bytes}"
        );
        let points = &events[1].points;
        assert_eq!(
            points.first().map(|point| point.certain),
            certain,
            "{bytes}"
        );
        assert_eq!((events[2].position.line, events[2].points.len()), (3, 2));
    }
    // Blanks behind a document are a part of the line too.
    let blanks = format!("{}{}", document(), " ".repeat(awslogs));
    assert_eq!(found(blanks.as_bytes()).warnings, [Rule::OverAwslogs]);
    // An export contains what has arrived.
    let line = line_of(awslogs + 1);
    assert_eq!(
        found_as(line.as_bytes(), Input::Export).sentences,
        Vec::<String>::new()
    );
}

#[test]
fn a_long_line_that_is_something_else_is_nobodys_business() {
    let input = format!("{}\n{}", "x".repeat(3_000_000), document());
    let found = found(input.as_bytes());
    assert_eq!(
        (found.points.len(), found.sentences.len(), found.others),
        (2, 0, 1)
    );
}

#[test]
fn carriage_returns_and_a_missing_last_line_feed_do_no_harm() {
    let line = document().to_string();
    let input = format!("{line}\r\n\r\n{line}\n{line}");
    let events = events_of(input.as_bytes(), Input::Auto);
    let found = super::Findings::in_events(&events);
    assert_eq!((found.points.len(), found.sentences), (6, Vec::new()));
    assert_eq!(events[3].position.line, 4);
}

#[test]
fn a_line_that_is_not_utf_8_is_a_fault_of_its_own() {
    let line = document().to_string();
    let mut input = format!("{line}\n").into_bytes();
    input.extend_from_slice(b"plain \xff text\n");
    input.extend_from_slice(line.as_bytes());
    let at = input.len() - 40;
    input[at] = 0xc3;
    let found = found(&input);
    assert_eq!(
        (found.documents, found.others, found.points.len()),
        (2, 1, 2)
    );
    assert_eq!(found.faults, [Rule::NotUtf8; 2]);
    assert!(found.sentences[0].contains("byte 7"), "{found:?}");
}

#[test]
fn a_line_cut_at_the_end_of_the_input_is_a_fault_wherever_it_is_cut() {
    let line = document().to_string();
    for end in 1..line.len() {
        let input = format!("{line}\n{}", &line[..end]);
        let found = found(input.as_bytes());
        assert_eq!(
            (found.points.len(), &found.faults),
            (2, &vec![Rule::Cut]),
            "{}",
            &line[..end]
        );
        assert!(
            found.sentences[0].contains("at the end of the input"),
            "{found:?}"
        );
    }
}

#[test]
fn a_line_split_by_a_log_shim_is_recognized() {
    // Once with `_aws` in the second part, once in the first.
    let late = line_of(20_000);
    let early = late.replacen("Padding", "~", 1);
    let early: Value = serde_json::from_str(&early).unwrap();
    let early = json!({ "_aws": early["_aws"], "~": early["~"].as_str().unwrap().repeat(2) });
    for line in [late, early.to_string()] {
        let (first, second) = line.split_at(16_384);
        let whole = found(format!("{first}\n{second}\n").as_bytes());
        assert_eq!((whole.points.len(), &whole.faults), (0, &vec![Rule::Cut]));
        assert!(whole.sentences[0].contains("FireLens"), "{whole:?}");
    }
}

#[test]
fn other_lines_are_counted_and_no_fault() {
    let line = document().to_string();
    let input = format!("text\n\n{{\"level\":\"info\"}}\n{{no JSON\n[]\n[\"x\"]\n{{}}\n{line}\n");
    let found = found(input.as_bytes());
    assert_eq!(
        (found.documents, found.others, found.sentences.len()),
        (1, 7, 0),
        "{found:?}"
    );
}

#[test]
fn an_input_without_emf_says_so_at_its_last_line() {
    for (input, line) in [("text\n{\"a\":1}\n", Some(2)), ("\n", Some(1)), ("", None)] {
        let events = events_of(input.as_bytes(), Input::Auto);
        let no_emf = events.iter().find(|event| event.has_fault());
        assert_eq!(no_emf.map(|event| event.position.line), line, "{input:?}");
        if let Some(event) = no_emf {
            assert_eq!(super::rules(&event.problems), [Rule::NoEmf]);
        }
    }
}

#[test]
fn deep_nesting_is_a_fault_in_the_metadata_and_nobodys_business_elsewhere() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let deep = format!("{{\"_aws\":{}}}", nested(20_000));
    assert_eq!(found(deep.as_bytes()).faults, [Rule::JsonBroken]);
    let elsewhere =
        document()
            .to_string()
            .replacen('{', &format!("{{\"x\":{},", nested(100_000)), 1);
    assert_eq!(found(elsewhere.as_bytes()).sentences, Vec::<String>::new());
}

struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::IsADirectory.into())
    }
}

#[test]
fn a_failing_input_ends_the_events_with_its_error() {
    let line = format!("{}\n", document());
    let options = Options::new(Input::Auto, now());
    let input = BufReader::new(line.as_bytes().chain(Broken));
    let mut events = explain(input, options);
    assert_eq!(events.next().unwrap().unwrap().points.len(), 2);
    let error = events.next().unwrap().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::IsADirectory);
    assert!(events.next().is_none());
}

#[test]
fn each_line_of_stdout_is_an_event_also_within_a_value_over_several_lines() {
    let input = format!("{{\n  \"a\": [\n    1\n  ]\n}}\n{}\n", document());
    let events = events_of(input.as_bytes(), Input::Stdout);
    let lines: Vec<_> = events.iter().map(|event| event.position.line).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6]);
    assert_eq!(found_as(input.as_bytes(), Input::Stdout).others, 5);
    assert_eq!(found(input.as_bytes()).others, 1);
    let broken = format!("{{\n\n\nplain\n{}\n", document());
    assert_eq!(found_as(broken.as_bytes(), Input::Stdout).others, 4);
    // With something behind the value, with a line that is not UTF-8, and cut off by the end of the input.
    let behind: &[u8] = b"  {\n \"a\": 1 },\nx\n";
    for input in [behind, b"{\n \"a\x91\": 1\n}\n", b" {\n\"a\":\n1"] {
        assert_eq!(found_as(input, Input::Stdout).others, 3, "{input:?}");
    }
}
