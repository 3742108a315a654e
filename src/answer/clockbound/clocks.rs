//! The machine's clocks as a segment needs them.

use std::time::Duration;

use chrono::TimeDelta;
use rustix::time::{ClockId, Timespec, clock_getres, clock_gettime};

/// The present on `CLOCK_MONOTONIC_COARSE`, as time since the machine's start.
///
/// Clients read this clock, which lags the fine one by up to [`resolution`]: a segment stamped by the fine
/// one would lie in their future.
pub(super) fn coarse() -> Duration {
    duration(clock_gettime(ClockId::MonotonicCoarse))
}

/// How far the coarse clock may lag behind the fine one.
pub(super) fn resolution() -> Duration {
    duration(clock_getres(ClockId::MonotonicCoarse))
}

fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// How far the wall clock is ahead of the fine monotonic clock, which counts from the machine's start. Only a step changes
/// it.
pub(super) fn difference() -> TimeDelta {
    /// A thread that is suspended between the reads tries again.
    const TRIES: u32 = 3;
    let read = || {
        let before = clock_gettime(ClockId::Monotonic);
        let wall = clock_gettime(ClockId::Realtime);
        let after = clock_gettime(ClockId::Monotonic);
        let difference = signed(wall) - signed(after);
        (signed(after) - signed(before), difference)
    };
    let closest = (0..TRIES).map(|_| read()).min_by_key(|(width, _)| *width);
    closest.map_or(TimeDelta::zero(), |(_, difference)| difference)
}

fn signed(time: Timespec) -> TimeDelta {
    TimeDelta::seconds(time.tv_sec) + TimeDelta::nanoseconds(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_coarse_clock_lags_and_never_leads() {
        for _ in 0..1_000 {
            let coarse = coarse();
            let fine = duration(clock_gettime(ClockId::Monotonic));
            assert!(coarse <= fine, "{coarse:?} {fine:?}");
        }
        assert!(
            resolution() <= Duration::from_millis(10),
            "{:?}",
            resolution()
        );
    }

    #[test]
    fn the_difference_stays_the_same_while_nobody_sets_the_clock() {
        let first = difference();
        let moved = (0..1_000).map(|_| (difference() - first).abs()).min();
        assert!(moved < Some(TimeDelta::milliseconds(1)), "{moved:?}");
        assert!(first > TimeDelta::zero());
    }
}
