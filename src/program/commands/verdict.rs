//! How a verdict is printed, and the exit code it leads to.

use std::io::{self, Write as _};

use crate::clock::Report;
use crate::program::exit::Exit;
use crate::program::options::check::JSON;
use crate::program::raw::Raw;

/// The form in which a verdict is printed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Form {
    Text,
    Json,
}

impl Form {
    /// Reads the option.
    pub(super) fn read(raw: &mut Raw<'_>) -> Self {
        if raw.is_on(&JSON) {
            Self::Json
        } else {
            Self::Text
        }
    }

    /// A report as it is printed.
    pub(super) fn show(self, report: &Report) -> String {
        match self {
            Self::Text => report.to_string(),
            Self::Json => serde_json::to_string(report).unwrap_or_default() + "\n",
        }
    }
}

/// Prints a verdict. If stdout is closed, the exit code still gives it.
#[expect(clippy::disallowed_methods, reason = "these commands print")]
pub(super) fn print(text: &str) {
    let _ = io::stdout().write_all(text.as_bytes());
}

/// The exit code of a report.
pub(super) fn exit(report: &Report) -> Exit {
    if report.is_good() {
        Exit::Success
    } else if report.is_without_reading() {
        Exit::NoReading
    } else {
        Exit::NotGood
    }
}
