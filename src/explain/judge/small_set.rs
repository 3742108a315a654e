//! Notes what occurs more than once.

use std::collections::HashSet;
use std::hash::Hash;

/// A set: most events have few items, and searching through few is faster than hashing.
pub(super) struct SmallSet<T> {
    few: Vec<T>,
    many: HashSet<T>,
}

impl<T> Default for SmallSet<T> {
    fn default() -> Self {
        Self {
            few: Vec::new(),
            many: HashSet::new(),
        }
    }
}

impl<T: Eq + Hash> SmallSet<T> {
    const FEW: usize = 16;

    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Notes one more; true if it is new.
    pub(super) fn insert(&mut self, one: T) -> bool {
        if self.few.contains(&one) {
            return false;
        }
        if self.few.len() < Self::FEW {
            self.few.push(one);
            return true;
        }
        self.many.insert(one)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_is_new_once_however_many_there_are() {
        let mut seen = SmallSet::new();
        assert!((0..100).all(|one| seen.insert(one)));
        assert!(!(0..100).any(|one| seen.insert(one)));
    }
}
