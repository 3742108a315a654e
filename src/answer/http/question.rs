//! What a request for `/clock` asks: the parameters of its query. Pure.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::clock::{ErrorLimit, InvalidLimit, Limits};
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
    /// A limit is none.
    Limit {
        /// The parameter.
        name: &'static str,
        /// What is wrong with its value.
        invalid: InvalidLimit,
    },
    /// Another value is none.
    Value {
        /// The parameter.
        name: &'static str,
        /// What is expected.
        expected: &'static str,
        /// What was given, or its beginning.
        given: String,
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
            Self::Limit { name, invalid } => write!(f, "{name}: {invalid}"),
            Self::Value {
                name,
                expected,
                given,
            } => write!(f, "{name}: expected {expected}, got {given:?}"),
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
            question.set(name, &value)?;
        }
        Ok(question)
    }
}

impl Question {
    /// Takes one parameter.
    fn set(&mut self, name: &'static str, value: &str) -> Result<(), WrongQuestion> {
        let limit = |invalid| WrongQuestion::Limit { name, invalid };
        match name {
            "max_error" => {
                let limit: ErrorLimit = value.parse().map_err(limit)?;
                self.limits.max_error = Some(limit.into());
            }
            "max_age" => self.limits.max_age = value.parse().map_err(limit)?,
            "age_adjusted" => self.limits.age_adjusted = switch(name, value)?,
            "after" => self.after = Some(time(name, value)?),
            _ => {}
        }
        Ok(())
    }
}

fn wrong(name: &'static str, expected: &'static str, given: &str) -> WrongQuestion {
    WrongQuestion::Value {
        name,
        expected,
        given: cut(given, SHOWN),
    }
}

fn switch(name: &'static str, text: &str) -> Result<bool, WrongQuestion> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong(name, "true or false", text)),
    }
}

/// A time in RFC 3339. In a query an unescaped `+` stands for a space: there is none in a time.
fn time(name: &'static str, text: &str) -> Result<DateTime<Utc>, WrongQuestion> {
    DateTime::parse_from_rfc3339(&text.replace(' ', "+"))
        .map(|time| time.to_utc())
        .map_err(|_| wrong(name, "a time such as 2026-01-31T12:00:00.5Z", text))
}
