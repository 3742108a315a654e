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

/// A value of the metadata, or the place where it is missing.
#[derive(Clone, Copy)]
pub(super) struct Node<'a, 'p> {
    value: Option<&'a Json<'a>>,
    pub(super) place: JsonPath<'p>,
    /// The object that should have it, where a similar name is a hint.
    holder: Option<&'a Object<'a>>,
}

impl<'a, 'p> Node<'a, 'p> {
    /// A member of the root or of the object at `parent`.
    pub(super) fn member(
        object: &'a Object<'a>,
        parent: Option<&'p JsonPath<'p>>,
        name: &'static str,
    ) -> Self {
        Self {
            value: object.get(name),
            place: JsonPath::member(parent, name),
            holder: Some(object),
        }
    }

    /// The problem of a value that is not as expected, or missing.
    fn problem(&self, rule: Rule, expected: impl Into<String>) -> Problem {
        let place = self.place.to_string();
        match self.value {
            Some(value) => Problem::new(rule, place, value.described(), expected),
            None => self.with_similar_name(Problem::new(rule, place, "nothing", expected)),
        }
    }

    /// Adds a hint if the object has a member whose name differs in case.
    fn with_similar_name(&self, problem: Problem) -> Problem {
        let name = self.place.name();
        let mut names = self.holder.into_iter().flat_map(Object::names);
        match names.find(|other| *other != name && other.eq_ignore_ascii_case(name)) {
            Some(other) => problem.with_hint(format!("{} differs in case", quoted(other))),
            None => problem,
        }
    }

    fn array(
        &self,
        rule: Rule,
        expected: &str,
        problems: &mut Vec<Problem>,
    ) -> Option<&'a [Json<'a>]> {
        if let Some(Json::Array(items)) = self.value {
            return Some(items);
        }
        problems.push(self.problem(rule, expected));
        None
    }

    fn object(&self, rule: Rule, problems: &mut Vec<Problem>) -> Option<&'a Object<'a>> {
        if let Some(Json::Object(object)) = self.value {
            note_repeated(object, self.place, problems);
            return Some(object);
        }
        problems.push(self.problem(rule, "an object"));
        None
    }

    fn name(&self, rule: Rule, most: usize, problems: &mut Vec<Problem>) -> Option<&'a str> {
        let expected = || format!("a string of 1 to {most} characters without line breaks");
        problems.push(match self.value {
            Some(Json::String(name)) => match checks::name_against_schema(name, most) {
                None => return Some(name),
                Some(wrong) => Problem::new(rule, self.place.to_string(), wrong, expected()),
            },
            _ => self.problem(rule, expected()),
        });
        None
    }

    fn integer(&self) -> Option<i64> {
        match self.value {
            Some(Json::Number(number)) if number.is_i64() || number.is_u64() => {
                Some(number.as_i64().unwrap_or(i64::MAX))
            }
            _ => None,
        }
    }
}

/// The timestamp of a document. Its problems are noted. Agents that write version 0 write a string.
pub(super) fn timestamp(
    node: Node<'_, '_>,
    may_be_string: bool,
    problems: &mut Vec<Problem>,
) -> Option<i64> {
    let timestamp = match node.value {
        Some(Json::String(text)) if may_be_string => text.parse().ok(),
        _ => node.integer(),
    };
    if timestamp.is_none() {
        let rule = match node.value {
            Some(_) => Rule::TimestampNotInteger,
            None => Rule::TimestampMissing,
        };
        let problem = node.problem(rule, "an integer: milliseconds since 1970");
        problems.push(node.with_similar_name(problem));
    }
    timestamp
}

/// The directives of a document; every breach of the schema in them is noted.
pub(super) fn directives<'a>(
    node: Node<'a, '_>,
    problems: &mut Vec<Problem>,
) -> Vec<Directive<'a>> {
    let rule = Rule::DirectivesNotArray;
    let items = node.array(rule, "an array of directives", problems);
    read_each(items.unwrap_or_default(), node.place, problems, directive)
}

fn directive<'a>(node: Node<'a, '_>, problems: &mut Vec<Problem>) -> Option<Directive<'a>> {
    let object = node.object(Rule::DirectivesNotArray, problems)?;
    let member = |name| Node::member(object, Some(&node.place), name);
    // All three are read before a missing one ends it, so that all faults are reported.
    let rule = Rule::NamespaceMissing;
    let namespace = member("Namespace").name(rule, MAX_SCHEMA_NAME_CHARS, problems);
    let sets = sets(member("Dimensions"), problems);
    let definitions = definitions(member("Metrics"), problems);
    Some(Directive {
        place: node.place.to_string(),
        namespace: namespace?,
        sets: sets?,
        definitions: definitions?,
    })
}

fn sets<'a>(node: Node<'a, '_>, problems: &mut Vec<Problem>) -> Option<Vec<Vec<&'a str>>> {
    let expected = "an array of at least one dimension set ([[]] for no dimensions)";
    let problem = match node.value {
        None => node.problem(Rule::DimensionsMissing, expected),
        Some(Json::Array(items)) if items.is_empty() => {
            let place = node.place.to_string();
            Problem::new(Rule::DimensionsMissing, place, "an empty array", expected)
        }
        Some(_) => {
            let items = node.array(Rule::DimensionsNotArrays, expected, problems)?;
            return Some(read_each(items, node.place, problems, set));
        }
    };
    problems.push(problem);
    // If CloudWatch accepts it, it means the same as one set without keys.
    Some(vec![Vec::new()])
}

fn set<'a>(node: Node<'a, '_>, problems: &mut Vec<Problem>) -> Option<Vec<&'a str>> {
    let keys = node.array(Rule::DimensionsNotArrays, "an array of names", problems)?;
    if keys.len() > MAX_DIMENSIONS {
        let given = format!("{} names", keys.len());
        let (rule, place) = (Rule::TooManyDimensions, node.place.to_string());
        let expected = format!("at most {MAX_DIMENSIONS}");
        problems.push(Problem::new(rule, place, given, expected));
    }
    Some(read_each(keys, node.place, problems, |key, problems| {
        key.name(Rule::DimensionName, MAX_DIMENSION_NAME_CHARS, problems)
    }))
}

fn definitions<'a>(node: Node<'a, '_>, problems: &mut Vec<Problem>) -> Option<Vec<Definition<'a>>> {
    let rule = Rule::MetricsNotArray;
    let items = node.array(rule, "an array of metric definitions", problems)?;
    if items.len() > MAX_METRICS {
        let given = format!("{} definitions", items.len());
        let (rule, place) = (Rule::TooManyMetrics, node.place.to_string());
        let expected = format!("at most {MAX_METRICS}");
        problems.push(Problem::new(rule, place, given, expected));
    }
    Some(read_each(items, node.place, problems, definition))
}

/// Members of a definition by which a writer meant to give the value.
const VALUES: [&str; 4] = ["Value", "value", "Values", "values"];

fn definition<'a>(node: Node<'a, '_>, problems: &mut Vec<Problem>) -> Option<Definition<'a>> {
    let object = node.object(Rule::MetricsNotArray, problems)?;
    let member = |name| Node::member(object, Some(&node.place), name);
    let unit = unit(member("Unit"), problems);
    let resolution = member("StorageResolution");
    let seconds = match resolution.value {
        None => Some(60),
        Some(_) => resolution.integer(),
    };
    if seconds.is_none() {
        let rule = Rule::ResolutionNotInteger;
        problems.push(resolution.problem(rule, "the integer 1 or 60"));
    }
    let name = member("Name").name(Rule::MetricName, MAX_SCHEMA_NAME_CHARS, problems);
    Some(Definition {
        name: name?,
        unit: unit?,
        resolution: seconds?,
        has_value: VALUES.iter().any(|value| object.get(value).is_some()),
    })
}

/// The unit; an unknown one becomes None, as libraries document.
fn unit(node: Node<'_, '_>, problems: &mut Vec<Problem>) -> Option<&'static str> {
    let text = match node.value {
        None => return Some("None"),
        Some(Json::String(text)) => text,
        Some(_) => {
            problems.push(node.problem(Rule::UnitNotString, "a string"));
            return None;
        }
    };
    if let Some(unit) = UNITS.iter().copied().find(|unit| unit == text) {
        return Some(unit);
    }
    let expected = "a unit such as Milliseconds, Count, Percent, Bytes, Megabits/Second or None";
    let (rule, place) = (Rule::UnitUnknown, node.place.to_string());
    let problem = Problem::new(rule, place, quoted(text), expected);
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
    read: impl Fn(Node<'a, '_>, &mut Vec<Problem>) -> Option<T>,
) -> Vec<T> {
    let node = |(index, item)| Node {
        value: Some(item),
        place: place.item(index),
        holder: None,
    };
    let nodes = items.iter().enumerate().map(node);
    nodes.filter_map(|node| read(node, problems)).collect()
}

/// Notes the members that an object names more than once.
pub(super) fn note_repeated(object: &Object<'_>, place: JsonPath<'_>, problems: &mut Vec<Problem>) {
    let names = object.repeated();
    problems.extend(names.map(|name| repeated(name, &place.to_string())));
}

/// The problem of a member that is named more than once.
pub(super) fn repeated(name: &str, place: &str) -> Problem {
    let given = format!("{} more than once", quoted(name));
    Problem::new(Rule::DuplicateMember, place, given, "each member once")
}
