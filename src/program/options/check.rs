//! The options of `check` alone.

use std::time::Duration;

use super::durations::within;
use super::nearest::nearest;
use super::{DefaultValue, Opt, expected, switch};
#[cfg(test)]
use super::{Examples, SWITCH_EXAMPLES};
use crate::answer::http::{LoopbackAddress, NotLoopback};
use crate::clock::{AgeLimit, ErrorLimit, InvalidPreset, Preset};

pub(crate) const MAX_ERROR: Opt<ErrorLimit> = Opt {
    name: "max-error",
    variable: "CLOCK_EMF_MAX_ERROR",
    value_name: "DURATION",
    default: DefaultValue::Derived("1s; with source kernel 2s"),
    help: "Largest acceptable error bound, such as 5ms (ns, us, ms or s; at most 60s). off accepts any known bound",
    rule: |text| Ok(text.parse()?),
    #[cfg(test)]
    examples: Examples {
        accepted: &["5ms", "0.5ms", "60s", "off"],
        refused: &["5", "5m", "61s", "1s 1ms"],
    },
};

pub(crate) const FOR: Opt<Preset> = Opt {
    name: "for",
    variable: "CLOCK_EMF_FOR",
    value_name: "NAME",
    default: DefaultValue::Nothing,
    help: "Apply the error limit of a system, such as cockroachdb; the smaller limit if max-error is given too",
    rule: |text| {
        text.parse().map_err(|_: InvalidPreset| {
            let names = Preset::ALL.iter().map(|preset| preset.as_str());
            expected(InvalidPreset::expected(), text).with_hint(nearest(names, "", text))
        })
    },
    #[cfg(test)]
    examples: Examples {
        accepted: &["cockroachdb", "yugabytedb-clockbound", "sigv4"],
        refused: &["", "CockroachDB", "postgresql"],
    },
};

pub(crate) const MAX_AGE: Opt<AgeLimit> = Opt {
    name: "max-age",
    variable: "CLOCK_EMF_MAX_AGE",
    value_name: "DURATION",
    default: DefaultValue::Derived("1h where the age is known"),
    help: "Largest acceptable age of the reference time; an unknown age fails. off accepts any age",
    rule: |text| Ok(text.parse()?),
    #[cfg(test)]
    examples: Examples {
        accepted: &["1h", "90s", "off"],
        refused: &["1", "OFF", "never"],
    },
};

pub(crate) const AGE_ADJUSTED: Opt<bool> = Opt {
    name: "age-adjusted",
    variable: "CLOCK_EMF_AGE_ADJUSTED",
    value_name: "",
    default: DefaultValue::Nothing,
    help: "Let the bound grow from the reference time instead of from the read; an unknown age fails",
    rule: switch,
    #[cfg(test)]
    examples: SWITCH_EXAMPLES,
};

pub(crate) const ASK: Opt<LoopbackAddress> = Opt {
    name: "ask",
    variable: "CLOCK_EMF_ASK",
    value_name: "ADDRESS",
    default: DefaultValue::Nothing,
    help: "Ask the running sidecar that listens on this address instead of the source",
    rule: |text| {
        text.parse()
            .map_err(|NotLoopback| expected(NotLoopback::EXPECTED, text))
    },
    #[cfg(test)]
    examples: Examples {
        accepted: &["127.0.0.1:2780", "[::1]:2780", "localhost:2780"],
        refused: &["2780", "127.0.0.1", "10.0.0.1:2780"],
    },
};

pub(crate) const WAIT: Opt<Duration> = Opt {
    name: "wait",
    variable: "CLOCK_EMF_WAIT",
    value_name: "DURATION",
    default: DefaultValue::Nothing,
    help: "Read every second until the clock is good, for at most this long, up to 1day",
    rule: |text| within(text, Duration::ZERO, Duration::from_secs(24 * 60 * 60)),
    #[cfg(test)]
    examples: Examples {
        accepted: &["0s", "60s", "1day"],
        refused: &["86401s", "18446744073709551615s", "60"],
    },
};

pub(crate) const JSON: Opt<bool> = Opt {
    name: "json",
    variable: "CLOCK_EMF_JSON",
    value_name: "",
    default: DefaultValue::Nothing,
    help: "Print one JSON object",
    rule: switch,
    #[cfg(test)]
    examples: SWITCH_EXAMPLES,
};
