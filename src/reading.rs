//! What a clock says of itself, why it could not be read, and which task it belongs to. No I/O: time is
//! an argument.
#![cfg(feature = "clock")]

mod baseline;
mod bound_unknown;
mod clock_offset;
mod identity;
#[cfg(feature = "cli")]
mod observed;
mod read_error;
mod status;
mod step_recovery;

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::time::{DriftRate, ErrorBound, Moment, TimeInterval};

use self::baseline::Baseline;
pub use self::bound_unknown::BoundUnknown;
pub use self::clock_offset::ClockOffset;
pub(crate) use self::identity::short_name;
pub use self::identity::{Label, TaskIdentity};
#[cfg(feature = "cli")]
pub(crate) use self::observed::Observed;
pub use self::read_error::{ReadError, ReadErrorKind};
pub use self::status::{ClockSource, SyncStatus};
pub(crate) use self::step_recovery::StepRecovery;

/// One answer of a clock source. What it did not say, or what could not be believed, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// Where it comes from.
    pub source: ClockSource,
    /// Whether the clock is kept in step.
    pub status: SyncStatus,
    /// How far the clock may be off, as the source said.
    pub bound: Option<ErrorBound>,
    /// Why a synchronized clock has no bound, if the source knows.
    pub bound_unknown: Option<BoundUnknown>,
    /// How far the clock is from a reference clock, if the source measured it.
    pub offset: Option<ClockOffset>,
    /// When the clock was last compared with its reference.
    pub reference: Option<DateTime<Utc>>,
    /// The moment before the source was asked. The bound is taken to be true here, and grows from here.
    pub requested: Moment,
    /// The moment the answer was complete.
    pub taken: Moment,
    /// The wall clock that the bound speaks of: that of `requested`, but after a step that the source
    /// may not have noticed yet that of the last reading before the step.
    baseline: Baseline,
}

impl Reading {
    /// A reading that says nothing yet, of a source that was asked at `requested` and whose answer was
    /// complete at `taken`. Its status is [`SyncStatus::Unknown`].
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
            baseline: requested.into(),
        }
    }

    /// Whether the clock was certainly kept in step.
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

    /// A reference that lies slightly in the future, as rounding makes it, has age zero.
    fn reference_age_when_requested(&self) -> Option<Duration> {
        // The reference was taken from the wall clock that the bound speaks of.
        let wall = self.baseline.wall_at(&self.requested)?;
        let age = wall.signed_duration_since(self.reference?);
        Some(age.to_std().unwrap_or(Duration::ZERO))
    }

    /// Whether the wall clock was stepped before this reading and the source may not have seen it: its
    /// range is held against the clock as it was before the step.
    #[cfg(all(feature = "cli", target_os = "linux"))]
    #[must_use]
    pub(crate) fn follows_an_unseen_step(&self) -> bool {
        self.baseline != self.requested.into()
    }

    /// By how much the bound was enlarged, since the wall clock was stepped and the source may not have
    /// noticed yet. Zero where nothing of the kind is known.
    #[must_use]
    pub fn enlarged_by(&self) -> Duration {
        if self.baseline == self.requested.into() {
            return Duration::ZERO;
        }
        self.baseline.distance(&self.taken)
    }

    /// The error bound when the reading was taken: the source's, and [`Reading::enlarged_by`]. `None`
    /// if the source gave none, and over 24 hours.
    #[must_use]
    pub fn bound_when_taken(&self) -> Option<Duration> {
        self.plausible(self.claim()?.saturating_add(self.enlarged_by()))
    }

    /// `bound + age of the reference × drift` when the reading was taken: what the bound would be if the
    /// source had not let it grow since the clock was last compared. The source may have done so already,
    /// which is why this figure is kept apart from the bound.
    #[must_use]
    pub fn age_adjusted_bound(&self, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(self.reference_age()?);
        self.plausible(self.bound_when_taken()?.saturating_add(growth))
    }

    /// How far the clock may be off at `now`: `bound + monotonic time since the request × drift`, the
    /// growth [ClockBound](https://github.com/aws/clock-bound) applies, and by how much the wall clock
    /// has moved against the monotonic clock. `None` without a bound, and over 24 hours.
    #[must_use]
    pub fn bound_at(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        self.grown(now, drift.growth(now.since(&self.requested)))
    }

    /// As [`Reading::bound_at`], with the growth counted from the reference time. `None` also where the
    /// age of the reference is unknown.
    #[must_use]
    pub fn age_adjusted_bound_at(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        self.grown(now, drift.growth(self.reference_age_at(now)?))
    }

    fn grown(&self, now: &Moment, growth: Duration) -> Option<Duration> {
        let bound = self.claim()?.saturating_add(growth);
        self.plausible(bound.saturating_add(self.baseline.largest_distance(now)))
    }

    /// The bound as the source claimed it. A measured offset gives one of any size.
    fn claim(&self) -> Option<Duration> {
        let measured = self.offset.map(|offset| offset.bound());
        measured.or(self.bound.map(ErrorBound::as_duration))
    }

    /// A bound over 24 hours counts as unknown, unless the offset was measured: then it is what it is.
    fn plausible(&self, bound: Duration) -> Option<Duration> {
        (bound <= ErrorBound::MAX || self.offset.is_some()).then_some(bound)
    }

    /// The range that true time lies in at `now`: `now ± bound_at(now)`. `None` without a bound, and
    /// while the clock is not synchronized, since then nothing bounds its error.
    #[must_use]
    pub fn interval_at(&self, now: &Moment, drift: DriftRate) -> Option<TimeInterval> {
        let bound = self.bound_at(now, drift)?;
        self.is_synchronized()
            .then(|| TimeInterval::around(now.wall, bound))
    }
}

/// Withholding what the reading itself contradicts.
impl Reading {
    /// Withholds bound and reference of a reading whose reference lies later than the clock by more than the
    /// bound and this reading's rounding explain, and returns what is to be reported. True time is never before
    /// the reference, so such a clock is farther off than the bound; its status is [`SyncStatus::Unknown`].
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
                reference.to_rfc3339_opts(SecondsFormat::Millis, true),
                self.taken.wall.to_rfc3339_opts(SecondsFormat::Millis, true),
            );
            return Some(ReadError::new(ReadErrorKind::InvalidMember, message));
        }
        None
    }
}

/// How far in the future a reference time may lie, beyond the bound. Sources give whole seconds.
const FUTURE_TOLERANCE: Duration = Duration::from_secs(1);

#[cfg(test)]
mod tests;
