//! The table of options: the one place that names them. The command line, the environment, the help
//! and the warnings about misspelt variables all follow from it.

use crate::source::Environment;
use crate::text::cut;

/// What every variable of the sidecar begins with.
const PREFIX: &str = "CLOCK_EMF_";
/// What the demonstration's own variables begin with.
#[cfg(feature = "demo")]
const DEMO_PREFIX: &str = "CLOCK_DEMO_";

/// How much is shown of a variable's name, in characters.
const SHOWN_NAME: usize = 200;

/// An option that is a flag `--name` and a variable such as `CLOCK_EMF_NAME`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptionSpec {
    /// What its variable begins with.
    prefix: &'static str,
    /// Its name as a flag, without the dashes.
    pub(crate) name: &'static str,
    /// What stands for its value in the help; empty for a switch, which takes none.
    pub(crate) value: &'static str,
    /// The value used where none is given.
    pub(crate) default: Option<&'static str>,
    pub(crate) help: &'static str,
}

impl OptionSpec {
    /// Its variable.
    pub(crate) fn variable(&self) -> String {
        let name = self.name.to_uppercase().replace('-', "_");
        format!("{}{name}", self.prefix)
    }

    pub(crate) fn is_switch(&self) -> bool {
        self.value.is_empty()
    }
}

const fn option(
    name: &'static str,
    value: &'static str,
    default: Option<&'static str>,
    help: &'static str,
) -> OptionSpec {
    OptionSpec {
        prefix: PREFIX,
        name,
        value,
        default,
        help,
    }
}

/// An option of the demonstration's own.
#[cfg(feature = "demo")]
const fn demo_option(
    name: &'static str,
    value: &'static str,
    default: &'static str,
    help: &'static str,
) -> OptionSpec {
    OptionSpec {
        prefix: DEMO_PREFIX,
        ..option(name, value, Some(default), help)
    }
}

pub(crate) const SOURCE: OptionSpec = option(
    "source",
    "SOURCE",
    Some("auto"),
    "Where readings come from: auto, ecs or kernel",
);
pub(crate) const REQUEST_TIMEOUT: OptionSpec = option(
    "request-timeout",
    "DURATION",
    Some("2s"),
    "How long one request to the endpoint may take, up to 1m",
);
pub(crate) const MAX_DRIFT_PPM: OptionSpec = option(
    "max-drift-ppm",
    "PPM",
    Some("15"),
    "How fast an uncorrected clock may drift, in parts per million",
);
pub(crate) const LOG_LEVEL: OptionSpec = option(
    "log-level",
    "LEVEL",
    Some("info"),
    "What is said on stderr: error, warn, info, debug, trace or off",
);
pub(crate) const ONCE: OptionSpec = option("once", "", None, "Take one reading, emit it and exit");
pub(crate) const SAMPLE_INTERVAL: OptionSpec = option(
    "sample-interval",
    "DURATION",
    Some("10s"),
    "Time from one reading to the next: 100ms up to the emit interval",
);
pub(crate) const EMIT_INTERVAL: OptionSpec = option(
    "emit-interval",
    "DURATION",
    Some("60s"),
    "Time one line covers: a divisor of 60s, at least 1s",
);
pub(crate) const EMIT_JITTER: OptionSpec = option(
    "emit-jitter",
    "DURATION",
    None,
    "The most by which regular lines are delayed, up to the emit interval [default: half of it]",
);
pub(crate) const STORAGE_RESOLUTION: OptionSpec = option(
    "storage-resolution",
    "SECONDS",
    Some("60"),
    "60, or 1: then each reading is emitted at once",
);
pub(crate) const NAMESPACE: OptionSpec = option(
    "namespace",
    "NAME",
    Some("ECS/ClockAccuracy"),
    "The namespace of the metrics",
);
pub(crate) const DIMENSIONS: OptionSpec = option(
    "dimensions",
    "SETS",
    None,
    "Dimension sets: ';' between sets, ',' between names [default: ClusterName,ServiceName; \
     for a task outside a service ClusterName,TaskDefinitionFamily]",
);
pub(crate) const PROPERTIES: OptionSpec = option(
    "properties",
    "LIST",
    Some(""),
    "Root members to add, or labels to override: Name=value,...",
);
pub(crate) const METRICS: OptionSpec = option(
    "metrics",
    "LIST",
    None,
    "The metrics to emit [default: all but ClockErrorBoundAgeAdjusted]",
);
pub(crate) const MAX_ERROR: OptionSpec = option(
    "max-error",
    "DURATION",
    None,
    "The largest error bound that is good",
);
pub(crate) const MAX_AGE: OptionSpec = option(
    "max-age",
    "DURATION",
    None,
    "The largest age of the reference time that is good, or off [default: 1h where the age is known]",
);
pub(crate) const AGE_ADJUSTED: OptionSpec = option(
    "age-adjusted",
    "",
    None,
    "Let the bound grow from the reference time instead of from the read",
);
pub(crate) const WAIT: OptionSpec = option(
    "wait",
    "DURATION",
    None,
    "Read every second until good, for at most this long, up to 1day",
);
pub(crate) const JSON: OptionSpec = option("json", "", None, "Print one JSON object");

#[cfg(feature = "demo")]
pub(crate) const LISTEN: OptionSpec = demo_option(
    "listen",
    "ADDRESS",
    "0.0.0.0:8080",
    "Address and port to listen on",
);
#[cfg(feature = "demo")]
pub(crate) const DEMO_MAX_ERROR: OptionSpec = demo_option(
    "max-error",
    "DURATION",
    "5ms",
    "The largest error bound that is good, unless a request names another",
);
#[cfg(feature = "demo")]
pub(crate) const REFRESH_INTERVAL: OptionSpec = demo_option(
    "refresh-interval",
    "DURATION",
    "1s",
    "The clock is read at most once in this time: 100ms to 1m",
);

/// The options of every command that reads a clock.
pub(crate) const CLOCK: &[OptionSpec] = &[SOURCE, REQUEST_TIMEOUT, MAX_DRIFT_PPM, LOG_LEVEL];

/// The options of `run` alone.
pub(crate) const RUN: &[OptionSpec] = &[
    ONCE,
    SAMPLE_INTERVAL,
    EMIT_INTERVAL,
    EMIT_JITTER,
    STORAGE_RESOLUTION,
    NAMESPACE,
    DIMENSIONS,
    PROPERTIES,
    METRICS,
];

/// The options of `check` alone.
pub(crate) const CHECK: &[OptionSpec] = &[MAX_ERROR, MAX_AGE, AGE_ADJUSTED, WAIT, JSON];

/// The options of the demonstration alone.
#[cfg(feature = "demo")]
pub(crate) const DEMO: &[OptionSpec] = &[LISTEN, DEMO_MAX_ERROR, REFRESH_INTERVAL];

impl Environment {
    /// The variables with the sidecar's prefix, or that of an option in `own`, that no option has, each
    /// with the nearest that one has.
    pub(crate) fn unknown_variables(&self, own: &[OptionSpec]) -> Vec<(String, String)> {
        let options = || [CLOCK, RUN, CHECK, own].into_iter().flatten();
        let known: Vec<String> = options().map(OptionSpec::variable).collect();
        let nearest = |name: &str| {
            known
                .iter()
                .min_by_key(|variable| strsim::damerau_levenshtein(variable, name))
                .cloned()
                .unwrap_or_default()
        };
        self.names()
            .filter(|name| options().any(|option| name.starts_with(option.prefix)))
            .filter(|name| !known.contains(name))
            .map(|name| (cut(name, SHOWN_NAME), nearest(name)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_variable_is_named_with_the_nearest() {
        let environment: Environment = [
            ("CLOCK_EMF_SAMPEL_INTERVAL", "10s"),
            ("CLOCK_EMF_NAMESPACE", "x"),
            ("CLOCK_EMF_MAX_ERROR", "5ms"),
            ("CLOCK_DEMO_LISTEM", "x"),
            ("PATH", "/"),
        ]
        .into_iter()
        .collect();
        assert_eq!(
            environment.unknown_variables(&[]),
            [(
                "CLOCK_EMF_SAMPEL_INTERVAL".to_owned(),
                "CLOCK_EMF_SAMPLE_INTERVAL".to_owned()
            )]
        );
    }
}
