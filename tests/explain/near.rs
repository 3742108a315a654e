//! Near misses: names that differ a little, notations that are not JSON, impossible values.

use emf_explain::{Input, Rule};
use serde_json::{Value, json};

use super::{document, events_of, found};

/// A document with another value of the metric `Latency`.
fn with_latency(value: Value) -> Value {
    let mut document = document();
    document["Latency"] = value;
    document
}

#[test]
fn a_name_that_is_nearly_right_is_in_the_hint() {
    let text = document().to_string();
    for (from, to, hint) in [
        (
            "\"Service\":\"api\"",
            "\"service\":\"api\"",
            "the root has \"service\": case matters",
        ),
        (
            "\"Hits\":3",
            "\"hits\":3",
            "the root has \"hits\": case matters",
        ),
        ("\"Latency\":[", "\"Latncy\":[", "did you mean \"Latncy\"?"),
        (
            "\"Hits\":3",
            "\"x\":{\"Hits\":3}",
            "values nested in \"x\" do not count",
        ),
        (
            "\"Namespace\":",
            "\"namespace\":",
            "\"namespace\" differs in case",
        ),
        (
            "\"Metrics\":",
            "\"metrics\":",
            "\"metrics\" differs in case",
        ),
        (
            "\"Dimensions\":",
            "\"dimensions\":",
            "\"dimensions\" differs in case",
        ),
        ("\"Name\":", "\"name\":", "\"name\" differs in case"),
        (
            "\"Timestamp\":",
            "\"timestamp\":",
            "\"timestamp\" differs in case",
        ),
        (
            "\"CloudWatchMetrics\":",
            "\"cloudwatchmetrics\":",
            "\"cloudwatchmetrics\" differs in case",
        ),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text);
        let found = found(changed.as_bytes());
        assert!(
            found
                .sentences
                .iter()
                .any(|sentence| sentence.contains(hint)),
            "{hint}: {found:?}"
        );
    }
}

/// The hint on a metric without a value, at a root with these members.
fn hint_on(metric: &str, members: &Value) -> Option<String> {
    let mut document = members.clone();
    document["_aws"] = json!({"Timestamp": super::NOW_MS, "CloudWatchMetrics": [
        {"Namespace": "N", "Dimensions": [[]], "Metrics": [{"Name": metric}]}]});
    let events = events_of(document.to_string().as_bytes(), Input::Auto);
    let problem = &events[0].problems[0];
    assert_eq!(problem.rule(), Rule::MetricMissing);
    problem.hint().map(ToOwned::to_owned)
}

#[test]
fn a_similar_name_is_a_hint_if_it_differs_by_two_letters_of_4_to_64() {
    let long = "n".repeat(62);
    for (name, similar, is_hint) in [
        ("Hits", "Hist", true),
        ("Hits", "Haste", false),
        ("Hit", "Hut", false),
        (&format!("{long}ab"), &format!("{long}ba"), true),
        (&format!("{long}ab"), &format!("{long}bac"), false),
        (&format!("{long}abc"), &format!("{long}bac"), false),
    ] {
        let hint = hint_on(name, &json!({ similar: 1 }));
        assert_eq!(hint.is_some(), is_hint, "{name}: {hint:?}");
    }
}

#[test]
fn a_path_is_not_a_name() {
    let members = json!({"x": {"Hits": 3}});
    let hint = "values nested in \"x\" do not count".to_owned();
    assert_eq!(hint_on("x.Hits", &members), Some(hint));
    assert_eq!(hint_on("y.Hits", &members), None);
}

#[test]
fn hints_come_from_the_first_thousand_names() {
    for (before, is_hint) in [(999, true), (1_000, false)] {
        let mut members = json!({});
        (0..before).for_each(|index| members[format!("F{index:04}")] = json!(1));
        let mut nested = members.clone();
        members["hits"] = json!(1);
        nested["Hits"] = json!(1);
        for members in [members, json!({ "n": nested })] {
            assert_eq!(hint_on("Hits", &members).is_some(), is_hint, "{before}");
        }
    }
}

#[test]
fn a_value_in_the_definition_is_pointed_out() {
    let mut document = document();
    document["_aws"]["CloudWatchMetrics"][0]["Metrics"][1] = json!({"Name": "Hits", "Value": 3});
    document.as_object_mut().unwrap().remove("Hits");
    let found = found(document.to_string().as_bytes());
    assert_eq!(found.faults, [Rule::MetricMissing]);
    assert!(
        found.sentences[0].contains("the value is in the definition"),
        "{found:?}"
    );
}

#[test]
fn metadata_under_another_name_is_one_finding() {
    for name in ["aws", "AWS", "_AWS", "__aws"] {
        let text = document()
            .to_string()
            .replace("\"_aws\"", &format!("\"{name}\""));
        let found = found(text.as_bytes());
        assert_eq!(found.faults, [Rule::MetadataMisnamed], "{name}: {found:?}");
        assert_eq!(found.points.len(), 2);
        assert!(found.points.iter().all(|point| point["certain"] == false));
    }
    let other = found(br#"{"aws":{"requestId":"1"},"CloudWatchMetrics":1}"#);
    assert_eq!(other.faults, [Rule::NoEmf]);
}

#[test]
fn a_document_in_another_notation_is_a_fault_beside_good_ones() {
    let good = document().to_string();
    for other in [
        "{'_aws': {'Timestamp': 1, 'CloudWatchMetrics': [{'Namespace': 'N'}]}, 'Latency': 1}",
        "INFO:root:{'_aws': {'Timestamp': 1, 'CloudWatchMetrics': []}}",
        "{ _aws: { Timestamp: 1, CloudWatchMetrics: [ [Object] ] }, Service: 'cart' }",
        "{\n  _aws: {\n    Timestamp: 1,\n    CloudWatchMetrics: [ [Object] ]\n  },\n  Service: 'cart'\n}",
        "{\"_aws\"=>{\"Timestamp\"=>1, \"CloudWatchMetrics\"=>[]}}",
        "map[Latency:1 _aws:map[CloudWatchMetrics:[map[Namespace:N]] Timestamp:1]]",
        "{_aws={Timestamp=1, CloudWatchMetrics=[{Namespace=N}]}}",
        "{\u{201c}_aws\u{201d}:{\u{201c}CloudWatchMetrics\u{201d}:[]}}",
    ] {
        for mode in Input::ALL {
            let text = format!("{good}\n{other}\n{good}\n");
            let events = events_of(text.as_bytes(), *mode);
            let faults: Vec<_> = events
                .iter()
                .flat_map(|event| {
                    event
                        .problems
                        .iter()
                        .map(move |problem| (event.position.line, problem.rule()))
                })
                .filter(|(_, rule)| *rule == Rule::NotJson)
                .collect();
            assert_eq!(faults, [(2, Rule::NotJson)], "{mode}: {other}");
            let found = super::Findings::in_events(&events);
            assert_eq!(found.points.len(), 4, "{mode}: {other}");
        }
    }
    for prose in [
        "see the member _aws and CloudWatchMetrics",
        "dropped _aws: no CloudWatchMetrics given",
    ] {
        assert_eq!(
            found(format!("{prose}\n{good}\n").as_bytes()).faults,
            [],
            "{prose}"
        );
    }
}

#[test]
fn names_of_metrics_that_other_interfaces_refuse_are_doubtful() {
    for name in [" a", "a ", ":a", "gr\u{f6}\u{df}e", "a\tb"] {
        let mut document = document();
        document["_aws"]["CloudWatchMetrics"][0]["Metrics"][1]["Name"] = json!(name);
        document[name] = json!(1);
        let found = found(document.to_string().as_bytes());
        assert_eq!(
            found.warnings,
            [Rule::MetricNameUnusual],
            "{name:?}: {found:?}"
        );
        assert!(found.faults.is_empty() && found.points[1]["certain"] == false);
    }
}

#[test]
fn values_that_no_measurement_has_are_doubtful() {
    for (value, rule) in [
        (json!({"Values": [1, 2]}), Rule::CountsMissing),
        (
            json!({"Values": [1], "Counts": [0]}),
            Rule::StatisticsImpossible,
        ),
        (
            json!({"Min": 2, "Max": 1, "Sum": 3, "Count": 2}),
            Rule::StatisticsImpossible,
        ),
        (
            json!({"Min": 1, "Max": 2, "Sum": 3, "Count": 0}),
            Rule::StatisticsImpossible,
        ),
        (
            json!({"Min": 1, "Max": 2, "Sum": 9, "Count": 2}),
            Rule::StatisticsImpossible,
        ),
    ] {
        let found = found(with_latency(value.clone()).to_string().as_bytes());
        assert_eq!(
            found.warnings,
            [rule, Rule::Distribution],
            "{value}: {found:?}"
        );
        assert!(found.faults.is_empty() && found.points[0]["certain"] == false);
    }
    let ones = found(
        with_latency(json!({"Values": [1, 2]}))
            .to_string()
            .as_bytes(),
    );
    assert_eq!(ones.points[0]["counts"], json!([1, 1]));
}

#[test]
fn an_empty_dimension_beside_no_dimensions_counts_twice() {
    let mut document = document();
    document["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([["Service"], []]);
    document["Service"] = json!("");
    let found = found(document.to_string().as_bytes());
    assert_eq!(found.faults, [Rule::DimensionEmpty]);
    assert_eq!(found.warnings, [Rule::DuplicateSet]);
    assert_eq!(found.points.len(), 4);
    assert!(found.points.iter().all(|point| point["certain"] == false));
    assert!(
        found
            .sentences
            .iter()
            .any(|sentence| sentence.contains("double")),
        "{found:?}"
    );
}

#[test]
fn documents_that_cannot_be_read_are_not_called_absent() {
    for (text, words) in [
        (
            format!("{{\"awslogs\":{{\"data\":\"H4sI{}\"}}}}", "A".repeat(100)),
            "base64 -d | gunzip",
        ),
        (format!("eyJfYXdz{}", "A".repeat(100)), "base64 -d"),
        (
            "<m>{&quot;_aws&quot;:1}</m> [&quot;_aws\":{ CloudWatchMetrics\": [".to_owned(),
            "in a form that explain cannot read",
        ),
    ] {
        let found = found(text.as_bytes());
        assert_eq!(found.faults, [Rule::UnreadableForm], "{text}");
        assert!(found.sentences[0].contains(words), "{found:?}");
        assert!(
            !found.sentences[0].contains("CloudWatch extracts"),
            "{found:?}"
        );
    }
    let zip = events_of(b"PK\x03\x04rest", Input::Auto);
    assert_eq!(super::rules(&zip[0].problems), [Rule::Zip]);
}

#[test]
fn a_byte_order_mark_within_files_put_together_is_taken_off() {
    let text = format!("{}\n\u{feff}{}\n", document(), document());
    let auto = found(text.as_bytes());
    assert_eq!((auto.points.len(), auto.faults.len()), (4, 0), "{auto:?}");
    assert_eq!(auto.warnings, [Rule::ByteOrderMark]);
    let stdout = super::found_as(text.as_bytes(), Input::Stdout);
    assert_eq!(stdout.faults, [Rule::Prefix]);
}

#[test]
fn no_break_spaces_are_a_copys() {
    let printed = format!("{:#}", document()).replace("  ", "\u{a0}\u{a0}");
    let line = document().to_string().replacen(':', ":\u{a0}", 3);
    for text in [printed, line] {
        let auto = found(text.as_bytes());
        assert_eq!(
            (auto.points.len(), auto.faults.len()),
            (2, 0),
            "{text}: {auto:?}"
        );
        assert!(
            auto.warnings.contains(&Rule::Copied) || auto.warnings.contains(&Rule::ExportAssumed),
            "{auto:?}"
        );
        let stdout = super::found_as(text.as_bytes(), Input::Stdout);
        assert!(!stdout.faults.is_empty(), "{stdout:?}");
    }
}

#[test]
fn a_string_that_mentions_a_document_does_not_hide_it() {
    let record = json!({"@mt": "Emitting {_aws}", "Document": document()});
    let found = found(record.to_string().as_bytes());
    assert_eq!(
        (found.faults.as_slice(), found.points.len()),
        (&[Rule::JsonWrapper][..], 2)
    );
}

#[test]
fn the_prefix_of_lambdas_python_runtime_is_not_known_to_be_skipped() {
    let line = format!("[INFO]\t2026-11-22T12:00:00.123Z\tid\t{}", document());
    let found = found(line.as_bytes());
    assert_eq!(
        (found.faults.len(), found.warnings.as_slice()),
        (0, &[Rule::LambdaLevelPrefix][..])
    );
    assert!(found.points.iter().all(|point| point["certain"] == false));
    assert_eq!(Rule::LambdaLevelPrefix.confidence().as_str(), "unknown");
}

#[test]
fn lines_that_the_log_driver_joined_are_named_with_its_option() {
    for event in [
        format!("{}\n{}", document(), document()),
        format!("started\n{}", document()),
        format!("{}\n    at foo.bar(x)", document()),
    ] {
        let export = json!({"events": [{"timestamp": 1, "ingestionTime": 1, "message": event}]});
        let found = found(export.to_string().as_bytes());
        assert_eq!(found.faults, [Rule::JoinedLines], "{event}: {found:?}");
        assert!(
            found.sentences[0].contains("awslogs-multiline-pattern"),
            "{found:?}"
        );
    }
}
