//! Checks the metadata of a document against the schema of the specification.

use super::checks;
use super::directive::{Definition, Directive};
use super::json::{Json, Object};
use super::json_path::JsonPath;
use crate::finding::{Problem, quoted};
use crate::limits::{
    MAX_DIMENSION_NAME_CHARS, MAX_DIMENSIONS, MAX_METRICS, MAX_SCHEMA_NAME_CHARS, UNITS,
};
use crate::rule::Rule;

/// The two members that a document's metadata consists of, at any place.
pub(super) struct Members<'a, 'p> {
    pub(super) timestamp: Option<&'a Json<'a>>,
    pub(super) directives: Option<&'a Json<'a>>,
    /// The path of the object that holds them; none for the root.
    pub(super) parent: Option<&'p JsonPath<'p>>,
    /// That object; none for the root.
    pub(super) object: Option<&'a Object<'a>>,
}

impl Members<'_, '_> {
    /// The path of the timestamp.
    pub(super) fn timestamp_place(&self) -> String {
        self.place("Timestamp").to_string()
    }

    fn place(&self, name: &'static str) -> JsonPath<'_> {
        match self.parent {
            Some(parent) => parent.member(name),
            None => JsonPath::root_member(name),
        }
    }
}

/// The timestamp of a document. Its problems are noted.
pub(super) fn timestamp(members: &Members<'_, '_>, problems: &mut Vec<Problem>) -> Option<i64> {
    let (rule, given) = match members.timestamp {
        Some(Json::Number(number)) if number.is_i64() || number.is_u64() => {
            return Some(number.as_i64().unwrap_or(i64::MAX));
        }
        // Agents that write version 0 write a string.
        Some(Json::String(text)) if members.parent.is_none() && text.parse::<i64>().is_ok() => {
            return text.parse().ok();
        }
        Some(other) => (Rule::TimestampNotInteger, other.described()),
        None => (Rule::TimestampMissing, "nothing".to_owned()),
    };
    let place = members.place("Timestamp").to_string();
    let problem = Problem::new(rule, place, given, "an integer: milliseconds since 1970");
    problems.push(near(problem, members.object, "Timestamp"));
    None
}

/// The directives of a document; every breach of the schema in them is noted.
pub(super) fn directives<'a>(
    members: &Members<'a, '_>,
    problems: &mut Vec<Problem>,
) -> Vec<Directive<'a>> {
    let place = members.place("CloudWatchMetrics");
    let rule = Rule::DirectivesNotArray;
    let before = problems.len();
    let expected = (rule, "an array of directives");
    let Some(items) = array(members.directives, place, expected, problems) else {
        hint_at(problems, before, members.object, "CloudWatchMetrics");
        return Vec::new();
    };
    read_each(items, place, problems, directive)
}

fn directive<'a>(
    item: &'a Json<'a>,
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Directive<'a>> {
    let object = object(item, place, Rule::DirectivesNotArray, problems)?;
    // All three are read before a missing one ends it, so that all faults are reported.
    let before = problems.len();
    let namespace = name(
        object.get("Namespace"),
        place.member("Namespace"),
        (Rule::NamespaceMissing, MAX_SCHEMA_NAME_CHARS),
        problems,
    );
    hint_at(problems, before, Some(object), "Namespace");
    let before = problems.len();
    let sets = sets(
        object.get("Dimensions"),
        place.member("Dimensions"),
        problems,
    );
    hint_at(problems, before, Some(object), "Dimensions");
    let before = problems.len();
    let definitions = definitions(object.get("Metrics"), place.member("Metrics"), problems);
    hint_at(problems, before, Some(object), "Metrics");
    Some(Directive {
        place: place.to_string(),
        namespace: namespace?,
        sets: sets?,
        definitions: definitions?,
    })
}

fn sets<'a>(
    value: Option<&'a Json<'a>>,
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Vec<&'a str>>> {
    let expected = "an array of at least one dimension set ([[]] for no dimensions)";
    let missing = match value {
        None => Some("nothing"),
        Some(Json::Array(items)) if items.is_empty() => Some("an empty array"),
        Some(_) => None,
    };
    if let Some(given) = missing {
        let place = place.to_string();
        problems.push(Problem::new(
            Rule::DimensionsMissing,
            place,
            given,
            expected,
        ));
        // If CloudWatch accepts it, it means the same as one set without keys.
        return Some(vec![Vec::new()]);
    }
    let items = array(
        value,
        place,
        (Rule::DimensionsNotArrays, expected),
        problems,
    )?;
    Some(read_each(items, place, problems, set))
}

fn set<'a>(
    item: &'a Json<'a>,
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<&'a str>> {
    let expected = (Rule::DimensionsNotArrays, "an array of names");
    let keys = array(Some(item), place, expected, problems)?;
    if keys.len() > MAX_DIMENSIONS {
        problems.push(Problem::new(
            Rule::TooManyDimensions,
            place.to_string(),
            format!("{} names", keys.len()),
            format!("at most {MAX_DIMENSIONS}"),
        ));
    }
    Some(read_each(keys, place, problems, |key, place, problems| {
        let rule = (Rule::DimensionName, MAX_DIMENSION_NAME_CHARS);
        name(Some(key), place, rule, problems)
    }))
}

fn definitions<'a>(
    value: Option<&'a Json<'a>>,
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Vec<Definition<'a>>> {
    let expected = (Rule::MetricsNotArray, "an array of metric definitions");
    let items = array(value, place, expected, problems)?;
    if items.len() > MAX_METRICS {
        problems.push(Problem::new(
            Rule::TooManyMetrics,
            place.to_string(),
            format!("{} definitions", items.len()),
            format!("at most {MAX_METRICS}"),
        ));
    }
    Some(read_each(items, place, problems, definition))
}

/// Members of a definition by which a writer meant to give the value.
const VALUES: [&str; 4] = ["Value", "value", "Values", "values"];

fn definition<'a>(
    item: &'a Json<'a>,
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
) -> Option<Definition<'a>> {
    let object = object(item, place, Rule::MetricsNotArray, problems)?;
    let unit = unit(object.get("Unit"), place.member("Unit"), problems);
    let resolution = match object.get("StorageResolution") {
        None => Some(60),
        Some(Json::Number(number)) if number.is_i64() || number.is_u64() => {
            Some(number.as_i64().unwrap_or(i64::MAX))
        }
        Some(other) => {
            problems.push(Problem::new(
                Rule::ResolutionNotInteger,
                place.member("StorageResolution").to_string(),
                other.described(),
                "the integer 1 or 60",
            ));
            None
        }
    };
    let name = name(
        object.get("Name"),
        place.member("Name"),
        (Rule::MetricName, MAX_SCHEMA_NAME_CHARS),
        problems,
    );
    Some(Definition {
        name: name?,
        unit: unit?,
        resolution: resolution?,
        has_value: VALUES.iter().any(|value| object.get(value).is_some()),
    })
}

/// The unit; an unknown one becomes None, as libraries document.
fn unit(
    value: Option<&Json<'_>>,
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
) -> Option<&'static str> {
    let text = match value {
        None => return Some("None"),
        Some(Json::String(text)) => text,
        Some(other) => {
            let place = place.to_string();
            let given = other.described();
            problems.push(Problem::new(Rule::UnitNotString, place, given, "a string"));
            return None;
        }
    };
    if let Some(unit) = UNITS.iter().copied().find(|unit| unit == text) {
        return Some(unit);
    }
    let expected = "a unit such as Milliseconds, Count, Percent, Bytes, Megabits/Second or None";
    let problem = Problem::new(Rule::UnitUnknown, place.to_string(), quoted(text), expected);
    problems.push(match checks::nearest_unit(text) {
        Some(unit) => problem.with_hint(format!("did you mean {unit}?")),
        None => problem,
    });
    Some("None")
}

/// Reads each item of an array with `read`; refused items are left out.
fn read_each<'a, T>(
    items: &'a [Json<'a>],
    place: JsonPath<'_>,
    problems: &mut Vec<Problem>,
    read: impl Fn(&'a Json<'a>, JsonPath<'_>, &mut Vec<Problem>) -> Option<T>,
) -> Vec<T> {
    let items = items.iter().enumerate();
    items
        .filter_map(|(index, item)| read(item, place.item(index), problems))
        .collect()
}

fn array<'a>(
    value: Option<&'a Json<'a>>,
    place: JsonPath<'_>,
    (rule, expected): (Rule, &str),
    problems: &mut Vec<Problem>,
) -> Option<&'a [Json<'a>]> {
    let given = match value {
        Some(Json::Array(items)) => return Some(items),
        Some(other) => other.described(),
        None => "nothing".to_owned(),
    };
    problems.push(Problem::new(rule, place.to_string(), given, expected));
    None
}

fn object<'a>(
    item: &'a Json<'a>,
    place: JsonPath<'_>,
    rule: Rule,
    problems: &mut Vec<Problem>,
) -> Option<&'a Object<'a>> {
    let Json::Object(object) = item else {
        let place = place.to_string();
        problems.push(Problem::new(rule, place, item.described(), "an object"));
        return None;
    };
    note_repeated(object, place, problems);
    Some(object)
}

fn name<'a>(
    value: Option<&'a Json<'a>>,
    place: JsonPath<'_>,
    (rule, most): (Rule, usize),
    problems: &mut Vec<Problem>,
) -> Option<&'a str> {
    let given = match value {
        Some(Json::String(name)) => match checks::name_against_schema(name, most) {
            None => return Some(name),
            Some(wrong) => wrong,
        },
        Some(other) => other.described(),
        None => "nothing".to_owned(),
    };
    let expected = format!("a string of 1 to {most} characters without line breaks");
    problems.push(Problem::new(rule, place.to_string(), given, expected));
    None
}

/// If `name` is missing, adds a member with a similar name to the problem noted since `before`.
fn hint_at(problems: &mut Vec<Problem>, before: usize, object: Option<&Object<'_>>, name: &str) {
    let is_missing = object.is_none_or(|object| object.get(name).is_none());
    if is_missing
        && problems.len() == before + 1
        && let Some(problem) = problems.pop()
    {
        problems.push(near(problem, object, name));
    }
}

/// Adds a member with a similar name to the problem of a missing one.
fn near(problem: Problem, object: Option<&Object<'_>>, name: &str) -> Problem {
    let mut names = object.into_iter().flat_map(Object::names);
    match names.find(|other| *other != name && other.eq_ignore_ascii_case(name)) {
        Some(other) => problem.with_hint(format!("{} differs in case", quoted(other))),
        None => problem,
    }
}

/// Notes the members that an object names more than once.
pub(super) fn note_repeated(object: &Object<'_>, place: JsonPath<'_>, problems: &mut Vec<Problem>) {
    problems.extend(
        object
            .repeated()
            .map(|name| repeated(name, &place.to_string())),
    );
}

/// The problem of a member that is named more than once.
pub(super) fn repeated(name: &str, place: &str) -> Problem {
    let given = format!("{} more than once", quoted(name));
    Problem::new(Rule::DuplicateMember, place, given, "each member once")
}
