//! The limit on the age of the reference time, and its text.

use std::str::FromStr;
use std::time::Duration;

use super::invalid::{InvalidLimit, SHOWN};
use crate::text::cut;

/// The largest acceptable age of the reference time.
///
/// A clock that has lost its time source is still called synchronized; only the age of its reference shows
/// the loss. Ages of 17 minutes are normal.
///
/// As text it is a duration with a unit, such as `30m` or `1h`, or `off`.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::AgeLimit;
///
/// let hour = Duration::from_secs(3600);
/// assert_eq!("1h".parse(), Ok(AgeLimit::Required(hour)));
/// assert_eq!("off".parse(), Ok(AgeLimit::Off));
/// assert_eq!(AgeLimit::default(), AgeLimit::WhereKnown(hour));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgeLimit {
    /// Any age is acceptable, and so is an unknown one.
    Off,
    /// An older reference is not acceptable. An unknown age is, since some sources do not know it.
    WhereKnown(Duration),
    /// Neither an older reference nor an unknown age is acceptable.
    Required(Duration),
}

impl AgeLimit {
    /// The largest acceptable age; `None` without a limit.
    #[must_use]
    pub fn longest(self) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::WhereKnown(limit) | Self::Required(limit) => Some(limit),
        }
    }
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

impl FromStr for AgeLimit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let limit = parse_duration(text).ok_or_else(|| InvalidLimit::Age {
            given: cut(text, SHOWN),
        })?;
        Ok(Self::Required(limit))
    }
}

/// A duration with its unit, such as `500ms`, `10s` or `1m 30s`.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let has_unit = text.ends_with(|last: char| last.is_ascii_alphabetic());
    humantime::parse_duration(text).ok().filter(|_| has_unit)
}
