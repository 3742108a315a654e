//! Checks what must hold for any foreign bytes: one check for each parser.
//!
//! A fuzz target of `tests/fuzz` calls a check with bytes from libFuzzer, and a unit test calls it with those of
//! `tests/fuzz/corpus`. A check panics if a promise is broken. Nothing here is an interface: it is compiled in tests
//! and with `--cfg fuzzing` only.
#![cfg(all(feature = "cli", any(test, fuzzing)))]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::pedantic,
    reason = "a broken promise panics, here as under libFuzzer"
)]

mod configuration;
mod document;
mod emf_line;
mod entry;
mod http_head;
mod ntp_packet;
#[cfg(test)]
mod replay;
#[cfg(target_os = "linux")]
mod segment;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use crate::reading::ReadError;
use crate::time::Moment;

/// Checks an input against the promises of a target.
pub type Check = fn(&[u8]);

/// Every target, with the name of its folder in `tests/fuzz/corpus`.
pub const TARGETS: &[(&str, Check)] = &[
    ("configuration", configuration::check),
    ("document", document::check),
    ("emf_line", emf_line::check),
    ("http_head", http_head::check),
    ("ntp_packet", ntp_packet::check),
    #[cfg(target_os = "linux")]
    ("segment", segment::check),
];

/// Checks an input against the promises of the target with this name.
pub fn check(target: &str, input: &[u8]) {
    let (_, check) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    check(input);
}

/// A moment that is the same in every run, as far as a check can see: this wall-clock time, and monotonic time that
/// begins with the process.
fn moment(wall: DateTime<Utc>, since_start: Duration) -> Moment {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    Moment::new(wall, *START + since_start)
}

fn time(text: &str) -> DateTime<Utc> {
    text.parse().expect("a time")
}

/// A read error names its kind, and its message is short and harmless wherever it is shown.
fn assert_presentable(error: &ReadError) {
    let message = &error.message;
    assert!(!message.is_empty() && message.len() <= 203, "{message:?}");
    let is_printable = |byte: u8| byte == b' ' || byte.is_ascii_graphic();
    assert!(message.bytes().all(is_printable), "{message:?}");
    let shown = error.to_string();
    assert!(shown.starts_with(error.kind.as_str()), "{shown:?}");
}
