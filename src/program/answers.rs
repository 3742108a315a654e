//! The interfaces for applications that the options select.

use std::path::PathBuf;
use std::time::Duration;

use crate::answer;
#[cfg(target_os = "linux")]
use crate::answer::clockbound;
use crate::answer::http::{self, LoopbackAddress};
use crate::clock::Limits;
use crate::program::clock::limits;
use crate::program::options::answer::{CLOCKBOUND_DIRECTORY, LISTEN};
use crate::program::raw::Raw;
use crate::time::DriftRate;

/// The options of the interfaces for applications.
pub(crate) struct AnswerOptions {
    listen: Option<LoopbackAddress>,
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "its rule refuses every value there")
    )]
    clockbound_directory: Option<PathBuf>,
    limits: Limits,
}

/// Reads the options of [`AnswerOptions`].
pub(crate) fn answers(raw: &mut Raw<'_>) -> AnswerOptions {
    AnswerOptions {
        listen: raw.get(&LISTEN),
        clockbound_directory: raw.get(&CLOCKBOUND_DIRECTORY),
        limits: limits(raw),
    }
}

impl AnswerOptions {
    /// The settings, for a sidecar with this drift rate and sample interval.
    pub(crate) fn settings(self, drift: DriftRate, sample_interval: Duration) -> answer::Settings {
        answer::Settings {
            http: self.listen.map(|address| http::Settings {
                address,
                rules: http::Rules {
                    limits: self.limits,
                    drift,
                    sample_interval,
                },
            }),
            #[cfg(target_os = "linux")]
            clockbound: self
                .clockbound_directory
                .map(|directory| clockbound::Settings {
                    directory,
                    rules: clockbound::Rules {
                        drift,
                        sample_interval,
                        limits: self.limits,
                    },
                }),
        }
    }
}
