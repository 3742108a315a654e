//! The error for a text that is not a limit.

use std::fmt;

/// How many characters of an invalid text are quoted.
pub(super) const SHOWN: usize = 200;

/// Why a text is not a limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidLimit {
    /// Not a number with one of the units of an [`ErrorLimit`](super::ErrorLimit).
    Error {
        /// The text.
        given: String,
        /// What was probably meant.
        hint: Option<String>,
    },
    /// Larger than [`ErrorLimit::MAX`](super::ErrorLimit::MAX).
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
                    "expected a number and one of ns, us, ms and s, such as 5ms, or off, got {given:?}"
                )?;
                match hint {
                    Some(hint) => write!(f, "; did you mean {hint}?"),
                    None => Ok(()),
                }
            }
            Self::ErrorTooLarge { given } => {
                write!(f, "expected at most 60s, or off, got {given:?}")
            }
            Self::Age { given } => write!(
                f,
                "expected a duration with a unit, such as 30m or 1h, or off, got {given:?}"
            ),
        }
    }
}

impl std::error::Error for InvalidLimit {}
