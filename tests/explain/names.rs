//! Names and dimensions at their limits.

use emf_explain::{Confidence, Rule};
use serde_json::json;

use super::edges::{DIRECTIVE, bad, good, outcome, warned, with};

#[test]
fn names_have_their_lengths() {
    for (place, schema, safe, missing, too_long) in [
        (
            "Namespace",
            1024,
            255,
            Rule::NamespaceMissing,
            Rule::NamespaceTooLong,
        ),
        (
            "Metrics/1/Name",
            1024,
            255,
            Rule::MetricName,
            Rule::MetricNameTooLong,
        ),
        (
            "Dimensions/0/0",
            250,
            250,
            Rule::DimensionName,
            Rule::DimensionName,
        ),
    ] {
        let place = &format!("{DIRECTIVE}/{place}");
        let named = |length: usize| {
            let name = "n".repeat(length);
            let mut document = with(place, json!(name));
            document[name] = if place.contains("Dimensions") {
                json!("v")
            } else {
                json!(1)
            };
            document
        };
        good(&named(1), 2);
        good(&named(safe), 2);
        if schema > safe {
            let points = usize::from(place.ends_with("/Name"));
            bad(
                &named(safe + 1),
                points,
                too_long,
                &["256 characters", "1 to 255"],
            );
            bad(
                &named(schema),
                points,
                too_long,
                &["1024 characters", "1 to 255"],
            );
        }
        let more = format!("{} characters", schema + 1);
        let allowed = format!("1 to {schema}");
        bad(
            &named(schema + 1),
            0,
            missing,
            &[&more, &allowed, "this event"],
        );
        bad(
            &named(0),
            0,
            missing,
            &["0 characters", &allowed, "this event"],
        );
        bad(
            &with(place, json!(7)),
            0,
            missing,
            &["got 7", "a string", "this event"],
        );
    }
}

#[test]
fn namespaces_are_not_aws_s_own() {
    let place = format!("{DIRECTIVE}/Namespace");
    bad(
        &with(&place, json!("AWS/ECS")),
        0,
        Rule::NamespaceReserved,
        &["\"AWS/ECS\""],
    );
    bad(
        &with(&place, json!("Läden")),
        0,
        Rule::NamespaceInvalid,
        &["'ä'"],
    );
}

#[test]
fn dimension_values_are_1_to_1024_characters() {
    for value in ["v", " v", "~", &"v".repeat(1024)] {
        good(&with("/Service", json!(value)), 2);
    }
    for (value, rule, words) in [
        (
            json!("v".repeat(1025)),
            Rule::DimensionValueTooLong,
            ["1025 characters", "1 to 1024"],
        ),
        (
            json!(" \t"),
            Rule::DimensionInvalid,
            ["\\t", "control characters"],
        ),
        (json!("  "), Rule::DimensionInvalid, ["\"  \"", "not blank"]),
        (
            json!("\u{7f}"),
            Rule::DimensionInvalid,
            ["7f", "control characters"],
        ),
    ] {
        let document = with("/Service", value);
        bad(
            &document,
            0,
            rule,
            &[
                "\"Service\"",
                words[0],
                words[1],
                "drops this dimension set",
            ],
        );
    }
}

#[test]
fn a_dimension_value_beyond_ascii_is_a_warning_since_sources_disagree() {
    warned(&with("/Service", json!("é")), Rule::DimensionNotAscii, 0, 2);
    assert_eq!(Rule::DimensionNotAscii.confidence(), Confidence::Unknown);
}

#[test]
fn an_empty_dimension_value_or_one_that_is_not_a_string_costs_all_dimensions_of_its_set() {
    for (value, rule) in [
        (json!(""), Rule::DimensionEmpty),
        (json!(404), Rule::DimensionNotString),
        (json!(null), Rule::DimensionNotString),
        (json!(["v"]), Rule::DimensionNotString),
    ] {
        let mut document = with("/Service", value);
        document["Stage"] = json!("prod");
        document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] =
            json!([["Stage"], ["Stage", "Service"]]);
        let found = outcome(&document);
        let seen: Vec<_> = found
            .points
            .iter()
            .map(|point| (&point["dimensions"], point.get("certain").is_none()))
            .collect();
        let (stage, none) = (json!({"Stage": "prod"}), json!({}));
        assert_eq!(
            seen,
            [
                (&stage, true),
                (&stage, true),
                (&none, false),
                (&none, false)
            ]
        );
        assert_eq!(found.faults, [rule]);
        assert_eq!(rule.confidence(), Confidence::Reported);
        assert!(
            found.sentences[0].contains("without any dimension"),
            "{found:?}"
        );
    }
}

#[test]
fn a_missing_target_drops_its_set_and_leaves_the_others() {
    let place = format!("{DIRECTIVE}/Dimensions");
    let sets = json!([["Service"], ["Region"], ["Service", "Region"], []]);
    let found = outcome(&with(&place, sets));
    assert_eq!(
        (found.points.len(), found.faults),
        (4, vec![Rule::DimensionMissing; 2])
    );
    let named =
        |text: &String| text.contains("\"Region\"") && text.contains("drops this dimension set");
    assert!(found.sentences.iter().all(named), "{:?}", found.sentences);
}
