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
    /// A member of the root, or of the object at `parent`.
    pub(super) const fn member(parent: Option<&'p Self>, name: &'static str) -> Self {
        let step = Step::Member(name);
        Self { parent, step }
    }

    /// The name of the member; empty for an item.
    pub(super) fn name(&self) -> &'static str {
        match self.step {
            Step::Member(name) => name,
            Step::Item(_) => "",
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
        let aws = JsonPath::member(None, "_aws");
        let metrics = JsonPath::member(Some(&aws), "CloudWatchMetrics");
        let metric = metrics.item(1);
        let unit = JsonPath::member(Some(&metric), "Unit");
        assert_eq!(unit.to_string(), "_aws.CloudWatchMetrics[1].Unit");
    }
}
