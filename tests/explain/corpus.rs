//! The recorded lines of `tests/data/explain` and the reports that were read and found right.

use std::fs;
use std::path::{Path, PathBuf};

use super::report;

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/explain")
}

fn read(name: &str) -> String {
    fs::read_to_string(data().join(name)).unwrap()
}

/// The counts of a file: lines, EMF lines, data points, faults.
fn counts(name: &str) -> [u64; 4] {
    let (summary, _) = report(read(name).as_bytes(), false);
    [summary.lines, summary.emf, summary.points, summary.faults]
}

#[test]
fn reports_are_the_recorded_ones() {
    let mut compared = 0;
    for entry in fs::read_dir(data()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        let Some((stem, "jsonl" | "log")) = name.rsplit_once('.') else {
            continue;
        };
        for (json, ending) in [(false, "txt"), (true, "jsonl")] {
            let expected = read(&format!("expected/{stem}.{ending}"));
            let (_, actual) = report(read(&name).as_bytes(), json);
            for (number, (actual, expected)) in actual.lines().zip(expected.lines()).enumerate() {
                assert_eq!(actual, expected, "{stem}.{ending}, line {}", number + 1);
            }
            assert_eq!(actual, expected, "{stem}.{ending}");
            compared += 1;
        }
    }
    assert_eq!(compared, 16);
}

#[test]
fn every_good_line_is_without_fault_and_every_bad_one_has_one() {
    for line in read("good.jsonl").lines() {
        assert_eq!(report(line.as_bytes(), true).0.faults, 0, "{line}");
    }
    for line in read("bad.jsonl").lines() {
        assert!(
            report(format!("{line}\n").as_bytes(), true).0.faults > 0,
            "{line}"
        );
    }
}

#[test]
fn what_other_libraries_write_has_only_known_faults() {
    // A document without dimensions has an empty list of sets, which the schema refuses.
    assert_eq!(counts("aws-embedded-metrics-python.jsonl"), [9, 9, 138, 1]);
    assert_eq!(counts("aws-embedded-metrics-node.jsonl"), [6, 6, 8, 1]);
    assert_eq!(counts("powertools-python.jsonl"), [1, 1, 2, 0]);
    assert_eq!(counts("powertools-typescript.jsonl"), [1, 1, 2, 0]);
    // Several values become a distribution, which the specification does not have.
    assert_eq!(counts("metrique.jsonl"), [5, 5, 12, 3]);
}
