//! Defaults, precedence, relations between options, and faults.

use super::*;
use crate::program::options::clock::{LOG_FORMAT, LOG_LEVEL};

use crate::program::options::groups::{self, RUN};
use crate::program::raw::{Fault, Flags};
use crate::reading::ClockSource;
use crate::sidecar::line::StorageResolution;
use crate::source::ENDPOINT_VARIABLE;

const ENDPOINT: (&str, &str) = (ENDPOINT_VARIABLE, "http://169.254.170.2/v4/id");

fn configured(
    flags: &[(&'static str, &str)],
    variables: &[(&str, &str)],
) -> Result<Settings, Vec<Fault>> {
    let flags = flags
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    let environment = variables.iter().copied().collect();
    let mut raw = Raw::new(&flags, &environment);
    let settings = read(&mut raw);
    raw.finish(settings).map(|((settings, _), _)| settings)
}

fn faults(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Vec<String> {
    let faults = configured(flags, variables).unwrap_err();
    faults.into_iter().map(|fault| fault.option).collect()
}

#[test]
fn the_defaults() {
    let config = configured(&[], &[ENDPOINT]).unwrap();
    assert!(config.rules.in_ecs && !config.rules.once);
    assert_eq!(config.rules.sample_interval, Duration::from_secs(10));
    assert_eq!(config.rules.emit_interval, Duration::from_secs(60));
    assert_eq!(config.rules.emit_jitter, Duration::from_secs(30));
    let metrics = "ClockErrorBound,ClockSynchronized,ClockReferenceAge,ClockStep,ClockReadErrors,LinesDropped,\
        CrossCheckOffset,CrossCheckErrorBound,ClockBoundUnknown,CrossCheckErrors,CrossCheckDisagreement";
    let metrics = (METRICS.rule)(metrics).unwrap();
    assert_eq!(
        config.format,
        Format {
            namespace: "ECS/ClockAccuracy".to_owned(),
            dimensions: Dimensions::Default,
            properties: Vec::new(),
            metrics,
            resolution: StorageResolution::Minute,
            drift: DriftRate::DEFAULT,
        }
    );
}

#[test]
fn a_clock_that_nobody_disciplines_drifts_more_unless_a_rate_is_given() {
    for (source, given, ppm) in [
        ("ecs", None, 15),
        ("ntp", None, 100),
        ("ntp", Some("50"), 50),
        ("ntp", Some("15"), 15),
        ("ecs", Some("100"), 100),
    ] {
        let given = given.map(|given| ("max-drift-ppm", given));
        let flags: Vec<_> = [("source", source)].into_iter().chain(given).collect();
        let settings = configured(&flags, &[ENDPOINT]).unwrap();
        let expected = DriftRate::from_ppm(ppm).unwrap();
        assert_eq!(settings.rules.drift, expected, "{flags:?}");
        assert_eq!(settings.format.drift, expected, "{flags:?}");
    }
}

#[test]
fn what_is_not_the_default_is_a_change() {
    let changes = |variables: &[(&str, &str)]| -> Vec<String> {
        let (flags, environment) = (Flags::new(), variables.iter().copied().collect());
        let mut raw = Raw::new(&flags, &environment);
        let settings = read(&mut raw);
        raw.finish(settings).unwrap().1
    };
    let usual = [
        ENDPOINT,
        ("CLOCK_EMF_EMIT_INTERVAL", "1m"),
        ("CLOCK_EMF_PROPERTIES", ""),
        ("CLOCK_EMF_SOURCE", "auto"),
    ];
    assert_eq!(changes(&usual), [] as [&str; 0]);
    let other = [
        ENDPOINT,
        ("CLOCK_EMF_ONCE", "true"),
        ("CLOCK_EMF_EMIT_INTERVAL", "20s"),
        ("CLOCK_EMF_PROPERTIES", "Stage=prod"),
    ];
    assert_eq!(
        changes(&other),
        ["once=true", "emit-interval=20s", "properties=Stage=prod"]
    );
}

#[test]
fn a_flag_takes_precedence_over_its_variable() {
    let variables = [
        ENDPOINT,
        ("CLOCK_EMF_EMIT_INTERVAL", "20s"),
        ("CLOCK_EMF_NAMESPACE", "variable"),
    ];
    let config = configured(&[("namespace", "flag")], &variables).unwrap();
    assert_eq!(config.format.namespace, "flag");
    assert_eq!(config.rules.emit_interval, Duration::from_secs(20));
    assert_eq!(
        config.rules.emit_jitter,
        Duration::from_secs(10),
        "half the emit interval"
    );
}

#[test]
fn the_usual_sample_interval_gives_way_to_a_shorter_emit_interval() {
    let config = configured(&[("emit-interval", "5s")], &[ENDPOINT]).unwrap();
    assert_eq!(config.rules.sample_interval, Duration::from_secs(5));
    let given = [("emit-interval", "5s"), ("sample-interval", "10s")];
    assert_eq!(faults(&given, &[ENDPOINT]), ["--sample-interval"]);
}

#[test]
fn an_empty_variable_is_a_fault_but_for_the_properties() {
    for option in groups::options(RUN) {
        let variable = option.variable();
        if [LOG_LEVEL.name, LOG_FORMAT.name].contains(&option.name()) {
            continue;
        }
        let given = configured(&[], &[ENDPOINT, (variable, "")]);
        match given {
            Ok(_) => assert_eq!(variable, "CLOCK_EMF_PROPERTIES"),
            Err(faults) => {
                assert_eq!(faults.len(), 1, "{faults:?}");
                assert_eq!(faults[0].option, variable);
            }
        }
    }
}

#[test]
fn another_endpoint_takes_precedence_and_counts_as_inside_ecs() {
    const OWN: &str = "CLOCK_EMF_ENDPOINT";
    let other = "http://127.0.0.1:1/v4/id";
    for variables in [
        &[(OWN, other)][..],
        // The variable of ECS is ignored.
        &[(OWN, other), (ENDPOINT_VARIABLE, "x")],
    ] {
        let config = configured(&[], variables).unwrap();
        assert!(config.rules.in_ecs);
        assert_eq!(config.source.current(), ClockSource::Ecs);
    }
    assert!(configured(&[("endpoint", other), ("source", "ecs")], &[]).is_ok());
    assert_eq!(faults(&[("endpoint", "x")], &[ENDPOINT]), ["--endpoint"]);
    assert_eq!(faults(&[], &[(OWN, ""), ENDPOINT]), [OWN]);
}

/// With 16 s the growth between two requests alone takes most of what databases accept.
#[cfg(target_os = "linux")]
#[test]
fn with_a_segment_the_source_ntp_is_asked_every_four_seconds() {
    let segment = ("clockbound-directory", "/tmp");
    for (flags, sample_s, cross_check_s) in [
        (&[("source", "ntp")][..], 16, None),
        (&[("source", "ntp"), segment], 4, None),
        (
            &[("source", "ntp"), segment, ("sample-interval", "8s")],
            8,
            None,
        ),
        (&[("source", "kernel"), segment], 10, None),
        // A segment does not shorten the interval of the cross-check.
        (
            &[("source", "kernel"), ("cross-check", "ntp"), segment],
            10,
            Some(16),
        ),
    ] {
        let config = configured(flags, &[]).unwrap();
        let sample = Duration::from_secs(sample_s);
        assert_eq!(config.rules.sample_interval, sample, "{flags:?}");
        let cross_check = config.cross_check.map(|ntp| ntp.interval);
        assert_eq!(cross_check, cross_check_s.map(Duration::from_secs));
    }
}

#[test]
fn sources_need_what_they_read() {
    assert_eq!(faults(&[("source", "ecs")], &[]), ["--source"]);
    assert_eq!(
        faults(&[], &[(ENDPOINT_VARIABLE, "https://h/v4/id")]),
        [ENDPOINT_VARIABLE]
    );
    assert_eq!(faults(&[], &[(ENDPOINT_VARIABLE, "")]), [ENDPOINT_VARIABLE]);
    assert_eq!(
        faults(&[("request-timeout", "2")], &[(ENDPOINT_VARIABLE, "x")]),
        ["--request-timeout", ENDPOINT_VARIABLE]
    );
    let kernel = configured(&[("source", "kernel")], &[(ENDPOINT_VARIABLE, "x")]);
    assert_eq!(
        kernel.is_ok(),
        cfg!(target_os = "linux"),
        "which does not read the endpoint"
    );
    assert_eq!(configured(&[], &[]).is_ok(), cfg!(target_os = "linux"));
}

#[test]
fn a_fault_of_one_option_does_not_hide_those_of_others() {
    let all = [
        ("source", "x"),
        ("request-timeout", "x"),
        ("max-drift-ppm", "x"),
        ("once", "x"),
        ("sample-interval", "x"),
        ("emit-interval", "x"),
        ("emit-jitter", "x"),
        ("storage-resolution", "x"),
        ("namespace", ":x"),
        ("dimensions", ";"),
        ("properties", "x"),
        ("metrics", "x"),
        ("listen", "0.0.0.0:2780"),
        ("clockbound-directory", ""),
        ("max-error", "5m"),
        ("max-age", "x"),
        ("age-adjusted", "x"),
    ];
    let expected: Vec<String> = all.iter().map(|(name, _)| format!("--{name}")).collect();
    assert_eq!(faults(&all, &[]), expected);
}

#[test]
fn what_leaves_room_for_fewer_than_ten_readings_is_a_fault() {
    let properties = |count: usize| -> String {
        let list: Vec<String> = (0..count).map(|n| format!("P{n}=v")).collect();
        list.join(",")
    };
    let refused = |flags: &[(&'static str, &str)]| -> Vec<(String, String)> {
        let faults = configured(flags, &[ENDPOINT]).unwrap_err();
        let told = faults
            .into_iter()
            .map(|fault| (fault.option, fault.problem.to_string()));
        told.collect()
    };
    let most = (0..200)
        .rev()
        .find(|count| configured(&[("properties", &properties(*count))], &[ENDPOINT]).is_ok())
        .unwrap();
    let config = configured(&[("properties", &properties(most))], &[ENDPOINT]).unwrap();
    assert_eq!(config.format.capacity(), 10);
    assert_eq!(
        refused(&[("properties", &properties(most + 1))]),
        [(
            "--properties".to_owned(),
            format!(
                "expected room for at least 10 readings on a line, which has fewer than 200 fields, \
                 got {} properties that leave room for 9",
                most + 1
            )
        )]
    );
    // If the dimensions alone leave no room, the properties are not at fault.
    let letters = ["A", "B", "C", "D", "E", "F", "G"];
    let sets: Vec<String> = (1..128)
        .map(|set| {
            let chosen = (0..7).filter(|n| set & (1 << n) > 0);
            chosen.map(|n| letters[n]).collect::<Vec<_>>().join(",")
        })
        .collect();
    let own: Vec<String> = letters.iter().map(|name| format!("{name}=v")).collect();
    let faults = refused(&[
        ("dimensions", &sets.join(";")),
        ("properties", &own.join(",")),
    ]);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert_eq!(faults[0].0, "--dimensions");
    assert!(
        faults[0]
            .1
            .ends_with("got dimensions that leave room for 0"),
        "{faults:?}"
    );
}

#[test]
fn a_server_cannot_check_itself() {
    let both = [("source", "ntp"), ("cross-check", "ntp")];
    let faults = configured(&both, &[]).unwrap_err();
    let told: Vec<_> = faults
        .iter()
        .map(|fault| (&*fault.option, fault.problem.to_string()))
        .collect();
    let problem = "expected none where the source is the NTP server itself, got ntp".to_owned();
    assert_eq!(told, [("--cross-check", problem)]);
    assert!(configured(&[("source", "ntp"), ("cross-check", "none")], &[]).is_ok());
    assert!(configured(&[("cross-check", "ntp")], &[ENDPOINT]).is_ok());
}
