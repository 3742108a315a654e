//! Counts of everything found.

use std::collections::BTreeMap;

use emf_explain::{Explained, Kind, Rule, Severity};
use serde::Serialize;

/// Counts of everything found so far, also of what is not listed.
#[derive(Debug, Default, Clone, Serialize)]
pub(super) struct Summary {
    pub(super) lines: u64,
    documents: u64,
    others: u64,
    points: u64,
    faults: u64,
    warnings: u64,
    /// How often each rule was broken.
    rules: BTreeMap<&'static str, u64>,
}

impl Summary {
    pub(super) fn add(&mut self, event: &Explained) {
        match event.kind {
            Kind::Document => self.documents += 1,
            Kind::Other => self.others += 1,
            _ => {}
        }
        self.points += event.points.len() as u64 + event.more_points;
        for problem in &event.problems {
            *match problem.severity() {
                Severity::Fault => &mut self.faults,
                Severity::Warning => &mut self.warnings,
            } += 1;
            *self.rules.entry(problem.rule().as_str()).or_default() += 1;
        }
        *if event.has_fault() {
            &mut self.faults
        } else {
            &mut self.warnings
        } += event.more_problems;
    }

    /// Whether no event has broken this rule so far.
    pub(super) fn is_new(&self, rule: Rule) -> bool {
        !self.rules.contains_key(rule.as_str())
    }
}
