//! The options of the interfaces that applications in the task query.

use std::path::PathBuf;

#[cfg(test)]
use super::Examples;
use super::{DefaultValue, Opt, expected};
use crate::answer::http::{LoopbackAddress, NotLoopback};

pub(crate) const LISTEN: Opt<LoopbackAddress> = Opt {
    name: "listen",
    variable: "CLOCK_EMF_LISTEN",
    value_name: "ADDRESS",
    default: DefaultValue::Nothing,
    help: "Answer GET /clock on this loopback address and port, such as 127.0.0.1:2780",
    rule: |text| {
        text.parse()
            .map_err(|NotLoopback| expected(NotLoopback::EXPECTED, text))
    },
    #[cfg(test)]
    examples: Examples {
        accepted: &["127.0.0.1:2780", "[::1]:2780", "localhost:0"],
        refused: &["2780", "127.0.0.1", "0.0.0.0:2780", "example.com:2780"],
    },
};

pub(crate) const CLOCKBOUND_DIRECTORY: Opt<PathBuf> = Opt {
    name: "clockbound-directory",
    variable: "CLOCK_EMF_CLOCKBOUND_DIRECTORY",
    value_name: "DIRECTORY",
    default: DefaultValue::Nothing,
    help: "Write a ClockBound segment, shm0, into this directory; Linux only",
    rule: |text| match text {
        "" => Err(expected("a directory, such as /var/run/clockbound", text)),
        _ if !cfg!(target_os = "linux") => Err(expected(
            "no value: not supported on this platform (Linux only)",
            text,
        )),
        _ => Ok(text.into()),
    },
    #[cfg(test)]
    examples: Examples {
        accepted: if cfg!(target_os = "linux") {
            &["/var/run/clockbound", "relative"]
        } else {
            &[]
        },
        refused: &[""],
    },
};
