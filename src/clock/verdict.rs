//! What is asked of a clock: the limits, and the verdict on them. Pure.

use std::time::Duration;

use serde::{Serialize, Serializer};

use super::limits::AgeLimit;

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

/// Good or not. It serializes to its word.
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

impl Serialize for Verdict {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
