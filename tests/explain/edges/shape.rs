//! Members of the wrong shape, or that are repeated.

use emf_explain::{Input, Rule};
use serde_json::json;

use super::super::{events_of, found};
use super::{DIRECTIVE, NOW_MS, bad, document, outcome, warned, with};

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
    let repeated = with(&format!("{DIRECTIVE}/Dimensions"), keys);
    warned(&repeated, Rule::DuplicateKey, 0, 2);
    let events = events_of(repeated.to_string().as_bytes(), Input::Auto);
    assert_eq!(events[0].points[0].dimensions.len(), 1);
    let mut document = document();
    let directives = document["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap();
    directives.push(directives[0].clone());
    warned(&document, Rule::DuplicateDirective, 2, 2);
    let mut other = document["_aws"]["CloudWatchMetrics"][0].clone();
    other["Namespace"] = json!("Other");
    document["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap()
        .insert(1, other);
    warned(&document, Rule::DuplicateDirective, 4, 2);
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
