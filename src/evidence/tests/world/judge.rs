//! What the report states of a life, held against what was true.

use super::super::super::{History, Rules, Statement, state::State};
use super::*;
use crate::evidence::timeline::Segment;
use crate::reading::tests::simulated::EPOCH;

/// The limits that a life is judged by, in milliseconds.
const LIMITS: &[f64] = &[0.4, 0.7, 1.0, 2.0, 5.0, 10.0, 100.0, 5_000.0];

/// Moments, for each limit.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    pub moments: u64,
    /// How many were stated to be within the limit.
    pub proven: u64,
    /// How many of these were not.
    pub wrong: u64,
    /// The same, where the report is not promised to know.
    pub excepted: u64,
    /// The worst of the wrong ones: by how much it was wrong in nanoseconds, at which true time, and the limit.
    pub worst: (i64, i64, i64),
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.moments += other.moments;
        self.proven += other.proven;
        self.wrong += other.wrong;
        self.excepted += other.excepted;
        self.worst = self.worst.max(other.worst);
    }
}

/// Judges a life by every limit.
pub(super) fn judge(life: &mut Life) -> Tally {
    let mut lines: Vec<&str> = Vec::new();
    for line in life.lines.iter().filter(|line| !line.is_lost) {
        let copies = 1 + usize::from(life.machine.rng.u8(..10) == 0);
        lines.extend(std::iter::repeat_n(line.text.as_str(), copies));
    }
    life.machine.rng.shuffle(&mut lines);
    let covered = covered(life);
    let excepted = life.truths.iter().filter(|truth| truth.is_excepted);
    let mut excepted: Vec<i64> = excepted.map(|truth| truth.wall).collect();
    excepted.sort_unstable();
    let mut tally = Tally::default();
    for limit in LIMITS {
        let mut history = History::default();
        for line in &lines {
            history.add(line, None);
        }
        let rules = Rules {
            max_error_ms: *limit,
            drift: 15e-6,
            from_ms: None,
            to_ms: None,
        };
        let statement = Statement::from_history(history, rules, Vec::new());
        let segments = statement.tasks.first();
        let segments = segments.map_or(&[] as &[Segment], |task| &task.timeline.segments);
        #[expect(clippy::cast_possible_truncation, reason = "a small number")]
        let limit = (limit * 1e6) as i64;
        for truth in &life.truths {
            tally.take(truth, segments, limit, &covered, &excepted);
        }
    }
    tally
}

impl Tally {
    /// A moment is stated to be within the limit by the time that the clock showed, if a line covers it, and by true time.
    fn take(
        &mut self,
        truth: &Truth,
        segments: &[Segment],
        limit: i64,
        covered: &[(i64, i64)],
        excepted: &[i64],
    ) {
        self.moments += 1;
        let is_covered = truth.is_watched
            && covered
                .iter()
                .any(|(from, to)| *from < truth.at && truth.at < *to);
        // A move of less than 5 ms is not a step: times are exact to 5 ms.
        let around = 6 * MILLISECOND;
        let by_clock = is_covered && is_within(segments, truth.wall, around);
        let by_truth = is_within(segments, truth.at, around + limit);
        if !by_clock && !by_truth {
            return;
        }
        self.proven += 1;
        let wrong_by = truth.error.abs() - limit;
        if wrong_by <= 0 {
            return;
        }
        // A restarted sidecar that does not know of a step states it of the time that its clock shows.
        let shown = excepted.partition_point(|wall| *wall < truth.at - SECOND);
        let is_excepted_there = excepted
            .get(shown)
            .is_some_and(|wall| *wall <= truth.at + SECOND);
        if truth.is_excepted || !by_clock && is_excepted_there {
            self.excepted += 1;
        } else {
            self.wrong += 1;
            self.worst = self.worst.max((wrong_by, truth.at, limit));
        }
    }
}

/// Whether all time around a moment is stated to be within the limit.
fn is_within(segments: &[Segment], at: i64, around: i64) -> bool {
    let milliseconds = |at: i64| (EPOCH + at).div_euclid(MILLISECOND);
    let (from, to) = (milliseconds(at - around), milliseconds(at + around));
    let first = segments.partition_point(|segment| segment.to_ms <= from);
    segments
        .get(first)
        .is_some_and(|one| one.state == State::Within && one.from_ms <= from && to < one.to_ms)
}

/// The stretches of true time for which all lines were delivered, without the ends: at the true time of a line the clock
/// may be stepped, so that two lines are for that moment.
fn covered(life: &Life) -> Vec<(i64, i64)> {
    let pairs = life.lines.windows(2);
    let whole = pairs
        .filter(|pair| pair[0].process == pair[1].process && !pair[0].is_lost && !pair[1].is_lost);
    whole.map(|pair| (pair[0].end, pair[1].end)).collect()
}
