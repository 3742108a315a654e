//! Requirements on a clock: limits on its error bound and on the age of its reference. Pure.

mod age;
mod error;
mod invalid;
mod preset;
mod query;

use std::time::Duration;

pub use self::age::AgeLimit;
#[cfg(feature = "cli")]
pub(crate) use self::age::parse_duration;
pub use self::error::ErrorLimit;
pub use self::invalid::InvalidLimit;
pub use self::preset::{InvalidPreset, Preset};
pub use self::query::{ClockQuery, InvalidQuery};
use crate::reading::ClockSource;

/// What a clock must meet, besides being synchronized and having a known error bound.
///
/// By default the error bound must be at most 1 s (2 s for the kernel's estimate), and the reference time at
/// most an hour old where its age is known.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::{AgeLimit, ErrorLimit, Limits};
///
/// let limits = Limits::default()
///     .with_max_error(Duration::from_millis(5))
///     .with_max_age(Duration::from_secs(1_800));
/// assert_eq!(limits.max_error, ErrorLimit::AtMost(Duration::from_millis(5)));
/// assert_eq!(limits.max_age, AgeLimit::Required(Duration::from_secs(1_800)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest acceptable error bound.
    pub max_error: ErrorLimit,
    /// The largest acceptable age of the reference time.
    pub max_age: AgeLimit,
    /// Whether the bound that is compared, and the range, grow from the reference time instead of from
    /// the read. An unknown age is then not good.
    pub age_adjusted: bool,
    /// The system whose limit applies. If `max_error` is set too, the smaller limit applies.
    pub preset: Option<Preset>,
    /// How long verdict and range must hold: bound and age are judged as they will be then. For answers that are
    /// used a little later, or kept for a while.
    pub valid_for: Duration,
}

impl Limits {
    /// The default limits, but without a limit on the error bound. The bound must still be known.
    #[must_use]
    pub fn any_error() -> Self {
        Self::default().with_max_error(ErrorLimit::Off)
    }

    /// Sets the largest acceptable error bound.
    #[must_use]
    pub fn with_max_error(mut self, max_error: impl Into<ErrorLimit>) -> Self {
        self.max_error = max_error.into();
        self
    }

    /// Sets the largest acceptable age of the reference time. A plain duration also rejects an age that is
    /// not known.
    #[must_use]
    pub fn with_max_age(mut self, max_age: impl Into<AgeLimit>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// Lets bound and range grow from the reference time: see [`Limits::age_adjusted`].
    #[must_use]
    pub fn with_age_adjustment(mut self) -> Self {
        self.age_adjusted = true;
        self
    }

    /// Sets how long verdict and range must hold: see [`Limits::valid_for`].
    #[must_use]
    pub fn with_valid_for(mut self, valid_for: Duration) -> Self {
        self.valid_for = valid_for;
        self
    }

    /// Applies the limit of a system that depends on the clock.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{ClockSource, Limits};
    ///
    /// let limits = Limits::default().with_preset("cockroachdb".parse()?);
    /// assert_eq!(limits.max_error_for(Some(ClockSource::Ecs)), Some(Duration::from_millis(200)));
    /// # Ok::<(), ecs_clock_emf::InvalidPreset>(())
    /// ```
    #[must_use]
    pub fn with_preset(mut self, preset: Preset) -> Self {
        self.preset = Some(preset);
        self
    }

    /// The largest acceptable error bound of a reading of this source; `None` without a limit.
    #[must_use]
    pub fn max_error_for(&self, source: Option<ClockSource>) -> Option<Duration> {
        let preset = self.preset.map(Preset::max_error);
        match (self.max_error, preset) {
            (ErrorLimit::BySource, Some(preset)) => Some(preset),
            (limit, preset) => limit.for_source(source).into_iter().chain(preset).min(),
        }
    }
}

#[cfg(test)]
mod tests;
