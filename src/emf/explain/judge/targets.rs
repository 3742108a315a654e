//! What directives point at: metric values and dimension values at the root of the document.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use super::Points;
use super::checks;
use super::document::{Root, Targets, for_each_member};
use super::json::{Name, described};
use super::schema::{self, Definition, Directive, Metadata};
use super::values;
use crate::emf::explain::finding::{Point, Problem, Values, quoted};
use crate::emf::explain::rule::Rule;
use crate::emf::limits::MAX_NAME_CHARS;

/// Reads the targets of all directives: notes their problems, and gives the points where the timestamp is known.
pub(super) fn explain(
    root: &Root<'_>,
    metadata: &Metadata<'_>,
    problems: &mut Vec<Problem>,
) -> Points {
    let names = metadata.directives.iter().flat_map(|directive| {
        let metrics = directive
            .definitions
            .iter()
            .map(|definition| definition.name);
        metrics.chain(directive.sets.iter().flatten().copied())
    });
    let event = Event {
        root,
        targets: Targets::find(root, names),
        nested: OnceCell::new(),
        two_resolutions: two_resolutions(&metadata.directives),
        timestamp: metadata.timestamp,
    };
    event.note_repeated(problems);
    let mut points = Points::default();
    let mut distributions = Vec::new();
    let mut seen = Seen::new();
    for directive in &metadata.directives {
        let new = seen.insert((directive.namespace, &directive.sets, &directive.definitions));
        if !new {
            let given = "the same as an earlier one";
            let place = directive.place.as_str();
            let expected = "each directive once";
            problems.push(Problem::new(
                Rule::DuplicateDirective,
                place,
                given,
                expected,
            ));
        }
        event.directive(directive, !new, problems, &mut distributions, &mut points);
    }
    if let Some(first) = distributions.first() {
        let more = match distributions.len() {
            1 => String::new(),
            more => format!(" and {} more", more - 1),
        };
        let given = format!("a distribution or statistic set in {}{more}", quoted(first));
        let expected = "a number or an array of numbers, as the specification has it";
        problems.push(Problem::new(Rule::Distribution, "values", given, expected));
    }
    points
}

/// An event and what its directives point at.
struct Event<'e, 'a> {
    root: &'e Root<'a>,
    targets: Targets<'e, 'a>,
    /// Names one level below the root, each with the root member that holds it. Only a fault needs them.
    nested: OnceCell<BTreeMap<String, String>>,
    /// Metrics that the event defines with two resolutions.
    two_resolutions: BTreeSet<&'e str>,
    timestamp: Option<i64>,
}

/// What has been seen; most events have few things, and a search through few is faster than a hash.
struct Seen<T> {
    few: Vec<T>,
    many: HashSet<T>,
}

impl<T: Eq + Hash> Seen<T> {
    const FEW: usize = 16;

    fn new() -> Self {
        Self {
            few: Vec::new(),
            many: HashSet::new(),
        }
    }

    /// Notes one more, and says whether it is new.
    fn insert(&mut self, one: T) -> bool {
        if self.few.contains(&one) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(one);
            return true;
        }
        self.many.insert(one)
    }
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

/// A metric of a directive that has values.
struct Metric<'e> {
    name: &'e str,
    unit: &'static str,
    resolution: u8,
    values: Arc<Values>,
    certain: bool,
}

/// The dimensions of a set that CloudWatch does not drop.
struct Dimensions {
    pairs: Arc<[(String, String)]>,
    certain: bool,
}

impl<'e> Event<'e, '_> {
    /// Notes what is named more than once, here and in the whole of the event.
    fn note_repeated(&self, problems: &mut Vec<Problem>) {
        let repeated = self.targets.repeated().filter(|name| *name != "_aws");
        problems.extend(repeated.map(|name| schema::repeated(name, "the root")));
        for name in &self.two_resolutions {
            let given = format!("two for the metric {}", quoted(name));
            let place = "StorageResolution";
            problems.push(Problem::new(
                Rule::TwoResolutions,
                place,
                given,
                "one in an event",
            ));
        }
    }

    fn directive(
        &self,
        directive: &Directive<'e>,
        repeated: bool,
        problems: &mut Vec<Problem>,
        distributions: &mut Vec<&'e str>,
        points: &mut Points,
    ) {
        let mut timestamp = self.timestamp;
        if let Some((rule, given, expected)) = checks::namespace(directive.namespace) {
            timestamp = None;
            let place = format!("{}.Namespace", directive.place);
            problems.push(Problem::new(rule, place, given, expected));
        }
        let metrics = self.metrics(directive, problems);
        let is_list = |metric: &&Metric<'_>| matches!(*metric.values, Values::List(_));
        distributions.extend(
            metrics
                .iter()
                .filter(|m| !is_list(m))
                .map(|metric| metric.name),
        );
        note_metric_as_dimension(directive, problems);
        let namespace: Arc<str> = directive.namespace.into();
        let names: Vec<Arc<str>> = metrics.iter().map(|metric| metric.name.into()).collect();
        let mut seen = Seen::new();
        for (index, keys) in directive.sets.iter().enumerate() {
            let place = SetPlace {
                directive: &directive.place,
                index,
            };
            let mut distinct = keys.clone();
            distinct.sort_unstable();
            distinct.dedup();
            if distinct.len() < keys.len() {
                let expected = "each name once";
                let given = "a name more than once";
                problems.push(Problem::new(
                    Rule::DuplicateKey,
                    place.to_string(),
                    given,
                    expected,
                ));
            }
            let repeated_key = distinct.len() < keys.len();
            let repeated_set = !seen.insert(distinct);
            if repeated_set {
                let given = "the same set as an earlier one";
                let expected = "each set once";
                problems.push(Problem::new(
                    Rule::DuplicateSet,
                    place.to_string(),
                    given,
                    expected,
                ));
            }
            let dimensions = self.dimensions(keys, &place, problems);
            let (Some(dimensions), Some(timestamp)) = (dimensions, timestamp) else {
                continue;
            };
            for (metric, name) in metrics.iter().zip(&names) {
                points.push(|| Point {
                    namespace: Arc::clone(&namespace),
                    metric: Arc::clone(name),
                    unit: metric.unit,
                    resolution: metric.resolution,
                    dimensions: Arc::clone(&dimensions.pairs),
                    timestamp,
                    values: Arc::clone(&metric.values),
                    certain: dimensions.certain
                        && metric.certain
                        && !(repeated || repeated_set || repeated_key),
                });
            }
        }
    }

    /// The metrics of a directive that have values.
    fn metrics(&self, directive: &Directive<'e>, problems: &mut Vec<Problem>) -> Vec<Metric<'e>> {
        let mut seen = Seen::new();
        let mut metrics = Vec::with_capacity(directive.definitions.len());
        for definition in &directive.definitions {
            let repeated = !seen.insert(definition.name);
            if repeated {
                let place = format!("{}.Metrics", directive.place);
                let given = format!("{} more than once", quoted(definition.name));
                let expected = "each metric once";
                problems.push(Problem::new(Rule::DuplicateMetric, place, given, expected));
            }
            if self.two_resolutions.contains(definition.name) {
                continue;
            }
            match self.metric(definition, repeated) {
                Ok(metric) => metrics.push(metric),
                Err(problem) => problems.push(problem),
            }
        }
        metrics
    }

    /// The metric of a definition, or what is wrong with it.
    fn metric(&self, definition: &Definition<'e>, repeated: bool) -> Result<Metric<'e>, Problem> {
        let name = definition.name;
        let place = || format!("the metric {}", quoted(name));
        if name.len() > MAX_NAME_CHARS && name.chars().count() > MAX_NAME_CHARS {
            let given = format!("{} characters", name.chars().count());
            let expected = format!("a name of 1 to {MAX_NAME_CHARS} characters");
            return Err(Problem::new(
                Rule::MetricNameTooLong,
                place(),
                given,
                expected,
            ));
        }
        let resolution = match definition.resolution {
            1 => 1,
            60 => 60,
            other => {
                let given = other.to_string();
                let expected = "a StorageResolution of 1 or 60";
                return Err(Problem::new(
                    Rule::ResolutionInvalid,
                    place(),
                    given,
                    expected,
                ));
            }
        };
        let Some(target) = self.targets.get(name) else {
            let expected = "a value at the root";
            let problem = Problem::new(Rule::MetricMissing, place(), "nothing", expected);
            return Err(self.with_hint(problem, name));
        };
        let values = values::read(target.text)
            .map_err(|(rule, given, expected)| Problem::new(rule, place(), given, expected))?;
        Ok(Metric {
            name,
            unit: definition.unit,
            resolution,
            values: Arc::new(values),
            certain: !repeated,
        })
    }

    /// The dimensions of a set, none if CloudWatch drops it.
    fn dimensions(
        &self,
        keys: &[&'e str],
        place: &SetPlace<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Dimensions> {
        let before = problems.len();
        let mut pairs = Vec::with_capacity(keys.len());
        for key in keys {
            match self.dimension(key, place, problems) {
                Some(value) if pairs.iter().all(|(other, _)| other != key) => {
                    pairs.push(((*key).to_owned(), value));
                }
                _ => {}
            }
        }
        let rules = problems[before..].iter().map(Problem::rule);
        let (mut stripped, mut certain) = (false, true);
        for rule in rules {
            match rule {
                Rule::DimensionEmpty | Rule::DimensionNotString => stripped = true,
                Rule::DimensionNotAscii => {}
                _ => return None,
            }
            certain = false;
        }
        if stripped {
            pairs.clear();
        }
        Some(Dimensions {
            pairs: pairs.into(),
            certain,
        })
    }

    /// The value of a dimension; what is wrong with it is noted.
    fn dimension(
        &self,
        key: &str,
        place: &SetPlace<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let mut note = |(rule, given, expected): checks::Wrong, what: &str| {
            let place = format!("{place}, {what} {}", quoted(key));
            problems.push(Problem::new(rule, place, given, expected));
        };
        if let Some(wrong) = checks::dimension_name(key) {
            note(wrong, "the name");
        }
        let Some(target) = self.targets.get(key) else {
            let place = format!("{place}, the dimension {}", quoted(key));
            let expected = "a string at the root";
            let problem = Problem::new(Rule::DimensionMissing, place, "nothing", expected);
            problems.push(self.with_hint(problem, key));
            return None;
        };
        let Ok(Name(value)) = serde_json::from_str(target.text) else {
            let given = described(target.text);
            note(
                (Rule::DimensionNotString, given, "a string".to_owned()),
                "the dimension",
            );
            return None;
        };
        if value.is_empty() {
            let expected = "1 to 1024 characters".to_owned();
            let given = "an empty string".to_owned();
            note((Rule::DimensionEmpty, given, expected), "the dimension");
        } else if let Some(wrong) = checks::dimension_value(&value) {
            note(wrong, "the value of");
        }
        Some(value.into_owned())
    }

    /// A hint for a target that is missing at the root.
    fn with_hint(&self, problem: Problem, name: &str) -> Problem {
        let nested = self.nested.get_or_init(|| nested_names(self.root.text));
        let parent = nested.get(name).map(String::as_str).or_else(|| {
            let (parent, _) = name.split_once('.')?;
            nested
                .values()
                .find(|other| *other == parent)
                .map(String::as_str)
        });
        match parent {
            Some(parent) => {
                problem.hint(format!("values nested in {} do not count", quoted(parent)))
            }
            None => problem,
        }
    }
}

/// Names one level below the root, as many as a hint is worth.
fn nested_names(text: &str) -> BTreeMap<String, String> {
    const MOST: usize = 1_000;
    let mut nested = BTreeMap::new();
    let _ = for_each_member(text, &mut |parent, value| {
        if value.starts_with('{') && parent != "_aws" {
            let _ = for_each_member(value, &mut |name, _| {
                if nested.len() < MOST {
                    nested.insert(name.to_owned(), parent.to_owned());
                }
            });
        }
    });
    nested
}

/// Notes metrics that have the name of a dimension of their directive: one member cannot be both.
fn note_metric_as_dimension(directive: &Directive<'_>, problems: &mut Vec<Problem>) {
    // A pair of few is compared faster than a hash is made.
    const FEW: usize = 1_000;
    let keys = || directive.sets.iter().flatten().copied();
    let names = || directive.definitions.iter().map(|metric| metric.name);
    let few = keys().count() * directive.definitions.len() <= FEW;
    if few && !names().any(|name| keys().any(|key| key == name)) {
        return;
    }
    let keys: HashSet<&str> = keys().collect();
    let names: BTreeSet<&str> = names().collect();
    for name in names.into_iter().filter(|name| keys.contains(name)) {
        let given = format!("{} as a metric and a dimension", quoted(name));
        let place = directive.place.as_str();
        problems.push(Problem::new(
            Rule::MetricIsDimension,
            place,
            given,
            "two names",
        ));
    }
}

fn two_resolutions<'e>(directives: &[Directive<'e>]) -> BTreeSet<&'e str> {
    let definitions = || {
        directives
            .iter()
            .flat_map(|directive| &directive.definitions)
    };
    let mut first = None;
    // Most events have one resolution throughout.
    if definitions().all(|other| *first.get_or_insert(other.resolution) == other.resolution) {
        return BTreeSet::new();
    }
    let mut first = BTreeMap::new();
    definitions()
        .filter(|other| *first.entry(other.name).or_insert(other.resolution) != other.resolution)
        .map(|definition| definition.name)
        .collect()
}
