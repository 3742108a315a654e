//! Every limit, on both sides.

mod shape;
mod values;

use emf_explain::Rule;
use serde_json::{Value, json};

use super::{Findings, NOW_MS, document, found};

pub(super) const DIRECTIVE: &str = "/_aws/CloudWatchMetrics/0";

/// A document with one place changed.
pub(super) fn with(place: &str, value: Value) -> Value {
    let mut document = document();
    match document.pointer_mut(place) {
        Some(target) => *target = value,
        None => match place.rsplit_once('/').unwrap() {
            ("", name) => document[name] = value,
            (parent, name) => document.pointer_mut(parent).unwrap()[name] = value,
        },
    }
    document
}

pub(super) fn outcome(document: &Value) -> Findings {
    found(document.to_string().as_bytes())
}

/// Asserts that a document has exactly so many points, all of them certain, and no findings.
pub(super) fn good(document: &Value, points: usize) {
    let found = outcome(document);
    assert_eq!(
        (found.points.len(), found.sentences),
        (points, Vec::new()),
        "{document:.200}"
    );
}

/// Asserts that a document has exactly so many points and one fault, with all of these words in it.
pub(super) fn bad(document: &Value, points: usize, rule: Rule, words: &[&str]) {
    let found = outcome(document);
    assert_eq!(
        (found.points.len(), &found.faults),
        (points, &vec![rule]),
        "{document:.200} {found:?}"
    );
    for word in words {
        assert!(found.sentences[0].contains(word), "{word:?} in {found:?}");
    }
}

/// Asserts that a document has a warning, and so many points that are certain and not.
pub(super) fn warned(document: &Value, rule: Rule, certain: usize, uncertain: usize) {
    let found = outcome(document);
    assert_eq!(
        (&found.faults, &found.warnings),
        (&vec![], &vec![rule]),
        "{document:.200}"
    );
    let is_uncertain = |point: &&Value| point["certain"] == false;
    let count = found.points.iter().filter(is_uncertain).count();
    assert_eq!(
        (found.points.len() - count, count),
        (certain, uncertain),
        "{found:?}"
    );
}

#[test]
fn the_document_is_good() {
    good(&document(), 2);
}

#[test]
fn timestamps_reach_from_14_days_past_to_2_hours_ahead() {
    const DAYS: i64 = 24 * 60 * 60 * 1000;
    const HOURS: i64 = 60 * 60 * 1000;
    for offset in [0, -14 * DAYS, 2 * HOURS] {
        good(&with("/_aws/Timestamp", json!(NOW_MS + offset)), 2);
    }
    let (old, ahead) = (Rule::TimestampTooOld, Rule::TimestampAhead);
    let no_integer = Rule::TimestampNotInteger;
    for (given, rule, words) in [
        (
            json!(NOW_MS - 14 * DAYS - 1),
            old,
            ["1794139199999", "--now"],
        ),
        (
            json!(NOW_MS + 2 * HOURS + 1),
            ahead,
            ["1795356000001", "at most 2 hours after"],
        ),
        (
            json!(NOW_MS / 1000),
            old,
            ["1795348800", "looks like seconds"],
        ),
        (
            json!(NOW_MS * 1000),
            ahead,
            ["1795348800000000", "looks like microseconds"],
        ),
        (
            json!(NOW_MS * 1_000_000),
            ahead,
            ["1795348800000000000", "looks like nanoseconds"],
        ),
        (
            json!(i64::MIN),
            old,
            ["-9223372036854775808", "at most 14 days before"],
        ),
        (
            json!(u64::MAX),
            ahead,
            ["9223372036854775807", "at most 2 hours after"],
        ),
        (json!(1.5), no_integer, ["1.5", "an integer"]),
        (
            json!("1795348800000"),
            no_integer,
            ["\"1795348800000\"", "an integer"],
        ),
        (json!(null), no_integer, ["null", "an integer"]),
    ] {
        let document = with("/_aws/Timestamp", given);
        bad(
            &document,
            0,
            rule,
            &[words[0], words[1], "extracts no metrics from this event"],
        );
    }
}

#[test]
fn a_directive_has_up_to_100_metrics() {
    let definitions = |count: usize| -> Value {
        (0..count)
            .map(|index| json!({"Name": format!("M{index}")}))
            .collect()
    };
    let place = format!("{DIRECTIVE}/Metrics");
    let document = |count: usize| {
        let mut document = with(&place, definitions(count));
        (0..count).for_each(|index| document[format!("M{index}")] = json!(1));
        document
    };
    warned(&document(0), Rule::NoMetricNamed, 0, 0);
    good(&document(100), 100);
    bad(
        &document(101),
        0,
        Rule::TooManyMetrics,
        &["101 definitions", "at most 100", "this event"],
    );
}

#[test]
fn a_set_has_up_to_30_names() {
    let place = format!("{DIRECTIVE}/Dimensions");
    let document = |count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("K{index}")).collect();
        let mut document = with(&place, json!([names]));
        for name in &names {
            document[name] = json!("v");
        }
        document
    };
    for count in [0, 1, 30] {
        good(&document(count), 2);
    }
    bad(
        &document(31),
        0,
        Rule::TooManyDimensions,
        &["31 names", "at most 30", "this event"],
    );
}

#[test]
fn missing_or_empty_dimensions_are_a_warning_since_sources_disagree() {
    let mut document = document();
    document["_aws"]["CloudWatchMetrics"][0]
        .as_object_mut()
        .unwrap()
        .remove("Dimensions");
    warned(&document, Rule::DimensionsMissing, 0, 2);
    warned(
        &with(&format!("{DIRECTIVE}/Dimensions"), json!([])),
        Rule::DimensionsMissing,
        0,
        2,
    );
}
