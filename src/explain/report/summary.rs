//! The summary: each rule with its next step, and what the metrics would cost.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash as _, Hasher};
use std::io::{self, Write};
use std::sync::Arc;

use super::escape::printable;
use super::format::Format;
use crate::{Explained, Kind, Point, Rule, Severity};

/// The most distinct metrics that are counted.
const MOST_METRICS: usize = 100_000;

/// The limits of a report without faults.
const NOT_VISIBLE: &str = "Lines do not show the rest of the way: the log group must be of the class Standard, metrics appear in \
                           the region of the log group, and the first ones after some minutes.";

/// Prices of CloudWatch in us-east-1: so many metrics at so many dollars a month each.
const PRICES: [(usize, f64); 2] = [(10_000, 0.30), (240_000, 0.10)];

/// Counts of everything found in one or more inputs.
#[derive(Debug, Default)]
pub struct Summary {
    pub(super) lines: u64,
    documents: u64,
    others: u64,
    points: u64,
    faults: u64,
    warnings: u64,
    rules: BTreeMap<(Severity, Rule), RuleCount>,
    metrics: HashSet<u64, BuildHasherDefault<IdentityHasher>>,
}

/// Identity hasher: the keys are hashes.
#[derive(Debug, Default)]
struct IdentityHasher(u64);

impl Hasher for IdentityHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes
            .iter()
            .fold(self.0, |hash, byte| (hash << 8) | u64::from(*byte));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

/// How often a rule was broken, and where first.
#[derive(Debug)]
struct RuleCount {
    count: u64,
    first: String,
}

impl Summary {
    /// How many lines were read.
    #[must_use]
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// How many faults were found.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.faults
    }

    /// Adds the counts of a later input.
    pub fn add(&mut self, later: Self) {
        let Self {
            lines,
            documents,
            others,
            points,
            faults,
            warnings,
            rules,
            metrics,
        } = later;
        self.lines += lines;
        self.documents += documents;
        self.others += others;
        self.points += points;
        self.faults += faults;
        self.warnings += warnings;
        for (rule, RuleCount { count, first }) in rules {
            let seen = RuleCount { count: 0, first };
            self.rules.entry(rule).or_insert(seen).count += count;
        }
        for metric in metrics {
            if self.metrics.len() > MOST_METRICS {
                break;
            }
            self.metrics.insert(metric);
        }
    }

    /// Counts an event. Distinct metrics are counted only if they will be shown.
    pub(super) fn count(&mut self, event: &Explained, file: Option<&str>, metrics: bool) {
        match event.kind {
            Kind::Document => self.documents += 1,
            Kind::Other => self.others += 1,
            Kind::Input => {}
        }
        self.points += event.points.len() as u64 + event.more_points;
        for problem in &event.problems {
            let rule = problem.rule();
            *match rule.severity() {
                Severity::Fault => &mut self.faults,
                Severity::Warning => &mut self.warnings,
            } += 1;
            let seen = self
                .rules
                .entry((rule.severity(), rule))
                .or_insert_with(|| RuleCount {
                    count: 0,
                    first: place(file, event),
                });
            seen.count += 1;
        }
        if event.has_fault() {
            self.faults += event.more_problems;
        } else {
            self.warnings += event.more_problems;
        }
        if metrics {
            event
                .points
                .chunk_by(same_set)
                .for_each(|points| self.add_metrics(points));
        }
    }

    /// Counts the metrics of one dimension set.
    fn add_metrics(&mut self, points: &[Point]) {
        let Some(first) = points.first() else { return };
        let mut hasher = DefaultHasher::new();
        first.namespace.hash(&mut hasher);
        // Dimension order does not distinguish metrics.
        let mut dimensions: Vec<_> = first.dimensions.iter().collect();
        dimensions.sort_unstable();
        dimensions.hash(&mut hasher);
        for point in points {
            if self.metrics.len() > MOST_METRICS {
                return;
            }
            let mut hasher = hasher.clone();
            point.metric.hash(&mut hasher);
            self.metrics.insert(hasher.finish());
        }
    }

    /// Writes the summary, which only text has.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn write(&self, output: &mut impl Write, format: Format) -> io::Result<()> {
        if format == Format::Json {
            return Ok(());
        }
        let style = format.style();
        if !self.rules.is_empty() {
            writeln!(output, "{}", style.heading("by rule"))?;
        }
        for ((severity, rule), seen) in &self.rules {
            let times = counted(seen.count, "time");
            let severity = style.severity(*severity);
            let (first, next) = (printable(&seen.first), rule.next_step());
            writeln!(
                output,
                "  {severity}: {rule}, {times}, first on {first}. {next}"
            )?;
        }
        self.write_cost(output)?;
        if self.faults == 0 && self.documents > 0 {
            writeln!(output, "{NOT_VISIBLE}")?;
        }
        let events = self.documents + self.others;
        write!(output, "{}", counted(self.lines, "line"))?;
        if events != self.lines {
            write!(output, ", {}", counted(events, "event"))?;
        }
        writeln!(
            output,
            ": {} EMF, {}; {}, {}, {}",
            self.documents,
            counted(self.others, "other"),
            counted(self.points, "data point"),
            counted(self.faults, "fault"),
            counted(self.warnings, "warning")
        )
    }

    fn write_cost(&self, output: &mut impl Write) -> io::Result<()> {
        let count = self.metrics.len().min(MOST_METRICS);
        if count == 0 {
            return Ok(());
        }
        let (over, limit) = if self.metrics.len() > MOST_METRICS {
            ("over ", "more than")
        } else {
            ("", "up to")
        };
        let metrics = counted(count as u64, "distinct metric");
        let dollars = cost(count);
        writeln!(
            output,
            "{over}{metrics}, one for each set of dimension values: {limit} ${dollars:.2} a month (us-east-1)"
        )
    }
}

/// Whether two points have the same namespace, time and dimensions.
pub(super) fn same_set(left: &Point, right: &Point) -> bool {
    Arc::ptr_eq(&left.dimensions, &right.dimensions)
        && Arc::ptr_eq(&left.namespace, &right.namespace)
}

/// What so many metrics cost a month, in dollars.
fn cost(metrics: usize) -> f64 {
    let mut rest = metrics;
    let mut cost = 0.0;
    for (most, price) in PRICES {
        let here = rest.min(most);
        rest -= here;
        cost += price * f64::from(u32::try_from(here).unwrap_or(u32::MAX));
    }
    cost
}

/// The position of an event, with its file if there are several.
pub(super) fn place(file: Option<&str>, event: &Explained) -> String {
    match file {
        Some(file) => format!("{file}: {}", event.position),
        None => event.position.to_string(),
    }
}

fn counted(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_ten_thousand_metrics_cost_most() {
        for (metrics, dollars) in [
            (0, "0.00"),
            (3, "0.90"),
            (10_000, "3000.00"),
            (10_010, "3001.00"),
        ] {
            assert_eq!(format!("{:.2}", cost(metrics)), dollars);
        }
    }
}
