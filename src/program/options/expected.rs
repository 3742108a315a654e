//! Why the rule of an option refuses a value.

use std::borrow::Cow;
use std::fmt;

use crate::clock::InvalidLimit;
use crate::text::cut;

/// How many characters of a given value are shown.
const SHOWN: usize = 200;

/// What a rule expected, and what it got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Another value.
    Value {
        /// What is allowed, in words.
        expected: Cow<'static, str>,
        /// The refused text or part of it, as shown.
        got: String,
        /// What was probably meant.
        hint: Option<&'static str>,
    },
    /// Another limit.
    Limit(InvalidLimit),
}

/// The refusal of `text`, which may be a part of what was given.
pub(crate) fn expected(what: impl Into<Cow<'static, str>>, text: &str) -> Expected {
    Expected::described(what, format!("{:?}", cut(text, SHOWN)))
}

impl Expected {
    /// A refusal that describes the given value instead of quoting it.
    pub(crate) fn described(what: impl Into<Cow<'static, str>>, got: String) -> Self {
        Self::Value {
            expected: what.into(),
            got,
            hint: None,
        }
    }

    /// The same refusal with what was probably meant.
    pub(crate) fn with_hint(mut self, meant: Option<&'static str>) -> Self {
        if let Self::Value { hint, .. } = &mut self {
            *hint = meant;
        }
        self
    }
}

impl From<InvalidLimit> for Expected {
    fn from(invalid: InvalidLimit) -> Self {
        Self::Limit(invalid)
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value {
                expected,
                got,
                hint,
            } => {
                write!(f, "expected {expected}, got {got}")?;
                hint.map_or(Ok(()), |hint| write!(f, "; did you mean {hint}?"))
            }
            Self::Limit(invalid) => invalid.fmt(f),
        }
    }
}
