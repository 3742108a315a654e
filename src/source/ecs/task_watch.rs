//! Whether the endpoint still describes the same task. Pure.

/// The first task, and whether a change has been reported.
#[derive(Debug, Default)]
pub(super) struct TaskWatch {
    first: Option<String>,
    is_reported: bool,
}

impl TaskWatch {
    /// Returns the first task's ID if this is the first document about another task.
    pub(super) fn changed_from(&mut self, id: &str) -> Option<&str> {
        let first = self.first.get_or_insert_with(|| id.to_owned());
        if first == id || self.is_reported {
            return None;
        }
        self.is_reported = true;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_reported_once() {
        let mut watch = TaskWatch::default();
        let reported = ["a", "a", "b", "b", "a", "c"].map(|id| watch.changed_from(id).is_some());
        assert_eq!(reported, [false, false, true, false, false, false]);
        assert_eq!(watch.first.as_deref(), Some("a"));
    }
}
