//! The control paths, which change the scenario and report counters.

use serde_json::json;

use super::server::Shared;
use super::wire::{Reply, Request};
use super::{Scenario, Schedule};

/// Whether a path belongs here rather than to the endpoint.
pub(crate) fn is_control(path: &str) -> bool {
    matches!(
        path.split('/').nth(1),
        Some("scenario" | "scenarios" | "schedule" | "error-bound" | "requests" | "served")
    )
}

/// Handles a control request. A `trusted` client is on this machine and may name files to replay.
pub(crate) fn reply(shared: &Shared, request: &Request, trusted: bool) -> Reply {
    let Some(path) = decode(&request.path) else {
        return bad("the path is not UTF-8 in percent encoding");
    };
    let (word, value) = match path[1..].split_once('/') {
        Some((word, value)) => (word, Some(value)),
        None => (&path[1..], None),
    };
    let reply = match (request.method.as_str(), word, value) {
        ("GET" | "HEAD", "scenario", None) => {
            Reply::text(200, format!("{}\n", shared.lock().scenario))
        }
        ("GET" | "HEAD", "scenarios", None) => Reply::text(200, Scenario::list()),
        ("GET" | "HEAD", "requests", None) => Reply::json(200, requests(shared)),
        ("GET" | "HEAD", "served", None) => Reply::json(200, served(shared)),
        ("PUT" | "POST", "scenario" | "schedule", Some(value))
            if value.contains("replay:") && !trusted =>
        {
            bad("replay: is allowed only to clients on the endpoint's own machine")
        }
        ("PUT" | "POST", "scenario", Some(name)) => match name.parse() {
            Ok(scenario) => {
                shared.switch(scenario);
                Reply::text(200, format!("{name}\n"))
            }
            Err(error) => bad(&error),
        },
        ("PUT" | "POST", "schedule", Some(steps)) => match steps.parse::<Schedule>() {
            Ok(schedule) => {
                shared.play(schedule, false);
                Reply::text(200, format!("{steps}\n"))
            }
            Err(error) => bad(&error),
        },
        ("PUT" | "POST", "error-bound", Some(given)) => match error_bound(given) {
            Ok(bound) => {
                shared.lock().error_bound = bound;
                Reply::text(200, format!("{bound}\n"))
            }
            Err(error) => bad(&error),
        },
        _ => Reply::text(
            405,
            "allowed: GET /scenario, /scenarios, /requests, /served; PUT /scenario/NAME, /schedule/NAME:DURATION,..., /error-bound/MILLISECONDS\n",
        ),
    };
    Reply {
        rate: false,
        ..reply
    }
}

/// An error bound in milliseconds; any finite number, since the endpoint may lie.
///
/// # Errors
/// A sentence with the invalid value and the expected form.
pub fn error_bound(given: &str) -> Result<f64, String> {
    let bound = given.parse::<f64>().ok().filter(|bound| bound.is_finite());
    bound.ok_or_else(|| {
        format!(
            "an error bound is a finite number of milliseconds, such as 0.446931, not {given:?}"
        )
    })
}

fn bad(message: &str) -> Reply {
    Reply {
        rate: false,
        ..Reply::text(400, format!("{message}\n"))
    }
}

fn requests(shared: &Shared) -> String {
    let counters = shared.counters();
    json!({
        "task_requests": counters.task_requests,
        "connections_accepted": counters.connections_accepted,
        "connections_open": counters.connections_open,
        "connections_refused": counters.connections_refused,
        "rate_limited": counters.rate_limited,
        "redirects_followed": counters.redirects_followed,
    })
    .to_string()
}

/// The texts themselves are strings in an array, since a scenario's `ClockDrift` need not be JSON.
fn served(shared: &Shared) -> String {
    json!(shared.lock().served().collect::<Vec<_>>()).to_string()
}

/// Undoes percent encoding.
fn decode(path: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        if first == b'%' {
            let digits = str::from_utf8(tail.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &tail[2..];
        } else {
            bytes.push(first);
            rest = tail;
        }
    }
    String::from_utf8(bytes).ok()
}
