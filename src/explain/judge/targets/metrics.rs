//! The values of metrics.

use std::sync::Arc;

use super::event::Event;
use crate::finding::{Problem, Values, quoted};
use crate::judge::checks;
use crate::judge::directive::{Definition, Directive};
use crate::judge::small_set::SmallSet;
use crate::judge::values;
use crate::rule::Rule;

/// A metric of a directive that has values.
pub(super) struct Metric<'d> {
    pub(super) definition: &'d Definition<'d>,
    pub(super) name: Arc<str>,
    /// Seconds: 1 or 60.
    pub(super) resolution: u8,
    pub(super) values: Arc<Values>,
    /// Whether nothing makes its points doubtful.
    pub(super) is_certain: bool,
}

impl Metric<'_> {
    /// Whether its values are in the form that the specification has.
    pub(super) fn is_list(&self) -> bool {
        matches!(*self.values, Values::List(_))
    }
}

impl Event<'_> {
    /// The metrics of a directive that have values.
    pub(super) fn metrics<'d>(
        &self,
        directive: &'d Directive<'d>,
        problems: &mut Vec<Problem>,
    ) -> Vec<Metric<'d>> {
        let mut metrics = Vec::with_capacity(directive.definitions.len());
        let mut seen = SmallSet::new();
        for definition in &directive.definitions {
            let is_repeated = !seen.insert(definition.name);
            if is_repeated {
                problems.push(repeated(&directive.place, definition.name));
            }
            if self.contradicted.contains(definition.name) {
                continue;
            }
            match self.metric(definition, problems) {
                Ok(metric) => metrics.push(Metric {
                    is_certain: metric.is_certain && !is_repeated,
                    ..metric
                }),
                Err(problem) => problems.push(problem),
            }
        }
        metrics
    }

    /// A metric with its values, or why it has none. Doubts about them are noted.
    fn metric<'d>(
        &self,
        definition: &'d Definition<'d>,
        problems: &mut Vec<Problem>,
    ) -> Result<Metric<'d>, Problem> {
        let name = definition.name;
        let place = || format!("the metric {}", quoted(name));
        let resolution = definition.resolution()?;
        let Some(text) = self.target(name) else {
            let expected = "a value at the root";
            let problem = Problem::new(Rule::MetricMissing, place(), "nothing", expected);
            return Err(if definition.has_value {
                problem.with_hint("the value is in the definition, where it does not count")
            } else {
                self.hints.add_to(problem, name)
            });
        };
        let mut doubts = Vec::new();
        let problem = |(rule, given, expected)| Problem::new(rule, place(), given, expected);
        let values = values::read(text, &mut doubts).map_err(problem)?;
        doubts.extend(checks::metric_name(name));
        let is_certain = doubts.is_empty();
        problems.extend(doubts.into_iter().map(problem));
        Ok(Metric {
            definition,
            name: name.into(),
            resolution,
            values: Arc::new(values),
            is_certain,
        })
    }
}

fn repeated(directive: &str, name: &str) -> Problem {
    let given = format!("{} more than once", quoted(name));
    let place = format!("{directive}.Metrics");
    Problem::new(Rule::DuplicateMetric, place, given, "each metric once")
}
