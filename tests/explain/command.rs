//! The command itself: exit codes and streams of the real binary.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::bounded::rest_of;
use super::{NOW, document};

/// Runs the command over some input.
pub(super) fn explain(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_emf-explain"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    // On another thread than reading, since both pipes may fill. A command that ends early does not read its input.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = rest_of(child);
    writer.join().unwrap();
    output
}

/// The objects that `--json` prints.
pub(super) fn records(arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let arguments = [&["--json", "--now", NOW], arguments].concat();
    let output = explain(&arguments, input);
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text(arguments: &[&str], input: &[u8]) -> String {
    let arguments = [&["--now", NOW], arguments].concat();
    String::from_utf8(explain(&arguments, input).stdout).unwrap()
}

/// A file with some content.
fn file(content: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

#[test]
fn exit_codes_tell_faults_usage_and_unreadable_files_apart() {
    let good = format!("{}\n", document());
    let bad = good.replace("\"Hits\":3", "\"Hits\":\"3\"");
    let warned = good.replace("Milliseconds", "Fortnights");
    for (arguments, input, code) in [
        (vec!["--now", NOW], good.as_str(), 0),
        (vec!["--now", NOW, "--json"], good.as_str(), 0),
        (vec!["--now", NOW], warned.as_str(), 0),
        (vec!["--now", NOW], "no EMF\n", 1),
        (vec!["--now", NOW], "", 0),
        (vec!["--now", NOW], bad.as_str(), 1),
        (vec!["--now", "2031-01-01T00:00:00Z"], good.as_str(), 1),
        (vec!["--now", "noon"], "", 2),
        (vec!["--input", "csv"], "", 2),
        (vec!["--jsonl"], "", 2),
        (vec!["/nowhere/lines.log"], "", 3),
        (
            vec!["--now", NOW, "/nowhere/lines.log", "-"],
            good.as_str(),
            3,
        ),
        (
            vec!["--now", NOW, "/nowhere/lines.log", "-"],
            bad.as_str(),
            3,
        ),
        (vec![env!("CARGO_MANIFEST_DIR")], "", 3),
    ] {
        let output = explain(&arguments, input.as_bytes());
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {output:?}"
        );
        assert_eq!(
            output.stderr.is_empty(),
            code < 2,
            "{arguments:?}: {output:?}"
        );
    }
}

#[test]
fn a_file_and_standard_input_give_the_same_report() {
    let lines = format!("text\n{}\n", document());
    let file = file(&lines);
    let path = file.path().to_str().unwrap();
    let from_file = explain(&["--json", "--now", NOW, path], b"");
    let from_stdin = explain(&["--json", "--now", NOW], lines.as_bytes());
    assert_eq!(from_file.stdout, from_stdin.stdout);
    let first = String::from_utf8(from_file.stdout).unwrap();
    assert_eq!(
        first.lines().next().unwrap(),
        r#"{"line":2,"namespace":"Shop","metric":"Latency","unit":"Milliseconds","resolution":60,"dimensions":{"Service":"api"},"timestamp":1795348800000,"values":[1.5,2]}"#
    );
}

#[test]
fn of_several_files_each_finding_has_its_file_and_each_is_judged_apart() {
    let (first, second) = (file(&format!("{}\n", document())), file("text\n"));
    let paths = [&first, &second].map(|file| file.path().to_str().unwrap());
    let records = records(&paths, b"");
    let files: Vec<_> = records
        .iter()
        .map(|record| record["file"].as_str().unwrap())
        .collect();
    assert_eq!(files, [paths[0], paths[0], paths[1]]);
    assert_eq!(records[2]["rule"], "no-emf");
    let report = text(&paths, b"");
    assert!(
        report.contains(&format!("{}: line 1\n", paths[1])),
        "{report}"
    );
    assert!(
        report.ends_with("2 lines: 1 EMF, 1 other; 2 data points, 1 fault, 0 warnings\n"),
        "{report}"
    );
}

/// With standard input among the files, they are read one at a time.
#[test]
fn files_read_at_the_same_time_are_reported_as_if_one_was_read_after_the_other() {
    let lines = |count: usize| format!("{}\n{{\"other\":1}}\n", document()).repeat(count);
    let mut files: Vec<_> = (0..24).map(|index| file(&lines(index * 7 % 100))).collect();
    // A report that is larger than what may wait, and two files with the same fault.
    files[1] = file(&lines(20_000));
    files[9] = file("{\"_aws\":1}\n");
    files[17] = file("{\"_aws\":2}\n");
    let mut paths: Vec<_> = files
        .iter()
        .map(|file| file.path().to_str().unwrap())
        .collect();
    paths.insert(5, "/does/not/exist");
    for format in [&["--json"][..], &[]] {
        let arguments = [format, &["--now", NOW], &paths].concat();
        let at_once = explain(&arguments, b"");
        let one_at_a_time = explain(&[&arguments[..], &["-"]].concat(), b"");
        assert_eq!(at_once.status.code(), Some(3));
        let stderr = String::from_utf8(at_once.stderr.clone()).unwrap();
        assert!(stderr.contains("/does/not/exist"), "{stderr}");
        assert!(
            at_once == one_at_a_time,
            "{format:?}: the reports differ, {} and {} bytes",
            at_once.stdout.len(),
            one_at_a_time.stdout.len()
        );
        assert!(at_once.stdout.len() > 2_500_000);
    }
}

#[test]
fn a_file_waits_for_its_turn_however_late_the_one_before_it_comes() {
    let folder = tempfile::tempdir().unwrap();
    let late = folder.path().join("late");
    let made = Command::new("mkfifo").arg(&late).status().unwrap();
    assert!(made.success());
    let early = file(&format!("{}\n", document()).repeat(20_000));
    let paths = [late.to_str().unwrap(), early.path().to_str().unwrap()];
    let writer = std::thread::spawn({
        let late = late.clone();
        // Opening a pipe to write waits until it is opened to read.
        move || std::fs::write(late, "{\"_aws\":1}\n").unwrap()
    });
    let report = text(&paths, b"");
    writer.join().unwrap();
    let first = report.find(paths[0]).unwrap();
    let second = report.find(paths[1]).unwrap();
    assert!(first < second && report[second..].contains("line 20000\n"));
    assert!(
        report.ends_with(
            "20001 lines: 20001 EMF, 0 others; 40000 data points, 1 fault, 0 warnings\n"
        ),
        "{}",
        &report[report.len() - 300..]
    );
}

#[test]
fn json_has_the_members_of_the_interface() {
    let mut unit = document();
    unit["_aws"]["CloudWatchMetrics"][0]["Metrics"] =
        json!([{"Name": "Hits", "Unit": "ms"}, {"Name": "x"}]);
    unit["_aws"]["CloudWatchMetrics"][0]["Metrics"][1]["Name"] = json!("Latency");
    unit["Latency"] = json!({"Min": 1, "Max": 2, "Sum": 3.5, "Count": 2});
    let found = records(&[], unit.to_string().as_bytes());
    let unit_warning = found
        .iter()
        .find(|record| record["rule"] == "unit-unknown")
        .unwrap();
    assert_eq!(unit_warning["line"], 1);
    assert!(
        unit_warning["warning"]
            .as_str()
            .unwrap()
            .contains("Milliseconds")
    );
    assert_eq!(unit_warning["confidence"], "unknown");
    assert_eq!(unit_warning.get("counter"), Some(&Value::Null));
    let statistics = found
        .iter()
        .find(|record| record.get("statistics").is_some())
        .unwrap();
    assert_eq!(
        statistics["statistics"],
        json!({"min": 1, "max": 2, "sum": 3.5, "count": 2})
    );
    assert_eq!(statistics["certain"], false);
    let fault = &records(&[], br#"{"_aws":1}"#)[0];
    assert_eq!(fault["counter"], "EMFParsingErrors");
    let exported = json!({"events": [{"message": "x"}, {"message": document().to_string()}]});
    assert_eq!(records(&[], exported.to_string().as_bytes())[0]["event"], 2);
}

#[test]
fn nothing_from_a_line_reaches_a_terminal_as_a_control_character() {
    let mut document = document();
    let name = "\u{1b}[31m\u{9b}x\ty\u{202e}";
    document["_aws"]["CloudWatchMetrics"][0]["Metrics"] =
        json!([{ "Name": name }, { "Name": format!("{name}2") }]);
    document[name] = json!(1);
    for arguments in [&[][..], &["--json"]] {
        let report = text(arguments, document.to_string().as_bytes());
        let bad = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
        assert!(!report.contains(bad), "{report:?}");
    }
    // The JSON has the same name.
    let records = records(&[], document.to_string().as_bytes());
    assert!(records.iter().any(|record| record["metric"] == name));
}

#[test]
fn the_text_sums_up_by_rule_and_counts_distinct_metrics() {
    let good = document().to_string();
    let bad = good.replace("\"Hits\":3", "\"Hits\":\"3\"");
    let report = text(&[], format!("{good}\n{bad}\n{bad}\n").as_bytes());
    assert!(
        report.contains("fault: metric-not-number, 2 times, first on line 2."),
        "{report}"
    );
    assert!(report.contains("2 distinct metrics"), "{report}");
    assert!(report.contains("$0.60 a month"), "{report}");
    assert!(!report.contains('\u{1b}'), "{report}");
}

#[test]
fn a_reader_that_has_gone_ends_the_command_without_a_word() {
    let lines = format!("{}\n", document()).repeat(20_000);
    let mut child = Command::new(env!("CARGO_BIN_EXE_emf-explain"))
        .args(["--json", "--now", NOW])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let _ = child.stdin.take().unwrap().write_all(lines.as_bytes());
    let output = child.wait_with_output().unwrap();
    assert_eq!(
        (output.status.code(), output.stderr.as_slice()),
        (Some(1), &b""[..])
    );
}
