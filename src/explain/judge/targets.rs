//! What directives point at: metric values and dimension values at the root of the document.

mod dimensions;
mod hint;
mod metrics;

use std::fmt;
use std::sync::Arc;

use self::dimensions::Dimensions;
use self::hint::Hints;
use self::metrics::Metric;
use super::Points;
use super::document::{Root, Targets};
use super::plan::{Directive, Plan, Set};
use super::schema;
use crate::finding::{Point, Problem, quoted};
use crate::rule::Rule;

/// Reads the targets of all directives: notes their problems, and gives the points where the timestamp is known.
pub(super) fn explain(
    root: &Root<'_>,
    plan: &Plan,
    timestamp: Option<i64>,
    problems: &mut Vec<Problem>,
) -> Points {
    let event = Event {
        targets: Targets::find(root, &plan.names),
        hints: Hints::new(root.text),
        timestamp,
    };
    let repeated = event.targets.repeated();
    let repeated = repeated.filter(|index| &*plan.names[*index] != "_aws");
    problems.extend(repeated.map(|index| schema::repeated(&plan.names[index], "the root")));
    problems.extend_from_slice(&plan.two_resolutions);
    let mut points = Points::default();
    let mut distributions = Vec::new();
    for directive in &plan.directives {
        event.directive(directive, problems, &mut distributions, &mut points);
    }
    problems.extend(distribution(&distributions));
    points
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

/// An event and what its directives point at.
struct Event<'a> {
    targets: Targets<'a>,
    hints: Hints<'a>,
    timestamp: Option<i64>,
}

/// The path of a dimension set, spelt only when a problem needs it.
struct SetPlace<'d> {
    directive: &'d str,
    index: usize,
}

impl fmt::Display for SetPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.Dimensions[{}]", self.directive, self.index)
    }
}

impl Event<'_> {
    fn directive<'p>(
        &self,
        directive: &'p Directive,
        problems: &mut Vec<Problem>,
        distributions: &mut Vec<&'p str>,
        points: &mut Points,
    ) {
        if directive.repeated {
            let given = "the same as an earlier one";
            let place = directive.place.as_str();
            let expected = "each directive once";
            let rule = Rule::DuplicateDirective;
            problems.push(Problem::new(rule, place, given, expected));
        }
        problems.extend(directive.namespace_problem.clone());
        let metrics = self.metrics(directive, problems);
        let other = metrics.iter().filter(|metric| !metric.is_list());
        distributions.extend(other.map(|metric| &*metric.definition.target.name));
        problems.extend_from_slice(&directive.metrics_as_dimensions);
        for (index, set) in directive.sets.iter().enumerate() {
            let place = SetPlace {
                directive: &directive.place,
                index,
            };
            note_repeated(set, &place, problems);
            let dimensions = self.dimensions(set, &place, problems);
            if let (Some(dimensions), Some(timestamp), None) =
                (dimensions, self.timestamp, &directive.namespace_problem)
            {
                push(points, directive, &metrics, set, &dimensions, timestamp);
            }
        }
    }
}

/// Notes what a set has more than once, and whether it occurs more than once.
fn note_repeated(set: &Set, place: &SetPlace<'_>, problems: &mut Vec<Problem>) {
    let mut note = |rule, given, expected: &str| {
        problems.push(Problem::new(rule, place.to_string(), given, expected));
    };
    if set.repeats_key {
        let given = "a name more than once";
        note(Rule::DuplicateKey, given, "each name once");
    }
    if set.repeated {
        let given = "the same set as an earlier one";
        note(Rule::DuplicateSet, given, "each set once");
    }
}

/// Adds the points of a set: one for each metric.
fn push(
    points: &mut Points,
    directive: &Directive,
    metrics: &[Metric<'_>],
    set: &Set,
    dimensions: &Dimensions,
    timestamp: i64,
) {
    let repeated = directive.repeated || set.repeated || set.repeats_key;
    for metric in metrics {
        let definition = metric.definition;
        points.push(|| Point {
            namespace: Arc::clone(&directive.namespace),
            metric: Arc::clone(&definition.target.name),
            unit: definition.unit,
            resolution: metric.resolution,
            dimensions: Arc::clone(&dimensions.pairs),
            timestamp,
            values: Arc::clone(&metric.values),
            certain: dimensions.certain && definition.repeated.is_none() && !repeated,
        });
    }
}
