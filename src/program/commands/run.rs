//! The command `run`: samples and emits until a signal.

use std::time::Duration;

use tracing::{error, info, warn};

use crate::answer::{self, Answers};
use crate::program::answers::answers;
use crate::program::clock::clock;
use crate::program::exit::Exit;
use crate::program::options::clock::SourceKind;
use crate::program::options::ntp::{CROSS_CHECK, CrossCheckKind};
use crate::program::options::run::{
    DIMENSIONS, EMIT_INTERVAL, EMIT_JITTER, LONGEST_EMIT_INTERVAL, METRICS, NAMESPACE, ONCE,
    PROPERTIES, SAMPLE_INTERVAL, STORAGE_RESOLUTION, USUAL_SAMPLE_INTERVAL, USUAL_WITH_NTP,
};
use crate::program::options::{AnyOption, at_most, known_names, metrics_by_default};
use crate::program::raw::{Change, Flags, Raw};
use crate::program::settings::{options_of, settings};
use crate::program::system::stoppable;
use crate::sidecar::line::{Dimensions, Format};
use crate::sidecar::sink::Sink;
use crate::sidecar::{self, Observers, RandomFractions, Settings};
use crate::source::Environment;
use crate::text::cut;
use crate::time::{DriftRate, Moment};

/// How much is shown of the settings at the start, in characters.
const SHOWN_SETTINGS: usize = 1_000;

/// How long a segment that is being written may take at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// The options of the command.
pub(crate) fn options() -> Vec<&'static dyn AnyOption> {
    options_of(read)
}

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment, started: Moment) -> Exit {
    stoppable(async |shutdown| {
        let ((settings, answers, kind), changes) = match settings(flags, environment, read) {
            Ok(settings) => settings,
            Err(exit) => return exit,
        };
        report_start(kind, &changes);
        let once = settings.once;
        let answers = if once {
            report_ignored(&answers);
            answer::Settings::default()
        } else {
            answers
        };
        let sink = match Sink::stdout() {
            Ok(sink) => sink,
            Err(error) => {
                error!(%error, "there is no stdout");
                return Exit::LinesLost;
            }
        };
        let random = RandomFractions {
            delay: fastrand::f64(),
            offset: fastrand::f64(),
        };
        let observers = Observers::new(&started);
        let answers = Answers::start(answers, &observers);
        let ended = sidecar::run(settings, sink, started, random, observers, shutdown).await;
        answers.finish(LAST_ANSWERS);
        if ended.stdout_closed || ended.counts.unreported > 0 {
            Exit::LinesLost
        } else if once && !ended.had_reading {
            Exit::NoReading
        } else {
            Exit::Success
        }
    })
}

fn report_start(source: SourceKind, changes: &[Change]) {
    let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        %source,
        settings = cut(&changes.join(" "), SHOWN_SETTINGS),
        "started"
    );
}

/// Nobody can ask a process that ends after its first reading.
fn report_ignored(answers: &answer::Settings) {
    if *answers != answer::Settings::default() {
        warn!("listen and clockbound-directory are ignored with once");
    }
}

fn read(raw: &mut Raw<'_>) -> Option<(Settings, answer::Settings, SourceKind)> {
    let clock = clock(raw);
    let once = raw.is_on(&ONCE);
    let kind = clock.as_ref().map(|clock| clock.kind);
    let intervals = intervals(raw, kind);
    let cross_check = raw.get(&CROSS_CHECK);
    let format = format(raw, clock.as_ref().map(|clock| clock.drift));
    let answers = answers(raw);
    let (clock, intervals) = (clock?, intervals?);
    let answers = answers.settings(clock.drift, intervals.sample);
    let cross_check = (cross_check? == CrossCheckKind::Ntp).then_some(clock.ntp);
    let settings = Settings {
        drift: clock.drift,
        cross_check,
        source: clock.source.read_every(intervals.sample),
        in_ecs: clock.in_ecs,
        once,
        sample_interval: intervals.sample,
        emit_interval: intervals.emit,
        emit_jitter: intervals.jitter,
        format: format?,
    };
    Some((settings, answers, clock.kind))
}

struct Intervals {
    sample: Duration,
    emit: Duration,
    jitter: Duration,
}

fn intervals(raw: &mut Raw<'_>, source: Option<SourceKind>) -> Option<Intervals> {
    let sample = raw.get(&SAMPLE_INTERVAL);
    let emit = raw.get(&EMIT_INTERVAL);
    let jitter = raw.get(&EMIT_JITTER);
    // Without a valid emit interval the others are compared with the longest that there is.
    let longest = emit.unwrap_or(LONGEST_EMIT_INTERVAL);
    let sample = if raw.is_given(&SAMPLE_INTERVAL) {
        raw.allowed(&SAMPLE_INTERVAL, sample, |sample| at_most(*sample, longest))
    } else {
        // What nobody gave must not be at fault.
        let usual = match source {
            Some(SourceKind::Ntp) => USUAL_WITH_NTP,
            _ => USUAL_SAMPLE_INTERVAL,
        };
        Some(usual.min(longest))
    };
    let jitter = raw.allowed(&EMIT_JITTER, jitter, |jitter| at_most(*jitter, longest));
    Some(Intervals {
        sample: sample?,
        emit: emit?,
        jitter: jitter.unwrap_or(longest / 2),
    })
}

fn format(raw: &mut Raw<'_>, drift: Option<DriftRate>) -> Option<Format> {
    let resolution = raw.get(&STORAGE_RESOLUTION);
    let namespace = raw.get(&NAMESPACE);
    let dimensions = raw.get(&DIMENSIONS);
    let properties = raw.get(&PROPERTIES);
    let metrics = raw.get(&METRICS);
    let known = properties.as_deref().unwrap_or_default();
    let dimensions = raw.allowed(&DIMENSIONS, dimensions, |sets| known_names(sets, known));
    Some(Format {
        namespace: namespace?,
        dimensions: dimensions.map_or(Dimensions::Default, Dimensions::Sets),
        properties: properties?,
        metrics: metrics.unwrap_or_else(metrics_by_default),
        resolution: resolution?,
        drift: drift?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::options::clock::LOG_LEVEL;

    use crate::program::raw::Fault;
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
}
