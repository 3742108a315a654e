//! Values, units and resolutions of metrics.

use emf_explain::{Confidence, Rule};
use serde_json::{Value, json};

use super::{DIRECTIVE, bad, document, good, outcome, warned, with};

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
            json!([1, "a", null]),
            Rule::MetricNotNumber,
            ["\"a\" at [1]", "a number or an array"],
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
