//! The command line of the demonstration, and the settings that follow from it.

use std::fmt::Display;
use std::time::Duration;

use clap::Parser;
use ecs_clock_emf::{DriftRate, ErrorLimit, InvalidSource, NtpServer, NtpSettings, Source};
use tracing::level_filters::LevelFilter;

/// Shows this task's clock on a page, and refuses a critical step while it is not good enough
#[derive(Debug, Parser)]
#[command(version, args_override_self = true)]
pub struct Arguments {
    /// Address and port to listen on
    #[arg(long, env = "CLOCK_DEMO_LISTEN", default_value = "0.0.0.0:8080")]
    listen: String,
    /// Largest acceptable error bound, unless a request names another
    #[arg(long, env = "CLOCK_DEMO_MAX_ERROR", default_value = "5ms")]
    max_error: String,
    /// The clock is read at most once in this time: 100ms to 1m
    #[arg(long, env = "CLOCK_DEMO_REFRESH_INTERVAL", default_value = "1s")]
    refresh_interval: String,
    /// Where readings come from: auto, ecs, kernel or ntp
    #[arg(long, env = "CLOCK_EMF_SOURCE", default_value = "auto")]
    source: String,
    /// Address of the task metadata endpoint; ECS sets the variable
    #[arg(long, env = "ECS_CONTAINER_METADATA_URI_V4")]
    endpoint: Option<String>,
    /// How long one request to a source may take, up to 1m
    #[arg(long, env = "CLOCK_EMF_REQUEST_TIMEOUT", default_value = "2s")]
    request_timeout: String,
    /// How fast an uncorrected clock may drift, in parts per million [default: 15; with source ntp 100]
    #[arg(long, env = "CLOCK_EMF_MAX_DRIFT_PPM")]
    max_drift_ppm: Option<String>,
    /// The NTP server: host, host:port or [IPv6 address]:port [default: 169.254.169.123]
    #[arg(long, env = "CLOCK_EMF_NTP_SERVER")]
    ntp_server: Option<String>,
    /// The shortest time between two requests to the NTP server: 1s to 1h
    #[arg(long, env = "CLOCK_EMF_NTP_INTERVAL", default_value = "16s")]
    ntp_interval: String,
    /// What is reported on stderr: error, warn, info, debug, trace or off
    #[arg(long, env = "CLOCK_EMF_LOG_LEVEL", default_value = "info")]
    log_level: String,
}

impl Arguments {
    /// Variables that look like one of the demonstration's but are not.
    pub fn unknown_variables(names: impl IntoIterator<Item = String>) -> Vec<String> {
        let known = ["LISTEN", "MAX_ERROR", "REFRESH_INTERVAL"];
        let names = names.into_iter().filter(|name| {
            let rest = name.strip_prefix("CLOCK_DEMO_");
            rest.is_some_and(|rest| !known.contains(&rest))
        });
        names.collect()
    }
}

/// One thing wrong with the configuration.
#[derive(Debug)]
pub struct Fault {
    /// The option.
    pub option: &'static str,
    /// What is wrong with its value.
    pub problem: String,
}

/// The settings of `clock-demo`.
#[derive(Debug)]
pub struct Settings {
    /// The source, set up but not yet read.
    pub source: Source,
    /// How fast the clock may drift.
    pub drift: DriftRate,
    /// The address and port to listen on.
    pub listen: String,
    /// The largest acceptable error bound, unless a request names another.
    pub max_error: ErrorLimit,
    /// The clock is read at most once in this time.
    pub refresh_interval: Duration,
    /// What is reported on stderr.
    pub log_level: LevelFilter,
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// Every fault, so that all of them can be fixed at once.
    pub fn new(arguments: &Arguments) -> Result<Self, Vec<Fault>> {
        let mut faults = Faults::default();
        let ntp = arguments.source == "ntp";
        let listen = faults.check("listen", &arguments.listen, host_and_port);
        let max_error = faults.check("max-error", &arguments.max_error, str::parse);
        let refresh_interval =
            faults.check("refresh-interval", &arguments.refresh_interval, |text| {
                within(text, Duration::from_millis(100), Duration::from_secs(60))
            });
        let timeout = faults.check("request-timeout", &arguments.request_timeout, |text| {
            within(text, Duration::from_millis(1), Duration::from_secs(60))
        });
        let interval = faults.check("ntp-interval", &arguments.ntp_interval, |text| {
            within(text, Duration::from_secs(1), Duration::from_secs(3_600))
        });
        let server = arguments.ntp_server.as_deref().map_or_else(
            || Some(NtpServer::default()),
            |text| faults.check("ntp-server", text, str::parse),
        );
        let drift = match arguments.max_drift_ppm.as_deref() {
            Some(text) => faults.check("max-drift-ppm", text, drift_rate),
            None if ntp => Some(DriftRate::UNDISCIPLINED),
            None => Some(DriftRate::DEFAULT),
        };
        let log_level = faults.check("log-level", &arguments.log_level, str::parse);
        let source = (|| {
            let ntp = NtpSettings::default()
                .with_server(server?)
                .with_interval(interval?)
                .with_timeout(timeout?)
                .with_drift(drift?);
            faults.check("source", &arguments.source, |kind| {
                open(kind, arguments.endpoint.as_deref(), ntp)
            })
        })();
        let settings = (|| {
            Some(Self {
                source: source?,
                drift: drift?,
                listen: listen?,
                max_error: max_error?,
                refresh_interval: refresh_interval?,
                log_level: log_level?,
            })
        })();
        settings.ok_or(faults.0)
    }
}

/// The faults found so far.
#[derive(Default)]
struct Faults(Vec<Fault>);

impl Faults {
    /// The value of an option; a fault is kept and gives `None`.
    fn check<T, E: Display>(
        &mut self,
        option: &'static str,
        text: &str,
        rule: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let fault = |invalid: E| Fault {
            option,
            problem: invalid.to_string(),
        };
        rule(text)
            .map_err(|invalid| self.0.push(fault(invalid)))
            .ok()
    }
}

fn open(kind: &str, endpoint: Option<&str>, ntp: NtpSettings) -> Result<Source, String> {
    let invalid = |invalid: InvalidSource| invalid.to_string();
    let timeout = ntp.timeout;
    match (kind, endpoint) {
        ("auto", Some(base)) => {
            let fallback = Source::kernel().unwrap_or_else(|_| Source::ntp(ntp));
            Source::auto(base, timeout, Some(fallback)).map_err(invalid)
        }
        ("auto", None) => Ok(Source::kernel().unwrap_or_else(|_| Source::ntp(ntp))),
        ("ecs", Some(base)) => Source::ecs(base, timeout).map_err(invalid),
        ("ecs", None) => Err("ECS_CONTAINER_METADATA_URI_V4 is not set".to_owned()),
        ("kernel", _) => Source::kernel().map_err(invalid),
        ("ntp", _) => Ok(Source::ntp(ntp)),
        _ => Err(format!("expected auto, ecs, kernel or ntp, got {kind:?}")),
    }
}

/// A host, an address or a bracketed IPv6 address, and a port.
fn host_and_port(text: &str) -> Result<String, String> {
    let good = text.rsplit_once(':').is_some_and(|(host, port)| {
        let bracketed = host.starts_with('[') && host.ends_with(']');
        !host.is_empty() && (bracketed || !host.contains(':')) && port.parse::<u16>().is_ok()
    });
    good.then(|| text.to_owned()).ok_or_else(|| {
        format!("expected an address and a port, such as 0.0.0.0:8080 or [::]:8080, got {text:?}")
    })
}

fn within(text: &str, shortest: Duration, longest: Duration) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).ok();
    let duration = duration.filter(|duration| (shortest..=longest).contains(duration));
    duration.ok_or_else(|| {
        let [shortest, longest] = [shortest, longest].map(humantime::format_duration);
        format!("expected {shortest} to {longest}, got {text:?}")
    })
}

fn drift_rate(text: &str) -> Result<DriftRate, String> {
    let rate = text.parse().ok().and_then(DriftRate::from_ppm);
    rate.ok_or_else(|| {
        let largest = DriftRate::MAX_PPM;
        format!("expected a whole number from 0 to {largest}, got {text:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(arguments: &[&str]) -> Result<Settings, Vec<Fault>> {
        let endpoint = "--endpoint=http://169.254.170.2/v4/id";
        let arguments = [&["clock-demo", endpoint], arguments].concat();
        Settings::new(&Arguments::parse_from(arguments))
    }

    #[test]
    fn all_faults_are_reported_at_once_and_the_defaults_are_good() {
        let faults = settings(&[
            "--listen=8080",
            "--max-error=5",
            "--refresh-interval=0s",
            "--source=x",
            "--log-level=loud",
        ]);
        let options: Vec<_> = faults
            .unwrap_err()
            .iter()
            .map(|fault| fault.option)
            .collect();
        assert_eq!(
            options,
            [
                "listen",
                "max-error",
                "refresh-interval",
                "log-level",
                "source"
            ]
        );
        let settings = settings(&[]).unwrap();
        assert_eq!(
            (settings.listen.as_str(), settings.max_error),
            ("0.0.0.0:8080", ErrorLimit::AtMost(Duration::from_millis(5)))
        );
    }

    #[test]
    fn an_address_has_a_port() {
        for (text, is_good) in [
            ("0.0.0.0:8080", true),
            ("[::]:80", true),
            ("localhost:0", true),
            ("8080", false),
            (":8080", false),
            ("::1:80", false),
            ("h:70000", false),
            ("h:", false),
        ] {
            assert_eq!(host_and_port(text).is_ok(), is_good, "{text}");
        }
    }

    #[test]
    fn a_misspelt_variable_is_found() {
        let names = ["CLOCK_DEMO_MAX_EROR", "CLOCK_DEMO_LISTEN", "CLOCK_EMF_X"];
        let names = names.map(str::to_owned);
        assert_eq!(Arguments::unknown_variables(names), ["CLOCK_DEMO_MAX_EROR"]);
    }
}
