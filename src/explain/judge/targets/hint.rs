//! Where a member may stand that is missing at the root.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use crate::finding::{Problem, quoted};
use crate::judge::document::for_each_member;

/// Names one level below the root, each with the root member that holds it. Only a fault needs them.
pub(super) struct Hints<'a> {
    root: &'a str,
    nested: OnceCell<BTreeMap<String, String>>,
}

impl<'a> Hints<'a> {
    /// Hints for the root with this text.
    pub(super) fn new(root: &'a str) -> Self {
        Self {
            root,
            nested: OnceCell::new(),
        }
    }

    /// Adds a hint to the problem of a member that is missing at the root.
    pub(super) fn add_to(&self, problem: Problem, name: &str) -> Problem {
        let nested = self.nested.get_or_init(|| nested_names(self.root));
        let parent = nested.get(name).map(String::as_str).or_else(|| {
            let (parent, _) = name.split_once('.')?;
            let mut parents = nested.values().map(String::as_str);
            parents.find(|other| *other == parent)
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
