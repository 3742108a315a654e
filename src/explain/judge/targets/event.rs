//! An event with the targets of its directives.

use std::collections::BTreeSet;
use std::fmt;

use super::hint::Hints;
use crate::judge::document::{Targets, index_of};

/// The names that directives refer to, and the members of those names.
pub(super) struct Event<'a> {
    pub(super) targets: Targets<'a>,
    /// The names that directives have, sorted and each once.
    pub(super) names: Vec<&'a str>,
    /// Metrics that have two resolutions.
    pub(super) contradicted: BTreeSet<&'a str>,
    pub(super) hints: Hints<'a>,
    pub(super) timestamp: Option<i64>,
}

/// The path of a dimension set, written out only if a problem needs it.
pub(super) struct SetPath<'d> {
    pub(super) directive: &'d str,
    pub(super) index: usize,
}

impl fmt::Display for SetPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.Dimensions[{}]", self.directive, self.index)
    }
}

impl<'a> Event<'a> {
    /// The JSON text of a member of the root.
    pub(super) fn target(&self, name: &str) -> Option<&'a str> {
        self.targets.get(index_of(&self.names, name)?)
    }
}
