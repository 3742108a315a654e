//! Steps of the wall clock, found by comparing it with the monotonic clock. Pure.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;

use super::bound::DriftRate;
use super::moment::{Moment, magnitude};

/// The smallest move that is reported as a step. Every move, however small, belongs in the range.
pub(crate) const THRESHOLD: Duration = Duration::from_millis(5);
/// Moves that are too small to be steps add up over this time.
const MEMORY: Duration = Duration::from_secs(60);
/// Minimum time between two remembered moments.
const SPACING: Duration = Duration::from_secs(1);

/// A jump of the wall clock, or small moves that add up to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ClockStep {
    /// How far the wall clock moved against the monotonic clock; positive is forward.
    pub by: TimeDelta,
    /// The present moment, on the wall clock as it runs now.
    pub at: Moment,
    /// The same moment on the wall clock as it ran before the step.
    pub before: Moment,
    /// Whether it consisted of moves that were each too small to be a step.
    pub gradual: bool,
}

/// Finds steps in a sequence of moments.
#[derive(Debug, Clone)]
pub(crate) struct StepDetector {
    last: Moment,
    /// Moments of the last minute, each with the sum of the steps reported before it.
    remembered: VecDeque<(Moment, TimeDelta)>,
    /// The sum of all steps reported.
    reported: TimeDelta,
}

impl StepDetector {
    /// A detector that begins at `now`.
    #[must_use]
    pub(crate) fn new(now: Moment) -> Self {
        Self {
            last: now,
            remembered: VecDeque::from([(now, TimeDelta::zero())]),
            reported: TimeDelta::zero(),
        }
    }

    /// The step that has happened by `now`, if any: since the last moment, or in small moves within
    /// the last minute.
    pub(crate) fn observe(&mut self, now: Moment) -> Option<ClockStep> {
        self.forget(&now);
        let step = step_between(&self.last, &now).or_else(|| self.accumulated(&now));
        self.last = now;
        if let Some(step) = &step {
            self.reported = self.reported.checked_add(&step.by).unwrap_or_default();
        }
        self.remember(now);
        step
    }

    /// The small moves of the last minute, if together they are a step.
    fn accumulated(&self, now: &Moment) -> Option<ClockStep> {
        let (moment, reported) = self.remembered.front()?;
        // Steps reported since then are not reported again.
        let since = self.reported.checked_sub(reported)?;
        let step = step_between(&moment.moved(since), now)?;
        Some(ClockStep {
            gradual: true,
            ..step
        })
    }

    fn remember(&mut self, now: Moment) {
        let spaced = |(last, _): &(Moment, TimeDelta)| now.since(last) >= SPACING;
        if self.remembered.back().is_none_or(spaced) {
            self.remembered.push_back((now, self.reported));
        }
    }

    /// Forgets moments, except for the latest one that is at least a minute old.
    fn forget(&mut self, now: &Moment) {
        while self
            .remembered
            .get(1)
            .is_some_and(|(second, _)| now.since(second) >= MEMORY)
        {
            self.remembered.pop_front();
        }
    }
}

/// The step between two moments, if there is one.
#[must_use]
pub(crate) fn step_between(before: &Moment, now: &Moment) -> Option<ClockStep> {
    has_moved(THRESHOLD, before, now).then(|| ClockStep {
        by: now.wall_moved_since(before),
        at: *now,
        before: *before,
        gradual: false,
    })
}

/// Whether the wall clock has moved between two moments, against the monotonic clock, by more than the
/// reads of the clocks and their rates explain and `threshold` or more besides.
#[must_use]
pub(crate) fn has_moved(threshold: Duration, before: &Moment, now: &Moment) -> bool {
    // Each wall clock reading is between its two monotonic readings.
    let slack = threshold
        .saturating_add(before.width())
        .saturating_add(now.width())
        .saturating_add(DriftRate::OF_SLEWING.growth(now.since(before)));
    magnitude(now.wall_moved_since(before)) >= slack
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use chrono::DateTime;
    use proptest::prelude::*;

    /// A moment after `monotonic_ms`, with the wall clock at `wall_us`.
    fn moment(base: Instant, monotonic_ms: u64, wall_us: i64) -> Moment {
        Moment::new(
            DateTime::UNIX_EPOCH + TimeDelta::microseconds(wall_us),
            base + Duration::from_millis(monotonic_ms),
        )
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn steps() {
        let base = Instant::now();
        let second = 1_000_000;
        let hour = 3_600 * second;
        for (what, elapsed_ms, wall_us, expected_us) in [
            ("no step", 1_000, second, None),
            ("just under", 1_000, second + 4_999, None),
            ("just under, back", 1_000, second - 4_999, None),
            ("at the threshold", 1_000, second + 5_000, Some(5_000)),
            ("back", 1_000, second - 5_000, Some(-5_000)),
            ("an hour", 1_000, hour + second, Some(hour)),
            ("an hour back", 1_000, second - hour, Some(-hour)),
        ] {
            let mut detector = StepDetector::new(moment(base, 0, 0));
            let step = detector.observe(moment(base, elapsed_ms, wall_us));
            assert_eq!(
                step.map(|step| step.by.num_microseconds().unwrap()),
                expected_us,
                "{what}"
            );
            assert!(step.is_none_or(|step| !step.gradual), "{what}");
        }
    }

    /// The steps reported, in microseconds, when the wall clock moves by `moves_us`, one move in every
    /// `apart_ms`.
    fn reported(moves_us: &[i64], apart_ms: u64) -> Vec<i64> {
        let base = Instant::now();
        let mut detector = StepDetector::new(moment(base, 0, 0));
        let mut moved = 0;
        let mut steps = Vec::new();
        for (index, by) in moves_us.iter().enumerate() {
            moved += by;
            let elapsed_ms = (index as u64 + 1) * apart_ms;
            let wall_us = i64::try_from(elapsed_ms).unwrap() * 1_000 + moved;
            let step = detector.observe(moment(base, elapsed_ms, wall_us));
            steps.extend(step.map(|step| step.by.num_microseconds().unwrap()));
        }
        steps
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn small_moves_add_up_within_a_minute() {
        assert_eq!(reported(&[2_000; 9], 10_000), [6_000; 3]);
        assert_eq!(reported(&[4_999; 2], 10_000), [9_998]);
        assert_eq!(reported(&[-3_000; 2], 10_000), [-6_000]);
        // Moves back and forth cancel out, and moves a minute apart do not add up.
        assert_eq!(reported(&[4_000, -4_000, 4_000, -4_000], 1_000), [0; 0]);
        assert_eq!(reported(&[3_000, 0, 0, 0, 0, 0, 0, 3_000], 10_000), [0; 0]);
        // A step that was reported is not counted again; the small moves around it are.
        assert_eq!(reported(&[3_000, 50_000, 0, 0], 10_000), [50_000]);
        assert_eq!(reported(&[3_000, 50_000, 3_000], 10_000), [50_000, 6_000]);
    }

    #[test]
    fn the_widths_of_both_reads_are_no_step() {
        let base = Instant::now();
        let width = Duration::from_micros;
        for (before_us, now_us, moved_us, is_step) in [
            (0, 0, 5_000, true),
            (700, 0, 5_699, false),
            (700, 0, 5_700, true),
            (0, 700, 5_699, false),
            (0, 700, -5_700, true),
            (700, 700, -6_399, false),
            (700, 700, 6_400, true),
        ] {
            let before = moment(base, 0, 0).read_within(width(before_us));
            let now = moment(base, 0, moved_us).read_within(width(now_us));
            let found = step_between(&before, &now).is_some();
            assert_eq!(found, is_step, "{before_us} {now_us} {moved_us}");
        }
    }

    #[test]
    fn what_adds_up_is_a_gradual_move_and_what_jumps_is_not() {
        let base = Instant::now();
        for (moves_ms, gradual) in [([3, 3], true), ([0, 6], false), ([3, 9], false)] {
            let mut detector = StepDetector::new(moment(base, 0, 0));
            let [first, second] = moves_ms.map(|by| by * 1_000);
            assert_eq!(detector.observe(moment(base, 0, first)), None);
            let step = detector.observe(moment(base, 0, first + second));
            assert_eq!(step.map(|step| step.gradual), Some(gradual), "{moves_ms:?}");
        }
    }

    #[test]
    fn these_clocks_do_not_step_within_a_moment() {
        let now = Moment::now();
        assert_eq!(step_between(&now, &now), None);
    }

    proptest! {
        /// What is not reported is small: no sequence of moves hides a whole threshold.
        #[cfg(target_os = "linux")]
        #[test]
        fn what_is_not_reported_stays_under_the_threshold_for_a_minute(
            moves in proptest::collection::vec(-20_000i64..20_000, 1..40),
        ) {
            let steps: i64 = reported(&moves, 1_000).iter().sum();
            let moved: i64 = moves.iter().sum();
            prop_assert!((moved - steps).abs() < 5_000, "{moved} moved, {steps} reported");
        }
    }
}
