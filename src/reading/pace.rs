//! The pace of the monotonic clock, which shows a correction in progress. Pure.
//!
//! A time daemon slews the wall clock and the monotonic clock alike. Only the raw clock, which follows the oscillator,
//! shows it. A pace that stays the same is the daemon's correction of the oscillator's own rate; a pace that changes is
//! a correction of the time.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;

use crate::time::{DriftRate, Moment, magnitude};

/// How fast the monotonic clock ran against the raw clock for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pace {
    /// How far the monotonic clock moved.
    slewed: TimeDelta,
    /// The time in which it moved.
    over: Duration,
    /// How precisely that is known.
    width: Duration,
}

/// What is needed to see whether a correction has begun since a source was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Correction {
    /// The usual pace before this reading; `None` if the reading was not admitted yet.
    pub(super) before: Option<Pace>,
    /// What was corrected beyond that pace while the source repeated its claim.
    pub(super) already: Duration,
}

impl Pace {
    /// The pace between two moments; `None` without a raw clock, and if no time is between them.
    pub(super) fn between(from: &Moment, to: &Moment) -> Option<Self> {
        let over = to.since(from);
        if over.is_zero() {
            return None;
        }
        Some(Self {
            slewed: to.slewed_since(from)?,
            over,
            width: from.width().saturating_add(to.width()),
        })
    }

    /// An unknown pace, which is within what corrects a common oscillator.
    const UNKNOWN: Self = Self {
        slewed: TimeDelta::zero(),
        over: Duration::from_secs(1),
        width: Duration::from_micros(100),
    };

    /// The median of several paces; unknown without a raw clock.
    pub(super) fn usual(paces: &VecDeque<Self>) -> Self {
        let mut paces: Vec<Self> = paces.iter().copied().collect();
        let middle = paces.len() / 2;
        paces.sort_by_key(|pace| pace.in_time(Duration::from_secs(1)).0);
        paces.get(middle).copied().unwrap_or(Self::UNKNOWN)
    }

    /// Whether it may be the correction of an oscillator's rate. A faster one corrects the time.
    pub(super) fn is_of_oscillator(&self) -> bool {
        let (slewed, _) = self.in_time(Duration::from_secs(1));
        magnitude(slewed) <= DriftRate::UNDISCIPLINED.growth(Duration::from_secs(1))
    }

    /// How far the monotonic clock moves in `time` at this pace, and how precisely that is known.
    fn in_time(&self, time: Duration) -> (TimeDelta, Duration) {
        let share = |nanoseconds: i128| {
            let time = i128::try_from(time.as_nanos()).unwrap_or(i128::MAX);
            let over = i128::try_from(self.over.as_nanos())
                .unwrap_or(i128::MAX)
                .max(1);
            let share = nanoseconds.saturating_mul(time) / over;
            TimeDelta::nanoseconds(i64::try_from(share).unwrap_or(i64::MAX))
        };
        let slewed = self.slewed.num_nanoseconds().unwrap_or(i64::MAX);
        let width = i128::try_from(self.width.as_nanos()).unwrap_or(i128::MAX);
        (share(slewed.into()), magnitude(share(width)))
    }
}

impl Correction {
    /// By how much the clock was corrected from `since` to `now` beyond the pace before, and beyond what `drift`
    /// already covers. Zero if that is unknown.
    pub(super) fn excess(&self, since: &Moment, now: &Moment, drift: DriftRate) -> Duration {
        let passed = now.since(since);
        let found = self.before.and_then(|pace| {
            let (expected, precision) = pace.in_time(passed);
            let unexpected = magnitude(now.slewed_since(since)? - expected);
            let allowed = drift
                .growth(passed)
                .saturating_add(precision)
                .saturating_add(since.width())
                .saturating_add(now.width());
            Some(unexpected.saturating_sub(allowed))
        });
        found.unwrap_or_default().saturating_add(self.already)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A moment after `seconds` by the raw clock, when `slewed_us` were corrected.
    fn at(start: &Moment, seconds: u64, slewed_us: i64) -> Moment {
        let raw = Duration::from_secs(seconds);
        let slewed = TimeDelta::microseconds(slewed_us);
        let passed = (TimeDelta::from_std(raw).unwrap() + slewed)
            .to_std()
            .unwrap();
        let wall = start.wall + TimeDelta::from_std(passed).unwrap();
        Moment::new(wall, start.monotonic + passed).with_raw(Duration::from_secs(1_000) + raw)
    }

    fn start() -> Moment {
        let now = Moment::now();
        Moment::new(now.wall, now.monotonic).with_raw(Duration::from_secs(1_000))
    }

    #[test]
    fn an_oscillator_is_corrected_by_at_most_100_ppm() {
        let start = start();
        for (slewed_us, is_of_oscillator) in [
            (0, true),
            (1_000, true),
            (1_010, false),
            (-990, true),
            (-1_010, false),
        ] {
            let pace = Pace::between(&start, &at(&start, 10, slewed_us)).unwrap();
            assert_eq!(
                pace.is_of_oscillator(),
                is_of_oscillator,
                "{slewed_us} in 10 s"
            );
        }
    }

    #[test]
    fn what_the_pace_before_and_drift_do_not_explain_is_a_correction() {
        let start = start();
        let asked = at(&start, 10, 200);
        // 20 ppm; over the next ten seconds 200 µs more are expected, and 150 µs are within the drift.
        let correction = Correction {
            before: Pace::between(&start, &asked),
            already: Duration::ZERO,
        };
        for (slewed_us, excess_us) in [
            (400, 0),
            (549, 0),
            (251, 0),
            (400 + 150 + 1_000, 1_000),
            (400 - 150 - 1_000, 1_000),
        ] {
            let now = at(&start, 20, slewed_us);
            let excess = correction.excess(&asked, &now, DriftRate::DEFAULT);
            let expected = Duration::from_micros(excess_us);
            assert!(
                excess.abs_diff(expected) < Duration::from_nanos(100),
                "{slewed_us}: {excess:?}"
            );
        }
    }

    #[test]
    fn without_a_pace_or_a_raw_clock_nothing_shows() {
        let start = start();
        let later = at(&start, 10, 9_000);
        let unknown = Correction::default();
        assert_eq!(
            unknown.excess(&start, &later, DriftRate::DEFAULT),
            Duration::ZERO
        );
        let without = Moment::new(later.wall, later.monotonic);
        assert_eq!(Pace::between(&start, &without), None);
        assert_eq!(Pace::between(&start, &start), None);
        let known = Correction {
            before: Pace::between(&start, &later),
            already: Duration::from_millis(3),
        };
        assert_eq!(
            known.excess(&start, &without, DriftRate::DEFAULT),
            known.already
        );
    }
}
