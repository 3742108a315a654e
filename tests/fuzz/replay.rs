//! The promises of `src/`, held against every input that was kept: `corpus/` of each target.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::pedantic,
    reason = "a promise that is broken panics, here as under libFuzzer"
)]
#![allow(
    unreachable_pub,
    reason = "the fuzz targets use the same modules as a crate"
)]

#[path = "src/lib.rs"]
mod targets;

use std::path::{Path, PathBuf};

use targets::TARGETS;

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(target);
    let files =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = files.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Replays a target's corpus and says by name which input breaks a promise.
fn replay(target: &str) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let files = corpus(target);
    assert!(files.len() >= 5, "{target}: {} files", files.len());
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let outcome = std::panic::catch_unwind(|| check(&bytes));
        assert!(
            outcome.is_ok(),
            "{} breaks a promise of {target}",
            file.display()
        );
    }
}

#[test]
fn configuration() {
    replay("configuration");
    targets::configuration::check_documented_defaults();
}

#[test]
fn document() {
    replay("document");
}

#[test]
fn emf_line() {
    replay("emf_line");
}

#[test]
fn http_head() {
    replay("http_head");
}

#[test]
fn log_lines() {
    replay("log_lines");
}

#[test]
fn ntp_packet() {
    replay("ntp_packet");
}

#[cfg(target_os = "linux")]
#[test]
fn segment() {
    replay("segment");
}

/// What bytes of no length, of one value, and of every value come to.
#[test]
fn the_plainest_inputs() {
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
