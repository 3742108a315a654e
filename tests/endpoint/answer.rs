//! Maps a scenario to the answer to send. Pure: time and request number are arguments.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, DurationRound, TimeDelta, Utc};

use super::Scenario;
use super::document::{Document, Identity, Object, clock_drift, fractional, number, string};
use super::wire::{Reply, gzip};

/// The answer to a request for the task document.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A response.
    Whole(Reply),
    /// A response after a delay.
    Late(Reply),
    /// A response that breaks off before its promised end.
    Cut(Reply),
    /// A response in chunks that breaks off before the last one.
    CutChunks(Reply),
    /// A response whose body comes byte by byte and never ends.
    Drip(Reply),
    /// A response whose body comes fast and never ends.
    Endless(Reply),
    /// A response in chunks of one byte.
    TinyChunks(Reply),
    /// A response with its length, of any size.
    Unchunked(Reply),
    /// These bytes.
    Raw(Arc<[u8]>, After),
}

/// What happens to the connection afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// It serves the next request.
    Keep,
    /// It is closed.
    Close,
    /// It is reset.
    Reset,
    /// It stays open, and nothing is sent.
    Hold,
}

/// The inputs of an answer, besides the scenario.
#[derive(Clone, Debug)]
pub(crate) struct Moment<'a> {
    /// The wall clock.
    pub(crate) now: DateTime<Utc>,
    /// Time since the scenario began.
    pub(crate) elapsed: Duration,
    /// Number of requests for the task document in this scenario before this one.
    pub(crate) turn: u64,
    /// The identity of the task.
    pub(crate) identity: &'a Identity,
    /// The error bound of the good scenarios, in milliseconds.
    pub(crate) error_bound: f64,
    /// Growth of the bound while drifting, in milliseconds per second.
    pub(crate) drift_rate: f64,
    /// The id in the paths.
    pub(crate) id: &'a str,
    /// The port of the server.
    pub(crate) port: u16,
}

/// The answer and, where it carries a document with `ClockDrift`, that member's text.
pub(crate) fn answer(scenario: &Scenario, moment: &Moment) -> (Answer, Option<String>) {
    if *scenario == Scenario::Mixed {
        let scenarios = Scenario::mixture();
        let count = Scenario::mixture().count() as u64;
        let (index, turn) = (moment.turn % count, moment.turn / count);
        let scenario = scenarios
            .zip(0..)
            .find(|(_, n)| *n == index)
            .map_or(&Scenario::Good, |(scenario, _)| scenario);
        return answer(
            scenario,
            &Moment {
                turn,
                ..moment.clone()
            },
        );
    }
    if let Some(answer) = without_document(scenario, moment) {
        return (answer, None);
    }
    let drift = drift(scenario, moment);
    let text = document(scenario, moment, drift.as_deref());
    (with_document(scenario, text), drift)
}

/// Answers in which no task document occurs.
fn without_document(scenario: &Scenario, moment: &Moment) -> Option<Answer> {
    let good = |body: &str| Answer::Whole(Reply::json(200, body));
    let nothing = |after| Answer::Raw(Arc::default(), after);
    let arn = &moment.identity.task_arn;
    let Moment { id, port, turn, .. } = moment;
    Some(match scenario {
        Scenario::Hang => nothing(After::Hold),
        Scenario::EmptyReply => nothing(After::Close),
        Scenario::Reset | Scenario::Down | Scenario::Refused => nothing(After::Reset),
        Scenario::Garbage => Answer::Raw(GARBAGE.into(), After::Close),
        Scenario::Replay { bytes, .. } => Answer::Raw(bytes.clone(), After::Keep),
        Scenario::Throttled => Answer::Whole(throttled()),
        Scenario::Error404 => Answer::Whole(unknown_id(id)),
        Scenario::Error500 => {
            let message = format!("Unable to generate metadata for v4 task: '{arn}'");
            Answer::Whole(Reply::json(500, string(&message)))
        }
        Scenario::EndlessError => Answer::Endless(Reply::text(500, "Unable to generate metadata")),
        Scenario::Redirect => {
            let status = if turn % 2 == 0 { 301 } else { 302 };
            Answer::Whole(Reply::redirect(status, format!("{ELSEWHERE}/{id}/task")))
        }
        Scenario::RedirectHost => Answer::Whole(Reply::redirect(
            302,
            format!("http://localhost:{port}{ELSEWHERE}/{id}/task"),
        )),
        Scenario::EmptyBody => good(""),
        Scenario::NotJson => Answer::Whole(Reply {
            headers: vec![("Content-Type", "text/html; charset=utf-8".into())],
            ..Reply::json(200, "<!DOCTYPE html><title>Welcome</title><p>It works.")
        }),
        Scenario::JsonString => good(&string("Unable to generate metadata for the task")),
        Scenario::JsonArray => good("[{}]"),
        Scenario::JsonNull => good("null"),
        Scenario::EmptyObject => good("{}"),
        Scenario::DeepNesting => good(&"[".repeat(DEEP)),
        _ => return None,
    })
}

/// The target of the redirects: a path that answers and counts its requests.
pub(crate) const ELSEWHERE: &str = "/elsewhere";
/// As deep as the nested scenarios go.
const DEEP: usize = 100_000;
/// The beginning of a TLS alert, and of another protocol.
const GARBAGE: &[u8] = b"\x15\x03\x01\x00\x02\x02\x46SSH-2.0-nothing\r\n\x00\xff\xfe";

/// The limiter's message.
pub(crate) fn throttled() -> Reply {
    Reply::text(429, "You have reached maximum request limit.")
}

/// The task document handler's message for an unknown id.
pub(crate) fn unknown_id(id: &str) -> Reply {
    let message = format!(
        "V4 task metadata handler: unable to get task arn from request: unable to get task Arn from v3 endpoint ID: {id}"
    );
    Reply::json(404, string(&message))
}

/// The text of `ClockDrift`, if the document has it.
fn drift(scenario: &Scenario, moment: &Moment) -> Option<String> {
    let now = moment.now;
    let bound = moment.error_bound;
    let steady = steady_reference(now);
    let usual = || clock_drift(bound, steady, "SYNCHRONIZED");
    let with = |name, value: &str| {
        let mut drift = usual();
        drift.set(name, value);
        drift
    };
    let without = |name| {
        let mut drift = usual();
        drift.remove(name);
        drift
    };
    let at = |reference| clock_drift(bound, reference, "SYNCHRONIZED");
    let object: Object = match scenario {
        Scenario::NoClockDrift
        | Scenario::FargateNoClockDrift
        | Scenario::LocalEndpoint
        | Scenario::NestedClockDrift => {
            return None;
        }
        Scenario::NullClockDrift => return Some("null".into()),
        Scenario::EmptyClockDrift => return Some("{}".into()),
        Scenario::ArrayClockDrift => return Some(format!("[{}]", usual().text())),
        Scenario::StringClockDrift => return Some(string("SYNCHRONIZED")),
        Scenario::Wandering => {
            let age = seconds(now - steady);
            clock_drift(rounded(bound + age * 0.004), steady, "SYNCHRONIZED")
        }
        Scenario::Drifting => {
            let began = now - TimeDelta::from_std(moment.elapsed).unwrap_or_default();
            let bound = bound + moment.elapsed.as_secs_f64() * moment.drift_rate;
            clock_drift(rounded(bound), steady_reference(began), "SYNCHRONIZED")
        }
        Scenario::Unsynchronized => clock_drift(bound, steady, "NOT_SYNCHRONIZED"),
        Scenario::Flipping if moment.turn % 2 == 1 => {
            clock_drift(bound, steady, "NOT_SYNCHRONIZED")
        }
        Scenario::OldReference => at(whole_second(now - TimeDelta::minutes(17))),
        Scenario::FutureReference => at(whole_second(now + TimeDelta::hours(2))),
        Scenario::Fraction => {
            let reference =
                whole_second(now - TimeDelta::seconds(30)) + TimeDelta::nanoseconds(123_456_789);
            with(REFERENCE, &string(&fractional(reference)))
        }
        Scenario::Tiny => with(BOUND, "1e-7"),
        Scenario::Zero | Scenario::NoBound => without(BOUND),
        Scenario::NoStatus => without(STATUS),
        Scenario::NoReference => without(REFERENCE),
        Scenario::NullMembers => {
            let mut drift = Object::default();
            for name in [BOUND, REFERENCE, STATUS] {
                drift.push(name, "null");
            }
            drift
        }
        Scenario::UnknownStatusWord => with(STATUS, &string("DEGRADED")),
        Scenario::ProseName => {
            let mut drift = usual();
            drift.rename(REFERENCE, "ReferenceTime");
            drift
        }
        Scenario::NumberForms => {
            let count = NUMBER_FORMS.len() as u64;
            let form = NUMBER_FORMS
                .iter()
                .zip(0..)
                .find(|(_, n)| *n == moment.turn % count)
                .map_or("0", |(form, _)| form);
            with(BOUND, form)
        }
        Scenario::DuplicateKeys => {
            let mut drift = usual();
            drift.push(BOUND, number(bound + 100.0));
            drift
        }
        Scenario::NanToken => with(BOUND, "NaN"),
        Scenario::Overflow => with(BOUND, "1e999"),
        Scenario::Negative => with(BOUND, "-0.446931"),
        Scenario::Over24Hours => with(BOUND, "86400001"),
        Scenario::StringBound => with(BOUND, &string(&number(bound))),
        Scenario::BoolBound => with(BOUND, "true"),
        Scenario::ObjectBound => with(BOUND, &format!("{{\"Value\":{}}}", number(bound))),
        Scenario::NumericStatus => with(STATUS, "1"),
        Scenario::NumericReference => with(REFERENCE, &steady.timestamp().to_string()),
        Scenario::BadReference => with(REFERENCE, &string("yesterday at noon")),
        _ => usual(),
    };
    Some(object.text())
}

const BOUND: &str = "ClockErrorBound";
const REFERENCE: &str = "ReferenceTimestamp";
const STATUS: &str = "ClockSynchronizationStatus";
/// JSON allows all of these.
const NUMBER_FORMS: &[&str] = &[
    "4.46931e-1",
    "0.446931000000000000000000000000000000001",
    "1E+2",
    "5",
    "0",
    "0.0",
    "-0",
    "-0.0",
    "1e-400",
    "446931E-6",
];

/// The document around `ClockDrift`.
fn document(scenario: &Scenario, moment: &Moment, drift: Option<&str>) -> String {
    let mut identity = moment.identity.clone();
    match scenario {
        Scenario::NoService => identity.service = None,
        Scenario::ShortCluster => identity.cluster = "clockcluster".into(),
        Scenario::NoClockDrift => identity.launch_type = "EC2".into(),
        Scenario::OtherTask => identity.task_arn.push('f'),
        Scenario::ManagedInstances => identity.launch_type = "MANAGED_INSTANCES".into(),
        Scenario::HostileNames => identity = hostile(identity),
        Scenario::BadUtf8 => identity.service = Some("app\u{fffd}service".into()),
        _ => {}
    }
    let mut document = Document::new(&identity, drift);
    match scenario {
        Scenario::Small => document.shorten(),
        Scenario::NoTaskArn => document.task.remove("TaskARN"),
        Scenario::NumericTaskArn => document.task.set("TaskARN", "123456789012"),
        Scenario::NoClockDrift => document.task.remove("EphemeralStorageMetrics"),
        Scenario::LocalEndpoint => document.task.remove("LaunchType"),
        Scenario::NestedClockDrift => {
            let drift = clock_drift(
                moment.error_bound,
                steady_reference(moment.now),
                "SYNCHRONIZED",
            );
            document.container.push("ClockDrift", drift.text());
        }
        Scenario::WrongIdentity => {
            for (name, value) in [
                ("Cluster", "7"),
                ("ServiceName", "{}"),
                ("Family", "[]"),
                ("Revision", "true"),
            ] {
                document.task.set(name, value);
            }
        }
        Scenario::DuplicateKeys => document.task.push("ServiceName", string("second")),
        Scenario::DeepMember => document
            .task
            .push("Future", "[".repeat(DEEP) + &"]".repeat(DEEP)),
        _ => {}
    }
    document.text()
}

fn hostile(identity: Identity) -> Identity {
    Identity {
        cluster: format!(
            "arn:aws:ecs:us-east-1:123456789012:cluster/{}",
            "x".repeat(5000)
        ),
        family: "\u{202e}ylimaf\u{202c} \u{5de}\u{5e9}\u{5e4}\u{5d7}\u{5d4} \u{1f552}".into(),
        revision: "2\r\n{\"_aws\":{}}\r\n".into(),
        service: Some("<script>alert(1)</script>\"'&\\\0\u{1b}[31m\u{7f}\u{2028}".into()),
        availability_zone: Some(" ".into()),
        ..identity
    }
}

/// The response around the document.
fn with_document(scenario: &Scenario, text: String) -> Answer {
    let reply = |body: Vec<u8>| Reply::json(200, body);
    match scenario {
        Scenario::Slow => Answer::Late(reply(text.into())),
        Scenario::SlowBody => Answer::Drip(reply(text.into())),
        Scenario::Endless => Answer::Endless(reply(text.into())),
        Scenario::Truncated => Answer::Cut(reply(text.into())),
        Scenario::TruncatedChunks => Answer::CutChunks(reply(text.into())),
        Scenario::Huge => {
            let mut body = text.into_bytes();
            body.resize(4 * 1024 * 1024, b' ');
            Answer::Unchunked(reply(body))
        }
        Scenario::TinyChunks => {
            let mut body = text.into_bytes();
            body.resize(128 * 1024, b' ');
            Answer::TinyChunks(reply(body))
        }
        Scenario::Gzip => {
            let mut reply = reply(gzip(text.as_bytes()));
            reply.headers.insert(0, ("Content-Encoding", "gzip".into()));
            Answer::Whole(reply)
        }
        Scenario::CutJson => {
            let mut body = text.into_bytes();
            body.truncate(body.len() / 2);
            Answer::Whole(reply(body))
        }
        Scenario::TrailingText => Answer::Whole(reply(text.repeat(2).into())),
        Scenario::BadUtf8 => Answer::Whole(reply(not_utf8(&text))),
        _ => Answer::Whole(reply(text.into())),
    }
}

/// The text with two invalid bytes for each replacement character.
fn not_utf8(text: &str) -> Vec<u8> {
    let parts: Vec<_> = text.split('\u{fffd}').map(str::as_bytes).collect();
    parts.join(&b"\xff\xfe"[..])
}

/// The last update of a clock that is updated every 50 s and reports 10 s later: an age of 10 to 60 s.
fn steady_reference(now: DateTime<Utc>) -> DateTime<Utc> {
    (now - TimeDelta::seconds(10))
        .duration_trunc(TimeDelta::seconds(50))
        .unwrap_or(now)
}

fn whole_second(time: DateTime<Utc>) -> DateTime<Utc> {
    time.duration_trunc(TimeDelta::seconds(1)).unwrap_or(time)
}

/// Rounded to nanoseconds, as Fargate gives its bound.
fn rounded(milliseconds: f64) -> f64 {
    (milliseconds * 1e6).round() / 1e6
}

fn seconds(delta: TimeDelta) -> f64 {
    delta.to_std().unwrap_or_default().as_secs_f64()
}
