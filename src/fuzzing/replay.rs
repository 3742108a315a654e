//! Replays the corpus of each target.

use std::path::Path;

use super::{TARGETS, check, configuration};

/// Replays the corpora, and names the input that breaks a promise.
#[test]
fn every_promise_holds_for_the_corpus() {
    for (target, _) in TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/corpus");
        let files = std::fs::read_dir(folder.join(target)).unwrap();
        let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= 5, "{target}: {} files", files.len());
        for file in files {
            let bytes = std::fs::read(&file).unwrap();
            let outcome = std::panic::catch_unwind(|| check(target, &bytes));
            assert!(outcome.is_ok(), "{} breaks a promise", file.display());
        }
    }
}

/// Checks an empty input, inputs of one repeated byte, and one of every byte.
#[test]
fn every_promise_holds_for_the_plainest_inputs() {
    for (target, check) in TARGETS {
        for length in [0, 1, 2, 47, 48, 80, 300] {
            for byte in [0, b' ', b'{', 0x7f, 0xff] {
                let bytes = vec![byte; length];
                let outcome = std::panic::catch_unwind(|| check(&bytes));
                assert!(
                    outcome.is_ok(),
                    "{length} times {byte:#x} breaks a promise of {target}"
                );
            }
        }
        check(&(0..=255).collect::<Vec<u8>>());
    }
}

#[test]
fn the_defaults_are_those_of_the_help() {
    configuration::check_documented_defaults();
}

/// Before a release, each target runs as a job of its own.
#[test]
fn the_workflow_names_every_target() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = std::fs::read_dir(top.join("tests/fuzz/corpus")).unwrap();
    let mut targets: Vec<_> = folders
        .map(|folder| folder.unwrap().file_name().into_string().unwrap())
        .collect();
    targets.sort();
    let workflow = std::fs::read_to_string(top.join(".github/workflows/nightly.yml")).unwrap();
    let named = format!("target: [{}]", targets.join(", "));
    assert!(workflow.contains(&named), "{named}");
}
