//! Renders the constant parts of a task's lines once. Pure.

use chrono::{DateTime, Utc};

use super::format::Format;
use super::json::{Members, push_list, push_text};
use super::labels::{dimension_sets, labels};
use super::task::KnownTask;

/// The constant parts of a line, in their order on it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    /// The directive up to the list of its metrics.
    pub(super) directive: Vec<u8>,
    /// The labels.
    pub(super) labels: Members,
    /// The members about the process.
    pub(super) process: Members,
}

impl Template {
    /// The template of a process that was started at `started_at` in this task.
    #[must_use]
    pub(crate) fn new(format: &Format, task: &KnownTask, started_at: DateTime<Utc>) -> Self {
        let known = labels(format, task);
        let sets = dimension_sets(format, task.identity(), &known);
        let mut directive = br#"{"Namespace":"#.to_vec();
        push_text(&mut directive, &format.namespace);
        directive.extend_from_slice(br#","Dimensions":"#);
        push_list(&mut directive, sets, |json, set| {
            push_list(json, set, push_text);
        });
        directive.extend_from_slice(br#","Metrics":"#);

        let mut labels = Members::default();
        for (name, value) in known {
            labels.label(name, value);
        }
        let mut process = Members::default();
        process.time("StartedAt", started_at);
        process.text("Version", env!("CARGO_PKG_VERSION"));
        Self {
            directive,
            labels,
            process,
        }
    }
}
