//! Limits as text: one parser for the library, the option, the query and the page. Pure.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::text::cut;

/// How much is shown of a text that was given, in characters.
const SHOWN: usize = 200;

/// The largest error bound that is good: 0 to 60 s.
///
/// As text it is one number, with decimals if need be, and one of `ns`, `us`, `ms` and `s`. Minutes are
/// refused, since `5m` is more often a slip for `5ms` than a limit. Parts of a nanosecond are dropped,
/// so that the limit is never looser than the text.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::ErrorLimit;
///
/// let limit: ErrorLimit = "0.5ms".parse()?;
/// assert_eq!(limit.as_duration(), Duration::from_micros(500));
/// let error = "5m".parse::<ErrorLimit>().unwrap_err();
/// assert!(error.to_string().ends_with("did you mean 5ms?"));
/// # Ok::<(), ecs_clock_emf::InvalidLimit>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrorLimit(Duration);

impl ErrorLimit {
    /// The largest limit, 60 s.
    pub const MAX: Self = Self(Duration::from_secs(60));

    /// The limit as a duration.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        self.0
    }
}

impl From<ErrorLimit> for Duration {
    fn from(limit: ErrorLimit) -> Self {
        limit.0
    }
}

impl FromStr for ErrorLimit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        let refused = |hint| InvalidLimit::Error {
            given: cut(text, SHOWN),
            hint,
        };
        let unit_at = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (number, unit) = text.split_at(unit_at.unwrap_or(text.len()));
        let nanoseconds = match unit.trim_start_matches(' ') {
            "ns" => 1,
            "us" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            // Both spellings of micro: U+00B5 and U+03BC.
            "\u{b5}s" | "\u{3bc}s" => return Err(refused(Some(format!("{number}us")))),
            "m" => return Err(refused(Some(format!("{number}ms")))),
            _ => return Err(refused(None)),
        };
        let limit = scaled(number, nanoseconds).ok_or_else(|| refused(None))?;
        if limit > Self::MAX.0 {
            return Err(InvalidLimit::ErrorTooLarge {
                given: cut(text, SHOWN),
            });
        }
        Ok(Self(limit))
    }
}

impl fmt::Display for ErrorLimit {
    /// One number with the largest unit it has at least one of, so that it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanoseconds = self.0.as_nanos();
        let (unit, digits, name) = match nanoseconds {
            0..1_000 => (1, 0, "ns"),
            1_000..1_000_000 => (1_000, 3, "us"),
            1_000_000..1_000_000_000 => (1_000_000, 6, "ms"),
            _ => (1_000_000_000, 9, "s"),
        };
        let (whole, rest) = (nanoseconds / unit, nanoseconds % unit);
        if rest == 0 {
            return write!(f, "{whole}{name}");
        }
        let rest = format!("{rest:0digits$}");
        write!(f, "{whole}.{}{name}", rest.trim_end_matches('0'))
    }
}

/// A decimal number times a unit of that many nanoseconds (at most 10⁹), rounded down to a nanosecond.
/// What is too large for a [`Duration`] is the largest there is.
fn scaled(number: &str, unit: u64) -> Option<Duration> {
    const PARTS: u64 = 1_000_000_000;
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !fraction.is_none_or(is_digits) {
        return None;
    }
    // Digits alone can only be too many.
    let whole = whole.parse::<u64>().ok();
    // Nine decimals are enough for whole nanoseconds of every unit.
    let nine: String = fraction
        .unwrap_or_default()
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let parts = nine.parse::<u64>().ok()? * unit / PARTS;
    let nanoseconds = whole
        .and_then(|whole| whole.checked_mul(unit))
        .and_then(|whole| whole.checked_add(parts));
    Some(nanoseconds.map_or(Duration::MAX, Duration::from_nanos))
}

/// The largest age of the reference time that is good.
///
/// A clock that has lost its time source goes on being called synchronized; only the age of its reference
/// shows it. Ages of 17 minutes are normal.
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
    /// Any age is good, and so is an unknown one.
    Off,
    /// An older reference is not good. An unknown age is, since a source need not know it.
    WhereKnown(Duration),
    /// An older reference is not good, and neither is an unknown age.
    Required(Duration),
}

impl AgeLimit {
    /// The largest known age that is good; `None` if any is.
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

/// Why a text is not a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidLimit {
    /// Not a number with one of the units of an [`ErrorLimit`].
    Error {
        /// The text.
        given: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// Larger than [`ErrorLimit::MAX`].
    ErrorTooLarge {
        /// The text.
        given: String,
    },
    /// Neither a duration nor `off`.
    Age {
        /// The text.
        given: String,
    },
}

impl fmt::Display for InvalidLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error { given, hint } => {
                write!(
                    f,
                    "expected a number and one of ns, us, ms and s, such as 5ms, got {given:?}"
                )?;
                match hint {
                    Some(hint) => write!(f, "; did you mean {hint}?"),
                    None => Ok(()),
                }
            }
            Self::ErrorTooLarge { given } => write!(f, "expected at most 60s, got {given:?}"),
            Self::Age { given } => write!(
                f,
                "expected a duration with a unit, such as 30m or 1h, or off, got {given:?}"
            ),
        }
    }
}

impl std::error::Error for InvalidLimit {}

#[cfg(test)]
mod tests;
