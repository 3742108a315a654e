//! One document in, its problems and data points out. Pure.

mod checks;
pub(super) mod document;
pub(super) mod json;
mod place;
mod schema;
mod targets;
mod time;
mod values;

use chrono::{DateTime, SecondsFormat, Utc};

use self::document::Root;
use self::json::{Json, Object};
use self::place::Place;
use self::schema::{Members, Metadata};
use super::finding::{Explained, Point, Problem};
use super::kind::Effect;
use super::rule::Rule;
use crate::emf::limits::{MAX_AHEAD_MS, MAX_PAST_MS};

use self::time::rfc3339;

pub use self::time::{InvalidTime, parse_now};

/// Problems of one event that are listed; the rest is counted.
const MAX_PROBLEMS: usize = 1_000;
/// Points of one event that are listed; the rest is counted.
const MAX_POINTS: usize = 10_000;
/// Values of the metadata that are held, far more than any writer needs.
const MAX_METADATA_VALUES: usize = 50_000;

/// Judges a document: everything found is added to `explained`.
pub(super) fn judge(root: &Root<'_>, now: DateTime<Utc>, explained: &mut Explained) {
    let mut problems = Vec::new();
    let aws = Place::root_member("_aws");
    let held = Held::read(root, &aws, &mut problems);
    let metadata = held.as_ref().map_or_else(Metadata::default, |held| {
        let parent = root.aws.is_some().then_some(&aws);
        if let (Held::Current(object), Some(parent)) = (held, parent) {
            schema::note_repeated(object, *parent, &mut problems);
        }
        schema::read(&held.members(parent), &mut problems)
    });
    let path = if root.aws.is_some() {
        "_aws.Timestamp"
    } else {
        "Timestamp"
    };
    let late = |timestamp| time_problem(path, timestamp, now);
    problems.extend(metadata.timestamp.and_then(late));
    let mut points = targets::explain(root, &metadata, &mut problems);
    if points.count == 0 && !problems.iter().any(Problem::is_fault) {
        let expected = "at least one metric and one dimension set";
        problems.push(Problem::new(
            Rule::NoMetricNamed,
            "the document",
            "none",
            expected,
        ));
    }
    if problems
        .iter()
        .any(|problem| problem.effect().spoils_event())
    {
        points = Points::default();
    }
    let unsure = |effect| matches!(effect, Effect::PerhapsEvent | Effect::MetricOrEvent);
    if problems.iter().any(|problem| unsure(problem.effect())) {
        points
            .listed
            .iter_mut()
            .for_each(|point| point.certain = false);
    }
    explained.more_points += points.count - points.listed.len() as u64;
    explained.points.append(&mut points.listed);
    add_problems(explained, problems);
}

/// Adds problems, as many as are listed, and counts the others.
pub(super) fn add_problems(explained: &mut Explained, problems: Vec<Problem>) {
    let room = MAX_PROBLEMS.saturating_sub(explained.problems.len());
    explained.more_problems += problems.len().saturating_sub(room) as u64;
    explained.problems.extend(problems.into_iter().take(room));
}

/// Points of one event, listed up to a limit.
#[derive(Default)]
struct Points {
    listed: Vec<Point>,
    count: u64,
}

impl Points {
    fn push(&mut self, point: impl FnOnce() -> Point) {
        self.count += 1;
        if self.listed.len() < MAX_POINTS {
            self.listed.push(point());
        }
    }
}

/// The metadata, parsed.
enum Held<'a> {
    /// The object `_aws`.
    Current(Object<'a>),
    /// Timestamp and directives of version 0.
    VersionZero(Option<Json<'a>>, Option<Json<'a>>),
}

impl<'a> Held<'a> {
    fn read(root: &Root<'a>, aws: &Place<'_>, problems: &mut Vec<Problem>) -> Option<Self> {
        if root.aws_repeated {
            problems.push(schema::repeated("_aws", "the root"));
        }
        let text = root.aws.or(root.directives)?;
        // Each value but the first follows one of these.
        let values = text.bytes().filter(|byte| b",[{".contains(byte)).count();
        if values > MAX_METADATA_VALUES {
            let given = format!("about {values} values");
            let expected = format!("at most {MAX_METADATA_VALUES}");
            problems.push(Problem::new(
                Rule::MetadataTooLarge,
                aws.to_string(),
                given,
                expected,
            ));
            return None;
        }
        let Some(text) = root.aws else {
            let expected = "_aws, which current writers use";
            let given = "CloudWatchMetrics at the root";
            problems.push(Problem::new(
                Rule::VersionZero,
                "the document",
                given,
                expected,
            ));
            let parse = |text: &'a str| json::parse(text).ok().map(|(value, _)| value);
            return Some(Self::VersionZero(
                root.timestamp.and_then(parse),
                root.directives.and_then(parse),
            ));
        };
        match json::parse(text) {
            Ok((Json::Object(object), _)) => Some(Self::Current(object)),
            Ok((other, _)) => {
                let given = other.described();
                let problem =
                    Problem::new(Rule::MetadataNotObject, aws.to_string(), given, "an object");
                problems.push(problem);
                None
            }
            // The syntax has been read before, but not how deep it is and what its numbers and escapes stand for.
            Err(error) => {
                let given = error.to_string();
                let given = given
                    .split(" at line ")
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                problems.push(Problem::new(
                    Rule::JsonBroken,
                    aws.to_string(),
                    given,
                    "valid JSON",
                ));
                None
            }
        }
    }

    fn members<'h, 'p>(&'h self, parent: Option<&'p Place<'p>>) -> Members<'h, 'p> {
        let (timestamp, directives) = match self {
            Self::Current(aws) => (aws.get("Timestamp"), aws.get("CloudWatchMetrics")),
            Self::VersionZero(timestamp, directives) => (timestamp.as_ref(), directives.as_ref()),
        };
        Members {
            timestamp,
            directives,
            parent,
        }
    }
}

/// The problem of a timestamp that CloudWatch refuses.
fn time_problem(place: &str, timestamp: i64, now: DateTime<Utc>) -> Option<Problem> {
    let now_ms = now.timestamp_millis();
    let (rule, relation) = if timestamp < now_ms.saturating_sub(MAX_PAST_MS) {
        (Rule::TimestampTooOld, "at most 14 days before")
    } else if timestamp > now_ms.saturating_add(MAX_AHEAD_MS) {
        (Rule::TimestampAhead, "at most 2 hours after")
    } else {
        return None;
    };
    let moment = rfc3339(timestamp).map_or_else(String::new, |moment| format!(" ({moment})"));
    let hint = match timestamp.unsigned_abs() {
        // As milliseconds, all of these are before the year 1974 or after the year 5000.
        1_000_000_000..100_000_000_000 => "it looks like seconds, not milliseconds",
        100_000_000_000_000..100_000_000_000_000_000 => {
            "it looks like microseconds, not milliseconds"
        }
        100_000_000_000_000_000.. => "it looks like nanoseconds, not milliseconds",
        _ => "for lines of another time give --now TIME",
    };
    let now = now.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    let given = format!("{timestamp}{moment}");
    Some(Problem::new(rule, place, given, format!("{relation} {now}")).hint(hint))
}
