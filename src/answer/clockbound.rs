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

pub(crate) use self::client::check;
#[cfg(any(test, fuzzing))]
pub(crate) use self::client::judge_bytes;
use self::publisher::Publisher;
#[cfg(any(test, fuzzing))]
pub(crate) use self::segment::{Segment, Status};
use super::Rules;
use super::trouble::Trouble;
use crate::sidecar::Observed;

/// A client treats a segment that is older than 5 s as free-running.
const TICK: Duration = Duration::from_secs(1);

/// Keeps the segment up to date until the sender of `observed` is gone: every second, and at once after a reading and a
/// step of the wall clock. Then the file is left as it is: its bound stays correct, and it expires.
pub(super) async fn publish(
    directory: PathBuf,
    rules: Rules,
    mut observed: watch::Receiver<Observed>,
    disturbed: Arc<Notify>,
    trouble: Trouble,
) {
    let mut publisher = Publisher::new(directory, rules, disturbed, trouble);
    loop {
        let now = observed.borrow_and_update().clone();
        publisher.update(&now);
        tokio::select! {
            biased;
            changed = observed.changed() => if changed.is_err() {
                return;
            },
            () = tokio::time::sleep(TICK) => {}
        }
    }
}
