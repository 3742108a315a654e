//! Configuration: raw values from flags and variables in, a validated configuration or every fault
//! out. No I/O.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use crate::clock::Limits;
use crate::emf::Metric;
use crate::program::options::{self, OptionSpec};
use crate::program::parse;
use crate::sidecar::line::{Dimensions, Format, StorageResolution};
use crate::source::{ENDPOINT_VARIABLE, Environment, Source};
use crate::text::cut;
use crate::time::DriftRate;

/// How much is shown of a value that was given, and of what is wrong with it, in characters.
const SHOWN_VALUE: usize = 200;
const SHOWN_PROBLEM: usize = 1_000;

/// What every command that reads a clock needs.
#[derive(Debug)]
pub(crate) struct SourceConfig {
    /// The source, set up but not yet asked.
    pub source: Source,
    /// How fast the clock may drift.
    pub drift: DriftRate,
    /// What is said on stderr.
    pub log_level: LevelFilter,
    /// Whether this is an ECS task: its endpoint's variable is set.
    pub in_ecs: bool,
}

/// The configuration of `run`.
#[derive(Debug)]
pub(crate) struct RunConfig {
    /// The clock.
    pub source: SourceConfig,
    /// One reading and out.
    pub once: bool,
    /// From one reading to the next.
    pub sample_interval: Duration,
    /// The time one line covers.
    pub emit_interval: Duration,
    /// The most by which regular lines are delayed.
    pub emit_jitter: Duration,
    /// How lines look.
    pub format: Format,
}

/// The configuration of `check`.
#[derive(Debug)]
pub(crate) struct CheckConfig {
    /// The clock.
    pub source: SourceConfig,
    /// What is good.
    pub limits: Limits,
    /// How long to wait for a good clock; `None` reads once.
    pub wait: Option<Duration>,
    /// One JSON object instead of text.
    pub json: bool,
}

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The option or variable at fault.
    pub option: String,
    /// The value given.
    pub given: String,
    /// What is wrong with it, and what is allowed.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={:?}: {}", self.option, self.given, self.problem)
    }
}

/// The flags of one command line: option names and their values.
pub(crate) type Flags = BTreeMap<&'static str, String>;

/// The options of one command as they were given, and the faults found while reading them. Every
/// option is read before anything is decided, so that all faults come out at once.
pub(crate) struct Raw<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    faults: Vec<Fault>,
}

impl<'a> Raw<'a> {
    pub(crate) fn new(flags: &'a Flags, environment: &'a Environment) -> Self {
        Self {
            flags,
            environment,
            faults: Vec::new(),
        }
    }

    /// Where a value was given and what it is: the flag before the variable.
    fn given(&self, option: &OptionSpec) -> Option<(String, String)> {
        if let Some(value) = self.flags.get(option.name) {
            return Some((format!("--{}", option.name), value.clone()));
        }
        let variable = option.variable();
        let value = self.environment.get(&variable)?;
        Some((variable, value))
    }

    /// Notes a fault. What is shown of it is cut, since an event that is longer than a pipe would wait
    /// for ever where nobody reads stderr.
    pub(crate) fn fault(&mut self, option: String, given: &str, problem: &str) {
        self.faults.push(Fault {
            option,
            given: cut(given, SHOWN_VALUE),
            problem: cut(problem, SHOWN_PROBLEM),
        });
    }

    /// The parsed value of an option, its default, or `None`; a fault is noted and gives `None`.
    pub(crate) fn get<T>(
        &mut self,
        option: &OptionSpec,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        let (place, text) = match (self.given(option), option.default) {
            (Some(given), _) => given,
            (None, Some(default)) => (format!("--{}", option.name), default.to_owned()),
            (None, None) => return None,
        };
        let parsed = if text.is_empty() && option.default != Some("") {
            Err("it is empty; leave it out to have the default".to_owned())
        } else {
            parse(&text)
        };
        parsed
            .map_err(|problem| self.fault(place, &text, &problem))
            .ok()
    }

    /// Whether a switch is on: its flag given, or its variable `true`.
    pub(crate) fn switch(&mut self, option: &OptionSpec) -> bool {
        self.get(option, parse::switch).unwrap_or(false)
    }

    /// The configuration, unless there was a fault.
    pub(crate) fn finish<T>(self, config: Option<T>) -> Result<T, Vec<Fault>> {
        match config {
            Some(config) if self.faults.is_empty() => Ok(config),
            _ => Err(self.faults),
        }
    }

    /// The clock source and what goes with it.
    pub(crate) fn source(&mut self) -> Option<SourceConfig> {
        let kind = self.get(&options::SOURCE, parse::source);
        let timeout = self.get(&options::REQUEST_TIMEOUT, parse::request_timeout);
        let drift = self.get(&options::MAX_DRIFT_PPM, parse::drift_rate);
        let log_level = self.get(&options::LOG_LEVEL, parse::log_level);
        let endpoint = self.environment.get(ENDPOINT_VARIABLE);
        let in_ecs = endpoint.is_some();
        // Opened even where the time-out is at fault, so that a fault of the address comes out too.
        let source = self.open(kind?, endpoint, timeout.unwrap_or_default());
        timeout?;
        Some(SourceConfig {
            source: source?,
            drift: drift?,
            log_level: log_level?,
            in_ecs,
        })
    }

    fn open(
        &mut self,
        kind: parse::SourceKind,
        endpoint: Option<String>,
        timeout: Duration,
    ) -> Option<Source> {
        use parse::SourceKind::{Auto, Ecs, Kernel};
        let opened = match (kind, &endpoint) {
            (Auto, Some(base)) => Source::auto(base, timeout),
            (Ecs, Some(base)) => Source::ecs(base, timeout),
            (Auto | Kernel, _) => Source::kernel(),
            (Ecs, None) => {
                let problem = format!("source ecs needs {ENDPOINT_VARIABLE}, which is not set");
                self.fault("--source".to_owned(), kind.as_str(), &problem);
                return None;
            }
        };
        opened
            .map_err(|problem| problem.to_string())
            .map_err(|problem| match endpoint {
                Some(base) if kind != Kernel => {
                    self.fault(ENDPOINT_VARIABLE.to_owned(), &base, &problem);
                }
                _ => self.fault("--source".to_owned(), kind.as_str(), &problem),
            })
            .ok()
    }
}

/// Validates the configuration of `run`.
///
/// # Errors
/// Every fault at once.
pub(crate) fn run(flags: &Flags, environment: &Environment) -> Result<RunConfig, Vec<Fault>> {
    let mut raw = Raw::new(flags, environment);
    let config = run_options(&mut raw);
    raw.finish(config)
}

fn run_options(raw: &mut Raw<'_>) -> Option<RunConfig> {
    let source = raw.source();
    let once = raw.switch(&options::ONCE);
    let emit_interval = raw.get(&options::EMIT_INTERVAL, parse::emit_interval);
    // Without a valid emit interval the others are held against the largest one there is.
    let longest = emit_interval.unwrap_or(parse::LONGEST_EMIT_INTERVAL);
    let sample_interval = if raw.given(&options::SAMPLE_INTERVAL).is_some() {
        raw.get(&options::SAMPLE_INTERVAL, |text| {
            parse::sample_interval(text, longest)
        })
    } else {
        // What nobody gave must not be at fault.
        let usual = raw.get(&options::SAMPLE_INTERVAL, parse::duration);
        usual.map(|usual| usual.min(longest))
    };
    let emit_jitter = raw.get(&options::EMIT_JITTER, |text| {
        parse::emit_jitter(text, longest)
    });
    let resolution = raw.get(&options::STORAGE_RESOLUTION, StorageResolution::parse);
    let namespace = raw.get(&options::NAMESPACE, parse::namespace);
    let properties = raw.get(&options::PROPERTIES, parse::properties);
    let known = properties.as_deref().unwrap_or_default();
    let dimensions = raw.get(&options::DIMENSIONS, |text| parse::dimensions(text, known));
    let metrics = raw.get(&options::METRICS, parse::metrics);

    let source = source?;
    let emit_interval = emit_interval?;
    Some(RunConfig {
        once,
        sample_interval: sample_interval?,
        emit_interval,
        emit_jitter: emit_jitter.unwrap_or(emit_interval / 2),
        format: Format {
            namespace: namespace?,
            dimensions: dimensions.map_or(Dimensions::Default, Dimensions::Sets),
            properties: properties?,
            metrics: metrics.unwrap_or_else(|| {
                Metric::ALL
                    .into_iter()
                    .filter(|metric| metric.is_default())
                    .collect()
            }),
            resolution: resolution?,
            drift: source.drift,
        },
        source,
    })
}

/// Validates the configuration of `check`.
///
/// # Errors
/// Every fault at once.
pub(crate) fn check(flags: &Flags, environment: &Environment) -> Result<CheckConfig, Vec<Fault>> {
    let mut raw = Raw::new(flags, environment);
    let config = check_options(&mut raw);
    raw.finish(config)
}

fn check_options(raw: &mut Raw<'_>) -> Option<CheckConfig> {
    let source = raw.source();
    let limits = Limits {
        max_error: raw.get(&options::MAX_ERROR, parse::duration),
        max_age: raw
            .get(&options::MAX_AGE, parse::max_age)
            .unwrap_or_default(),
        age_adjusted: raw.switch(&options::AGE_ADJUSTED),
    };
    let wait = raw.get(&options::WAIT, parse::wait);
    let json = raw.switch(&options::JSON);
    Some(CheckConfig {
        source: source?,
        limits,
        wait,
        json,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: (&str, &str) = (ENDPOINT_VARIABLE, "http://169.254.170.2/v4/id");

    fn configured(
        flags: &[(&'static str, &str)],
        variables: &[(&str, &str)],
    ) -> Result<RunConfig, Vec<Fault>> {
        let flags = flags
            .iter()
            .map(|(name, value)| (*name, (*value).to_owned()))
            .collect();
        run(&flags, &variables.iter().copied().collect())
    }

    fn faults(flags: &[(&'static str, &str)], variables: &[(&str, &str)]) -> Vec<String> {
        let faults = configured(flags, variables).unwrap_err();
        faults.into_iter().map(|fault| fault.option).collect()
    }

    #[test]
    fn the_defaults() {
        let config = configured(&[], &[ENDPOINT]).unwrap();
        assert!(config.source.in_ecs && !config.once);
        assert_eq!(config.source.drift, DriftRate::DEFAULT);
        assert_eq!(config.source.log_level, LevelFilter::INFO);
        assert_eq!(config.sample_interval, Duration::from_secs(10));
        assert_eq!(config.emit_interval, Duration::from_secs(60));
        assert_eq!(config.emit_jitter, Duration::from_secs(30));
        let metrics = "ClockErrorBound,ClockSynchronized,ClockReferenceAge,ClockStep,ClockReadErrors,LinesDropped";
        assert_eq!(
            config.format,
            Format {
                namespace: "ECS/ClockAccuracy".to_owned(),
                dimensions: Dimensions::Default,
                properties: Vec::new(),
                metrics: parse::metrics(metrics).unwrap(),
                resolution: StorageResolution::Minute,
                drift: DriftRate::DEFAULT,
            }
        );
    }

    #[test]
    fn a_flag_stands_before_its_variable() {
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
        for option in options::RUN.iter().chain(options::CLOCK) {
            let variable = option.variable();
            let given = configured(&[], &[ENDPOINT, (&variable, "")]);
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
            ("log-level", "x"),
            ("emit-interval", "x"),
            ("sample-interval", "x"),
            ("emit-jitter", "x"),
            ("storage-resolution", "x"),
            ("namespace", ":x"),
            ("properties", "x"),
            ("dimensions", "x"),
            ("metrics", "x"),
        ];
        let expected: Vec<String> = all.iter().map(|(name, _)| format!("--{name}")).collect();
        assert_eq!(faults(&all, &[]), expected);
    }
}
