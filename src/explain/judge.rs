//! Judges a document: returns its problems and data points. Pure.

mod checks;
mod directive;
pub(super) mod document;
pub(super) mod json;
mod json_path;
mod metadata;
mod points;
mod schema;
mod small_set;
mod targets;
mod time;
mod values;

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use self::document::Root;
use self::metadata::Metadata;
use self::points::Points;
use super::finding::{Explained, Problem};
use super::kind::Effect;
use super::rule::Rule;
use crate::limits::{MAX_AHEAD_MS, MAX_PAST_MS};

use self::time::rfc3339;

pub use self::time::{InvalidTime, parse_now};

/// The most problems listed of one event; further ones are counted.
const MAX_PROBLEMS: usize = 1_000;

/// Judges a document: everything found is added to `explained`.
pub(super) fn judge(root: &Root<'_>, now: DateTime<Utc>, explained: &mut Explained) {
    let mut problems = Vec::new();
    let metadata = Metadata::read(root, &mut problems);
    let mut points = Points::default();
    if let Some(metadata) = &metadata {
        let node = metadata.member("Timestamp");
        let timestamp = schema::timestamp(node, metadata.is_version_zero, &mut problems);
        let directives = schema::directives(metadata.member("CloudWatchMetrics"), &mut problems);
        let late = |timestamp| time_problem(&node.place, timestamp, now);
        problems.extend(timestamp.and_then(late));
        points = targets::judge(root, &directives, timestamp, &mut problems);
    }
    if points.count == 0 && !problems.iter().any(Problem::is_fault) {
        let expected = "at least one metric and one dimension set";
        let rule = Rule::NoMetricNamed;
        problems.push(Problem::new(rule, "the document", "none", expected));
    }
    if problems
        .iter()
        .any(|problem| problem.effect() == Effect::Event)
    {
        points = Points::default();
    }
    let unsure = |effect| matches!(effect, Effect::PerhapsEvent | Effect::MetricOrEvent);
    if root.misnamed.is_some() || problems.iter().any(|problem| unsure(problem.effect())) {
        let points = points.listed.iter_mut();
        points.for_each(|point| point.certain = false);
    }
    explained.more_points += points.count - points.listed.len() as u64;
    explained.points.append(&mut points.listed);
    add_problems(explained, problems);
}

/// Adds problems, as many as are listed, and counts the others.
pub(super) fn add_problems(explained: &mut Explained, problems: Vec<Problem>) {
    let room = MAX_PROBLEMS.saturating_sub(explained.problems.len());
    explained.more_problems += problems.len().saturating_sub(room) as u64;
    explained.problems.extend(problems.into_iter().take(room));
}

/// The problem of a timestamp that CloudWatch refuses.
fn time_problem(place: &impl fmt::Display, timestamp: i64, now: DateTime<Utc>) -> Option<Problem> {
    let now_ms = now.timestamp_millis();
    let (rule, relation) = if timestamp < now_ms.saturating_sub(MAX_PAST_MS) {
        (Rule::TimestampTooOld, "at most 14 days before")
    } else if timestamp > now_ms.saturating_add(MAX_AHEAD_MS) {
        (Rule::TimestampAhead, "at most 2 hours after")
    } else {
        return None;
    };
    let moment = rfc3339(timestamp).map_or_else(String::new, |moment| format!(" ({moment})"));
    let hint = match timestamp.unsigned_abs() {
        // As milliseconds, all of these are before the year 1974 or after the year 5000.
        1_000_000_000..100_000_000_000 => "it looks like seconds, not milliseconds",
        100_000_000_000_000..100_000_000_000_000_000 => {
            "it looks like microseconds, not milliseconds"
        }
        100_000_000_000_000_000.. => "it looks like nanoseconds, not milliseconds",
        _ => "for lines of another time give --now TIME",
    };
    let now = now.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let given = format!("{timestamp}{moment}");
    let expected = format!("{relation} {now}");
    Some(Problem::new(rule, place.to_string(), given, expected).with_hint(hint))
}
