//! The path of a value in a document, written out only if a fault needs it.

use std::fmt;

/// A path from the root, such as `_aws.CloudWatchMetrics[0].Metrics[2].Unit`.
#[derive(Clone, Copy)]
pub(super) struct JsonPath<'p> {
    parent: Option<&'p JsonPath<'p>>,
    step: Step,
}

#[derive(Clone, Copy)]
enum Step {
    Member(&'static str),
    Item(usize),
}

impl<'p> JsonPath<'p> {
    /// A member of the root.
    pub(super) fn root_member(name: &'static str) -> Self {
        Self {
            parent: None,
            step: Step::Member(name),
        }
    }

    /// A member of the object at this place.
    pub(super) fn member(&'p self, name: &'static str) -> Self {
        Self {
            parent: Some(self),
            step: Step::Member(name),
        }
    }

    /// An item of the array at this place.
    pub(super) fn item(&'p self, index: usize) -> Self {
        Self {
            parent: Some(self),
            step: Step::Item(index),
        }
    }
}

impl fmt::Display for JsonPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            parent.fmt(f)?;
        }
        match self.step {
            Step::Member(name) if self.parent.is_some() => write!(f, ".{name}"),
            Step::Member(name) => f.write_str(name),
            Step::Item(index) => write!(f, "[{index}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_like_a_path() {
        let aws = JsonPath::root_member("_aws");
        let metrics = aws.member("CloudWatchMetrics");
        assert_eq!(
            metrics.item(1).member("Unit").to_string(),
            "_aws.CloudWatchMetrics[1].Unit"
        );
    }
}
