//! Task documents, good and bad.

use super::*;
use proptest::prelude::*;

fn document(clock: &str) -> String {
    format!(r#"{{"TaskARN":"arn:aws:ecs:us-east-1:1:task/c/t1","ClockDrift":{clock}}}"#)
}

fn told(clock: &str) -> (ClockDrift, Vec<String>) {
    let parsed = parse(document(clock).as_bytes()).unwrap();
    let ClockMember::Clock(drift) = parsed.clock else {
        panic!("{clock} tells nothing: {:?}", parsed.clock);
    };
    let faults = parsed.withheld.into_iter().map(|error| {
        assert_eq!(error.kind, ReadErrorKind::InvalidMember);
        error.message
    });
    (drift, faults.collect())
}

#[test]
fn the_documented_example() {
    let body = include_bytes!("../../../tests/data/fargate-two-containers.json");
    let parsed = parse(body).unwrap();
    assert_eq!(
        parsed.identity,
        TaskIdentity {
            cluster: Some("MyEmptyCluster".into()),
            service: None,
            is_outside_service: true,
            family: Some("sample-fargate".into()),
            revision: Some("5".into()),
            task_id: Some("bfa2636268144d039771334145e490c5".into()),
            availability_zone: Some("us-east-1d".into()),
            launch_type: Some("FARGATE".into()),
            ..TaskIdentity::default()
        }
    );
    assert_eq!(
        parsed.clock,
        ClockMember::Clock(ClockDrift {
            status: SyncStatus::Synchronized,
            bound: Some(ErrorBound::from_millis(0.446_931).unwrap()),
            is_bound_withheld: false,
            reference: Some("2023-07-21T16:09:17Z".parse().unwrap()),
        })
    );
    assert_eq!(parsed.withheld, []);
}

#[test]
fn a_member_that_is_absent_or_null_is_unknown_and_no_error() {
    for clock in [
        r#"{"ClockErrorBound":null,"ReferenceTimestamp":null,"ClockSynchronizationStatus":null}"#,
        r#"{"SomethingNew":[1,{"a":2}]}"#,
        r#"{"ReferenceTimestamp":"0001-01-01T00:00:00Z"}"#,
        r#"{"ReferenceTimestamp":"0001-01-01T00:00:00\u005a"}"#,
        r#"{"ReferenceTimestamp":"0001-01-01T01:00:00.0+01:00"}"#,
    ] {
        let nothing = ClockDrift {
            status: SyncStatus::Unknown,
            bound: None,
            is_bound_withheld: false,
            reference: None,
        };
        assert_eq!(told(clock), (nothing, vec![]), "{clock}");
    }
}

#[test]
fn bounds() {
    for (given, milliseconds, faults) in [
        ("0.446931", Some(0.446_931), 0),
        ("1e-7", Some(0.000_001), 0),
        ("0", Some(0.0), 0),
        ("-0.0", Some(0.0), 0),
        ("5", Some(5.0), 0),
        ("86400000", Some(86_400_000.0), 0),
        ("86400001", None, 1),
        ("-0.1", None, 1),
        ("1e999", None, 1),
        (r#""0.4""#, None, 1),
        ("true", None, 1),
        ("[0.4]", None, 1),
        ("{}", None, 1),
        ("null", None, 0),
    ] {
        let (drift, withheld) = told(&format!(
            r#"{{"ClockErrorBound":{given},"ClockSynchronizationStatus":"SYNCHRONIZED"}}"#
        ));
        let expected = milliseconds.map(|ms| ErrorBound::from_millis(ms).unwrap());
        assert_eq!(drift.bound, expected, "{given}");
        assert_eq!(withheld.len(), faults, "{given}: {withheld:?}");
        assert_eq!(drift.status, SyncStatus::Synchronized, "the rest is kept");
    }
}

#[test]
fn reference_times() {
    for (given, expected) in [
        (r#""2026-11-22T10:36:00Z""#, Some("2026-11-22T10:36:00Z")),
        (
            r#""2026-11-22T11:36:00.123456789+01:00""#,
            Some("2026-11-22T10:36:00.123456789Z"),
        ),
        (r#""2026-11-22T10:36:11Z""#, Some("2026-11-22T10:36:11Z")),
        // Whether it is later than the clock is judged by the reading.
        (
            r#""2126-11-22T10:36:11.001Z""#,
            Some("2126-11-22T10:36:11.001Z"),
        ),
        (
            r#""2026-11-22T23:59:60.5Z""#,
            Some("2026-11-23T00:00:00.5Z"),
        ),
        (r#""2026-11-22 10:36""#, None),
        (r#""""#, None),
        ("1700000000", None),
    ] {
        let (drift, withheld) = told(&format!(r#"{{"ReferenceTimestamp":{given}}}"#));
        let expected = expected.map(|text| text.parse().unwrap());
        assert_eq!(drift.reference, expected, "{given}");
        assert_eq!(withheld.len(), usize::from(expected.is_none()), "{given}");
    }
}

#[test]
fn status_words() {
    for (given, expected, faults) in [
        (r#""SYNCHRONIZED""#, SyncStatus::Synchronized, 0),
        (r#""NOT_SYNCHRONIZED""#, SyncStatus::NotSynchronized, 0),
        (r#""synchronized""#, SyncStatus::Unknown, 0),
        ("1", SyncStatus::Unknown, 1),
    ] {
        let (drift, withheld) = told(&format!(r#"{{"ClockSynchronizationStatus":{given}}}"#));
        assert_eq!(
            (drift.status, withheld.len()),
            (expected, faults),
            "{given}"
        );
    }
}

#[test]
fn a_clock_that_tells_nothing() {
    let clock_of = |text: &str| parse(text.as_bytes()).unwrap().clock;
    assert_eq!(clock_of(r#"{"TaskARN":"t"}"#), ClockMember::Absent);
    assert_eq!(clock_of(&document("null")), ClockMember::Absent);
    for (clock, expected) in [
        ("{}", ClockMember::Empty),
        ("{ }", ClockMember::Empty),
        ("[]", ClockMember::NotAnObject),
        ("3", ClockMember::NotAnObject),
        (r#""SYNCHRONIZED""#, ClockMember::NotAnObject),
    ] {
        assert_eq!(clock_of(&document(clock)), expected, "{clock}");
    }
}

#[test]
fn an_answer_about_no_task_is_an_error() {
    let deep = "[".repeat(100_000);
    for (body, kind) in [
        ("", ReadErrorKind::InvalidJson),
        ("{", ReadErrorKind::InvalidJson),
        ("[]", ReadErrorKind::InvalidJson),
        (
            r#""V4 task metadata handler: unable""#,
            ReadErrorKind::InvalidJson,
        ),
        (r#"{"TaskARN":"a"} x"#, ReadErrorKind::InvalidJson),
        (
            r#"{"TaskARN":"a","ClockErrorBound":NaN}"#,
            ReadErrorKind::InvalidJson,
        ),
        (&deep, ReadErrorKind::InvalidJson),
        ("{}", ReadErrorKind::NoTaskArn),
        (r#"{"TaskARN":null}"#, ReadErrorKind::NoTaskArn),
        (r#"{"TaskARN":""}"#, ReadErrorKind::NoTaskArn),
        (r#"{"TaskARN":7}"#, ReadErrorKind::NoTaskArn),
    ] {
        let error = parse(body.as_bytes()).unwrap_err();
        assert_eq!(error.kind, kind, "{body:.60}");
    }
    assert!(parse(b"{\"TaskARN\":\"\xff\"}").is_err());
}

#[test]
fn names_too_long_are_withheld_and_the_rest_stands() {
    let body = format!(
        r#"{{"TaskARN":"t","Cluster":"{}","ServiceName":"","Family":3,"LaunchType":"EC2"}}"#,
        "c".repeat(256)
    );
    let parsed = parse(body.as_bytes()).unwrap();
    assert_eq!(parsed.withheld.len(), 2);
    assert_eq!(parsed.identity.cluster, None);
    assert_eq!(parsed.identity.service, None);
    assert_eq!(parsed.identity.launch_type.as_deref(), Some("EC2"));
    let longest = "c".repeat(255);
    let parsed = parse(format!(r#"{{"TaskARN":"t","Cluster":"{longest}"}}"#).as_bytes()).unwrap();
    assert_eq!(parsed.identity.cluster, Some(longest));
    assert_eq!(parsed.withheld, []);
}

#[test]
fn a_service_that_cannot_be_believed_is_not_the_same_as_none() {
    for (member, outside) in [
        ("", true),
        (r#","ServiceName":null"#, true),
        (r#","ServiceName":"""#, true),
        (r#","ServiceName":"s""#, false),
        (r#","ServiceName":5"#, false),
    ] {
        let parsed = parse(format!(r#"{{"TaskARN":"t"{member}}}"#).as_bytes()).unwrap();
        assert_eq!(parsed.identity.is_outside_service, outside, "{member}");
    }
}

#[test]
fn of_a_member_given_twice_the_last_counts() {
    let (drift, _) = told(r#"{"ClockErrorBound":1,"ClockErrorBound":2}"#);
    assert_eq!(drift.bound, Some(ErrorBound::from_millis(2.0).unwrap()));
}

proptest! {
    #[test]
    fn nothing_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse(&body);
    }

    #[test]
    fn no_member_makes_it_panic(bound in "[-+0-9.eE\"a-z{}\\[\\],:]{0,20}", time in ".{0,40}") {
        let time = serde_json::to_string(&time).unwrap();
        let _ = parse(
            document(&format!(r#"{{"ClockErrorBound":{bound},"ReferenceTimestamp":{time}}}"#)).as_bytes(),
        );
    }
}

proptest! {
    #[test]
    fn a_text_is_what_any_json_reader_makes_of_it(text in any::<String>(), escaped in any::<bool>()) {
        let mut json = serde_json::to_string(&text).unwrap();
        if escaped {
            json.insert_str(1, r"\u0041");
        }
        let raw: &RawValue = serde_json::from_str(&json).unwrap();
        let expected: String = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(super::text(raw), Some(Cow::Owned(expected)));
    }
}

/// A blank name is no dimension value, and must not take the place of a configured one.
#[test]
fn a_blank_name_counts_as_absent() {
    for name in [" ", "\\t", "arn:aws:ecs:x/ "] {
        let text = format!(r#"{{"TaskARN":"t","ServiceName":"{name}"}}"#);
        let parsed = parse(text.as_bytes()).unwrap();
        assert_eq!(parsed.identity.service, None, "{text}");
        assert!(!parsed.identity.is_outside_service, "{text}");
        assert_eq!(parsed.withheld, []);
    }
}
