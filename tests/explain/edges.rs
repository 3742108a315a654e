//! Every limit, on both sides.

use serde_json::{Value, json};

use super::{NOW_MS, document, findings};

const DIRECTIVE: &str = "/_aws/CloudWatchMetrics/0";

/// A document with one place changed.
fn with(place: &str, value: Value) -> Value {
    let mut document = document();
    match document.pointer_mut(place) {
        Some(target) => *target = value,
        None => document[&place[1..]] = value,
    }
    document
}

/// How many points and which faults a document has.
fn outcome(document: &Value) -> (usize, Vec<String>) {
    let (points, faults) = findings(document.to_string().as_bytes());
    (points.len(), faults)
}

/// Asserts that a document has exactly so many points and no fault.
fn good(document: &Value, points: usize) {
    assert_eq!(outcome(document), (points, Vec::new()), "{document:.200}");
}

/// Asserts that a document has exactly so many points and one fault, with all of these words in it.
fn bad(document: &Value, points: usize, words: &[&str]) {
    let (found, faults) = outcome(document);
    assert_eq!(
        (found, faults.len()),
        (points, 1),
        "{document:.200} {faults:?}"
    );
    for word in words {
        assert!(faults[0].contains(word), "{word:?} in {:?}", faults[0]);
    }
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
    for (given, words) in [
        (
            json!(NOW_MS - 14 * DAYS - 1),
            ["1794139199999", "more than 14 days before"],
        ),
        (
            json!(NOW_MS + 2 * HOURS + 1),
            ["1795356000001", "more than 2 hours after"],
        ),
        (json!(NOW_MS / 1000), ["1795348800", "looks like seconds"]),
        (
            json!(NOW_MS * 1000),
            ["1795348800000000", "looks like microseconds"],
        ),
        (
            json!(NOW_MS * 1_000_000),
            ["1795348800000000000", "looks like nanoseconds"],
        ),
        (
            json!(i64::MIN),
            ["-9223372036854775808", "more than 14 days before"],
        ),
        (
            json!(u64::MAX),
            ["9223372036854775807", "more than 2 hours after"],
        ),
        (json!(1.5), ["1.5", "must be an integer"]),
        (
            json!("1795348800000"),
            ["\"1795348800000\"", "must be an integer"],
        ),
        (json!(null), ["null", "must be an integer"]),
    ] {
        bad(
            &with("/_aws/Timestamp", given),
            0,
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
    for (values, words) in [
        (json!([]), ["has 0 values", "1 to 100"]),
        (json!(vec![1; 101]), ["has 101 values", "1 to 100"]),
        (json!(most.next_up()), ["e+108", "2^360"]),
        (json!([0, (-most).next_down()]), ["[1]", "2^360"]),
        (json!("1"), ["the string \"1\"", "a number or an array"]),
        (json!(null), ["null", "a number or an array"]),
        (json!([false]), ["[0] false", "a number or an array"]),
        (json!([[1]]), ["an array of 1", "a number or an array"]),
        (
            json!({"a": 1}),
            ["an object with \"a\"", "a number or an array"],
        ),
    ] {
        bad(
            &with("/Latency", values),
            1,
            &["\"Latency\"", words[0], words[1], "drops this metric"],
        );
    }
    for values in [
        json!({"Values": [1], "Counts": [1]}),
        json!({"Min": 1, "Max": 1, "Sum": 1, "Count": 1}),
    ] {
        bad(
            &with("/Latency", values),
            1,
            &["distribution or statistic set", "cannot be relied on"],
        );
    }
}

#[test]
fn a_directive_has_up_to_100_metrics() {
    let definitions = |count: usize| json!(vec![json!({"Name": "Hits"}); count]);
    let place = format!("{DIRECTIVE}/Metrics");
    good(&with(&place, definitions(0)), 0);
    good(&with(&place, definitions(100)), 100);
    bad(
        &with(&place, definitions(101)),
        0,
        &["101 definitions", "0 to 100", "no metric from this event"],
    );
}

#[test]
fn a_set_has_up_to_30_keys_and_a_directive_at_least_one_set() {
    let keys = |count: usize| json!([vec!["Service"; count]]);
    let place = format!("{DIRECTIVE}/Dimensions");
    for count in [0, 1, 30] {
        good(&with(&place, keys(count)), 2);
    }
    bad(
        &with(&place, keys(31)),
        0,
        &["31 keys", "0 to 30", "no metric from this event"],
    );
    bad(
        &with(&place, json!([])),
        0,
        &["is empty", "at least one set", "no metric from this event"],
    );
}

#[test]
fn names_have_their_lengths() {
    for (place, schema, safe) in [
        ("Namespace", 1024, 255),
        ("Metrics/1/Name", 1024, 255),
        ("Dimensions/0/0", 250, 250),
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
            bad(&named(safe + 1), points, &["256 characters", "1 to 255"]);
            bad(&named(schema), points, &["1024 characters", "1 to 255"]);
        }
        let too_long = format!("{} characters", schema + 1);
        bad(
            &named(schema + 1),
            0,
            &[
                &too_long,
                &format!("1 to {schema}"),
                "no metric from this event",
            ],
        );
        bad(
            &named(0),
            0,
            &[
                "0 characters",
                &format!("1 to {schema}"),
                "no metric from this event",
            ],
        );
        bad(
            &with(place, json!(7)),
            0,
            &["is 7", "must be a string", "no metric from this event"],
        );
    }
}

#[test]
fn dimension_values_are_1_to_1024_printable_ascii_characters() {
    for value in ["v", " v", "~", &"v".repeat(1024)] {
        good(&with("/Service", json!(value)), 2);
    }
    for (value, words) in [
        (json!("v".repeat(1025)), ["1025 characters", "1 to 1024"]),
        (json!(" \t"), ["\\t", "printable ASCII"]),
        (json!("  "), ["\"  \"", "not blank"]),
        (json!("é"), ["é", "printable ASCII"]),
        (json!("\u{7f}"), ["7f", "printable ASCII"]),
        (json!(1), ["is 1", "must be a string"]),
        (json!(["v"]), ["an array of 1", "must be a string"]),
        (json!(null), ["null", "must be a string"]),
    ] {
        bad(
            &with("/Service", value),
            0,
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
fn an_empty_dimension_value_costs_all_dimensions_of_its_set() {
    let mut document = with("/Service", json!(""));
    document["Stage"] = json!("prod");
    document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] =
        json!([["Stage"], ["Stage", "Service"]]);
    let (points, faults) = findings(document.to_string().as_bytes());
    let dimensions: Vec<_> = points.iter().map(|point| &point["dimensions"]).collect();
    assert_eq!(
        dimensions,
        [
            &json!({"Stage": "prod"}),
            &json!({"Stage": "prod"}),
            &json!({}),
            &json!({})
        ]
    );
    assert!(
        faults[0].contains("without any dimension") && faults.len() == 1,
        "{faults:?}"
    );
}

#[test]
fn a_missing_target_drops_its_set_and_leaves_the_others() {
    let place = format!("{DIRECTIVE}/Dimensions");
    let document = with(
        &place,
        json!([["Service"], ["Region"], ["Service", "Region"], []]),
    );
    let (points, faults) = outcome(&document);
    assert_eq!((points, faults.len()), (4, 2));
    assert!(faults.iter().all(|fault| fault.contains("\"Region\"") && fault.contains("drops this dimension set")));
}

#[test]
fn units_and_resolutions_are_the_listed_ones() {
    let definition = |member: &str| format!("{DIRECTIVE}/Metrics/0/{member}");
    for (unit, words) in [
        (json!("Nanoseconds"), ["\"Nanoseconds\"", "allowed are"]),
        (
            json!("milliseconds"),
            ["\"milliseconds\"", "is Milliseconds meant?"],
        ),
        (
            json!("Kilobyte/Second"),
            ["\"Kilobyte/Second\"", "is Kilobytes/Second meant?"],
        ),
    ] {
        bad(
            &with(&definition("Unit"), unit),
            0,
            &[words[0], words[1], "no metric from this event"],
        );
    }
    for (resolution, points) in [(json!(1), 2), (json!(60), 2)] {
        let mut document = document();
        document["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["StorageResolution"] = resolution;
        good(&document, points);
    }
    for (resolution, points, word) in [
        (json!(0), 1, "1 and 60"),
        (json!(61), 1, "1 and 60"),
        (json!(1.5), 0, "1 or 60"),
    ] {
        let mut document = document();
        document["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["StorageResolution"] = resolution;
        bad(&document, points, &["StorageResolution", word]);
    }
}

#[test]
fn one_metric_has_one_resolution_in_an_event() {
    let mut document = document();
    let mut second = document["_aws"]["CloudWatchMetrics"][0].clone();
    second["Metrics"] = json!([{"Name": "Hits", "StorageResolution": 1}]);
    document["_aws"]["CloudWatchMetrics"]
        .as_array_mut()
        .unwrap()
        .push(second);
    bad(
        &document,
        1,
        &["\"Hits\"", "two resolutions", "drops this metric"],
    );
}

#[test]
fn all_faults_of_an_event_are_told_at_once() {
    let mut document = with("/_aws/Timestamp", json!(0));
    document["Hits"] = json!("3");
    document["Service"] = json!(1);
    let (points, faults) = outcome(&document);
    assert_eq!((points, faults.len()), (0, 3), "{faults:?}");
}
