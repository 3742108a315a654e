//! Which wall clock a figure refers to: one that ran at some moment, or any between two. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::bound::DriftRate;
use super::moment::{Moment, magnitude};

/// A range of wall clocks, each given by a moment at which it ran. A step replaces one wall clock by another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WallClocks {
    /// The one furthest behind.
    lowest: Moment,
    /// The one furthest ahead.
    highest: Moment,
}

impl From<Moment> for WallClocks {
    /// The wall clock that ran at that moment.
    fn from(moment: Moment) -> Self {
        Self {
            lowest: moment,
            highest: moment,
        }
    }
}

impl WallClocks {
    /// Adds the wall clock that ran at `moment`.
    #[must_use]
    pub(crate) fn and(mut self, moment: Moment) -> Self {
        if moment.wall_moved_since(&self.lowest) < TimeDelta::zero() {
            self.lowest = moment;
        }
        if moment.wall_moved_since(&self.highest) > TimeDelta::zero() {
            self.highest = moment;
        }
        self
    }

    /// Adds the wall clocks of `other`.
    #[must_use]
    pub(crate) fn and_all(self, other: Self) -> Self {
        self.and(other.lowest).and(other.highest)
    }

    /// Whether the wall clock at `now` may be one of these.
    #[must_use]
    pub(crate) fn may_include(&self, now: &Moment) -> bool {
        let above = moved_for_certain(&self.lowest, now) >= TimeDelta::zero();
        let below = moved_for_certain(&self.highest, now) <= TimeDelta::zero();
        above && below
    }

    /// Uses `now` as the moment of this wall clock if it is more precise. It must be the same wall clock.
    pub(super) fn refine(&mut self, now: Moment) {
        let is_one = self.lowest == self.highest;
        // If slewing moves the wall clock alone, only the present one is useful.
        if is_one && (!cfg!(target_os = "linux") || now.width() < self.lowest.width()) {
            *self = now.into();
        }
    }

    /// How far the wall clock at `now` is from the furthest of these. Zero if it may be the same one, so that the
    /// precision of the clocks is not mistaken for a move.
    #[must_use]
    pub(crate) fn distance(&self, now: &Moment) -> Duration {
        let moved = |from: &Moment| {
            if moved_for_certain(from, now).is_zero() {
                Duration::ZERO
            } else {
                moved_at_most(from, now)
            }
        };
        moved(&self.lowest).max(moved(&self.highest))
    }

    /// How far the wall clock moved from the furthest of these to the one at `now`. Zero if it may be the same one.
    #[cfg(all(feature = "cli", target_os = "linux"))]
    #[must_use]
    pub(crate) fn move_to(&self, now: &Moment) -> TimeDelta {
        let moved = [self.lowest, self.highest].map(|clock| moved_for_certain(&clock, now));
        let [lowest, highest] = moved;
        if lowest.abs() >= highest.abs() {
            lowest
        } else {
            highest
        }
    }

    /// As [`WallClocks::distance`], plus the imprecision of the clocks.
    #[must_use]
    pub(crate) fn largest_distance(&self, now: &Moment) -> Duration {
        moved_at_most(&self.lowest, now).max(moved_at_most(&self.highest, now))
    }

    /// The time at `now`, by the wall clock furthest ahead.
    #[must_use]
    pub(crate) fn latest_wall_at(&self, now: &Moment) -> Option<DateTime<Utc>> {
        self.highest
            .wall
            .checked_add_signed(now.elapsed_since(&self.highest))
    }

    /// When these wall clocks showed `time`, as monotonic time since `origin`: first the one furthest ahead.
    pub(super) fn when(&self, time: DateTime<Utc>, origin: &Moment) -> (TimeDelta, TimeDelta) {
        let when =
            |clock: &Moment| time.signed_duration_since(clock.wall) + clock.elapsed_since(origin);
        (when(&self.highest), when(&self.lowest))
    }
}

/// The most that slewing may have moved the wall clock between two moments, on systems where it moves the wall clock
/// alone.
fn slewing(from: &Moment, now: &Moment) -> TimeDelta {
    let between = magnitude(now.elapsed_since(from));
    TimeDelta::from_std(DriftRate::OF_SLEWING.growth(between)).unwrap_or(TimeDelta::MAX)
}

/// The range of the wall clock's possible move between two moments. A wall clock is read somewhere within the width
/// of its moment, and the monotonic clock at the end of it.
fn moved_between(from: &Moment, now: &Moment) -> (TimeDelta, TimeDelta) {
    let moved = now.wall_moved_since(from);
    let width = |moment: &Moment| TimeDelta::from_std(moment.width()).unwrap_or_default();
    (moved - width(from), moved + width(now))
}

/// The least that the wall clock moved between two moments; zero if it may not have moved.
fn moved_for_certain(from: &Moment, now: &Moment) -> TimeDelta {
    beyond(moved_between(from, now), slewing(from, now))
}

/// How far a move within this range goes, in either direction, beyond what is allowed; zero if it may not.
fn beyond((least, most): (TimeDelta, TimeDelta), allowed: TimeDelta) -> TimeDelta {
    let ahead = (least - allowed).max(TimeDelta::zero());
    let back = (most + allowed).min(TimeDelta::zero());
    ahead + back
}

/// The most that the wall clock moved between two moments, in either direction, apart from slewing.
fn moved_at_most(from: &Moment, now: &Moment) -> Duration {
    let (least, most) = moved_between(from, now);
    let furthest = magnitude(least).max(magnitude(most));
    furthest.saturating_sub(magnitude(slewing(from, now)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(micros: u64) -> Duration {
        Duration::from_micros(micros)
    }

    #[test]
    fn the_precision_of_two_moments_is_no_distance() {
        let now = Moment::now();
        let exact = Moment::new(now.wall, now.monotonic);
        for (from_us, now_us, moved_us, distance_us, largest_us) in [
            (0, 0, 0, 0, 0),
            (0, 0, 7, 7, 7),
            (0, 0, -7, 7, 7),
            (10, 0, 7, 0, 7),
            (10, 0, -7, 17, 17),
            (0, 10, -7, 0, 7),
            (0, 10, 7, 17, 17),
            (10, 4, 11, 15, 15),
            (400, 400, 0, 0, 400),
        ] {
            let from = exact.read_within(micros(from_us));
            let moved = TimeDelta::microseconds(moved_us);
            let now = exact.moved(moved).read_within(micros(now_us));
            let clocks = WallClocks::from(from);
            let case = (from_us, now_us, moved_us);
            assert_eq!(clocks.distance(&now), micros(distance_us), "{case:?}");
            assert_eq!(
                clocks.largest_distance(&now),
                micros(largest_us),
                "{case:?}"
            );
            assert_eq!(clocks.may_include(&now), distance_us == 0, "{case:?}");
        }
    }

    #[test]
    fn a_move_within_what_is_allowed_is_none() {
        let us = TimeDelta::microseconds;
        for (least, most, allowed, expected) in [
            (100, 120, 0, 100),
            (-120, -100, 0, -100),
            (-10, 10, 0, 0),
            (100, 120, 30, 70),
            (-120, -100, 30, -70),
            (20, 40, 30, 0),
            (-40, -20, 30, 0),
        ] {
            assert_eq!(beyond((us(least), us(most)), us(allowed)), us(expected));
        }
    }

    /// On Linux a wall clock is the same for as long as no step is seen.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_wall_clock_is_known_by_its_most_precise_moment() {
        let now = Moment::now();
        let first = now.read_within(micros(10));
        for (width_us, is_better) in [(9, true), (10, false), (11, false)] {
            let again = now
                .moved(TimeDelta::microseconds(1))
                .read_within(micros(width_us));
            let mut clocks = WallClocks::from(first);
            clocks.refine(again);
            let expected = if is_better { again } else { first };
            assert_eq!(clocks, expected.into(), "{width_us}");
        }
        // Several are not replaced by one.
        let several = WallClocks::from(first).and(now.moved(TimeDelta::milliseconds(1)));
        let mut clocks = several;
        clocks.refine(now.read_within(micros(1)));
        assert_eq!(clocks, several);
    }

    #[cfg(all(feature = "cli", target_os = "linux"))]
    #[test]
    fn a_move_is_from_the_furthest() {
        let now = Moment::now();
        let at = |ms| Moment::new(now.wall, now.monotonic).moved(TimeDelta::milliseconds(ms));
        let clocks = WallClocks::from(at(0)).and(at(-30)).and(at(6));
        for (ms, moved_ms) in [
            (10, 40),
            (-40, -46),
            (6, 36),
            (-30, -36),
            (-12, 18),
            (-13, -19),
        ] {
            assert_eq!(clocks.move_to(&at(ms)), TimeDelta::milliseconds(moved_ms));
        }
    }

    #[test]
    fn the_same_wall_clock_is_known_by_its_first_moment() {
        let now = Moment::now();
        let first = Moment::new(now.wall, now.monotonic);
        let second = Duration::from_secs(1);
        let later = Moment::new(first.wall + TimeDelta::seconds(1), first.monotonic + second);
        assert_eq!(WallClocks::from(first).and(later), first.into());
    }

    #[test]
    fn the_furthest_counts() {
        let now = Moment::now();
        let at = |ms| now.moved(TimeDelta::milliseconds(ms));
        let clocks = WallClocks::from(at(0)).and(at(-30)).and(at(5)).and(at(1));
        for (ms, distance_ms) in [(0, 30), (-30, 35), (5, 35), (-12, 18)] {
            let distance = clocks.distance(&at(ms));
            assert!(distance.abs_diff(micros(distance_ms * 1_000)) <= now.width() * 2);
        }
        assert_eq!(clocks.latest_wall_at(&now), Some(at(5).wall));
    }
}
