//! The replies of `/clock`: the status code and the JSON. Pure.

use serde::Serialize;

use crate::clock::{ClockQuery, InvalidQuery, Report};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The status code of HTTP.
    pub status: u16,
    /// A JSON object and the end of its line.
    pub body: String,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    certainly_past: Option<bool>,
}

impl Reply {
    /// 200 for a good clock, 503 for one that is not. A client that reads only the status is not misled.
    #[must_use]
    pub(crate) fn judged(report: &Report, query: &ClockQuery) -> Self {
        let body = Body {
            report,
            certainly_past: query.after.map(|after| report.is_certainly_past(after)),
        };
        Self::json(if report.is_good() { 200 } else { 503 }, &body)
    }

    /// 400 for a query that cannot be answered, with what is wrong.
    #[must_use]
    pub(crate) fn invalid(query: &InvalidQuery) -> Self {
        Self::error(400, &query.to_string())
    }

    /// An error in words.
    #[must_use]
    pub(super) fn error(status: u16, error: &str) -> Self {
        Self::json(status, &serde_json::json!({ "error": error }))
    }

    pub(super) fn json(status: u16, value: &impl Serialize) -> Self {
        match serde_json::to_string(value) {
            Ok(text) => Self {
                status,
                body: text + "\n",
            },
            // Strings and numbers always serialize.
            Err(_) => Self {
                status: 500,
                body: "{}\n".to_owned(),
            },
        }
    }
}
