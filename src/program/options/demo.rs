//! The options of the demonstration alone.

use std::time::Duration;

#[cfg(test)]
use super::Examples;
use super::durations::within;
use super::{DefaultValue, Expected, Opt, expected};
use crate::clock::ErrorLimit;

pub(crate) const LISTEN: Opt<String> = Opt {
    name: "listen",
    variable: "CLOCK_DEMO_LISTEN",
    value_name: "ADDRESS",
    default: DefaultValue::Text("0.0.0.0:8080"),
    help: "Address and port to listen on",
    rule: host_and_port,
    #[cfg(test)]
    examples: Examples {
        accepted: &["0.0.0.0:8080", "[::]:80", "localhost:0"],
        refused: &["8080", ":8080", "::1:80", "h:70000", "h:"],
    },
};

/// A host, an address or a bracketed IPv6 address, and a port.
fn host_and_port(text: &str) -> Result<String, Expected> {
    let good = text.rsplit_once(':').is_some_and(|(host, port)| {
        let bracketed = host.starts_with('[') && host.ends_with(']');
        !host.is_empty() && (bracketed || !host.contains(':')) && port.parse::<u16>().is_ok()
    });
    good.then(|| text.to_owned()).ok_or_else(|| {
        let address = "an address and a port, such as 0.0.0.0:8080, 127.0.0.1:0 or [::]:8080";
        expected(address, text)
    })
}

pub(crate) const MAX_ERROR: Opt<ErrorLimit> = Opt {
    name: "max-error",
    variable: "CLOCK_DEMO_MAX_ERROR",
    value_name: "DURATION",
    default: DefaultValue::Text("5ms"),
    help: "The largest error bound that is good, unless a request names another",
    rule: |text| Ok(text.parse()?),
    #[cfg(test)]
    examples: Examples {
        accepted: &["5ms", "100us"],
        refused: &["5", "5m"],
    },
};

pub(crate) const REFRESH_INTERVAL: Opt<Duration> = Opt {
    name: "refresh-interval",
    variable: "CLOCK_DEMO_REFRESH_INTERVAL",
    value_name: "DURATION",
    default: DefaultValue::Text("1s"),
    help: "The clock is read at most once in this time: 100ms to 1m",
    rule: |text| within(text, Duration::from_millis(100), Duration::from_secs(60)),
    #[cfg(test)]
    examples: Examples {
        accepted: &["100ms", "1m"],
        refused: &["0s", "99ms", "61s"],
    },
};
