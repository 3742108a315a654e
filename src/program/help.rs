//! The part of the help that is not about options.

use std::fmt::Write as _;

use crate::sidecar::line::Metric;

/// The text after the options of `run`.
pub(crate) fn after_run() -> String {
    let examples = "Examples:
  Sample the task's clock; for a container, where the log driver ships stdout:
    ecs-clock-emf
  One line now, from this machine's kernel:
    ecs-clock-emf --once --source kernel
  Answer the other containers of the task, and compare with an NTP server:
    ecs-clock-emf --listen 127.0.0.1:2780 --cross-check ntp";
    format!("{examples}\n\n{}", metrics())
}

/// The text after the options of `check`.
pub(crate) const AFTER_CHECK: &str = "Examples:
  Take a critical step only if the clock is good enough:
    ecs-clock-emf check --max-error 5ms && ./critical-step
  Wait for a clock that CockroachDB can work with:
    ecs-clock-emf check --for cockroachdb --wait 60s
  For a program, one JSON object:
    ecs-clock-emf check --json

Exit codes: 0 good, 1 not good, 2 invalid options, 3 no reading";

/// The metrics with their units.
fn metrics() -> String {
    let width = Metric::ALL.iter().map(|metric| metric.as_str().len()).max();
    let width = width.unwrap_or_default();
    let mut text = "Metrics and their units:".to_owned();
    for metric in Metric::ALL {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {:width$}  {}", metric.as_str(), metric.unit());
    }
    text
}
