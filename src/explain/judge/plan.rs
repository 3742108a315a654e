//! What directives ask for, and all that can be said of it without a value. Equal directives have one plan.

mod seen;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use self::seen::Seen;
use super::checks;
use super::schema;
use crate::finding::{Problem, quoted};
use crate::limits::MAX_NAME_CHARS;
use crate::rule::Rule;

/// The directives of a document.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Breaches of the schema.
    pub(super) problems: Vec<Problem>,
    pub(super) directives: Vec<Directive>,
    /// The members of the root that they point at, sorted and each once.
    pub(super) names: Vec<Arc<str>>,
    /// Metrics that have two resolutions in the event.
    pub(super) two_resolutions: Vec<Problem>,
}

/// A metric directive.
#[derive(Debug)]
pub(super) struct Directive {
    /// Its path.
    pub(super) place: String,
    pub(super) namespace: Arc<str>,
    pub(super) namespace_problem: Option<Problem>,
    /// Whether an earlier directive is the same.
    pub(super) repeated: bool,
    pub(super) definitions: Vec<Definition>,
    pub(super) sets: Vec<Set>,
    /// Metrics that have the name of a dimension.
    pub(super) metrics_as_dimensions: Vec<Problem>,
}

/// A name, and its index among [`Plan::names`].
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) name: Arc<str>,
    pub(super) index: usize,
}

/// A metric definition.
#[derive(Debug)]
pub(super) struct Definition {
    pub(super) target: Target,
    pub(super) unit: &'static str,
    /// That the directive has defined the metric before.
    pub(super) repeated: Option<Problem>,
    pub(super) resolution: Resolution,
}

/// The resolution of a metric, or why it yields no point.
#[derive(Debug)]
pub(super) enum Resolution {
    /// Seconds: 1 or 60.
    Seconds(u8),
    /// The definition is wrong.
    Wrong(Problem),
    /// The event has another one, which is reported once.
    Contradicted,
}

/// A dimension set.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) keys: Vec<Target>,
    /// Whether it has a key more than once.
    pub(super) repeats_key: bool,
    /// Whether an earlier set of the directive is the same.
    pub(super) repeated: bool,
}

impl Plan {
    /// The plan of directives that the schema lets through, beside the breaches that it does not.
    pub(super) fn new(directives: &[schema::Directive<'_>], problems: Vec<Problem>) -> Self {
        let mut names: Vec<&str> = directives.iter().flat_map(names_of).collect();
        names.sort_unstable();
        names.dedup();
        let names: Vec<Arc<str>> = names.into_iter().map(Arc::from).collect();
        let contradicted = two_resolutions(directives);
        let mut seen = Seen::new();
        let directives = directives.iter().map(|directive| {
            let key = (directive.namespace, &directive.sets, &directive.definitions);
            Directive::new(directive, !seen.insert(key), &names, &contradicted)
        });
        Self {
            problems,
            directives: directives.collect(),
            two_resolutions: contradicted
                .iter()
                .map(|name| contradiction(name))
                .collect(),
            names,
        }
    }
}

/// All names that a directive has.
fn names_of<'a>(directive: &'a schema::Directive<'_>) -> impl Iterator<Item = &'a str> {
    let metrics = directive.definitions.iter();
    let metrics = metrics.map(|definition| definition.name);
    metrics.chain(directive.sets.iter().flatten().copied())
}

fn target(name: &str, names: &[Arc<str>]) -> Target {
    // All names are among them.
    let index = names.partition_point(|other| **other < *name);
    let name = names.get(index).cloned().unwrap_or_else(|| name.into());
    Target { name, index }
}

impl Directive {
    fn new(
        directive: &schema::Directive<'_>,
        repeated: bool,
        names: &[Arc<str>],
        contradicted: &BTreeSet<&str>,
    ) -> Self {
        let namespace_problem = checks::namespace(directive.namespace);
        let namespace_problem = namespace_problem.map(|(rule, given, expected)| {
            Problem::new(
                rule,
                format!("{}.Namespace", directive.place),
                given,
                expected,
            )
        });
        let mut seen = Seen::new();
        let definitions = directive.definitions.iter().map(|definition| Definition {
            target: target(definition.name, names),
            unit: definition.unit,
            repeated: (!seen.insert(definition.name))
                .then(|| repeated_metric(&directive.place, definition.name)),
            resolution: if contradicted.contains(definition.name) {
                Resolution::Contradicted
            } else {
                resolution(definition)
            },
        });
        Self {
            definitions: definitions.collect(),
            sets: sets(&directive.sets, names),
            metrics_as_dimensions: metrics_as_dimensions(directive),
            place: directive.place.clone(),
            namespace: directive.namespace.into(),
            namespace_problem,
            repeated,
        }
    }
}

fn repeated_metric(directive: &str, name: &str) -> Problem {
    let given = format!("{} more than once", quoted(name));
    let place = format!("{directive}.Metrics");
    Problem::new(Rule::DuplicateMetric, place, given, "each metric once")
}

/// The resolution of a definition, if CloudWatch takes it and the name.
fn resolution(definition: &schema::Definition<'_>) -> Resolution {
    let name = definition.name;
    let place = || format!("the metric {}", quoted(name));
    if name.len() > MAX_NAME_CHARS && name.chars().count() > MAX_NAME_CHARS {
        let given = format!("{} characters", name.chars().count());
        let expected = format!("a name of 1 to {MAX_NAME_CHARS} characters");
        let rule = Rule::MetricNameTooLong;
        return Resolution::Wrong(Problem::new(rule, place(), given, expected));
    }
    match definition.resolution {
        1 => Resolution::Seconds(1),
        60 => Resolution::Seconds(60),
        other => {
            let expected = "a StorageResolution of 1 or 60";
            let rule = Rule::ResolutionInvalid;
            Resolution::Wrong(Problem::new(rule, place(), other.to_string(), expected))
        }
    }
}

fn sets(sets: &[Vec<&str>], names: &[Arc<str>]) -> Vec<Set> {
    let mut seen = Seen::new();
    let sets = sets.iter().map(|keys| {
        let mut distinct = keys.clone();
        distinct.sort_unstable();
        distinct.dedup();
        Set {
            keys: keys.iter().map(|key| target(key, names)).collect(),
            repeats_key: distinct.len() < keys.len(),
            repeated: !seen.insert(distinct),
        }
    });
    sets.collect()
}

/// The metrics that have the name of a dimension of their directive: one member cannot be both.
fn metrics_as_dimensions(directive: &schema::Directive<'_>) -> Vec<Problem> {
    let keys: HashSet<&str> = directive.sets.iter().flatten().copied().collect();
    let metrics = directive.definitions.iter();
    let both: BTreeSet<&str> = metrics
        .map(|definition| definition.name)
        .filter(|name| keys.contains(name))
        .collect();
    let problem = |name: &&str| {
        let given = format!("{} as a metric and a dimension", quoted(name));
        let place = directive.place.as_str();
        Problem::new(Rule::MetricIsDimension, place, given, "two names")
    };
    both.iter().map(problem).collect()
}

/// The metrics that are defined with different resolutions.
fn two_resolutions<'a>(directives: &'a [schema::Directive<'_>]) -> BTreeSet<&'a str> {
    let definitions = directives
        .iter()
        .flat_map(|directive| &directive.definitions);
    let mut first = BTreeMap::new();
    definitions
        .filter(|other| *first.entry(other.name).or_insert(other.resolution) != other.resolution)
        .map(|definition| definition.name)
        .collect()
}

fn contradiction(name: &str) -> Problem {
    let given = format!("two for the metric {}", quoted(name));
    let expected = "one in an event";
    Problem::new(Rule::TwoResolutions, "StorageResolution", given, expected)
}
