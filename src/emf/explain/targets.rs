//! The targets that directives point at: metric values and dimension values at the root of the document.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::Number;

use super::finding::{Effect, Fault, Finding, Metric, Points, described, quoted};
use super::json::{Json, Object};
use super::place::Place;
use super::rules::{self, MAX_SAFE_CHARS, MAX_VALUES};
use super::schema::{Definition, Directive};

/// Takes one finding after the other.
pub(super) type Found<'f> = dyn FnMut(Finding<'_>) -> io::Result<()> + 'f;

/// Finds the targets of directives.
pub(super) struct Targets<'a> {
    root: &'a Object<'a>,
    /// Names one level below the root, each with the root member that holds it. Only a fault needs them.
    nested: OnceCell<BTreeMap<&'a str, &'a str>>,
    /// Metrics that the event defines with two resolutions.
    two_resolutions: BTreeSet<&'a str>,
}

/// The names and values of a dimension set.
type Dimensions<'a> = Vec<(&'a str, &'a str)>;

impl<'a> Targets<'a> {
    pub(super) fn new(root: &'a Object<'a>, directives: &[Directive<'a>]) -> Self {
        Self {
            root,
            nested: OnceCell::new(),
            two_resolutions: two_resolutions(directives),
        }
    }

    /// Tells what belongs to no directive alone.
    pub(super) fn event_faults(&self, found: &mut Found<'_>) -> io::Result<()> {
        for name in &self.two_resolutions {
            let what = format!(
                "the metric {} has two resolutions, allowed is one in an event",
                quoted(name)
            );
            found(Finding::Fault(Fault::new(what, Effect::Metric)))?;
        }
        Ok(())
    }

    /// Tells the faults of one directive and, where the event has a valid timestamp, its data points.
    pub(super) fn explain(
        &self,
        directive: &Directive<'a>,
        timestamp: Option<i64>,
        found: &mut Found<'_>,
    ) -> io::Result<()> {
        let directives = Place::root_member("_aws");
        let directives = directives.member("CloudWatchMetrics");
        let place = directives.item(directive.index);
        let mut timestamp = timestamp;
        if let Some(wrong) = rules::namespace(directive.namespace) {
            timestamp = None;
            let what = format!("{place}.Namespace {wrong}");
            found(Finding::Fault(Fault::new(what, Effect::Directive)))?;
        }
        let mut metrics = Vec::with_capacity(directive.definitions.len());
        for definition in &directive.definitions {
            if self.two_resolutions.contains(definition.name) {
                continue;
            }
            match self.metric(definition) {
                Ok(metric) => metrics.push(metric),
                Err((wrong, effect)) => {
                    let what = format!("the metric {} {wrong}", quoted(definition.name));
                    found(Finding::Fault(Fault::new(what, effect)))?;
                }
            }
        }
        for (index, keys) in directive.sets.iter().enumerate() {
            let mut faults = Vec::new();
            let dimensions = self.dimensions(keys, &mut faults);
            for (what, effect) in faults {
                let what = format!("{place}.Dimensions[{index}] names {what}");
                found(Finding::Fault(Fault::new(what, effect)))?;
            }
            if let (Some(dimensions), Some(timestamp), false) =
                (dimensions, timestamp, metrics.is_empty())
            {
                let namespace = directive.namespace;
                found(Finding::Points(Points {
                    namespace,
                    timestamp,
                    dimensions: &dimensions,
                    metrics: &metrics,
                }))?;
            }
        }
        Ok(())
    }

    /// The metric of a definition, or what is wrong with it and what that costs.
    fn metric(&self, definition: &Definition<'a>) -> Result<Metric<'a>, (String, Effect)> {
        let dropped = |wrong: String| (wrong, Effect::Metric);
        let name = definition.name;
        let count = name.chars().count();
        if count > MAX_SAFE_CHARS {
            let wrong =
                format!("has a name of {count} characters, allowed are 1 to {MAX_SAFE_CHARS}");
            return Err(dropped(wrong));
        }
        let resolution = match definition.resolution {
            1 => 1,
            60 => 60,
            other => {
                return Err(dropped(format!(
                    "has a StorageResolution of {other}, allowed are 1 and 60"
                )));
            }
        };
        let Some(target) = self.root.get(name) else {
            let hint = self.elsewhere(name);
            return Err(dropped(format!(
                "has no value: the root has no member of this name{hint}"
            )));
        };
        let values = match target {
            Json::Object(object) if is_distribution(object) => {
                let wrong = format!(
                    "has as value a distribution or statistic set, which the specification does not have; it {ALLOWED_VALUES}"
                );
                return Err((wrong, Effect::Unspecified));
            }
            target => values(target).map_err(dropped)?,
        };
        Ok(Metric {
            name,
            unit: definition.unit,
            resolution,
            values,
        })
    }

    /// The dimensions of a set, none if CloudWatch drops it.
    fn dimensions(
        &self,
        keys: &[&'a str],
        faults: &mut Vec<(String, Effect)>,
    ) -> Option<Dimensions<'a>> {
        let mut dimensions = Dimensions::with_capacity(keys.len());
        let mut empty = Vec::new();
        for &key in keys {
            let wrong = match self.root.get(key) {
                None => Some(format!(
                    "but the root has no member of this name{}",
                    self.elsewhere(key)
                )),
                Some(Json::String(value)) => {
                    if value.is_empty() {
                        empty.push(key);
                    } else if !dimensions.iter().any(|(other, _)| *other == key) {
                        dimensions.push((key, value.as_ref()));
                    }
                    let wrong_value = || {
                        rules::dimension_value(value).map(|wrong| format!("whose value {wrong}"))
                    };
                    let wrong_key = rules::dimension_key(key).map(|wrong| format!("which {wrong}"));
                    wrong_key.or_else(|| {
                        if value.is_empty() {
                            None
                        } else {
                            wrong_value()
                        }
                    })
                }
                Some(other) => Some(format!(
                    "whose value is {}, must be a string",
                    described(other)
                )),
            };
            faults.extend(wrong.map(|wrong| (format!("{}, {wrong}", quoted(key)), Effect::Set)));
        }
        let dropped = !faults.is_empty();
        let effect = if dropped {
            Effect::Set
        } else {
            Effect::Dimensions
        };
        for key in &empty {
            faults.push((
                format!(
                    "{}, whose value is empty, allowed are 1 to 1024 characters",
                    quoted(key)
                ),
                effect,
            ));
        }
        if !empty.is_empty() {
            dimensions.clear();
        }
        (!dropped).then_some(dimensions)
    }

    /// A hint for a target that is missing at the root.
    fn elsewhere(&self, name: &str) -> String {
        let nested = self.nested.get_or_init(|| {
            let objects = self
                .root
                .members()
                .filter_map(|(parent, value)| match value {
                    Json::Object(object) => Some((parent, object)),
                    _ => None,
                });
            objects
                .flat_map(|(parent, object)| object.members().map(move |(name, _)| (name, parent)))
                .collect()
        });
        let split = name
            .split_once('.')
            .filter(|(parent, _)| matches!(self.root.get(parent), Some(Json::Object(_))));
        match (nested.get(name).copied(), split) {
            (Some(parent), _) | (None, Some((parent, _))) => {
                format!(" (values nested in {} do not count)", quoted(parent))
            }
            (None, None) => String::new(),
        }
    }
}

const ALLOWED_VALUES: &str = "must be a number or an array of 1 to 100 numbers";

/// Whether an object looks like what some tools write instead of an array: values with counts, or a statistic set.
fn is_distribution(object: &Object<'_>) -> bool {
    let has = |names: [&str; 2]| names.iter().all(|name| object.get(name).is_some());
    has(["Values", "Counts"]) || has(["Min", "Max"])
}

/// The values of a metric, or what is wrong with them.
fn values<'a>(target: &'a Json<'a>) -> Result<Vec<&'a Number>, String> {
    let items = match target {
        Json::Array(items) => items.as_slice(),
        single => std::slice::from_ref(single),
    };
    let array = matches!(target, Json::Array(_));
    if items.is_empty() || items.len() > MAX_VALUES {
        return Err(format!(
            "has {} values, allowed are 1 to {MAX_VALUES}",
            items.len()
        ));
    }
    let mut values = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let place = if array {
            format!("[{index}]")
        } else {
            String::new()
        };
        match item {
            Json::Number(number) if rules::is_in_range(number) => values.push(number),
            Json::Number(number) => {
                return Err(format!(
                    "has as value{place} {number}, allowed are numbers within ±2^360"
                ));
            }
            other => {
                return Err(format!(
                    "has as value{place} {}, {ALLOWED_VALUES}",
                    described(other)
                ));
            }
        }
    }
    Ok(values)
}

fn two_resolutions<'a>(directives: &[Directive<'a>]) -> BTreeSet<&'a str> {
    let mut first = BTreeMap::new();
    directives
        .iter()
        .flat_map(|directive| &directive.definitions)
        .filter(|definition| {
            *first
                .entry(definition.name)
                .or_insert(definition.resolution)
                != definition.resolution
        })
        .map(|definition| definition.name)
        .collect()
}
