//! Hostile lines of a mebibyte: memory stays under 16 MB and the report under 10 MB, with any content.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use emf_explain::{Input, Rule};
use serde_json::json;

use super::bounded::rest_of;
use super::{NOW, NOW_MS, document, events_of, found};

const MEBIBYTE: usize = 1024 * 1024;

/// A text repeated between two others, a mebibyte in all.
fn filled(before: &str, unit: &str, after: &str) -> String {
    if unit.is_empty() {
        return format!("{before}{after}");
    }
    let count = (MEBIBYTE - before.len() - after.len()) / unit.len();
    format!("{before}{}{after}", unit.repeat(count))
}

/// A document with a directive that is filled up.
fn directive(before: &str, unit: &str, after: &str) -> String {
    let head = format!("{{\"_aws\":{{\"Timestamp\":{NOW_MS},\"CloudWatchMetrics\":[{before}");
    filled(&head, unit, &format!("{after}]}},\"M\":1,\"K\":\"v\"}}"))
}

/// A document of many sets and many metrics, whose points are their product.
fn product() -> String {
    let metrics = (0..100).fold(String::new(), |mut text, index| {
        let _ = write!(text, ",{{\"Name\":\"m{index}\"}}");
        text
    });
    let values = (0..100).fold(String::new(), |mut text, index| {
        let _ = write!(text, "\"m{index}\":[{}1],", "1e100,".repeat(99));
        text
    });
    let head = format!(
        "{{{values}\"_aws\":{{\"Timestamp\":{NOW_MS},\"CloudWatchMetrics\":[{{\"Namespace\":\"N\",\"Metrics\":[{}],\"Dimensions\":[[]",
        &metrics[1..]
    );
    format!("{head}{}]}}]}}}}", ",[]".repeat(12_000))
}

fn hostile() -> Vec<(&'static str, String)> {
    let small = json!({"_aws": {"Timestamp": NOW_MS, "CloudWatchMetrics": [{"Namespace": "N", "Dimensions": vec![Vec::<u8>::new(); 30], "Metrics": vec![json!({"Name": "M"}); 30]}]}, "M": 1}).to_string();
    vec![
        ("members", filled("{\"_aws\":{},", "\"\":0,", "\"x\":0}")),
        (
            "escaped names",
            filled("{\"_aws\":{},", "\"\\\"\":0,", "\"x\":0}"),
        ),
        (
            "members of the metadata",
            filled("{\"_aws\":{", "\"\":0,", "\"x\":0}}"),
        ),
        ("an array", filled("{\"_aws\":{},\"M\":[", "0,", "0]}")),
        (
            "values of a metric",
            directive(
                "{\"Namespace\":\"N\",\"Dimensions\":[[]],\"Metrics\":[{\"Name\":\"M\"}]}",
                "",
                "",
            )
            .replace("\"M\":1", &filled("\"M\":[", "0,", "0]")),
        ),
        ("directives", directive("", "{},", "{}")),
        ("null directives", directive("", "0,", "0")),
        (
            "sets",
            directive(
                "{\"Namespace\":\"N\",\"Metrics\":[{\"Name\":\"M\"}],\"Dimensions\":[",
                "[],",
                "[]]}",
            ),
        ),
        (
            "names of a set",
            directive(
                "{\"Namespace\":\"N\",\"Metrics\":[{\"Name\":\"M\"}],\"Dimensions\":[[",
                "\"K\",",
                "\"K\"]]}",
            ),
        ),
        (
            "metrics",
            directive(
                "{\"Namespace\":\"N\",\"Dimensions\":[[]],\"Metrics\":[",
                "{\"Name\":\"M\"},",
                "{\"Name\":\"M\"}]}",
            ),
        ),
        (
            "wrong metrics",
            directive(
                "{\"Namespace\":\"N\",\"Dimensions\":[[]],\"Metrics\":[",
                "0,",
                "0]}",
            ),
        ),
        ("sets times metrics", product()),
        ("depth", filled("{\"_aws\":", "[", "")),
        (
            "depth that ends",
            format!(
                "{{\"_aws\":{}{}}}",
                "[".repeat(500_000),
                "]".repeat(500_000)
            ),
        ),
        ("tabs", filled("{\"_aws\":0}", "\t{\"_aws\":0}", "")),
        (
            "tabs with open objects",
            filled("{\"_aws\":0}\t", "{\"_aws\":\t", ""),
        ),
        ("documents", filled("", &small, "")),
        ("documents and tabs", filled("", &format!("{small}\t"), "x")),
        ("braces", filled("x_aws", "{\"", "")),
        ("prefixes", filled("", "x {\"a\":", "\"_aws\"")),
        ("a string in strings", filled("\"", "\\\\", "_aws{\"")),
        (
            "wrapped members",
            filled("{", "\"log\":\"_aws{\",", "\"x\":1}"),
        ),
        ("rows", filled("{\"results\":[[", "0,", "\"_aws\"]]}")),
        (
            "an export",
            filled(
                "{\"events\":[",
                "{\"message\":\"{\\\"_aws\\\":0}\"},",
                "0]}",
            ),
        ),
        ("quotes", filled("@message,x\n", "\"", "")),
        (
            "a long name",
            filled("{\"_aws\":{\"", "\u{1}", "\":1}}").replace('\u{1}', "a"),
        ),
        (
            "steering characters",
            filled("{\"_aws\":\"", "\u{202e}", "\"}"),
        ),
    ]
}

#[test]
fn memory_and_report_are_bounded_whatever_a_line_holds() {
    for (name, line) in hostile() {
        assert!(line.len() <= MEBIBYTE + 16 * 1024, "{name}: {}", line.len());
        for json in [false, true] {
            // The limit includes the heap and all other writable memory.
            let mut child = Command::new("sh")
                .args(["-c", "ulimit -d 16000; exec \"$0\" \"$@\""])
                .args([env!("CARGO_BIN_EXE_emf-explain"), "--now", NOW])
                .args(json.then_some("--json"))
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap();
            let mut stdin = child.stdin.take().unwrap();
            let input = format!("{line}\n{}\n", document());
            let writer = std::thread::spawn(move || {
                let _ = stdin.write_all(input.as_bytes());
            });
            let output = rest_of(child);
            writer.join().unwrap();
            let code = output.status.code();
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(
                matches!(code, Some(0 | 1)),
                "{name}: {:?} {error:.500}",
                output.status
            );
            assert!(
                output.stdout.len() < 10_000_000,
                "{name}: {}",
                output.stdout.len()
            );
        }
    }
}

#[test]
fn what_is_not_listed_is_counted() {
    let line = product();
    let events = events_of(line.as_bytes(), Input::Auto);
    assert_eq!(events[0].points.len(), 10_000);
    let sets = line.matches("[]").count() as u64;
    assert_eq!(events[0].more_points, sets * 100 - 10_000);
    // Each set is the same as the first one.
    assert_eq!(events[0].problems.len(), 1_000);
    assert_eq!(events[0].more_problems, sets - 1 - 1_000);
    let records = super::command::records(&[], line.as_bytes());
    let left_out = records.last().unwrap();
    assert_eq!(
        (&left_out["rule"], &left_out["line"]),
        (&json!("not-listed"), &json!(1))
    );
    assert!(records.len() > 1_000);
}

#[test]
fn metadata_beyond_what_is_kept_is_not_judged_and_that_is_a_fault() {
    let line = directive("", "{},", "{}");
    assert_eq!(found(line.as_bytes()).faults, [Rule::MetadataTooLarge]);
    // The metadata, its three members and the zeros, in all 50,000 values and one more.
    for (zeros, faults) in [(49_996, vec![]), (49_997, vec![Rule::MetadataTooLarge])] {
        let mut document = document();
        document["_aws"] =
            json!({"Timestamp": NOW_MS, "CloudWatchMetrics": [], "x": vec![0; zeros]});
        let found = found(document.to_string().as_bytes());
        assert_eq!(found.faults, faults, "{zeros}");
    }
}
