//! Defaults, precedence, relations between options, and faults.

use super::*;
use crate::program::options::clock::LOG_LEVEL;

use crate::program::commands::run::options;
use crate::program::raw::{Change, Fault, Flags};
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
    raw.finish(settings).map(|((settings, ..), _)| settings)
}

fn faults(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Vec<String> {
    let faults = configured(flags, variables).unwrap_err();
    faults.into_iter().map(|fault| fault.option).collect()
}

#[test]
fn the_defaults() {
    let config = configured(&[], &[ENDPOINT]).unwrap();
    assert!(config.in_ecs && !config.once);
    assert_eq!(config.sample_interval, Duration::from_secs(10));
    assert_eq!(config.emit_interval, Duration::from_secs(60));
    assert_eq!(config.emit_jitter, Duration::from_secs(30));
    let metrics = "ClockErrorBound,ClockSynchronized,ClockReferenceAge,ClockStep,ClockReadErrors,LinesDropped,\
        CrossCheckOffset,CrossCheckErrorBound,CrossCheckDisagreement";
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
fn what_is_not_the_default_is_a_change() {
    let changes = |variables: &[(&str, &str)]| -> Vec<String> {
        let (flags, environment) = (Flags::new(), variables.iter().copied().collect());
        let mut raw = Raw::new(&flags, &environment);
        let settings = read(&mut raw);
        let (_, changes) = raw.finish(settings).unwrap();
        changes.iter().map(Change::to_string).collect()
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
    assert_eq!(config.emit_interval, Duration::from_secs(20));
    assert_eq!(
        config.emit_jitter,
        Duration::from_secs(10),
        "half the emit interval"
    );
}

#[test]
fn the_usual_sample_interval_gives_way_to_a_shorter_emit_interval() {
    let config = configured(&[("emit-interval", "5s")], &[ENDPOINT]).unwrap();
    assert_eq!(config.sample_interval, Duration::from_secs(5));
    let given = [("emit-interval", "5s"), ("sample-interval", "10s")];
    assert_eq!(faults(&given, &[ENDPOINT]), ["--sample-interval"]);
}

#[test]
fn an_empty_variable_is_a_fault_but_for_the_properties() {
    for option in options() {
        let variable = option.variable();
        if variable == LOG_LEVEL.variable {
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
