//! Which labels a line has, and which dimension sets follow from them.

use super::*;

#[test]
fn dimension_sets_follow_what_is_known() {
    let named = |names: &str| -> Vec<Vec<String>> {
        names
            .split(';')
            .map(|set| {
                set.split(',')
                    .filter(|name| !name.is_empty())
                    .map(str::to_owned)
                    .collect()
            })
            .collect()
    };
    let outside = TaskIdentity {
        service: None,
        is_outside_service: true,
        ..identity()
    };
    let withheld = TaskIdentity {
        service: None,
        ..identity()
    };
    let odd = TaskIdentity {
        service: Some("l\u{e9}dger".into()),
        ..identity()
    };
    let blank = TaskIdentity {
        service: Some("  ".into()),
        ..identity()
    };
    let given = [property("ClusterName", "c"), property("ServiceName", "s")];
    for (what, identity, properties, configured, expected) in [
        (
            "a service",
            Some(identity()),
            &[][..],
            None,
            "ClusterName,ServiceName",
        ),
        (
            "no service",
            Some(outside.clone()),
            &[],
            None,
            "ClusterName,TaskDefinitionFamily",
        ),
        ("not known yet", None, &[], None, ""),
        (
            "not known yet, but given",
            None,
            &given,
            None,
            "ClusterName,ServiceName",
        ),
        (
            "no service, but given",
            Some(outside.clone()),
            &given,
            None,
            "ClusterName,TaskDefinitionFamily",
        ),
        (
            "a service's name that is no dimension value",
            Some(odd),
            &[],
            None,
            "",
        ),
        (
            "a service whose name could not be believed",
            Some(withheld),
            &[],
            None,
            "",
        ),
        ("a blank name", Some(blank), &[], None, ""),
        (
            "sets of which one is unknown",
            Some(outside),
            &[],
            Some("ClusterName;ServiceName;TaskId"),
            "ClusterName;TaskId",
        ),
    ] {
        let format = Format {
            properties: properties.to_vec(),
            dimensions: configured
                .map_or(Dimensions::Default, |sets| Dimensions::Sets(named(sets))),
            ..format()
        };
        let window = window(vec![reading("2026-11-22T10:00:10Z", None)]);
        let line = parsed(&format, &window, &origin(identity.as_ref()));
        let sets = &line["_aws"]["CloudWatchMetrics"][0]["Dimensions"];
        assert_eq!(*sets, serde_json::json!(named(expected)), "{what}");
    }
}

#[test]
fn labels_too_long_are_left_out() {
    // A character takes 2 bytes, an escape 6, and a label 512 at most.
    let escapes = "\u{202e}".repeat(85);
    for (name, fits) in [
        (escapes.clone() + "a", true),
        (escapes.clone() + "ab", false),
        (escapes + "\u{202e}", false),
        // Outside of the basic plane a character takes two escapes.
        ("\u{1f600}".repeat(42), true),
        ("\u{1f600}".repeat(43), false),
        ("a".repeat(256), true),
        ("a".repeat(257), false),
    ] {
        let identity = TaskIdentity {
            cluster: Some(name.clone()),
            ..TaskIdentity::default()
        };
        let line = parsed(&format(), &window(Vec::new()), &origin(Some(&identity)));
        let found = line.get("ClusterName").and_then(Value::as_str);
        assert_eq!(found, Some(name.as_str()).filter(|_| fits));
    }
}

#[test]
fn names_and_values_that_cloudwatch_accepts() {
    let [at_most, longer] = [250, 251].map(|length| "n".repeat(length));
    for (name, accepted) in [
        ("Service Name", true),
        ("~!\"", true),
        (at_most.as_str(), true),
        (&longer, false),
        (":name", false),
        ("na:me", true),
        ("", false),
        (" ", false),
        ("na\tme", false),
        ("né", false),
    ] {
        assert_eq!(is_dimension_name(name), accepted, "{name:?}");
    }
    let [at_most, longer] = [1_024, 1_025].map(|length| "v".repeat(length));
    for (value, accepted) in [
        (":value", true),
        (at_most.as_str(), true),
        (&longer, false),
        ("", false),
        ("  ", false),
        ("\u{7f}", false),
    ] {
        assert_eq!(is_dimension_value(value), accepted, "{value:?}");
    }
}

#[test]
fn members_that_the_program_sets_are_reserved_and_labels_are_not() {
    for (name, reserved) in [
        ("ClockErrorBound", true),
        ("Sequence", true),
        ("TaskId", false),
        ("Team", false),
    ] {
        assert_eq!(is_reserved_member(name), reserved, "{name}");
    }
}
