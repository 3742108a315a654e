//! What holds for whatever bytes come from elsewhere: a module for each parser of them, each with one `check`.
//!
//! A fuzz target calls `check` with bytes that libFuzzer makes up, the test `fuzz_corpus` with those in `corpus/`. It
//! panics where a promise is broken.

pub mod configuration;
pub mod document;
pub mod emf_line;
pub mod http_head;
pub mod log_lines;
pub mod ntp_packet;
#[cfg(target_os = "linux")]
pub mod segment;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ecs_clock_emf::chrono::{DateTime, Utc};
use ecs_clock_emf::{Moment, ReadError};

/// Holds an input against the promises of a target.
pub type Check = fn(&[u8]);

/// Every target, with the name of its folder in `corpus/`.
pub const TARGETS: &[(&str, Check)] = &[
    ("configuration", configuration::check),
    ("document", document::check),
    ("emf_line", emf_line::check),
    ("http_head", http_head::check),
    ("log_lines", log_lines::check),
    ("ntp_packet", ntp_packet::check),
    #[cfg(target_os = "linux")]
    ("segment", segment::check),
];

/// A moment that is the same in every run, as far as anything can see: this wall-clock time, and monotonic time that
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
