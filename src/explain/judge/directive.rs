//! Metric directives, and the problems that can be reported without values.

use std::collections::{BTreeMap, BTreeSet};

use super::checks;
use super::small_set::SmallSet;
use crate::finding::{Problem, quoted};
use crate::limits::MAX_NAME_CHARS;
use crate::rule::Rule;

/// A metric directive, as far as it conforms to the schema.
#[derive(Debug)]
pub(super) struct Directive<'a> {
    /// Its path.
    pub(super) place: String,
    pub(super) namespace: &'a str,
    /// The dimension sets.
    pub(super) sets: Vec<Vec<&'a str>>,
    pub(super) definitions: Vec<Definition<'a>>,
}

/// A metric definition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Definition<'a> {
    pub(super) name: &'a str,
    pub(super) unit: &'static str,
    /// Seconds; any number, since the schema has no limits.
    pub(super) resolution: i64,
    /// Whether it has a member that looks like the value.
    pub(super) has_value: bool,
}

impl<'a> Directive<'a> {
    /// All names that it has, of metrics and dimensions.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> + '_ {
        let metrics = self.definitions.iter().map(|definition| definition.name);
        metrics.chain(self.sets.iter().flatten().copied())
    }

    /// Why CloudWatch refuses the namespace, if it does.
    pub(super) fn namespace_problem(&self) -> Option<Problem> {
        let (rule, given, expected) = checks::namespace(self.namespace)?;
        let place = format!("{}.Namespace", self.place);
        Some(Problem::new(rule, place, given, expected))
    }

    /// The metrics that have the name of a dimension: one member cannot be both.
    pub(super) fn metrics_as_dimensions(&self) -> Vec<Problem> {
        if self.sets.iter().all(Vec::is_empty) {
            return Vec::new();
        }
        let mut keys: Vec<&str> = self.sets.iter().flatten().copied().collect();
        keys.sort_unstable();
        let metrics = self.definitions.iter().map(|definition| definition.name);
        let both: BTreeSet<&str> = metrics
            .filter(|name| keys.binary_search(name).is_ok())
            .collect();
        let problem = |name: &&str| {
            let given = format!("{} as a metric and a dimension", quoted(name));
            let place = self.place.as_str();
            Problem::new(Rule::MetricIsDimension, place, given, "two names")
        };
        both.iter().map(problem).collect()
    }
}

impl Definition<'_> {
    /// The resolution in seconds, if CloudWatch accepts it and the metric's name.
    pub(super) fn resolution(&self) -> Result<u8, Problem> {
        let place = || format!("the metric {}", quoted(self.name));
        if checks::is_longer(self.name, MAX_NAME_CHARS) {
            let given = format!("{} characters", self.name.chars().count());
            let expected = format!("a name of 1 to {MAX_NAME_CHARS} characters");
            let rule = Rule::MetricNameTooLong;
            return Err(Problem::new(rule, place(), given, expected));
        }
        match self.resolution {
            1 => Ok(1),
            60 => Ok(60),
            other => {
                let expected = "a StorageResolution of 1 or 60";
                let rule = Rule::ResolutionInvalid;
                Err(Problem::new(rule, place(), other.to_string(), expected))
            }
        }
    }
}

/// Which directives are the same as an earlier one.
pub(super) fn repeated(directives: &[Directive<'_>]) -> Vec<bool> {
    if directives.len() < 2 {
        return vec![false; directives.len()];
    }
    let mut seen = SmallSet::new();
    let keys = directives
        .iter()
        .map(|directive| (directive.namespace, &directive.sets, &directive.definitions));
    keys.map(|key| !seen.insert(key)).collect()
}

/// The metrics that are defined with different resolutions.
pub(super) fn with_two_resolutions<'a>(directives: &[Directive<'a>]) -> BTreeSet<&'a str> {
    let definitions = || directives.iter().flat_map(|one| one.definitions.iter());
    // Most documents have one resolution for all.
    let common = definitions().next().map(|definition| definition.resolution);
    if definitions().all(|definition| Some(definition.resolution) == common) {
        return BTreeSet::new();
    }
    let mut first = BTreeMap::new();
    definitions()
        .filter(|other| *first.entry(other.name).or_insert(other.resolution) != other.resolution)
        .map(|definition| definition.name)
        .collect()
}
