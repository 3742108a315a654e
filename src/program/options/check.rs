//! The options of `check` alone.

use std::time::Duration;

use super::answer::loopback;
use super::durations::within;
use super::nearest::nearest;
use super::{DefaultValue, Opt, expected};
use crate::answer::http::LoopbackAddress;
use crate::clock::{AgeLimit, ErrorLimit, InvalidPreset, Preset};

pub(crate) const MAX_ERROR: Opt<ErrorLimit> = Opt {
    name: "max-error",
    variable: "CLOCK_EMF_MAX_ERROR",
    value_name: "DURATION",
    default: DefaultValue::Derived("1s; with source kernel 2s"),
    help: "Largest acceptable error bound, such as 5ms (ns, us, ms or s; at most 60s). off accepts any known bound",
    rule: |text| Ok(text.parse()?),
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
};

pub(crate) const MAX_AGE: Opt<AgeLimit> = Opt {
    name: "max-age",
    variable: "CLOCK_EMF_MAX_AGE",
    value_name: "DURATION",
    default: DefaultValue::Derived("1h where the age is known"),
    help: "Largest acceptable age of the reference time; an unknown age fails. off accepts any age",
    rule: |text| Ok(text.parse()?),
};

pub(crate) const AGE_ADJUSTED: Opt<bool> = Opt::switch(
    "age-adjusted",
    "CLOCK_EMF_AGE_ADJUSTED",
    "Let the bound grow from the reference time instead of from the read; an unknown age fails",
);

pub(crate) const ASK: Opt<LoopbackAddress> = Opt {
    name: "ask",
    variable: "CLOCK_EMF_ASK",
    value_name: "ADDRESS",
    default: DefaultValue::Nothing,
    help: "Ask the running sidecar that listens on this address instead of the source",
    rule: loopback,
};

pub(crate) const WAIT: Opt<Duration> = Opt {
    name: "wait",
    variable: "CLOCK_EMF_WAIT",
    value_name: "DURATION",
    default: DefaultValue::Nothing,
    help: "Read every second until the clock is good, for at most this long, up to 1day",
    rule: |text| within(text, Duration::ZERO, Duration::from_secs(24 * 60 * 60)),
};

pub(crate) const JSON: Opt<bool> = Opt::switch("json", "CLOCK_EMF_JSON", "Print one JSON object");
