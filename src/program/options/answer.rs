//! The options of the interfaces that applications in the task query.

use std::path::PathBuf;

use super::{DefaultValue, Expected, Opt, expected};
use crate::answer::http::{LoopbackAddress, NotLoopback};

pub(crate) const LISTEN: Opt<LoopbackAddress> = Opt {
    name: "listen",
    variable: "CLOCK_EMF_LISTEN",
    value_name: "ADDRESS",
    default: DefaultValue::Nothing,
    help: "Answer GET /clock on this loopback address and port, such as 127.0.0.1:2780",
    rule: loopback,
};

pub(super) fn loopback(text: &str) -> Result<LoopbackAddress, Expected> {
    text.parse()
        .map_err(|NotLoopback| expected(NotLoopback::EXPECTED, text))
}

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
};
