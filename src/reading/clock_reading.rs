//! One reading of a clock: what its source reported, and what follows from it later. Pure.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::bound_unknown::BoundUnknown;
use super::clock_offset::ClockOffset;
use super::pace::Correction;
use super::read_error::{ReadError, ReadErrorKind};
use super::status::{ClockSource, SyncStatus};
use crate::time::{DriftRate, ErrorBound, Moment, TimeInterval, WallClocks, rfc3339};

/// One answer of a clock source. Values that it did not report, or that were withheld, are `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The source.
    pub source: ClockSource,
    /// Whether the clock is synchronized.
    pub status: SyncStatus,
    /// How far the clock may be off, as the source reported.
    pub bound: Option<ErrorBound>,
    /// Why there is no bound, if the source knows.
    pub bound_unknown: Option<BoundUnknown>,
    /// How far the clock is from a reference clock, if the source measured it.
    pub offset: Option<ClockOffset>,
    /// When the clock was last compared with its reference.
    pub reference: Option<DateTime<Utc>>,
    /// The moment before the source was asked. The bound is assumed to be true at this moment, and grows from it.
    pub requested: Moment,
    /// The moment the answer was complete.
    pub taken: Moment,
    basis: Basis,
}

/// What the source's claim rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Basis {
    /// The wall clocks that the bound may refer to: those that may have run when the source compared the clock.
    pub(super) compared: WallClocks,
    /// Whether the source may have compared the clock before the last step.
    pub(super) follows_unseen_step: bool,
    /// What a correction in progress is recognized by.
    pub(super) correction: Correction,
}

impl Reading {
    /// A reading without bound and reference, of a source that was asked at `requested` and whose answer was complete at
    /// `taken`. Its status is [`SyncStatus::Unknown`].
    #[must_use]
    pub fn new(source: ClockSource, requested: Moment, taken: Moment) -> Self {
        Self {
            source,
            status: SyncStatus::Unknown,
            bound: None,
            bound_unknown: None,
            offset: None,
            reference: None,
            requested,
            taken,
            basis: Basis {
                compared: WallClocks::from(requested).and(taken),
                follows_unseen_step: false,
                correction: Correction::default(),
            },
        }
    }

    /// The same reading on another basis.
    pub(super) fn on(self, basis: Basis) -> Self {
        Self { basis, ..self }
    }

    /// The wall clocks that ran while the source was asked.
    pub(super) fn asked_on(&self) -> [Moment; 2] {
        [self.requested, self.taken]
    }

    /// Whether the clock is certainly synchronized.
    #[must_use]
    pub fn is_synchronized(&self) -> bool {
        self.status == SyncStatus::Synchronized
    }

    /// The age of the reference time when the reading was taken.
    #[must_use]
    pub fn reference_age(&self) -> Option<Duration> {
        self.reference_age_at(&self.taken)
    }

    /// The age of the reference time at `now`: its age when the source was asked, and the monotonic
    /// time since.
    #[must_use]
    pub fn reference_age_at(&self, now: &Moment) -> Option<Duration> {
        let since = now.since(&self.requested);
        Some(self.reference_age_when_requested()?.saturating_add(since))
    }

    /// A reference slightly in the future, as from rounding, has age zero.
    fn reference_age_when_requested(&self) -> Option<Duration> {
        // The reference was taken from one of these wall clocks: the one furthest ahead gives the largest age.
        let mut wall = self.basis.compared.latest_wall_at(&self.requested)?;
        // A server's reference time is by the server's clock, so a wrong clock here does not make it old.
        if let Some(measured) = self.offset {
            wall = wall.checked_add_signed(measured.offset)?;
        }
        let age = wall.signed_duration_since(self.reference?);
        Some(age.to_std().unwrap_or(Duration::ZERO))
    }

    /// How far the wall clock at `now` was moved since the source may have compared it, with a sign; zero if no such
    /// move is known.
    #[cfg(all(feature = "cli", target_os = "linux"))]
    #[must_use]
    pub(crate) fn moved_since_compared(&self, now: &Moment) -> chrono::TimeDelta {
        self.basis.compared.move_to(now)
    }

    /// Whether the wall clock was stepped since the source may have compared it: the clock counts as free-running.
    #[cfg(all(feature = "cli", target_os = "linux"))]
    #[must_use]
    pub(crate) fn follows_an_unseen_step(&self) -> bool {
        self.basis.follows_unseen_step
    }

    /// By how much the bound was enlarged when the reading was taken: the wall clock was moved, or is being corrected,
    /// and the source may not know it yet. Zero if neither is known.
    #[must_use]
    pub fn enlarged_by(&self) -> Duration {
        let moved = self.basis.compared.distance(&self.taken);
        moved.saturating_add(self.basis.correction.already)
    }

    /// How far the clock was corrected until `now` without a report by the source.
    #[must_use]
    pub(crate) fn corrected_by(&self, now: &Moment, drift: DriftRate) -> Duration {
        self.basis.correction.excess(&self.requested, now, drift)
    }

    /// Whether a correction has begun that is large enough to read the source again.
    #[must_use]
    pub(crate) fn is_being_corrected(&self, now: &Moment, drift: DriftRate) -> bool {
        let half = self.claim().map_or(Duration::ZERO, |claim| claim / 2);
        self.corrected_by(now, drift) > half.max(SMALL_CORRECTION)
    }

    /// The error bound when the reading was taken: the source's, and [`Reading::enlarged_by`]. `None`
    /// if the source gave none, and over 24 hours.
    #[must_use]
    pub fn bound_when_taken(&self) -> Option<Duration> {
        self.plausible(self.claim()?.saturating_add(self.enlarged_by()))
    }

    /// How far the clock may be off at `now` if it was moved or corrected further since the reading was taken: the
    /// source's bound and how far it was moved, without growth. `None` if it was not, and without a bound.
    #[cfg(feature = "cli")]
    #[must_use]
    pub(crate) fn bound_if_moved(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        let moved = self.basis.compared.distance(now);
        let enlarged_by = moved.saturating_add(self.corrected_by(now, drift));
        let is_further = self.is_synchronized() && enlarged_by > self.enlarged_by();
        let bound = self.claim().filter(|_| is_further)?;
        Some(bound.saturating_add(enlarged_by))
    }

    /// `bound + age of the reference × drift` when the reading was taken: what the bound would be if the source had not
    /// let it grow since the last comparison. The source may have done so already, so this is a separate figure.
    #[must_use]
    pub fn age_adjusted_bound(&self, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(self.reference_age()?);
        self.plausible(self.bound_when_taken()?.saturating_add(growth))
    }

    /// How far the clock may be off at `now`: `bound + monotonic time since the request × drift`, the
    /// growth [ClockBound](https://github.com/aws/clock-bound) applies, how far the wall clock has moved against the
    /// monotonic clock since the source compared it, and what a time daemon has begun to correct since the request.
    /// `None` without a bound, and over 24 hours.
    #[must_use]
    pub fn bound_at(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(now.since(&self.requested));
        self.grown(now, growth, self.corrected_by(now, drift))
    }

    /// As [`Reading::bound_at`], with the growth counted from the reference time. `None` also where the
    /// age of the reference is unknown.
    #[must_use]
    pub fn age_adjusted_bound_at(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(self.reference_age_at(now)?);
        self.grown(now, growth, self.corrected_by(now, drift))
    }

    fn grown(&self, now: &Moment, growth: Duration, corrected: Duration) -> Option<Duration> {
        let bound = self.claim()?.saturating_add(growth);
        let moved = self.basis.compared.largest_distance(now);
        self.plausible(bound.saturating_add(moved).saturating_add(corrected))
    }

    /// The bound as the source claimed it. With a measured offset it can have any size.
    fn claim(&self) -> Option<Duration> {
        let measured = self.offset.map(|offset| offset.bound());
        measured.or(self.bound.map(ErrorBound::as_duration))
    }

    /// A bound over 24 hours counts as unknown, unless the offset was measured.
    fn plausible(&self, bound: Duration) -> Option<Duration> {
        (bound <= ErrorBound::MAX || self.offset.is_some()).then_some(bound)
    }

    /// The range that contains true time at `now`: `now ± bound_at(now)`. `None` without a bound,
    /// and if the clock is not synchronized, since nothing bounds its error then.
    #[must_use]
    pub fn interval_at(&self, now: &Moment, drift: DriftRate) -> Option<TimeInterval> {
        let bound = self.bound_at(now, drift)?;
        self.is_synchronized()
            .then(|| TimeInterval::around(now.wall, bound))
    }
}

/// Withholds what the reading itself contradicts.
impl Reading {
    /// Withholds bound and reference if the reference is later than the clock by more than bound and rounding
    /// explain, and returns the error to report. True time is never before the reference, so the clock is off by
    /// more than the bound; its status becomes [`SyncStatus::Unknown`].
    pub(crate) fn withhold_contradiction(&mut self) -> Option<ReadError> {
        let reference = self.reference?;
        let bound = self.bound.map_or(Duration::ZERO, ErrorBound::as_duration);
        let tolerance = FUTURE_TOLERANCE.saturating_add(bound);
        let ahead = reference.signed_duration_since(self.taken.wall).to_std();
        if ahead.is_ok_and(|ahead| ahead > tolerance) {
            self.status = SyncStatus::Unknown;
            self.bound = None;
            self.bound_unknown = Some(BoundUnknown::Withheld);
            self.reference = None;
            let message = format!(
                "the reference time {} is later than the clock ({}) by more than 1 s and the error bound: \
                 bound and reference time are withheld",
                rfc3339(reference),
                rfc3339(self.taken.wall),
            );
            return Some(ReadError::new(ReadErrorKind::InvalidMember, message));
        }
        None
    }
}

/// The smallest correction because of which the source is read again.
const SMALL_CORRECTION: Duration = Duration::from_micros(100);

/// Minimum time between two reads because of a correction in progress.
pub(crate) const EARLY_READ_PAUSE: Duration = Duration::from_secs(10);

/// How far in the future a reference time may be, beyond the bound. Sources give whole seconds.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
