//! What a request for `/clock` asks: the parameters of its query. Pure.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::clock::Limits;
use crate::text::cut;

/// By which limits to judge, and which time is to be certainly past.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Question {
    /// The limits: the usual ones, but for those that the query names.
    pub limits: Limits,
    /// A time that may have to be certainly past.
    pub after: Option<DateTime<Utc>>,
}

/// A query that cannot be answered. A parameter that is not known could be a limit misspelt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum WrongQuestion {
    /// There is no such parameter.
    UnknownParameter(String),
    /// The parameter is given more than once.
    GivenTwice(&'static str),
    /// The value of a parameter is not one.
    Value {
        /// The parameter.
        name: &'static str,
        /// What was given.
        given: String,
        /// What is expected.
        expected: String,
    },
}

impl fmt::Display for WrongQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownParameter(name) => write!(
                f,
                "unknown parameter {name:?}; there are {}",
                PARAMETERS.join(", ")
            ),
            Self::GivenTwice(name) => write!(f, "{name} is given twice"),
            Self::Value {
                name,
                given,
                expected,
            } => write!(f, "{name}: {expected}, got {given:?}"),
        }
    }
}

impl std::error::Error for WrongQuestion {}

const PARAMETERS: [&str; 4] = ["max_error", "max_age", "age_adjusted", "after"];
/// As much of what was given is repeated in an answer.
const SHOWN: usize = 60;

impl Question {
    /// What `query` asks, the part of an address after `?`, where `usual` are the limits that hold unless
    /// it names others.
    ///
    /// # Errors
    /// [`WrongQuestion`] that names what is wrong.
    pub(crate) fn of(query: Option<&str>, usual: &Limits) -> Result<Self, WrongQuestion> {
        let mut question = Self {
            limits: *usual,
            after: None,
        };
        let mut given = Vec::new();
        for (name, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            let Some(name) = PARAMETERS.into_iter().find(|known| *known == name) else {
                return Err(WrongQuestion::UnknownParameter(cut(&name, SHOWN)));
            };
            if given.contains(&name) {
                return Err(WrongQuestion::GivenTwice(name));
            }
            given.push(name);
            question
                .set(name, &value)
                .map_err(|expected| WrongQuestion::Value {
                    name,
                    given: cut(&value, SHOWN),
                    expected,
                })?;
        }
        Ok(question)
    }
}

impl Question {
    /// Takes one parameter.
    ///
    /// # Errors
    /// What is expected instead.
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        let duration =
            || humantime::parse_duration(value).map_err(|_| "expected a duration".to_owned());
        match name {
            "max_error" => self.limits.max_error = Some(duration()?),
            "max_age" if value == "off" => self.limits.max_age = None,
            "max_age" => self.limits.max_age = Some(duration()?),
            "after" => self.after = Some(time(value)?),
            _ => {}
        }
        Ok(())
    }
}

/// A time in RFC 3339. In a query an unescaped `+` stands for a space: there is none in a time.
fn time(text: &str) -> Result<DateTime<Utc>, String> {
    DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
        .map(|time| time.to_utc())
        .map_err(|_| "expected a time such as 2026-01-31T12:00:00.5Z".to_owned())
}
