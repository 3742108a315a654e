//! Hints on a member that is missing at the root: where it may be, or what it may be called.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::finding::{Problem, quoted};
use crate::judge::document::for_each_member;

/// The names of a document's members, at the root and one level below. Only a fault needs them.
pub(super) struct Hints<'a> {
    root: &'a str,
    names: OnceCell<Names>,
}

/// Names, up to a limit.
#[derive(Default)]
struct Names {
    /// At the root.
    root: Vec<String>,
    /// One level below, each with the member of the root that holds it.
    nested: BTreeMap<String, String>,
}

impl<'a> Hints<'a> {
    /// Hints for the root with this text.
    pub(super) fn new(root: &'a str) -> Self {
        Self {
            root,
            names: OnceCell::new(),
        }
    }

    /// Adds a hint to the problem of a member that is missing at the root.
    pub(super) fn add_to(&self, problem: Problem, name: &str) -> Problem {
        let names = self.names.get_or_init(|| Names::read(self.root));
        if let Some(parent) = names.parent_of(name) {
            return problem.with_hint(format!("values nested in {} do not count", quoted(parent)));
        }
        let same = names
            .root
            .iter()
            .find(|other| other.eq_ignore_ascii_case(name));
        if let Some(other) = same {
            return problem.with_hint(format!("the root has {}: case matters", quoted(other)));
        }
        match names.nearest(name) {
            Some(other) => problem.with_hint(format!("did you mean {}?", quoted(other))),
            None => problem,
        }
    }
}

impl Names {
    /// The most names kept of each kind.
    const MOST: usize = 1_000;

    fn read(text: &str) -> Self {
        let mut names = Self::default();
        let _ = for_each_member(text, &mut |parent, value| {
            if parent == "_aws" {
                return;
            }
            if names.root.len() < Self::MOST {
                names.root.push(parent.to_owned());
            }
            if value.starts_with('{') {
                let _ = for_each_member(value, &mut |name, _| {
                    if names.nested.len() < Self::MOST {
                        names.nested.insert(name.to_owned(), parent.to_owned());
                    }
                });
            }
        });
        names
    }

    /// The member of the root that contains a name, or that the part before its dot names.
    fn parent_of(&self, name: &str) -> Option<&str> {
        if let Some(parent) = self.nested.get(name) {
            return Some(parent);
        }
        let (parent, _) = name.split_once('.')?;
        self.nested
            .values()
            .map(String::as_str)
            .find(|other| *other == parent)
    }

    /// A name at the root that differs by one or two letters.
    fn nearest(&self, name: &str) -> Option<&str> {
        /// Longer names, and more of them, are not worth the time.
        const LONGEST: usize = 64;
        const MOST: usize = 100;
        if name.len() > LONGEST || name.len() < 4 {
            return None;
        }
        let near = self
            .root
            .iter()
            .take(MOST)
            .filter(|other| other.len() <= LONGEST);
        let distances = near.map(|other| (strsim::levenshtein(name, other), other));
        let (_, other) = distances.filter(|(distance, _)| *distance <= 2).min()?;
        Some(other)
    }
}
