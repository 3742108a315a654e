//! A ClockBound segment: a file that [AWS's client libraries](https://github.com/aws/clock-bound) of
//! version 2 map, so that an application asks in a fraction of a microsecond. ClockBound's own daemon
//! cannot run on Fargate; the sidecar takes its place.

mod client;
mod clocks;
mod decide;
mod publisher;
mod segment;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tracing::debug;

pub(crate) use self::client::check;
#[cfg(any(test, fuzzing))]
pub(crate) use self::client::judge_bytes;
use self::clocks::SetClock;
pub(crate) use self::decide::Rules;
use self::publisher::Publisher;
#[cfg(any(test, fuzzing))]
pub(crate) use self::segment::{Segment, Status};
use super::trouble::Trouble;
use crate::reading::Observed;

/// A client takes what is older than 5 s for free-running.
const TICK: Duration = Duration::from_secs(1);

/// Where the segment is to be, and by which rules it is written.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// The directory of the file `shm0`. It must exist.
    pub directory: PathBuf,
    /// The rules.
    pub rules: Rules,
}

/// Keeps the segment up to date until the sender of `observed` is gone: every second, and at once after a
/// reading and a step of the wall clock. The file is left as it is: its bound stays true, and it expires.
pub(super) async fn publish(
    settings: Settings,
    mut observed: watch::Receiver<Observed>,
    stepped: Arc<Notify>,
    trouble: Trouble,
) {
    let set_clock = SetClock::new();
    if let Err(error) = &set_clock {
        debug!(%error, "steps of the wall clock are noticed within a second, not at once");
    }
    let clock_set = async || match &set_clock {
        Ok(set_clock) => set_clock.wait().await,
        Err(_) => std::future::pending().await,
    };
    let mut publisher = Publisher::new(settings.directory, settings.rules, stepped, trouble);
    loop {
        let now = observed.borrow_and_update().clone();
        publisher.update(&now);
        tokio::select! {
            biased;
            changed = observed.changed() => if changed.is_err() {
                return;
            },
            () = clock_set() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
