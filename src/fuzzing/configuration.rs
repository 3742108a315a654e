//! Arguments and environment.
//!
//! Each line of the bytes is a variable, if it has a name in capitals and an equals sign, or else an argument.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::time::Duration;

use super::entry::{Fault, Run, Start, start};
use crate::{DriftRate, Environment, ErrorLimit, Limits};

/// The variable that names the endpoint.
const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// How many characters of a value a fault shows.
const SHOWN: usize = 200;
const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn check(bytes: &[u8]) {
    if bytes.contains(&0) || bytes.len() > 16 * 1024 {
        return;
    }
    let mut given = GivenOptions::default();
    for line in bytes
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        given.take(line);
    }
    let environment: Environment = given.variables.clone().into_iter().collect();
    match start(given.arguments.clone(), &environment) {
        Start::WrongCommandLine(message) => assert!(message.starts_with("error: "), "{message}"),
        Start::Text(text) => assert!(!text.is_empty()),
        Start::Run(Ok(run)) => check_run(&run, &given),
        Start::Check(Ok(check)) => {
            check_limits(&check.limits);
            assert!(
                check
                    .wait
                    .is_none_or(|wait| wait <= Duration::from_secs(86_400))
            );
        }
        Start::Run(Err(faults)) | Start::Check(Err(faults)) => {
            assert!(!faults.is_empty());
            faults.iter().for_each(|fault| check_fault(fault, &given));
        }
        Start::Other => {}
    }
}

/// What was given.
#[derive(Default)]
struct GivenOptions {
    variables: BTreeMap<String, OsString>,
    arguments: Vec<OsString>,
}

impl GivenOptions {
    fn take(&mut self, line: &[u8]) {
        let at = line
            .iter()
            .position(|byte| *byte == b'=')
            .unwrap_or_default();
        let is_name =
            |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || *byte == b'_';
        if at > 0 && line[..at].iter().all(is_name) {
            let name = String::from_utf8_lossy(&line[..at]).into_owned();
            self.variables.insert(name, os_string(&line[at + 1..]));
        } else {
            self.arguments.push(os_string(line));
        }
    }

    /// Whether anything was given for an option.
    fn has(&self, option: &str) -> bool {
        let flag = format!("--{option}");
        let is_flag = |argument: &OsString| argument.to_string_lossy().starts_with(&flag);
        self.variables.contains_key(&variable(option)) || self.arguments.iter().any(is_flag)
    }
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

fn variable(option: &str) -> String {
    format!("CLOCK_EMF_{}", option.to_uppercase().replace('-', "_"))
}

/// Checks that settings are valid, and that the others have their defaults.
fn check_run(run: &Run, given: &GivenOptions) {
    let second = Duration::from_secs(1);
    assert!((second..=MINUTE).contains(&run.emit_interval));
    assert!(run.emit_interval.subsec_nanos().is_multiple_of(1_000_000));
    assert_eq!(MINUTE.as_nanos() % run.emit_interval.as_nanos(), 0);
    assert!((Duration::from_millis(100)..=run.emit_interval).contains(&run.sample_interval));
    assert!(run.emit_jitter <= run.emit_interval);
    let most = DriftRate::from_ppm(DriftRate::MAX_PPM).expect("the most");
    assert!(run.drift.growth(second) <= most.growth(second));
    assert!((10..=100).contains(&run.capacity));
    let is_namespace_char = |c: char| c.is_ascii_alphanumeric() || "._#:/-".contains(c);
    assert!(
        (1..=255).contains(&run.namespace.len()) && run.namespace.chars().all(is_namespace_char)
    );
    assert!(!run.namespace.starts_with("AWS/"));
    assert!(run.source != "ntp" || run.cross_check.is_none());
    run.limits.iter().for_each(check_limits);
    for (name, meant) in &run.unknown {
        assert!(name.starts_with("CLOCK_EMF_"), "{name}");
        assert!(meant.is_none_or(|meant| meant != name && meant.starts_with("CLOCK_EMF_")));
    }
    check_defaults(run, given);
}

fn check_defaults(run: &Run, given: &GivenOptions) {
    let is_ntp = run.source == "ntp";
    let usual = match (is_ntp, given.has("clockbound-directory")) {
        (true, true) => 4,
        (true, false) => 16,
        (false, _) => 10,
    };
    let usual = Duration::from_secs(usual).min(run.emit_interval);
    let drift = if is_ntp {
        DriftRate::UNDISCIPLINED
    } else {
        DriftRate::DEFAULT
    };
    for (option, is_default) in [
        ("source", run.source == "auto"),
        ("once", !run.once),
        ("sample-interval", run.sample_interval == usual),
        ("emit-interval", run.emit_interval == MINUTE),
        ("emit-jitter", run.emit_jitter == run.emit_interval / 2),
        ("max-drift-ppm", run.drift == drift),
        ("cross-check", run.cross_check.is_none()),
        ("namespace", run.namespace == "ECS/ClockAccuracy"),
        ("metrics", run.metrics == 11),
        ("listen", run.limits.is_none()),
    ] {
        assert!(
            is_default || given.has(option),
            "--{option} was not given: {run:?}"
        );
    }
    for change in &run.changes {
        let (option, _) = change.split_once('=').expect("name=value");
        assert!(given.has(option), "{change}");
    }
}

fn check_limits(limits: &Limits) {
    assert!(!matches!(limits.max_error, ErrorLimit::AtMost(limit) if limit > ErrorLimit::MAX));
}

/// Checks that a fault names the option, the given value, and what is expected.
fn check_fault(fault: &Fault, given: &GivenOptions) {
    let value = match fault.option.strip_prefix("--") {
        // A default can be at fault if the environment lacks what it needs.
        Some("source") if !given.has("source") => return,
        Some(option) => {
            assert!(given.has(option), "{fault:?}");
            None
        }
        None => {
            assert!(
                fault.option == ENDPOINT || fault.option.starts_with("CLOCK_EMF_"),
                "{fault:?}"
            );
            let value = given.variables.get(&fault.option);
            Some(
                value
                    .unwrap_or_else(|| panic!("{fault:?} of nothing"))
                    .to_string_lossy(),
            )
        }
    };
    if let Some(value) = value {
        let start = fault
            .given
            .strip_suffix("...")
            .filter(|_| value.chars().count() > SHOWN);
        assert!(
            value.starts_with(start.unwrap_or(&fault.given)),
            "{fault:?}"
        );
    }
    assert!(fault.given.chars().count() <= SHOWN + 3, "{fault:?}");
    let is_sentence = fault.problem.starts_with("expected ")
        || fault.problem.starts_with("the ")
        || fault.problem.ends_with(" is not set");
    assert!(is_sentence, "{fault:?}");
}

/// Checks the defaults that the help documents.
///
/// # Panics
/// If a documented default is rejected, or changes something.
#[cfg(test)]
pub(super) fn check_documented_defaults() {
    let Start::Text(help) = start(vec!["run".into(), "--help".into()], &Environment::default())
    else {
        panic!("no help");
    };
    let text = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let default_of = |variable: &str| {
        let (before, _) = text.split_once(&format!("[env: {variable}]"))?;
        let (_, default) = before
            .trim_end()
            .strip_suffix(']')?
            .rsplit_once("[default: ")?;
        (!default.contains(']')).then(|| default.to_owned())
    };
    let settings = |variables: &[(String, String)]| {
        let environment = variables
            .iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        match start(Vec::new(), &environment) {
            Start::Run(Ok(run)) => run,
            other => panic!("{variables:?}: {other:?}"),
        }
    };
    let usual = settings(&[]);
    let mut checked = 0;
    for name in [
        "source",
        "request-timeout",
        "emit-interval",
        "storage-resolution",
        "namespace",
        "log-level",
        "cross-check",
    ] {
        let variable = variable(name);
        let default = default_of(&variable)
            .unwrap_or_else(|| panic!("the help has no default of {name}: {help}"));
        assert_eq!(settings(&[(variable, default)]), usual, "{name}");
        checked += 1;
    }
    assert_eq!(checked, 7);
}
