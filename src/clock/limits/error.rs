//! The limit on the error bound, and its text.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::invalid::{InvalidLimit, SHOWN};
use crate::reading::ClockSource;
use crate::text::cut;

/// The largest acceptable error bound.
///
/// As text it is `off`, or one number (decimals allowed) with one of `ns`, `us`, `ms` and `s`, up to
/// [`ErrorLimit::MAX`]. Minutes are rejected, since `5m` is usually a typo for `5ms`. Fractions of a
/// nanosecond are dropped, so the limit is never looser than the text.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::ErrorLimit;
///
/// assert_eq!("0.5ms".parse(), Ok(ErrorLimit::AtMost(Duration::from_micros(500))));
/// assert_eq!("off".parse(), Ok(ErrorLimit::Off));
/// let error = "5m".parse::<ErrorLimit>().unwrap_err();
/// assert!(error.to_string().ends_with("did you mean 5ms?"));
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ErrorLimit {
    /// 1 s; for the kernel's estimate 2 s, since one missed poll of 1,024 s adds a second to the bound of a
    /// healthy host.
    #[default]
    BySource,
    /// A larger error bound is not acceptable.
    AtMost(Duration),
    /// Any error bound is acceptable, but it must be known.
    Off,
}

impl ErrorLimit {
    /// The largest limit that a text may name, 60 s.
    pub const MAX: Duration = Duration::from_secs(60);

    /// The largest acceptable error bound of a reading of this source; `None` without a limit.
    #[must_use]
    pub fn for_source(self, source: Option<ClockSource>) -> Option<Duration> {
        match self {
            Self::Off => None,
            Self::AtMost(limit) => Some(limit),
            Self::BySource if source == Some(ClockSource::Kernel) => Some(Duration::from_secs(2)),
            Self::BySource => Some(Duration::from_secs(1)),
        }
    }
}

impl From<Duration> for ErrorLimit {
    fn from(limit: Duration) -> Self {
        Self::AtMost(limit)
    }
}

impl FromStr for ErrorLimit {
    type Err = InvalidLimit;

    fn from_str(text: &str) -> Result<Self, InvalidLimit> {
        if text == "off" {
            return Ok(Self::Off);
        }
        let invalid = |hint| InvalidLimit::Error {
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
            "\u{b5}s" | "\u{3bc}s" => return Err(invalid(Some(format!("{number}us")))),
            "m" => return Err(invalid(Some(format!("{number}ms")))),
            _ => return Err(invalid(None)),
        };
        let limit = scaled(number, nanoseconds).ok_or_else(|| invalid(None))?;
        if limit > Self::MAX {
            return Err(InvalidLimit::ErrorTooLarge {
                given: cut(text, SHOWN),
            });
        }
        Ok(Self::AtMost(limit))
    }
}

impl fmt::Display for ErrorLimit {
    /// Writes one number with the largest unit that fits, so that it can be parsed again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let limit = match self {
            Self::BySource => return f.write_str("1s, or 2s with source kernel"),
            Self::Off => return f.write_str("off"),
            Self::AtMost(limit) => limit,
        };
        let nanoseconds = limit.as_nanos();
        let (unit, digits, name) = match nanoseconds {
            // A limit is usually thought of in milliseconds.
            0 => (1, 0, "ms"),
            1..1_000 => (1, 0, "ns"),
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

/// A decimal number times a unit of that many nanoseconds (at most 10⁹), rounded down to a nanosecond
/// and capped at [`Duration::MAX`].
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
    // Digits alone fail only if the number is too large.
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
