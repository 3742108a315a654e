//! The settings of the interfaces.

use std::path::PathBuf;
use std::time::Duration;

use super::http::LoopbackAddress;
use crate::clock::Limits;
use crate::time::DriftRate;

/// The shortest limit on the age of a reading, however often the clock is read.
const MINUTE: Duration = Duration::from_secs(60);

/// Which interfaces to run, and the rules of all of them.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// Where to answer over HTTP.
    pub listen: Option<LoopbackAddress>,
    /// The directory of the ClockBound segment, which must exist. `None` on systems other than Linux.
    pub clockbound_directory: Option<PathBuf>,
    pub rules: Rules,
}

impl Settings {
    /// Turns every interface off. Returns whether one was on.
    pub(crate) fn turn_off(&mut self) -> bool {
        let (listen, directory) = (self.listen.take(), self.clockbound_directory.take());
        listen.is_some() || directory.is_some()
    }
}

/// How a clock is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    /// The limits that apply unless a query gives others. In a segment, the clock counts as free-running over the limit on
    /// its bound, and once its reference time is known to be older than the limit on that. If they are age-adjusted, growth
    /// is counted from the reference time, and a reading whose reference time is unknown has no bound.
    pub limits: Limits,
    /// How fast a bound grows.
    pub drift: DriftRate,
    /// The time between two readings.
    pub sample_interval: Duration,
}

impl Rules {
    /// The greatest age of a reading that still counts: a minute, or three sample intervals if that is longer.
    #[must_use]
    pub(crate) fn longest_age(&self) -> Duration {
        self.sample_interval.saturating_mul(3).max(MINUTE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reading_is_fresh_for_a_minute_or_three_intervals() {
        for (interval_ms, fresh_ms) in [(100, 60_000), (20_000, 60_000), (21_000, 63_000)] {
            let rules = Rules {
                limits: Limits::default(),
                drift: DriftRate::DEFAULT,
                sample_interval: Duration::from_millis(interval_ms),
            };
            assert_eq!(rules.longest_age(), Duration::from_millis(fresh_ms));
        }
    }
}
