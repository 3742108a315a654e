//! The options of each command, in the groups and the order of its help.

use super::AnyOption;
use super::answer::{CLOCKBOUND_DIRECTORY, LISTEN};
use super::check::{AGE_ADJUSTED, ASK, FOR, JSON, MAX_AGE, MAX_ERROR, WAIT};
use super::clock::{ENDPOINT, LOG_FORMAT, LOG_LEVEL, MAX_DRIFT_PPM, REQUEST_TIMEOUT, SOURCE};
use super::ntp::{CROSS_CHECK, NTP_INTERVAL, NTP_SERVER};
use super::run::{
    DIMENSIONS, EMIT_INTERVAL, EMIT_JITTER, METRICS, NAMESPACE, ONCE, PROPERTIES, SAMPLE_INTERVAL,
    STORAGE_RESOLUTION,
};

/// Options under one heading of the help.
pub(crate) struct Group {
    pub heading: &'static str,
    pub options: &'static [&'static dyn AnyOption],
}

/// The options of `run`.
pub(crate) const RUN: &[Group] = &[
    Group {
        heading: "What is read",
        options: &[
            &SOURCE,
            &ENDPOINT,
            &SAMPLE_INTERVAL,
            &REQUEST_TIMEOUT,
            &MAX_DRIFT_PPM,
            &NTP_SERVER,
            &NTP_INTERVAL,
            &CROSS_CHECK,
        ],
    },
    Group {
        heading: "What is written",
        options: &[
            &ONCE,
            &EMIT_INTERVAL,
            &EMIT_JITTER,
            &STORAGE_RESOLUTION,
            &NAMESPACE,
            &DIMENSIONS,
            &PROPERTIES,
            &METRICS,
        ],
    },
    Group {
        heading: "Interfaces for applications",
        options: &[&LISTEN, &CLOCKBOUND_DIRECTORY],
    },
    Group {
        heading: "Limits of the answers",
        options: &[&MAX_ERROR, &FOR, &MAX_AGE, &AGE_ADJUSTED],
    },
    DIAGNOSTICS,
];

/// The options of `check`.
pub(crate) const CHECK: &[Group] = &[
    Group {
        heading: "What is read",
        options: &[
            &ASK,
            &SOURCE,
            &ENDPOINT,
            &REQUEST_TIMEOUT,
            &MAX_DRIFT_PPM,
            &NTP_SERVER,
            &NTP_INTERVAL,
            &CROSS_CHECK,
        ],
    },
    Group {
        heading: "Limits",
        options: &[&MAX_ERROR, &FOR, &MAX_AGE, &AGE_ADJUSTED, &WAIT],
    },
    Group {
        heading: "What is written",
        options: &[&JSON],
    },
    DIAGNOSTICS,
];

const DIAGNOSTICS: Group = Group {
    heading: "Diagnostics on stderr",
    options: &[&LOG_LEVEL, &LOG_FORMAT],
};

/// The options of these groups.
pub(crate) fn options(
    groups: &'static [Group],
) -> impl Iterator<Item = &'static dyn AnyOption> + Clone {
    groups.iter().flat_map(|group| group.options).copied()
}

/// The options of all commands, some of them twice.
pub(crate) fn all() -> impl Iterator<Item = &'static dyn AnyOption> + Clone {
    options(RUN).chain(options(CHECK))
}
