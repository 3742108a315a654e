//! Option values at their edges.

use super::*;

/// Which of the texts a rule takes; the others are refused with a sentence.
fn taken<'a, T>(rule: impl Fn(&str) -> Result<T, String>, texts: &[&'a str]) -> Vec<&'a str> {
    let take = |text: &&str| match rule(text) {
        Ok(_) => true,
        Err(problem) => {
            assert!(problem.len() > 10, "{text:?}: {problem}");
            false
        }
    };
    texts.iter().copied().filter(take).collect()
}

#[test]
fn durations_need_a_unit() {
    let texts = [
        "10", "0", "10 s", "10s", "500ms", "1m 30s", "0s", "-1s", "0.5s", "1e3s", "s", "10sec ",
        "5us",
    ];
    assert_eq!(
        taken(duration, &texts),
        ["10 s", "10s", "500ms", "1m 30s", "0s", "0.5s", "5us"]
    );
}

#[test]
fn the_emit_interval_divides_a_minute() {
    let texts = [
        "1s",
        "1500ms",
        "7s",
        "20s",
        "60s",
        "1m",
        "2m",
        "999ms",
        "1s 1us",
        "0s",
        "1666667us",
    ];
    assert_eq!(
        taken(emit_interval, &texts),
        ["1s", "1500ms", "20s", "60s", "1m"]
    );
}

#[test]
fn sample_interval_and_jitter_stay_within_the_emit_interval() {
    let emit = Duration::from_secs(20);
    let texts = ["0s", "99ms", "100ms", "20s", "20s 1ms"];
    assert_eq!(
        taken(|text| sample_interval(text, emit), &texts),
        ["100ms", "20s"]
    );
    assert_eq!(
        taken(|text| emit_jitter(text, emit), &texts),
        ["0s", "99ms", "100ms", "20s"]
    );
    assert!(sample_interval("30s", emit).unwrap_err().contains("20s"));
}

#[test]
fn whole_numbers_and_words() {
    assert_eq!(
        taken(
            drift_rate,
            &["0", "15", "10000", "10001", "-1", "1.5", "15ppm"]
        ),
        ["0", "15", "10000"]
    );
    assert_eq!(
        taken(request_timeout, &["0s", "1ms", "2s", "1m", "61s"]),
        ["1ms", "2s", "1m"]
    );
    assert_eq!(
        taken(
            wait,
            &["0s", "60s", "1day", "86401s", "18446744073709551615s"]
        ),
        ["0s", "60s", "1day"]
    );
    assert_eq!(
        taken(source, &["auto", "ecs", "kernel", "ntp", "ECS"]),
        ["auto", "ecs", "kernel"]
    );
    assert_eq!(
        taken(
            log_level,
            &["error", "warn", "info", "debug", "trace", "off", "verbose"]
        ),
        ["error", "warn", "info", "debug", "trace", "off"]
    );
    assert_eq!(
        taken(switch, &["true", "false", "1", "0", "yes"]),
        ["true", "false", "1", "0"]
    );
    assert_eq!(
        taken(
            crate::sidecar::line::StorageResolution::parse,
            &["1", "60", "10"]
        ),
        ["1", "60"]
    );
}

#[cfg(feature = "demo")]
#[test]
fn addresses_have_a_port() {
    let texts = [
        "0.0.0.0:8080",
        "[::]:80",
        "localhost:0",
        "8080",
        ":8080",
        "::1:80",
        "h:70000",
        "h:",
    ];
    assert_eq!(
        taken(listen_address, &texts),
        ["0.0.0.0:8080", "[::]:80", "localhost:0"]
    );
}

#[test]
fn namespaces() {
    let longest = "n".repeat(255);
    let too_long = "n".repeat(256);
    let texts = [
        "ECS/ClockAccuracy",
        "a.b-c_d#e:f",
        "AWS/ECS",
        ":a",
        "a b",
        "é",
        &longest,
        &too_long,
    ];
    assert_eq!(
        taken(namespace, &texts),
        ["ECS/ClockAccuracy", "a.b-c_d#e:f", &longest]
    );
}

#[test]
fn properties_are_names_with_values() {
    let texts = [
        "",
        "Stage=prod",
        "Stage=prod,ClusterName=c",
        "A=b=c",
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
    ];
    assert_eq!(
        taken(properties, &texts),
        ["", "Stage=prod", "Stage=prod,ClusterName=c", "A=b=c"]
    );
    let large = format!("A={},B={0},C={0}", "x".repeat(1024));
    assert!(properties(&large).unwrap_err().contains("3072"));
}

#[test]
fn dimension_sets_name_labels_and_properties() {
    let own = properties("Stage=prod").unwrap();
    let texts = [
        "ClusterName",
        "Stage",
        "ClusterName,ServiceName;Stage,TaskId",
        "",
        ";",
        "ClusterName;",
        "ClusterName,ClusterName",
        "Stage;Stage",
        "ClusterName,Stage;Stage,ClusterName",
        "Region",
        "Sequence",
    ];
    assert_eq!(
        taken(|text| dimensions(text, &own), &texts),
        [
            "ClusterName",
            "Stage",
            "ClusterName,ServiceName;Stage,TaskId"
        ]
    );
    assert!(
        dimensions("Region", &own)
            .unwrap_err()
            .contains("LaunchType, Stage")
    );
    let list = (0..31)
        .map(|n| format!("N{n}=v"))
        .collect::<Vec<_>>()
        .join(",");
    let many = properties(&list).unwrap();
    let names = |count: usize| {
        many[..count]
            .iter()
            .map(|own| own.name.as_str())
            .collect::<Vec<_>>()
            .join(",")
    };
    assert!(dimensions(&names(30), &many).is_ok());
    assert!(dimensions(&names(31), &many).unwrap_err().contains("30"));
}

#[test]
fn metrics_are_named_once() {
    let texts = [
        "ClockErrorBound",
        "LinesDropped,ClockStep",
        "clockstep",
        "ClockStep,ClockStep",
        "ClockStep,",
    ];
    assert_eq!(
        taken(metrics, &texts),
        ["ClockErrorBound", "LinesDropped,ClockStep"]
    );
}
