//! The replies of `/clock` and `/clock.txt`: the status code and the body. Pure.

use serde::Serialize;

use crate::clock::{ClockQuery, Report};
use crate::time::unix_micros_up;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The status code of HTTP.
    pub status: u16,
    /// The media type of the body.
    pub media: &'static str,
    /// A JSON object and the end of its line, or a line of text.
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

    /// The same verdict as one line of text, which clients check with one pattern: `good` and the ends of the range in
    /// microseconds since 1970, rounded outwards; or `not_good`, the codes, and after a tab each reason.
    #[must_use]
    pub(super) fn line(report: &Report) -> Self {
        let (status, body) = match report.interval {
            Some(range) if report.is_good() => {
                let earliest = range.earliest.timestamp_micros();
                let latest = unix_micros_up(range.latest);
                (200, format!("good {earliest} {latest}\n"))
            }
            _ => {
                let codes: Vec<&str> = report.codes().collect();
                let mut line = format!("not_good {}", codes.join(","));
                for reason in &report.reasons {
                    line.push('\t');
                    line += &reason.to_string().replace(char::is_control, " ");
                }
                (503, line + "\n")
            }
        };
        Self {
            status,
            media: "text/plain",
            body,
        }
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
                media: "application/json",
                body: text + "\n",
            },
            // Strings and numbers always serialize.
            Err(_) => Self {
                status: 500,
                media: "application/json",
                body: "{}\n".to_owned(),
            },
        }
    }
}
