//! What is asked of a clock: the limits, and the verdict on them. Pure.

use std::time::Duration;

/// What is asked of a clock beyond being synchronized and knowing its error bound.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::{AgeLimit, Limits};
///
/// let limits = Limits::default()
///     .with_max_error(Duration::from_millis(5))
///     .with_max_age(Duration::from_secs(1_800));
/// assert_eq!(limits.max_age, AgeLimit::Required(Duration::from_secs(1_800)));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest error bound that is good. `None` asks for no particular one, but it has to be known.
    pub max_error: Option<Duration>,
    /// The largest age of the reference time that is good.
    pub max_age: AgeLimit,
    /// Whether the bound that is compared, and the range, grow from the reference time instead of from
    /// the read. Then an unknown age is not good.
    pub age_adjusted: bool,
}

impl Limits {
    /// These limits, with a largest error bound.
    #[must_use]
    pub fn with_max_error(mut self, max_error: impl Into<Duration>) -> Self {
        self.max_error = Some(max_error.into());
        self
    }

    /// These limits, with a largest age of the reference time. A plain duration also refuses an age that
    /// is not known.
    #[must_use]
    pub fn with_max_age(mut self, max_age: impl Into<AgeLimit>) -> Self {
        self.max_age = max_age.into();
        self
    }

    /// These limits, with the unknown on the safe side: see [`Limits::age_adjusted`].
    #[must_use]
    pub fn with_age_adjusted(mut self, age_adjusted: bool) -> Self {
        self.age_adjusted = age_adjusted;
        self
    }
}

/// The largest age of the reference time that is good.
///
/// A clock that has lost its time source goes on being called synchronized; only the age of its reference
/// shows it. Ages of 17 minutes are normal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeLimit {
    /// Any age is good, and so is an unknown one.
    Off,
    /// An older reference is not good. An unknown age is, since a source need not know it.
    WhereKnown(Duration),
    /// An older reference is not good, and neither is an unknown age.
    Required(Duration),
}

impl Default for AgeLimit {
    /// One hour where the age is known.
    fn default() -> Self {
        Self::WhereKnown(Duration::from_secs(3_600))
    }
}

impl From<Duration> for AgeLimit {
    fn from(limit: Duration) -> Self {
        Self::Required(limit)
    }
}

/// Good or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Synchronized, with a known error bound, and within every limit.
    Good,
    /// Anything else, the unknown included.
    NotGood,
}

impl Verdict {
    /// The word for it in JSON: `good` or `not_good`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::NotGood => "not_good",
        }
    }
}
