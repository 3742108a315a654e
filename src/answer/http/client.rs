//! Asks a running sidecar, as `check --ask` does.

use std::fmt;
use std::time::Duration;

use reqwest::{Client, Url};
use serde_json::{Map, Value};

use super::address::LoopbackAddress;
use crate::clock::Preset;
use crate::reading::{ReadError, ReadErrorKind};
use crate::text::cut;

/// The largest accepted body, in bytes. An answer is smaller than 2 kB.
const LIMIT: usize = 64 * 1024;
/// How much of an error is repeated, in characters.
const SHOWN: usize = 160;

/// A client of a running sidecar.
#[derive(Debug)]
pub(crate) struct Sidecar {
    client: Client,
    urls: Vec<Url>,
    timeout: Duration,
}

/// What the sidecar answered.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// The JSON object, without the end of its line.
    pub text: String,
    members: Map<String, Value>,
}

impl Sidecar {
    /// The sidecar at `address`, asked with these parameters.
    ///
    /// # Errors
    /// If the HTTP client cannot be set up.
    pub(crate) fn new(
        address: &LoopbackAddress,
        parameters: &[(&str, String)],
        timeout: Duration,
    ) -> Result<Self, ReadError> {
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            // At most one request a second, which needs no kept connection.
            .pool_max_idle_per_host(0)
            .timeout(timeout)
            .build()
            .map_err(|error| connection_error(&error))?;
        let url = |candidate| {
            let mut url = Url::parse(&format!("http://{candidate}/clock")).ok()?;
            if !parameters.is_empty() {
                url.query_pairs_mut().extend_pairs(parameters);
            }
            Some(url)
        };
        let urls = address.candidates().iter().filter_map(url).collect();
        Ok(Self {
            client,
            urls,
            timeout,
        })
    }

    /// Asks once.
    ///
    /// # Errors
    /// If no answer arrives in time, or what answers is not a sidecar that understands the parameters.
    pub(crate) async fn ask(&self) -> Result<Answer, ReadError> {
        let mut outcome = Err(ReadError::new(ReadErrorKind::Connection, "no address"));
        for url in &self.urls {
            outcome = match tokio::time::timeout(self.timeout, self.fetch(url.clone())).await {
                Ok(outcome) => outcome,
                Err(_) => Err(self.too_late()),
            };
            // `localhost` is IPv6 where there is no IPv4.
            if !matches!(&outcome, Err(error) if error.kind == ReadErrorKind::Connection) {
                break;
            }
        }
        outcome
    }

    async fn fetch(&self, url: Url) -> Result<Answer, ReadError> {
        let failed = |error: reqwest::Error| {
            if error.is_timeout() {
                self.too_late()
            } else {
                connection_error(&error)
            }
        };
        let mut response = self.client.get(url).send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            body.extend_from_slice(&piece);
            if body.len() > LIMIT {
                let message = "the answer is over 64 KiB: not a sidecar";
                return Err(ReadError::new(ReadErrorKind::BodyTooLarge, message));
            }
        }
        Answer::new(status, &body)
    }

    fn too_late(&self) -> ReadError {
        let timeout = humantime::format_duration(self.timeout);
        let message = format!("no answer of the sidecar within {timeout}");
        ReadError::new(ReadErrorKind::Timeout, message)
    }
}

/// An error with its innermost cause, which names what happened.
fn connection_error(error: &reqwest::Error) -> ReadError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let place = error.url().and_then(|url| {
        let (host, port) = (url.host_str()?, url.port_or_known_default()?);
        Some(format!(" at {host}:{port}"))
    });
    let place = place.unwrap_or_default();
    let message = format!("no answer of the sidecar{place}: {cause}");
    ReadError::new(ReadErrorKind::Connection, message)
}

impl Answer {
    /// # Errors
    /// If it is not the answer of a sidecar. A gate must not open because another server answers 200.
    fn new(status: u16, body: &[u8]) -> Result<Self, ReadError> {
        let text = String::from_utf8_lossy(body).trim_end().to_owned();
        let members = serde_json::from_str(&text).ok();
        let verdict = |members: &Map<String, Value>| {
            matches!(
                (status, members.get("verdict").and_then(Value::as_str)),
                (200, Some("good")) | (503, Some("not_good"))
            )
        };
        match members {
            Some(members) if verdict(&members) => Ok(Self { text, members }),
            Some(members) if matches!(members.get("error"), Some(Value::String(_))) => {
                let error = members["error"].as_str().unwrap_or_default();
                let message = format!("the sidecar answers {status}: {}", cut(error, SHOWN));
                Err(ReadError::new(ReadErrorKind::HttpStatus, message))
            }
            _ => {
                let message = format!("not the answer of a sidecar, status {status}");
                Err(ReadError::new(ReadErrorKind::HttpStatus, message))
            }
        }
    }

    /// Whether the clock is good.
    pub(crate) fn is_good(&self) -> bool {
        self.members.get("verdict").and_then(Value::as_str) == Some("good")
    }

    /// Whether the sidecar has a reading.
    pub(crate) fn has_reading(&self) -> bool {
        !self.strings("codes").any(|code| code == "no_reading")
    }

    fn strings(&self, name: &str) -> impl Iterator<Item = &str> {
        let values = self.members.get(name).and_then(Value::as_array);
        values.into_iter().flatten().filter_map(Value::as_str)
    }

    /// A member for a person, with its unit.
    fn shown(&self, name: &str, unit: &str) -> String {
        match self.members.get(name) {
            None | Some(Value::Null) => "unknown".to_owned(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => format!("{value}{unit}"),
        }
    }
}

/// Writes one fact per line, as `check` prints its own readings.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut line = |name: &str, value: &str| writeln!(f, "{name:<20}{value}");
        line("verdict", if self.is_good() { "good" } else { "not good" })?;
        for reason in self.strings("reasons") {
            line("reason", reason)?;
        }
        for warning in self.strings("warnings") {
            line("warning", warning)?;
        }
        for (name, member, unit) in [
            ("source", "source", ""),
            ("status", "status", ""),
            ("error bound", "error_bound_ms", " ms"),
            ("reference time", "reference_timestamp", ""),
            ("reference age", "reference_age_s", " s"),
            ("read at", "read_at", ""),
            ("earliest true time", "earliest", ""),
            ("latest true time", "latest", ""),
        ] {
            let limit = match member {
                "error_bound_ms" => self.limit("max_error_ms", &self.error_unit()),
                "reference_age_s" => self.limit("max_age_s", self.age_unit()),
                _ => String::new(),
            };
            line(name, &(self.shown(member, unit) + &limit))?;
        }
        Ok(())
    }
}

impl Answer {
    /// A limit that was applied, in brackets.
    fn limit(&self, name: &str, unit: &str) -> String {
        match self.applied(name) {
            Some(Value::Null) => " (no limit)".to_owned(),
            Some(limit) => {
                let limit = limit.to_string();
                format!(" (limit {}{unit})", limit.trim_end_matches(".0"))
            }
            None => String::new(),
        }
    }

    fn applied(&self, name: &str) -> Option<&Value> {
        self.members.get("limits")?.get(name)
    }

    /// The unit of the limit on the age, which may apply only where the age is known.
    fn age_unit(&self) -> &'static str {
        let is_required = self.strings("codes").any(|code| code == "age_unknown");
        match self.shown("reference_age_s", "").as_str() {
            "unknown" if !is_required => " s where known",
            _ => " s",
        }
    }

    /// The unit of the limit on the error bound, and the system that was asked for, with its own limit if larger.
    fn error_unit(&self) -> String {
        let Some(system) = self.applied("for").and_then(Value::as_str) else {
            return " ms".to_owned();
        };
        let own = system.parse().map(Preset::max_error).unwrap_or_default();
        let own = own.as_secs_f64() * 1e3;
        let applied = self.applied("max_error_ms").and_then(Value::as_f64);
        if applied.is_some_and(|applied| applied < own) {
            format!(" ms, below the {own} ms for {system}")
        } else {
            format!(" ms for {system}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"verdict":"good","codes":[],"warnings":["w"],"limits":{"max_error_ms":5.0,"max_age_s":null,"for":"ceph"},"error_bound_ms":0.4,"source":"ecs"}"#;

    #[test]
    fn only_a_sidecar_is_believed() {
        let lost = r#"{"verdict":"not_good","codes":["not_synchronized"]}"#;
        let nothing = r#"{"verdict":"not_good","codes":["no_reading"]}"#;
        // Whether the clock is good, and whether there is a reading.
        for (status, body, expected) in [
            (200, GOOD, Some((true, true))),
            (503, lost, Some((false, true))),
            (503, nothing, Some((false, false))),
            (200, lost, None),
            (503, GOOD, None),
            (200, "", None),
            (200, "OK", None),
            (200, r#"{"status":"running"}"#, None),
            (200, r#"["good"]"#, None),
            (204, GOOD, None),
            (400, r#"{"error":"max_error: expected a number"}"#, None),
        ] {
            let answer = Answer::new(status, body.as_bytes());
            let found = answer.as_ref().ok();
            let found = found.map(|answer| (answer.is_good(), answer.has_reading()));
            assert_eq!(found, expected, "{status} {body}");
            if let (400, Err(error)) = (status, answer) {
                assert!(
                    error.message.contains("400: max_error: expected"),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn an_answer_is_printed_like_a_reading() {
        let text = Answer::new(200, GOOD.as_bytes()).unwrap().to_string();
        for line in [
            "verdict             good\n",
            "warning             w\n",
            "error bound         0.4 ms (limit 5 ms, below the 25 ms for ceph)\n",
            "reference age       unknown (no limit)\n",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
        for (codes, shown) in [
            ("[]", "3600 s where known"),
            (r#"["age_unknown"]"#, "3600 s"),
        ] {
            let body = format!(
                r#"{{"verdict":"not_good","codes":{codes},"limits":{{"max_age_s":3600.0}},"reference_age_s":null}}"#
            );
            let text = Answer::new(503, body.as_bytes()).unwrap().to_string();
            let line = format!("reference age       unknown (limit {shown})\n");
            assert!(text.contains(&line), "{line} in {text}");
        }
    }
}
