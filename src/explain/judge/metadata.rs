//! A document's metadata: its timestamp, and the plan of its directives. A writer's documents differ in the timestamp alone,
//! so their directives are read once.

use std::sync::Arc;

use super::checks::Wrong;
use super::document::Root;
use super::json::{self, Json, Object};
use super::place::Place;
use super::plan::Plan;
use super::schema::{self, Members};
use crate::finding::Problem;
use crate::rule::Rule;

/// Values of the metadata that are held, far more than any writer needs.
const MAX_METADATA_VALUES: usize = 50_000;

/// What the schema leaves of a document's metadata. Parts that it refuses are missing, and a problem names them.
#[derive(Default)]
pub(super) struct Metadata {
    /// Milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
    pub(super) plan: Arc<Plan>,
}

impl Metadata {
    /// Reads the metadata of a document, and notes every breach of the schema.
    pub(super) fn read(root: &Root<'_>, plans: &mut Plans, problems: &mut Vec<Problem>) -> Self {
        if root.aws_repeated {
            problems.push(schema::repeated("_aws", "the root"));
        }
        let split = root.aws.and_then(Split::of);
        if let Some(split) = split
            && let Some(plan) = plans.get(split)
        {
            problems.extend_from_slice(&plan.problems);
            return Self {
                timestamp: Some(split.timestamp),
                plan,
            };
        }
        let aws = Place::root_member("_aws");
        let Some(held) = Held::read(root, &aws, problems) else {
            return Self::default();
        };
        let parent = root.aws.is_some().then_some(&aws);
        let before = problems.len();
        if let (Held::Current(object), Some(parent)) = (&held, parent) {
            schema::note_repeated(object, *parent, problems);
        }
        let members = held.members(parent);
        let timestamp = schema::timestamp(&members, problems);
        let is_plain = problems.len() == before;
        let plan = Arc::new(schema::plan(&members));
        if let Some(split) = split
            && is_plain
        {
            plans.keep(split, &plan);
        }
        problems.extend_from_slice(&plan.problems);
        Self { timestamp, plan }
    }
}

/// The text of metadata around a timestamp that is a plain integer, and is the first or last member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Split<'a> {
    before: &'a str,
    timestamp: i64,
    after: &'a str,
}

impl<'a> Split<'a> {
    fn of(text: &'a str) -> Option<Self> {
        const NAME: &str = "\"Timestamp\":";
        let start = text.find(NAME)?;
        // Behind a backslash it is the end of another name.
        if text[..start].ends_with('\\') {
            return None;
        }
        let end = start + NAME.len();
        let end = text.len() - text[end..].trim_start_matches(' ').len();
        let (before, rest) = text.split_at(end);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (timestamp, after) = rest.split_at(digits);
        let is_first = before.strip_prefix('{')?.trim_start().starts_with(NAME);
        let is_last = after.trim_start() == "}";
        // A number goes on with a fraction or an exponent.
        let ends = after.trim_start().starts_with([',', '}']);
        let split = Self {
            before,
            timestamp: timestamp.parse().ok()?,
            after,
        };
        ((is_first || is_last) && ends).then_some(split)
    }
}

/// The plans of the last few directives, by the text of the metadata around the timestamp.
#[derive(Default)]
pub(crate) struct Plans {
    kept: Vec<(String, String, Arc<Plan>)>,
    /// The place of the next one.
    next: usize,
}

impl Plans {
    /// As many kinds of documents as a writer may have in turn.
    const MOST: usize = 8;
    /// The longest metadata whose plan is kept, in bytes.
    const LONGEST: usize = 8 * 1024;
    /// The most breaches of the schema that are kept with a plan.
    const MOST_PROBLEMS: usize = 16;

    fn get(&self, split: Split<'_>) -> Option<Arc<Plan>> {
        let mut kept = self.kept.iter();
        let found = kept.find(|(before, after, _)| after == split.after && before == split.before);
        found.map(|(.., plan)| Arc::clone(plan))
    }

    /// Keeps the plan of metadata that has nothing wrong beyond its directives.
    fn keep(&mut self, split: Split<'_>, plan: &Arc<Plan>) {
        let length = split.before.len() + split.after.len();
        if length > Self::LONGEST || plan.problems.len() > Self::MOST_PROBLEMS {
            return;
        }
        let one = (
            split.before.to_owned(),
            split.after.to_owned(),
            Arc::clone(plan),
        );
        match self.kept.get_mut(self.next) {
            Some(place) => *place = one,
            None => self.kept.push(one),
        }
        self.next = (self.next + 1) % Self::MOST;
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
        let values = count_values(root.aws.or(root.directives)?);
        let held = match root.aws {
            _ if values > MAX_METADATA_VALUES => {
                let expected = format!("at most {MAX_METADATA_VALUES}");
                let given = format!("about {values} values");
                Err((Rule::MetadataTooLarge, given, expected))
            }
            Some(text) => Self::object(text),
            None => Ok(Self::version_zero(root, problems)),
        };
        let note = |(rule, given, expected): Wrong| {
            problems.push(Problem::new(rule, aws.to_string(), given, expected));
        };
        held.map_err(note).ok()
    }

    fn object(text: &'a str) -> Result<Self, Wrong> {
        match json::parse(text) {
            Ok((Json::Object(object), _)) => Ok(Self::Current(object)),
            Ok((other, _)) => {
                let expected = "an object".to_owned();
                Err((Rule::MetadataNotObject, other.described(), expected))
            }
            // The syntax has been read before, but not how deep it is and what its numbers and escapes stand for.
            Err(error) => {
                let given = error.to_string();
                let given = given.split(" at line ").next().unwrap_or_default();
                Err((Rule::JsonBroken, given.to_owned(), "valid JSON".to_owned()))
            }
        }
    }

    fn version_zero(root: &Root<'a>, problems: &mut Vec<Problem>) -> Self {
        let expected = "_aws, which current writers use";
        let given = "CloudWatchMetrics at the root";
        let problem = Problem::new(Rule::VersionZero, "the document", given, expected);
        problems.push(problem);
        let parse = |text: &'a str| json::parse(text).ok().map(|(value, _)| value);
        Self::VersionZero(
            root.timestamp.and_then(parse),
            root.directives.and_then(parse),
        )
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

/// About how many values a JSON text has: each but the first follows one of these characters.
fn count_values(text: &str) -> usize {
    if text.len() <= MAX_METADATA_VALUES {
        return 0;
    }
    text.bytes().filter(|byte| b",[{".contains(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timestamp_is_split_off_only_where_it_is_a_member_of_the_metadata() {
        for (text, expected) in [
            (r#"{"Timestamp":12,"CloudWatchMetrics":[]}"#, Some(12)),
            (r#"{ "Timestamp": 12, "CloudWatchMetrics": []}"#, Some(12)),
            (r#"{"CloudWatchMetrics":[],"Timestamp":12}"#, Some(12)),
            (r#"{"CloudWatchMetrics":[{"Timestamp":1}],"x":1}"#, None),
            (r#"{"x":{"Timestamp":1},"Timestamp":2}"#, None),
            (r#"{"x":1,"Timestamp":1,"y":2}"#, None),
            (r#"{"Timestamp":1.5,"x":1}"#, None),
            (r#"{"Timestamp":1e5}"#, None),
            (r#"{"Timestamp":-1}"#, None),
            (r#"{"Timestamp":"1"}"#, None),
            (r#"{"Timestamp":9223372036854775808}"#, None),
            (r#"[{"Timestamp":1}"#, None),
            (r#"{"Timestamp" :2,"x\"Timestamp":1}"#, None),
            (r#"{"Timestamp" :2,"x\\\"Timestamp":1}"#, None),
        ] {
            let split = Split::of(text);
            assert_eq!(split.map(|split| split.timestamp), expected, "{text}");
        }
    }
}
