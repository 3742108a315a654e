//! The command itself: exit codes and streams of the real binary.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

use super::{NOW, document};

fn run(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ecs-clock-emf"))
        .arg("explain")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that ends early does not read its input.
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

#[test]
fn exit_codes_tell_faults_usage_and_unreadable_files_apart() {
    let good = format!("{}\n", document());
    let bad = good.replace("Milliseconds", "Fortnights");
    for (arguments, input, code) in [
        (vec!["--now", NOW], good.as_str(), 0),
        (vec!["--now", NOW, "--json"], good.as_str(), 0),
        (vec!["--now", NOW], "no EMF\n", 0),
        (vec!["--now", NOW], bad.as_str(), 1),
        (vec!["--now", "2031-01-01T00:00:00Z"], good.as_str(), 1),
        (vec!["--now", "noon"], "", 2),
        (vec!["--jsonl"], "", 2),
        (vec!["/nowhere/lines.log"], "", 3),
        (vec![env!("CARGO_MANIFEST_DIR")], "", 3),
    ] {
        let output = run(&arguments, input.as_bytes());
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
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let lines = format!("text\n{}\n", document());
    file.write_all(lines.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let from_file = run(&["--json", "--now", NOW, path], b"");
    assert_eq!(
        from_file.stdout,
        run(&["--json", "--now", NOW], lines.as_bytes()).stdout
    );
    let first = String::from_utf8(from_file.stdout)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(
        first,
        r#"{"line":2,"namespace":"Shop","metric":"Latency","unit":"Milliseconds","resolution":60,"dimensions":{"Service":"api"},"timestamp":1795348800000,"values":[1.5,2]}"#
    );
}
