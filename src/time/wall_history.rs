//! The wall clocks of a process in the order in which they ran. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};

use super::moment::Moment;
use super::wall_clocks::WallClocks;

/// The most wall clocks that are kept apart; beyond that, the oldest are merged into a range.
const MOST: usize = 64;

/// The wall clocks that ran since the process started. The clock before the first moment is unknown; it is assumed to
/// be the same.
#[derive(Debug, Clone)]
pub(crate) struct WallHistory {
    /// At least one.
    periods: VecDeque<Period>,
}

/// The time in which a wall clock was seen running, or several if they were merged.
#[derive(Debug, Clone, Copy)]
struct Period {
    first: Instant,
    last: Instant,
    clocks: WallClocks,
}

impl WallHistory {
    /// A history that begins at `now`.
    #[must_use]
    pub(crate) fn new(now: Moment) -> Self {
        let first = Period::new(now);
        Self {
            periods: VecDeque::from([first]),
        }
    }

    /// Adds a moment. One that is earlier than the last one adds nothing.
    pub(crate) fn observe(&mut self, now: Moment) {
        let Some(current) = self.periods.back_mut() else {
            return;
        };
        if now.monotonic < current.last {
            return;
        }
        if current.clocks.may_include(&now) {
            current.last = now.monotonic;
            current.clocks.refine(now);
            return;
        }
        self.periods.push_back(Period::new(now));
        if self.periods.len() > MOST
            && let Some(oldest) = self.periods.pop_front()
            && let Some(second) = self.periods.front_mut()
        {
            second.first = oldest.first;
            second.clocks = second.clocks.and_all(oldest.clocks);
        }
    }

    /// The wall clock that ran at `moment`, as precisely as it is known.
    #[must_use]
    pub(crate) fn at(&self, moment: Moment) -> WallClocks {
        let same = self.spans().find(|(from, to, clocks)| {
            from.is_none_or(|from| from <= moment.monotonic)
                && to.is_none_or(|to| moment.monotonic <= to)
                && clocks.may_include(&moment)
        });
        same.map_or_else(|| moment.into(), |(_, _, clocks)| *clocks)
    }

    /// The wall clocks that may have run at some time since `from`.
    #[must_use]
    pub(crate) fn since(&self, from: Option<Instant>) -> Option<WallClocks> {
        self.spans()
            .filter(|(_, to, _)| to.is_none_or(|to| from.is_none_or(|from| from <= to)))
            .map(|(_, _, clocks)| *clocks)
            .reduce(WallClocks::and_all)
    }

    /// The wall clocks on which a comparison between `from` and `to` can have had the time `reference`, give or take
    /// `tolerance`; `None` if there is no such wall clock.
    #[must_use]
    pub(crate) fn compared(
        &self,
        reference: DateTime<Utc>,
        tolerance: Duration,
        from: Option<Instant>,
        to: &Moment,
    ) -> Option<WallClocks> {
        let tolerance = TimeDelta::from_std(tolerance).unwrap_or_default();
        let relative = |time: Instant| Moment::new(to.wall, time).elapsed_since(to);
        let from = from.map(relative);
        let can_have_shown_it = |(begin, end, clocks): &(_, Option<Instant>, &WallClocks)| {
            let (first, last) = clocks.when(reference, to);
            // An unknown beginning is before everything.
            let begin: Option<TimeDelta> = Option::map(*begin, relative).max(from);
            let end = end
                .map_or(TimeDelta::zero(), relative)
                .min(TimeDelta::zero());
            begin.max(Some(first - tolerance)) <= Some(end.min(last + tolerance))
        };
        self.spans()
            .filter(can_have_shown_it)
            .map(|(_, _, clocks)| *clocks)
            .reduce(WallClocks::and_all)
    }

    /// Each wall clock with the longest time in which it may have run: from the last moment of the one before to the
    /// first moment of the next one.
    fn spans(&self) -> impl Iterator<Item = (Option<Instant>, Option<Instant>, &WallClocks)> {
        let before =
            std::iter::once(None).chain(self.periods.iter().map(|period| Some(period.last)));
        let after = self.periods.iter().skip(1).map(|period| Some(period.first));
        let after = after.chain(std::iter::once(None));
        let clocks = self.periods.iter().map(|period| &period.clocks);
        before
            .zip(after)
            .zip(clocks)
            .map(|((begin, end), clocks)| (begin, end, clocks))
    }
}

impl Period {
    fn new(now: Moment) -> Self {
        Self {
            first: now.monotonic,
            last: now.monotonic,
            clocks: now.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        start: Moment,
        history: WallHistory,
    }

    impl World {
        /// Moments at seconds, with the wall clock moved by milliseconds.
        fn new(moments: &[(u64, i64)]) -> Self {
            let now = Moment::now();
            let start = Moment::new(now.wall, now.monotonic);
            let mut world = Self {
                start,
                history: WallHistory::new(start),
            };
            for (seconds, moved_ms) in moments {
                let moment = world.at(*seconds, *moved_ms);
                world.history.observe(moment);
            }
            world
        }

        fn at(&self, seconds: u64, moved_ms: i64) -> Moment {
            let passed = Duration::from_secs(seconds);
            let wall = self.start.wall + TimeDelta::from_std(passed).unwrap();
            let moved = TimeDelta::milliseconds(moved_ms);
            Moment::new(wall + moved, self.start.monotonic + passed)
        }

        /// How far the range reaches down and up from the first wall clock, in milliseconds.
        fn reach(&self, clocks: &WallClocks) -> (u128, u128) {
            let far: u64 = 1_000_000_000;
            let from = |ms| clocks.distance(&self.at(0, ms)).as_millis() - u128::from(far);
            (from(far.cast_signed()), from(-far.cast_signed()))
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn moves_however_small_are_told_apart() {
        let world = World::new(&[(10, 0), (20, 1), (30, 1), (40, -2)]);
        assert_eq!(world.history.periods.len(), 3);
        let since = |seconds| {
            let from = world.at(seconds, 0).monotonic;
            world.reach(&world.history.since(Some(from)).unwrap())
        };
        assert_eq!(since(0), (2, 1));
        assert_eq!(
            since(35),
            (2, 1),
            "the wall clock may have moved at any time from 30 s to 40 s"
        );
        assert_eq!(
            world.history.since(Some(world.at(41, 0).monotonic)),
            world.history.since(Some(world.at(99, 0).monotonic))
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_comparison_is_placed_on_the_wall_clocks_that_can_have_shown_its_time() {
        // A step of an hour forward, seen between 100 s and 110 s.
        let hour = 3_600_000;
        let world = World::new(&[(100, 0), (110, hour), (200, hour)]);
        let now = world.at(200, hour);
        let compared = |reference_s: i64, from: Option<u64>| {
            let reference = world.start.wall + TimeDelta::seconds(reference_s);
            let from = from.map(|seconds| world.at(seconds, 0).monotonic);
            let found = world
                .history
                .compared(reference, Duration::from_secs(2), from, &now)?;
            let includes = |ms| found.may_include(&world.at(0, ms));
            Some((includes(0), includes(hour)))
        };
        assert_eq!(compared(50, None), Some((true, false)));
        assert_eq!(compared(3_600 + 150, None), Some((false, true)));
        // Between the two moments either may have run.
        assert_eq!(compared(105, None), Some((true, false)));
        assert_eq!(compared(3_600 + 105, None), Some((false, true)));
        // Up to the tolerance beyond the time in which a wall clock may have run.
        assert_eq!(compared(109, None), Some((true, false)));
        assert_eq!(compared(112, None), Some((true, false)));
        assert_eq!(compared(113, None), None);
        assert_eq!(compared(3_600 + 101, None), Some((false, true)));
        assert_eq!(compared(3_600 + 98, None), Some((false, true)));
        assert_eq!(compared(3_600 + 97, None), None);
        // A time that no wall clock can have shown since.
        assert_eq!(compared(50, Some(60)), None);
        assert_eq!(compared(3_600 + 300, None), None);
        assert_eq!(compared(1_000, None), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_oldest_of_very_many_become_a_range() {
        let moments: Vec<(u64, i64)> = (1..=200_u64).map(|at| (at, at.cast_signed())).collect();
        let world = World::new(&moments);
        assert_eq!(world.history.periods.len(), MOST);
        assert_eq!(world.reach(&world.history.since(None).unwrap()), (0, 200));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_moment_is_on_the_wall_clock_that_ran_at_it() {
        let world = World::new(&[(10, 0), (20, 350)]);
        let (before, after) = (world.start, world.at(20, 350));
        for (seconds, moved_ms, expected) in [
            (0, 0, before),
            (5, 0, before),
            // Seen until 10 s, and it may have run until 20 s.
            (15, 0, before),
            (20, 0, before),
            (10, 350, after),
            (15, 350, after),
            (25, 350, after),
        ] {
            let moment = world.at(seconds, moved_ms);
            assert_eq!(world.history.at(moment), expected.into(), "{seconds} s");
        }
        // No such wall clock was seen at that time.
        for (seconds, moved_ms) in [(5, 350), (9, 350), (21, 0), (15, 100)] {
            let moment = world.at(seconds, moved_ms);
            assert_eq!(world.history.at(moment), moment.into(), "{seconds} s");
        }
    }

    #[test]
    fn a_moment_that_is_late_adds_nothing() {
        let mut world = World::new(&[(10, 0)]);
        world.history.observe(world.at(5, 900));
        assert_eq!(world.history.periods.len(), 1);
        let odd = world.at(5, 900);
        assert_eq!(world.history.at(odd), odd.into());
        // One at the same time does: a step between two reads.
        world.history.observe(world.at(10, 900));
        assert_eq!(world.history.periods.len(), 2);
    }
}
