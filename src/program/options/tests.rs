//! Values that each option accepts and refuses.

use super::groups::all;
use super::*;

/// Texts at the limits of each rule: accepted ones and refused ones. Switches are left out.
const EXAMPLES: &[(&str, &[&str], &[&str])] = &[
    (
        "listen",
        &["127.0.0.1:2780", "[::1]:2780", "localhost:0"],
        &["2780", "127.0.0.1", "0.0.0.0:2780", "example.com:2780"],
    ),
    (
        "clockbound-directory",
        if cfg!(target_os = "linux") {
            &["/var/run/clockbound", "relative"]
        } else {
            &[]
        },
        &[""],
    ),
    (
        "max-error",
        &["5ms", "0.5ms", "60s", "off"],
        &["5", "5m", "61s", "1s 1ms"],
    ),
    (
        "for",
        &["cockroachdb", "yugabytedb-clockbound", "sigv4"],
        &["", "CockroachDB", "postgresql"],
    ),
    ("max-age", &["1h", "90s", "off"], &["1", "OFF", "never"]),
    (
        "ask",
        &["127.0.0.1:2780", "[::1]:2780", "localhost:2780"],
        &["2780", "127.0.0.1", "10.0.0.1:2780"],
    ),
    (
        "wait",
        &["0s", "60s", "1day"],
        &["86401s", "18446744073709551615s", "60"],
    ),
    (
        "source",
        &["auto", "ecs", "kernel", "ntp"],
        &["ECS", "ecs ", "x"],
    ),
    (
        "endpoint",
        &["http://127.0.0.1:51679/v4/id", "http://[fd00::1]/v4/id"],
        &["127.0.0.1:51679", "https://h/v4/id", "http://h/v4/id?a", ""],
    ),
    ("request-timeout", &["1ms", "2s", "1m"], &["0s", "61s", "2"]),
    (
        "max-drift-ppm",
        &["0", "15", "10000"],
        &["10001", "-1", "1.5", "15ppm"],
    ),
    ("log-format", &["auto", "text", "json"], &["JSON", "plain"]),
    (
        "log-level",
        &["error", "warn", "info", "debug", "trace", "off"],
        &["verbose", "INFO"],
    ),
    (
        "ntp-server",
        &["169.254.169.123", "time.aws.com", "[fd00:ec2::123]:123"],
        &["time.aws.com:0", "[::1", "ntp://time.aws.com"],
    ),
    (
        "ntp-interval",
        &["1s", "16s", "1h"],
        &["999ms", "61m", "16"],
    ),
    ("cross-check", &["none", "ntp"], &["NTP", "kernel"]),
    (
        "sample-interval",
        &["100ms", "10s", "60s"],
        &["0s", "99ms", "61s", "10"],
    ),
    (
        "emit-interval",
        &["1s", "1500ms", "20s", "60s", "1m"],
        &["7s", "2m", "999ms", "1s 1us", "0s", "1666667us"],
    ),
    ("emit-jitter", &["0s", "99ms", "60s"], &["61s", "0"]),
    ("storage-resolution", &["1", "60"], &["10", "60s"]),
    (
        "namespace",
        &["ECS/ClockAccuracy", "a.b-c_d#e:f"],
        &["AWS/ECS", ":a", "a b", "\u{e9}"],
    ),
    (
        "dimensions",
        &["ClusterName", "ClusterName,ServiceName;Stage,TaskId"],
        &[
            ";",
            "ClusterName;",
            "ClusterName,ClusterName",
            "TaskId;TaskId",
            "ClusterName,TaskId;TaskId,ClusterName",
        ],
    ),
    (
        "properties",
        &["", "Stage=prod", "Stage=prod,ClusterName=c", "A=b=c"],
        &[
            "Stage",
            "Stage=",
            "=prod",
            "Stage= ",
            "Stage=\u{e9}",
            ":Stage=prod",
            "Stage=prod,Stage=test",
            "Stage=prod,",
            "Sequence=1",
            "_aws=1",
            "ClockErrorBound=0",
            "A=b\nc",
        ],
    ),
    (
        "metrics",
        &["ClockErrorBound", "LinesDropped,ClockErrorBoundAgeAdjusted"],
        &["ClockErrorBound,ClockErrorBound", "Clock", "ClockStep,"],
    ),
];

fn assert_accepts(option: &dyn AnyOption, accepted: &[&str], refused: &[&str]) {
    let name = option.name();
    for text in accepted {
        assert_eq!(option.refusal(text), None, "--{name}={text:?}");
    }
    for text in refused {
        let refusal = option.refusal(text).map(|refusal| refusal.to_string());
        assert!(
            refusal
                .as_ref()
                .is_some_and(|text| text.starts_with("expected ") && text.contains(", got ")),
            "--{name}={text:?}: {refusal:?}"
        );
    }
}

#[test]
fn every_option_accepts_and_refuses_its_examples() {
    assert!(all().count() > 15);
    for option in all() {
        let name = option.name();
        if option.is_switch() {
            assert_accepts(
                option,
                &["true", "false", "1", "0"],
                &["", "yes", "TRUE", "on"],
            );
        } else {
            let examples = EXAMPLES.iter().find(|(of, ..)| *of == name);
            let (_, accepted, refused) =
                examples.unwrap_or_else(|| panic!("--{name} has no examples"));
            assert!(!refused.is_empty(), "--{name}");
            assert_accepts(option, accepted, refused);
        }
        let capitals = name.to_uppercase().replace('-', "_");
        assert_eq!(option.variable(), format!("{PREFIX}{capitals}"));
        if let DefaultValue::Text(text) = option.default() {
            assert_eq!(option.refusal(text), None, "--{name}");
        }
    }
    for (name, ..) in EXAMPLES {
        assert!(all().any(|option| option.name() == *name), "--{name}");
    }
}
