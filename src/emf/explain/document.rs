//! One event's text in, its findings out.

use std::io;

use chrono::{DateTime, SecondsFormat, Utc};

use super::finding::{Effect, Fault, Finding, quoted};
use super::json::{self, Json};
use super::rules::{MAX_AHEAD_MS, MAX_PAST_MS, SHIM_SPLIT_BYTES};
use super::schema;
use super::targets::{Found, Targets};
use super::time::rfc3339;

/// Judges the text of one event and tells every fault and, where nothing spoils the event as a whole, its data points.
///
/// # Errors
/// Only those of `found`.
pub(super) fn judge(
    text: &str,
    terminated: bool,
    now: DateTime<Utc>,
    found: &mut Found<'_>,
) -> io::Result<()> {
    let root = match json::parse(text) {
        Ok((Json::Object(root), "")) => root,
        Ok((_, rest)) => return found(Finding::Fault(followed(rest))),
        Err(error) if error.is_eof() => return found(Finding::Fault(cut(text, terminated))),
        Err(error) => return found(Finding::Fault(broken(text, &error))),
    };
    let mut faults = Vec::new();
    let metadata = schema::read(&root, &mut faults);
    faults.extend(
        metadata
            .timestamp
            .and_then(|timestamp| time_fault(timestamp, now)),
    );
    let spoilt = faults.iter().any(|fault| fault.effect() == Effect::Event);
    for fault in faults {
        found(Finding::Fault(fault))?;
    }
    // Faults of single targets are told all the same: whoever mends one fault wants to know of the others.
    let timestamp = metadata.timestamp.filter(|_| !spoilt);
    let targets = Targets::new(&root, &metadata.directives);
    targets.event_faults(found)?;
    for directive in &metadata.directives {
        targets.explain(directive, timestamp, found)?;
    }
    Ok(())
}

/// The fault of a line whose JSON object does not end.
pub(super) fn cut(text: &str, terminated: bool) -> Fault {
    let bytes = text.len();
    let what = match (terminated, bytes) {
        (_, SHIM_SPLIT_BYTES) => {
            format!(
                "the JSON object is cut off after {bytes} bytes, where FireLens and older log shims split a line"
            )
        }
        (true, _) => {
            format!("the JSON object is cut off at the end of the line, after {bytes} bytes")
        }
        (false, _) => {
            format!("the JSON object is cut off at the end of the input, after {bytes} bytes")
        }
    };
    Fault::new(what, Effect::Event)
}

/// The fault of a line with something after its JSON object.
fn followed(rest: &str) -> Fault {
    let what = if rest.starts_with('{') {
        "a second JSON object stands on the line, allowed is one (a line feed is missing between two writes)".to_owned()
    } else {
        format!(
            "{} follows the JSON object, allowed is nothing",
            quoted(rest)
        )
    };
    Fault::new(what, Effect::Event)
}

/// The fault of a line that is no JSON.
fn broken(text: &str, error: &serde_json::Error) -> Fault {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    let column = error.column();
    let token = ["-NaN", "NaN", "-Infinity", "Infinity", "-inf", "inf", "nan"]
        .into_iter()
        .find(|token| {
            // The column is the token's first byte or its second, where the first is a sign.
            (column.saturating_sub(2)..=column).any(|at| {
                text.as_bytes()
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(token.as_bytes()))
            })
        });
    let what = match token {
        Some(token) => format!("broken JSON at byte {column}: {token} is no JSON number"),
        None => format!("broken JSON at byte {column}: {reason}"),
    };
    Fault::new(what, Effect::Event)
}

/// The fault of a timestamp that CloudWatch refuses.
fn time_fault(timestamp: i64, now: DateTime<Utc>) -> Option<Fault> {
    let now_ms = now.timestamp_millis();
    let relation = if timestamp < now_ms.saturating_sub(MAX_PAST_MS) {
        "more than 14 days before"
    } else if timestamp > now_ms.saturating_add(MAX_AHEAD_MS) {
        "more than 2 hours after"
    } else {
        return None;
    };
    let moment = rfc3339(timestamp).map_or_else(String::new, |moment| format!(" ({moment})"));
    let hint = match timestamp.unsigned_abs() {
        // As milliseconds, all of these are before the year 1974 or after the year 5000.
        1_000_000_000..100_000_000_000 => " (it looks like seconds, allowed are milliseconds)",
        100_000_000_000_000..100_000_000_000_000_000 => {
            " (it looks like microseconds, allowed are milliseconds)"
        }
        100_000_000_000_000_000.. => " (it looks like nanoseconds, allowed are milliseconds)",
        _ => "",
    };
    let now = now.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    Some(Fault::new(
        format!("_aws.Timestamp {timestamp}{moment} is {relation} {now}{hint}"),
        Effect::Event,
    ))
}
