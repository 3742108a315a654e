//! Lines that are long, cut, no text, or no EMF; streams that fail.

use std::io::{self, BufReader, Read, Write};

use ecs_clock_emf::explain::{Error, Options, explain};
use serde_json::{Value, json};

use super::{document, findings, now, report};

const MAX_EVENT_BYTES: usize = 262_118;

/// A valid line of so many bytes.
fn line_of(bytes: usize) -> String {
    let mut document = document();
    document["Padding"] = json!("");
    let missing = bytes - document.to_string().len();
    document["Padding"] = json!("x".repeat(missing));
    document.to_string()
}

#[test]
fn a_line_may_fill_a_log_event_and_no_more() {
    let fits = line_of(MAX_EVENT_BYTES);
    let too_long = line_of(MAX_EVENT_BYTES + 1);
    let (points, faults) = findings(format!("{fits}\n{too_long}\n{fits}").as_bytes());
    assert_eq!(points.len(), 4);
    assert_eq!(points[3]["line"], 3);
    assert_eq!(faults.len(), 1);
    assert!(
        faults[0].contains("262119 bytes") && faults[0].contains("262118"),
        "{faults:?}"
    );
}

#[test]
fn carriage_returns_and_a_missing_last_line_feed_do_no_harm() {
    let line = document().to_string();
    let (points, faults) = findings(format!("{line}\r\n\r\n{line}\n{line}").as_bytes());
    assert_eq!((points.len(), faults), (6, Vec::new()));
    assert_eq!(points[5]["line"], 4);
}

#[test]
fn a_line_that_is_not_utf_8_is_a_fault_of_its_own() {
    let line = document().to_string();
    let mut input = format!("{line}\n").into_bytes();
    input.extend_from_slice(b"plain \xff text\n");
    input.extend_from_slice(
        line.replace("api", "a\u{0}i")
            .replace('\u{0}', "?")
            .as_bytes(),
    );
    let at = input.len() - 40;
    input[at] = 0xc3;
    let (summary, _) = report(&input, true);
    assert_eq!((summary.lines, summary.emf, summary.others), (3, 2, 1));
    let (points, faults) = findings(&input);
    assert_eq!((points.len(), faults.len()), (2, 2));
    assert!(faults[0].contains("not UTF-8 at byte 7"), "{faults:?}");
}

#[test]
fn a_line_cut_at_the_end_of_the_input_is_a_fault_wherever_it_is_cut() {
    let line = document().to_string();
    for end in 1..line.len() {
        let input = format!("{line}\n{}", &line[..end]);
        let (points, faults) = findings(input.as_bytes());
        assert_eq!((points.len(), faults.len()), (2, 1), "{}", &line[..end]);
        assert!(
            faults[0].contains("cut off at the end of the input"),
            "{faults:?}"
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
        let (points, faults) = findings(format!("{first}\n{second}\n").as_bytes());
        assert_eq!((points.len(), faults.len()), (0, 1));
        assert!(faults[0].contains("FireLens"), "{faults:?}");
        // A line that ends elsewhere without its `_aws` is nobody's business.
        let (_, faults) = findings(format!("{}\n", &first[1..]).as_bytes());
        assert_eq!(faults, Vec::<String>::new());
    }
}

#[test]
fn other_lines_are_counted_and_no_fault() {
    let line = document().to_string();
    let escaped = json!({ "log": line }).to_string();
    let input = format!(
        "text\n\n{{\"level\":\"info\"}}\n{{no JSON\n[]\n2026-11-22 {line}\n{escaped}\n{line}\n"
    );
    let (summary, text) = report(input.as_bytes(), false);
    assert_eq!((summary.lines, summary.emf, summary.others), (8, 1, 7));
    assert_eq!(
        (summary.prefixed, summary.wrapped, summary.faults),
        (1, 1, 0)
    );
    assert!(
        text.contains("1 of the other lines contains \"_aws\" but does not begin with {"),
        "{text}"
    );
    assert!(
        text.ends_with("8 lines: 1 EMF, 7 others; 2 data points, 0 faults\n"),
        "{text}"
    );
}

#[test]
fn an_empty_input_has_an_empty_report() {
    assert_eq!(
        report(b"", true),
        (ecs_clock_emf::explain::Summary::default(), String::new())
    );
    assert_eq!(
        report(b"", false).1,
        "0 lines: 0 EMF, 0 others; 0 data points, 0 faults\n"
    );
}

#[test]
fn nothing_from_a_line_reaches_a_terminal_as_a_control_character() {
    let mut document = document();
    let name = "\u{1b}[31m\u{9b}x\ty";
    document["_aws"]["CloudWatchMetrics"][0]["Metrics"] =
        json!([{ "Name": name }, { "Name": format!("{name}2") }]);
    document[name] = json!(1);
    let (summary, text) = report(document.to_string().as_bytes(), false);
    assert_eq!((summary.points, summary.faults), (1, 1));
    assert!(
        !text.contains(|c: char| c.is_control() && c != '\n'),
        "{text:?}"
    );
}

#[test]
fn deep_nesting_is_a_fault() {
    let line = format!("{{\"_aws\":{}", "[".repeat(200_000));
    let (_, faults) = findings(format!("{line}\n").as_bytes());
    assert!(
        faults.len() == 1 && faults[0].contains("recursion limit"),
        "{faults:?}"
    );
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::IsADirectory.into())
    }
}

#[test]
fn failing_streams_are_told_apart() {
    let options = Options {
        json: true,
        now: now(),
    };
    let line = format!("{}\n", document());
    let written = explain(&mut line.as_bytes(), &mut Broken, &options);
    assert!(
        matches!(written, Err(Error::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe)
    );
    let endless = line.repeat(10_000);
    assert!(matches!(
        explain(&mut endless.as_bytes(), &mut Broken, &options),
        Err(Error::Write(_))
    ));
    let read = explain(
        &mut BufReader::new(line.as_bytes().chain(Broken)),
        &mut io::sink(),
        &options,
    );
    assert!(matches!(read, Err(Error::Read(error)) if error.kind() == io::ErrorKind::IsADirectory));
}
