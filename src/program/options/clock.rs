//! The options of everything that reads a clock.

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::durations::within;
use super::{DefaultValue, Expected, Opt, expected};
use crate::source::Source;
use crate::time::DriftRate;

/// The values of [`SOURCE`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SourceKind {
    /// The task metadata endpoint where there is one, else the kernel, else an NTP server.
    Auto,
    /// The task metadata endpoint.
    Ecs,
    /// The kernel.
    Kernel,
    /// An NTP server.
    Ntp,
}

pub(crate) const SOURCE: Opt<SourceKind> = Opt {
    name: "source",
    variable: "CLOCK_EMF_SOURCE",
    value_name: "SOURCE",
    default: DefaultValue::Text("auto"),
    help: "Where readings come from: auto, ecs, kernel (Linux only) or ntp",
    rule: |text| match text {
        "auto" => Ok(SourceKind::Auto),
        "ecs" => Ok(SourceKind::Ecs),
        "kernel" => Ok(SourceKind::Kernel),
        "ntp" => Ok(SourceKind::Ntp),
        _ => Err(expected("auto, ecs, kernel or ntp", text)),
    },
};

pub(crate) const ENDPOINT: Opt<String> = Opt {
    name: "endpoint",
    variable: "CLOCK_EMF_ENDPOINT",
    value_name: "ADDRESS",
    default: DefaultValue::Derived("the variable that ECS sets"),
    help: "Task metadata endpoint to read instead of the one in ECS_CONTAINER_METADATA_URI_V4, without /task",
    rule: |text| {
        if Source::is_endpoint(text) {
            Ok(text.to_owned())
        } else {
            let allowed = "an http address without a query, such as http://169.254.170.2/v4/id";
            Err(expected(allowed, text))
        }
    },
};

pub(crate) const REQUEST_TIMEOUT: Opt<Duration> = Opt {
    name: "request-timeout",
    variable: "CLOCK_EMF_REQUEST_TIMEOUT",
    value_name: "DURATION",
    default: DefaultValue::Text("2s"),
    help: "Longest time for one request to a source: 1ms to 1m",
    rule: |text| within(text, Duration::from_millis(1), Duration::from_secs(60)),
};

pub(crate) const MAX_DRIFT_PPM: Opt<DriftRate> = Opt {
    name: "max-drift-ppm",
    variable: "CLOCK_EMF_MAX_DRIFT_PPM",
    value_name: "PPM",
    default: DefaultValue::Derived("15; with source ntp 100"),
    help: "How fast an uncorrected clock may drift, in parts per million: 0 to 10000",
    rule: drift_rate,
};

fn drift_rate(text: &str) -> Result<DriftRate, Expected> {
    let ppm = text.parse().ok();
    ppm.and_then(DriftRate::from_ppm).ok_or_else(|| {
        let largest = DriftRate::MAX_PPM;
        expected(format!("a whole number from 0 to {largest}"), text)
    })
}

/// The values of [`LOG_FORMAT`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// Text on a terminal, JSON elsewhere.
    Auto,
    /// One plain sentence per line.
    Text,
    /// One JSON object per line.
    Json,
}

pub(crate) const LOG_FORMAT: Opt<LogFormat> = Opt {
    name: "log-format",
    variable: "CLOCK_EMF_LOG_FORMAT",
    value_name: "FORMAT",
    default: DefaultValue::Text("auto"),
    help: "How to report: text, json, or auto (text on a terminal, JSON elsewhere)",
    rule: |text| match text {
        "auto" => Ok(LogFormat::Auto),
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(expected("auto, text or json", text)),
    },
};

pub(crate) const LOG_LEVEL: Opt<LevelFilter> = Opt {
    name: "log-level",
    variable: "CLOCK_EMF_LOG_LEVEL",
    value_name: "LEVEL",
    default: DefaultValue::Text("info"),
    help: "What to report: error, warn, info, debug, trace or off",
    rule: |text| match text {
        "off" => Ok(LevelFilter::OFF),
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        "trace" => Ok(LevelFilter::TRACE),
        _ => Err(expected("error, warn, info, debug, trace or off", text)),
    },
};
