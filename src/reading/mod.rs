//! What a reading of the clock says, and what follows from it. No I/O: time is an argument.

mod identity;
mod read_error;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::time::{DriftRate, ErrorBound, Moment, TimeInterval};

pub use self::identity::TaskIdentity;
pub use self::read_error::{ReadError, ReadErrorKind};

/// Whether the clock is kept in step with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncStatus {
    /// The clock follows its reference.
    Synchronized,
    /// The clock does not follow a reference.
    NotSynchronized,
    /// The source did not say, or used a word that is not known. Counts as not synchronized.
    Unknown,
}

impl SyncStatus {
    /// The word for it on the wire and in every output: `SYNCHRONIZED`, `NOT_SYNCHRONIZED` or
    /// `UNKNOWN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synchronized => "SYNCHRONIZED",
            Self::NotSynchronized => "NOT_SYNCHRONIZED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The status a word stands for; any word but the two known ones is [`SyncStatus::Unknown`].
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "SYNCHRONIZED" => Self::Synchronized,
            "NOT_SYNCHRONIZED" => Self::NotSynchronized,
            _ => Self::Unknown,
        }
    }
}

impl fmt::Display for SyncStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClockSource {
    /// The ECS task metadata endpoint, version 4.
    Ecs,
    /// The kernel's own estimate, by `adjtimex(2)`.
    Kernel,
}

impl ClockSource {
    /// `ecs` or `kernel`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Kernel => "kernel",
        }
    }
}

impl fmt::Display for ClockSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

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
    /// When the clock was last compared with its reference.
    pub reference: Option<DateTime<Utc>>,
    /// The moment the answer was complete.
    pub taken: Moment,
}

impl Reading {
    /// Whether the clock was certainly kept in step.
    #[must_use]
    pub fn is_synchronized(&self) -> bool {
        self.status == SyncStatus::Synchronized
    }

    /// The age of the reference time when the reading was taken. A reference up to a second in the
    /// future, as rounding makes them, has age zero.
    #[must_use]
    pub fn reference_age(&self) -> Option<Duration> {
        let age = self.taken.wall.signed_duration_since(self.reference?);
        Some(age.to_std().unwrap_or(Duration::ZERO))
    }

    /// The age of the reference time at `now`: its age when read and the monotonic time since.
    #[must_use]
    pub fn reference_age_at(&self, now: &Moment) -> Option<Duration> {
        Some(self.reference_age()?.saturating_add(now.since(&self.taken)))
    }

    /// `bound + age of the reference × drift`: what the bound would be if the source had not let it
    /// grow since the clock was last compared. The source may have done so already, which is why this
    /// figure stands apart from the bound.
    #[must_use]
    pub fn age_adjusted_bound(&self, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(self.reference_age()?);
        Some(self.bound?.as_duration().saturating_add(growth))
    }

    /// How far the clock may be off at `now`: `bound + monotonic time since the read × drift`, the
    /// growth [ClockBound](https://github.com/aws/clock-bound) applies.
    #[must_use]
    pub fn bound_at(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(now.since(&self.taken));
        Some(self.bound?.as_duration().saturating_add(growth))
    }

    /// The range that true time lies in at `now`: `now ± bound_at(now)`. `None` without a bound.
    #[must_use]
    pub fn interval_at(&self, now: &Moment, drift: DriftRate) -> Option<TimeInterval> {
        let bound = self.bound_at(now, drift)?;
        Some(TimeInterval::around(now.wall, bound))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{earlier, later};
    use chrono::TimeDelta;

    fn reading(bound_ms: f64, reference_age: i64) -> Reading {
        let taken = Moment::now();
        Reading {
            source: ClockSource::Ecs,
            status: SyncStatus::Synchronized,
            bound: Some(ErrorBound::from_millis(bound_ms).unwrap()),
            reference: Some(taken.wall - TimeDelta::seconds(reference_age)),
            taken,
        }
    }

    #[test]
    fn the_interval_grows_with_monotonic_time() {
        let reading = reading(1.0, 0);
        let now = Moment {
            wall: later(reading.taken.wall, Duration::from_secs(100)),
            monotonic: reading.taken.monotonic + Duration::from_secs(100),
        };
        let interval = reading.interval_at(&now, DriftRate::DEFAULT).unwrap();
        // 1 ms and 100 s × 15 ppm = 1.5 ms.
        let half = Duration::from_micros(2_500);
        assert_eq!(interval.earliest, earlier(now.wall, half));
        assert_eq!(interval.latest, later(now.wall, half));
        assert_eq!(
            reading.reference_age_at(&now),
            Some(Duration::from_secs(100))
        );
    }

    #[test]
    fn the_age_adjusted_bound_uses_the_age_of_the_reference() {
        let adjusted = reading(0.5, 900).age_adjusted_bound(DriftRate::DEFAULT);
        assert_eq!(adjusted, Some(Duration::from_millis(14)));
    }

    #[test]
    fn a_reference_slightly_in_the_future_has_age_zero() {
        assert_eq!(reading(0.5, -1).reference_age(), Some(Duration::ZERO));
    }
}
