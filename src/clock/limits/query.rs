//! Limits as the query of an address: the parameters of `/clock`.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::age::parse_duration;
use super::{ErrorLimit, InvalidLimit, InvalidPreset, Limits};
use crate::text::cut;

const PARAMETERS: [&str; 6] = [
    "max_error",
    "max_age",
    "age_adjusted",
    "for",
    "valid_for",
    "after",
];
/// The longest `valid_for`. By then the sidecar has a new reading.
const LONGEST_VALID_FOR: Duration = Duration::from_secs(60);
/// How many characters of an invalid value are quoted in an answer.
const SHOWN: usize = 60;

/// What a request for `/clock` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClockQuery {
    /// The defaults, except for those that the query overrides.
    pub limits: Limits,
    /// The time of the question whether it has certainly passed: see
    /// [`Report::is_certainly_past`](crate::Report::is_certainly_past).
    pub after: Option<DateTime<Utc>>,
}

/// A query that cannot be answered. An unknown parameter is an error, since it could be a misspelt limit.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidQuery {
    /// A parameter that does not exist.
    UnknownParameter(String),
    /// A parameter that is given more than once.
    Repeated(&'static str),
    /// Not a valid limit.
    Limit {
        /// The parameter.
        name: &'static str,
        /// What is wrong with its value.
        invalid: InvalidLimit,
    },
    /// Not the name of a [`Preset`](crate::Preset).
    Preset(InvalidPreset),
    /// Not a valid value.
    Value {
        /// The parameter.
        name: &'static str,
        /// The expected form.
        expected: &'static str,
        /// The given value, or its beginning.
        given: String,
    },
}

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownParameter(name) => write!(
                f,
                "unknown parameter {name:?}; expected {}",
                PARAMETERS.join(", ")
            ),
            Self::Repeated(name) => write!(f, "{name} is given twice"),
            Self::Limit { name, invalid } => write!(f, "{name}: {invalid}"),
            Self::Preset(invalid) => write!(f, "for: {invalid}"),
            Self::Value {
                name,
                expected,
                given,
            } => write!(f, "{name}: expected {expected}, got {given:?}"),
        }
    }
}

impl std::error::Error for InvalidQuery {}

impl Limits {
    /// Parses the parameters of `/clock`: `query` is the part of an address after `?`, and `defaults` are the
    /// limits that apply unless the query overrides them. A query with `max_error` or `for` overrides both.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{ErrorLimit, Limits};
    ///
    /// let query = Limits::from_query("max_error=5ms&max_age=off", &Limits::default())?;
    /// assert_eq!(query.limits.max_error, ErrorLimit::AtMost(Duration::from_millis(5)));
    /// assert!(Limits::from_query("max-error=5ms", &Limits::default()).is_err());
    /// # Ok::<(), ecs_clock_emf::InvalidQuery>(())
    /// ```
    ///
    /// # Errors
    /// [`InvalidQuery`], which names what is wrong.
    pub fn from_query(query: &str, defaults: &Self) -> Result<ClockQuery, InvalidQuery> {
        let mut parsed = ClockQuery {
            limits: *defaults,
            after: None,
        };
        let mut given: Vec<&'static str> = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let Some(name) = PARAMETERS.into_iter().find(|known| *known == name) else {
                return Err(InvalidQuery::UnknownParameter(cut(&name, SHOWN)));
            };
            if given.contains(&name) {
                return Err(InvalidQuery::Repeated(name));
            }
            if ["max_error", "for"].contains(&name)
                && !given
                    .iter()
                    .any(|given| ["max_error", "for"].contains(given))
            {
                parsed.limits.max_error = ErrorLimit::default();
                parsed.limits.preset = None;
            }
            given.push(name);
            parsed.set(name, &value)?;
        }
        Ok(parsed)
    }
}

impl ClockQuery {
    /// Takes one parameter.
    fn set(&mut self, name: &'static str, value: &str) -> Result<(), InvalidQuery> {
        let limits = &mut self.limits;
        let limit = |invalid| InvalidQuery::Limit { name, invalid };
        match name {
            "max_error" => limits.max_error = value.parse().map_err(limit)?,
            "max_age" => limits.max_age = value.parse().map_err(limit)?,
            "age_adjusted" => limits.age_adjusted = switch(name, value)?,
            "for" => limits.preset = Some(value.parse().map_err(InvalidQuery::Preset)?),
            "valid_for" => limits.valid_for = valid_for(name, value)?,
            "after" => self.after = Some(time(name, value)?),
            _ => {}
        }
        Ok(())
    }
}

fn invalid(name: &'static str, expected: &'static str, given: &str) -> InvalidQuery {
    InvalidQuery::Value {
        name,
        expected,
        given: cut(given, SHOWN),
    }
}

fn switch(name: &'static str, text: &str) -> Result<bool, InvalidQuery> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(invalid(name, "true or false", text)),
    }
}

fn valid_for(name: &'static str, text: &str) -> Result<Duration, InvalidQuery> {
    parse_duration(text)
        .filter(|duration| *duration <= LONGEST_VALID_FOR)
        .ok_or_else(|| invalid(name, "a duration of at most 60s, such as 500ms", text))
}

/// A time in RFC 3339. In a query an unescaped `+` means a space, and a time contains no space.
fn time(name: &'static str, text: &str) -> Result<DateTime<Utc>, InvalidQuery> {
    DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
        .map(|time| time.to_utc())
        .map_err(|_| invalid(name, "a time such as 2026-01-31T12:00:00.5Z", text))
}
