//! The targets of directives: metric values and dimension values at the root of the document.

mod dimensions;
mod event;
mod hint;
mod metrics;

use std::sync::Arc;

use self::dimensions::Dimensions;
use self::event::{Event, SetPath};
use self::hint::Hints;
use super::directive::{self, Directive};
use super::document::{Root, Targets};
use super::points::Points;
use super::schema;
use super::small_set::SmallSet;
use crate::finding::{Point, Problem, quoted};
use crate::limits::MAX_DIMENSIONS;
use crate::rule::Rule;

/// Judges the targets of all directives: notes their problems, and returns the points if the timestamp is known.
pub(super) fn judge(
    root: &Root<'_>,
    directives: &[Directive<'_>],
    timestamp: Option<i64>,
    problems: &mut Vec<Problem>,
) -> Points {
    let mut names: Vec<&str> = directives.iter().flat_map(Directive::names).collect();
    names.sort_unstable();
    names.dedup();
    let event = Event {
        targets: Targets::find(root, &names),
        names,
        contradicted: directive::with_two_resolutions(directives),
        hints: Hints::new(root.text),
        timestamp,
    };
    let repeated = event.targets.repeated().map(|index| event.names[index]);
    let repeated = repeated.filter(|name| *name != "_aws");
    problems.extend(repeated.map(|name| schema::repeated(name, "the root")));
    problems.extend(event.contradicted.iter().map(|name| contradiction(name)));
    let mut points = Points::default();
    let mut distributions = Vec::new();
    let repeated = directive::repeated(directives);
    for (directive, is_repeated) in directives.iter().zip(repeated) {
        event.directive(
            directive,
            is_repeated,
            problems,
            &mut distributions,
            &mut points,
        );
    }
    problems.extend(distribution(&distributions));
    points
}

fn contradiction(name: &str) -> Problem {
    let given = format!("two for the metric {}", quoted(name));
    let expected = "one in an event";
    Problem::new(Rule::TwoResolutions, "StorageResolution", given, expected)
}

/// The problem of values that are not numbers, once for all of them.
fn distribution(names: &[&str]) -> Option<Problem> {
    let more = match names.len() {
        1 => String::new(),
        more => format!(" and {} more", more.checked_sub(1)?),
    };
    let first = quoted(names.first()?);
    let given = format!("a distribution or statistic set in {first}{more}");
    let expected = "a number or an array of numbers, as the specification has it";
    Some(Problem::new(Rule::Distribution, "values", given, expected))
}

impl Event<'_> {
    fn directive<'d>(
        &self,
        directive: &'d Directive<'d>,
        is_repeated: bool,
        problems: &mut Vec<Problem>,
        distributions: &mut Vec<&'d str>,
        points: &mut Points,
    ) {
        if is_repeated {
            let given = "the same as an earlier one";
            let place = directive.place.as_str();
            let rule = Rule::DuplicateDirective;
            problems.push(Problem::new(rule, place, given, "each directive once"));
        }
        let namespace = directive.namespace_problem();
        let is_refused = namespace.is_some();
        problems.extend(namespace);
        let metrics = self.metrics(directive, problems);
        let other = metrics.iter().filter(|metric| !metric.is_list());
        distributions.extend(other.map(|metric| metric.definition.name));
        problems.extend(directive.metrics_as_dimensions());
        let namespace: Arc<str> = directive.namespace.into();
        let mut sets = SeenSets::default();
        for (index, set) in directive.sets.iter().enumerate() {
            let place = SetPath {
                directive: &directive.place,
                index,
            };
            // A violation of the schema costs the whole event, so the rest of the set does not matter.
            if set.len() > MAX_DIMENSIONS {
                continue;
            }
            let is_once = sets.note(set, &place, problems);
            let dimensions = self.dimensions(set, &place, problems);
            let Some(dimensions) = dimensions else {
                continue;
            };
            let is_once = sets.note_values(&dimensions, is_once, &place, problems);
            let Some(timestamp) = self.timestamp.filter(|_| !is_refused) else {
                continue;
            };
            let is_certain = dimensions.certain && !is_repeated && is_once;
            points.extend(metrics.iter().map(|metric| Point {
                namespace: Arc::clone(&namespace),
                metric: Arc::clone(&metric.name),
                unit: metric.definition.unit,
                resolution: metric.resolution,
                dimensions: Arc::clone(&dimensions.pairs),
                timestamp,
                values: Arc::clone(&metric.values),
                certain: is_certain && metric.is_certain,
            }));
        }
    }
}

/// The dimension sets of a directive so far.
#[derive(Default)]
struct SeenSets<'a> {
    names: SmallSet<Vec<&'a str>>,
    /// Whether a set without dimensions has been seen: an empty one, or one whose values do not count.
    has_empty: bool,
}

impl<'a> SeenSets<'a> {
    /// Notes repeated names in a set, and a repeated set. False in either case.
    fn note(&mut self, set: &[&'a str], place: &SetPath<'_>, problems: &mut Vec<Problem>) -> bool {
        let mut distinct = set.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        let repeats_key = distinct.len() < set.len();
        let is_new = self.names.insert(distinct);
        let mut note = |rule, given, expected: &str| {
            problems.push(Problem::new(rule, place.to_string(), given, expected));
        };
        if repeats_key {
            note(
                Rule::DuplicateKey,
                "a name more than once",
                "each name once",
            );
        }
        if !is_new {
            let given = "the same set as an earlier one";
            note(Rule::DuplicateSet, given, "each set once");
        }
        // An empty set is noted with its values.
        is_new && !repeats_key
    }

    /// Notes a second set without dimensions, also if its values do not count. Returns whether the set is unique.
    fn note_values(
        &mut self,
        dimensions: &Dimensions,
        is_once: bool,
        place: &SetPath<'_>,
        problems: &mut Vec<Problem>,
    ) -> bool {
        let is_first =
            !dimensions.pairs.is_empty() || !std::mem::replace(&mut self.has_empty, true);
        if is_once && !is_first {
            let given = "a set that has no dimensions left, as an earlier one";
            let expected = "one set without dimensions";
            let problem = Problem::new(Rule::DuplicateSet, place.to_string(), given, expected);
            problems.push(problem.with_hint("the same points twice, so sums and counts double"));
        }
        is_once && is_first
    }
}
