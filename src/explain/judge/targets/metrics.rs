//! The values of metrics.

use std::sync::Arc;

use super::Event;
use crate::finding::{Problem, Values, quoted};
use crate::judge::plan::{Definition, Directive, Resolution};
use crate::judge::values;
use crate::rule::Rule;

/// A metric of a directive that has values.
pub(super) struct Metric<'p> {
    pub(super) definition: &'p Definition,
    /// Seconds: 1 or 60.
    pub(super) resolution: u8,
    pub(super) values: Arc<Values>,
}

impl Metric<'_> {
    /// Whether its values are what the specification knows.
    pub(super) fn is_list(&self) -> bool {
        matches!(*self.values, Values::List(_))
    }
}

impl Event<'_> {
    /// The metrics of a directive that have values.
    pub(super) fn metrics<'p>(
        &self,
        directive: &'p Directive,
        problems: &mut Vec<Problem>,
    ) -> Vec<Metric<'p>> {
        let mut metrics = Vec::with_capacity(directive.definitions.len());
        for definition in &directive.definitions {
            problems.extend(definition.repeated.clone());
            match &definition.resolution {
                Resolution::Contradicted => {}
                Resolution::Wrong(problem) => problems.push(problem.clone()),
                Resolution::Seconds(resolution) => match self.values(definition) {
                    Ok(values) => metrics.push(Metric {
                        definition,
                        resolution: *resolution,
                        values: Arc::new(values),
                    }),
                    Err(problem) => problems.push(problem),
                },
            }
        }
        metrics
    }

    /// The values of a metric, or what is wrong with them.
    fn values(&self, definition: &Definition) -> Result<Values, Problem> {
        let name = &definition.target.name;
        let place = || format!("the metric {}", quoted(name));
        let Some(text) = self.targets.get(definition.target.index) else {
            let expected = "a value at the root";
            let problem = Problem::new(Rule::MetricMissing, place(), "nothing", expected);
            return Err(self.hints.add_to(problem, name));
        };
        values::read(text)
            .map_err(|(rule, given, expected)| Problem::new(rule, place(), given, expected))
    }
}
