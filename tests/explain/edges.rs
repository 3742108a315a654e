//! Every limit, on both sides.

use ecs_clock_emf::explain::{Confidence, Rule};
use serde_json::{Value, json};

use super::{Found, NOW_MS, document, found};

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

pub(super) fn outcome(document: &Value) -> Found {
    found(document.to_string().as_bytes())
}

/// Asserts that a document has exactly so many points, all of them certain, and nothing to be said of.
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
            &[words[0], words[1], "no metric from this event"],
        );
    }
}

#[test]
fn a_metric_has_1_to_100_numbers_within_two_to_the_360() {
    let most = 2_f64.powi(360);
    for values in [
        json!(1),
        json!(-0.0),
        json!([1]),
        json!(vec![1; 100]),
        json!([most, -most]),
        json!(u64::MAX),
    ] {
        good(&with("/Latency", values), 2);
    }
    for (values, rule, words) in [
        (
            json!([]),
            Rule::MetricNoValues,
            ["an empty array", "1 to 100"],
        ),
        (
            json!(vec![1; 101]),
            Rule::TooManyValues,
            ["101 values", "1 to 100"],
        ),
        (
            json!(most.next_up()),
            Rule::MetricOutOfRange,
            ["e+108", "2^360"],
        ),
        (
            json!([0, (-most).next_down()]),
            Rule::MetricOutOfRange,
            ["[1]", "2^360"],
        ),
        (
            json!("1"),
            Rule::MetricNotNumber,
            ["the string \"1\"", "a number or an array"],
        ),
        (
            json!(null),
            Rule::MetricNotNumber,
            ["null", "a number or an array"],
        ),
        (
            json!([false]),
            Rule::MetricNotNumber,
            ["false at [0]", "a number or an array"],
        ),
        (
            json!([[1]]),
            Rule::MetricNotNumber,
            ["an array", "a number or an array"],
        ),
        (
            json!({"a": 1}),
            Rule::MetricNotNumber,
            ["an object", "a number or an array"],
        ),
    ] {
        let document = with("/Latency", values);
        bad(
            &document,
            1,
            rule,
            &["\"Latency\"", words[0], words[1], "drops this metric"],
        );
    }
}

#[test]
fn an_array_over_100_may_cost_the_whole_event() {
    let found = outcome(&with("/Latency", json!(vec![1; 101])));
    assert_eq!(found.points[0]["certain"], false);
    assert_eq!(Rule::TooManyValues.confidence(), Confidence::Reported);
}

#[test]
fn distributions_and_statistic_sets_yield_their_points() {
    for (value, member) in [
        (json!({"Values": [1, 2], "Counts": [3, 1]}), "counts"),
        (
            json!({"Min": 1, "Max": 1, "Sum": 1, "Count": 1}),
            "statistics",
        ),
    ] {
        let found = outcome(&with("/Latency", value));
        assert_eq!(
            (found.faults, found.warnings),
            (vec![], vec![Rule::Distribution])
        );
        assert!(found.points[0].get(member).is_some(), "{:?}", found.points);
        assert_eq!(found.points[0].get("certain"), None);
    }
    let long = json!({"Values": vec![1; 101], "Counts": vec![1; 101]});
    bad(
        &with("/Latency", long),
        0,
        Rule::DistributionTooLong,
        &["101 values"],
    );
    let unequal = json!({"Values": [1, 2], "Counts": [1]});
    bad(
        &with("/Latency", unequal),
        1,
        Rule::DistributionInvalid,
        &["2 values and 1 counts"],
    );
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

#[test]
fn an_unknown_unit_is_a_warning_and_becomes_none_if_all_goes_well() {
    for (unit, words) in [
        ("Nanoseconds", "\"Nanoseconds\""),
        ("milliseconds", "did you mean Milliseconds?"),
        ("Kilobyte/Second", "did you mean Kilobytes/Second?"),
    ] {
        let document = with(&format!("{DIRECTIVE}/Metrics/0/Unit"), json!(unit));
        warned(&document, Rule::UnitUnknown, 0, 2);
        let found = outcome(&document);
        assert_eq!(found.points[0]["unit"], "None");
        assert!(found.sentences[0].contains(words), "{found:?}");
    }
    let number = with(&format!("{DIRECTIVE}/Metrics/0/Unit"), json!(1));
    bad(&number, 0, Rule::UnitNotString, &["got 1"]);
}

#[test]
fn resolutions_are_1_and_60() {
    let resolution =
        |value: Value| with(&format!("{DIRECTIVE}/Metrics/0/StorageResolution"), value);
    good(&resolution(json!(1)), 2);
    good(&resolution(json!(60)), 2);
    for (value, points, rule) in [
        (json!(0), 1, Rule::ResolutionInvalid),
        (json!(61), 1, Rule::ResolutionInvalid),
        (json!(1.5), 0, Rule::ResolutionNotInteger),
    ] {
        bad(&resolution(value), points, rule, &["StorageResolution"]);
    }
}

#[test]
fn one_metric_has_one_resolution_in_an_event() {
    let mut document = document();
    let mut second = document["_aws"]["CloudWatchMetrics"][0].clone();
    second["Metrics"] = json!([{"Name": "Hits", "StorageResolution": 1}]);
    let directives = document["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap();
    directives.push(second);
    bad(
        &document,
        1,
        Rule::TwoResolutions,
        &["\"Hits\"", "drops this metric"],
    );
}

#[test]
fn what_is_defined_twice_counts_twice() {
    let metrics = json!([{"Name": "Hits"}, {"Name": "Hits"}]);
    warned(
        &with(&format!("{DIRECTIVE}/Metrics"), metrics),
        Rule::DuplicateMetric,
        1,
        1,
    );
    let sets = json!([["Service"], ["Service"]]);
    warned(
        &with(&format!("{DIRECTIVE}/Dimensions"), sets),
        Rule::DuplicateSet,
        2,
        2,
    );
    let keys = json!([["Service", "Service"]]);
    warned(
        &with(&format!("{DIRECTIVE}/Dimensions"), keys),
        Rule::DuplicateKey,
        0,
        2,
    );
    let mut document = document();
    let directives = document["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap();
    directives.push(directives[0].clone());
    warned(&document, Rule::DuplicateDirective, 2, 2);
}

#[test]
fn a_member_named_twice_is_a_warning_where_it_matters() {
    let text = document().to_string();
    for (old, new, warnings) in [
        ("\"Hits\":3", "\"Hits\":\"x\",\"Hits\":3", 1),
        ("\"Timestamp\":", "\"Timestamp\":1,\"Timestamp\":", 1),
        ("{\"_aws\":", "{\"_aws\":1,\"_aws\":", 1),
        ("\"Hits\":3", "\"x\":1,\"x\":2,\"Hits\":3", 0),
    ] {
        // The order of members differs with features of the JSON library.
        assert!(text.contains(old) || old.starts_with('{'), "{text}");
        let changed = if old.starts_with('{') {
            text.replacen("\"_aws\":", "\"_aws\":1,\"_aws\":", 1)
        } else {
            text.replacen(old, new, 1)
        };
        let found = found(changed.as_bytes());
        assert_eq!(
            (found.faults.len(), found.points.len()),
            (0, 2),
            "{changed}"
        );
        assert_eq!(
            found.warnings,
            vec![Rule::DuplicateMember; warnings],
            "{changed}"
        );
    }
}

#[test]
fn a_metric_with_the_name_of_a_dimension_is_named_beside_its_fault() {
    let document = with(&format!("{DIRECTIVE}/Dimensions"), json!([["Hits"]]));
    let found = outcome(&document);
    assert_eq!(found.warnings, [Rule::MetricIsDimension]);
    assert_eq!(found.faults, [Rule::DimensionNotString]);
}

#[test]
fn version_zero_has_its_directives_at_the_root() {
    let mut text = document();
    let aws = text.as_object_mut().unwrap().remove("_aws").unwrap();
    text["CloudWatchMetrics"] = aws["CloudWatchMetrics"].clone();
    for timestamp in [json!(NOW_MS), json!(NOW_MS.to_string())] {
        text["Timestamp"] = timestamp;
        text["Version"] = json!("0");
        warned(&text, Rule::VersionZero, 2, 0);
    }
    text["Timestamp"] = json!("noon");
    bad(&text, 0, Rule::TimestampNotInteger, &[]);
}

#[test]
fn all_faults_of_an_event_are_reported_at_once() {
    let mut document = with("/_aws/Timestamp", json!(0));
    document["Hits"] = json!("3");
    document["Service"] = json!(1);
    let found = outcome(&document);
    assert_eq!(
        (found.points.len(), found.faults.len()),
        (0, 3),
        "{found:?}"
    );
}

#[test]
fn what_has_the_wrong_shape_is_named() {
    for (place, value, rule) in [
        ("/_aws", json!([]), Rule::MetadataNotObject),
        (
            "/_aws",
            json!({"CloudWatchMetrics": []}),
            Rule::TimestampMissing,
        ),
        (
            "/_aws/CloudWatchMetrics",
            json!({}),
            Rule::DirectivesNotArray,
        ),
        (
            "/_aws/CloudWatchMetrics/0",
            json!("x"),
            Rule::DirectivesNotArray,
        ),
        (
            "/_aws/CloudWatchMetrics/0/Dimensions",
            json!(["Service"]),
            Rule::DimensionsNotArrays,
        ),
        (
            "/_aws/CloudWatchMetrics/0/Metrics",
            json!({}),
            Rule::MetricsNotArray,
        ),
    ] {
        bad(&with(place, value), 0, rule, &["this event"]);
    }
    let trailing = format!("{} done", document());
    assert_eq!(found(trailing.as_bytes()).faults, [Rule::TrailingText]);
    let broken = document()
        .to_string()
        .replacen("\"Hits\":3", "\"Hits\":NaN", 1);
    let found = found(broken.as_bytes());
    assert_eq!(found.faults, [Rule::JsonBroken]);
    assert!(
        found.sentences[0].contains("NaN, which is not a JSON number"),
        "{found:?}"
    );
}

#[test]
fn a_metric_without_a_value_at_the_root_is_dropped_and_a_nested_one_hinted_at() {
    let mut document = document();
    let value = document.as_object_mut().unwrap().remove("Latency").unwrap();
    bad(
        &document,
        1,
        Rule::MetricMissing,
        &["\"Latency\"", "at the root"],
    );
    document["metrics"] = json!({"Latency": value});
    bad(
        &document,
        1,
        Rule::MetricMissing,
        &["nested in \"metrics\""],
    );
}
