//! The present as a clock knows it.

use crate::time::TimeInterval;

/// The present as a synchronized [`Clock`](crate::Clock) knows it: a range that true time lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Now {
    /// True time lies in here.
    pub interval: TimeInterval,
}

impl Now {
    /// Whether this moment certainly lies before `other`: their ranges do not touch. `false` does not
    /// mean the opposite order.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.interval.is_before(&other.interval)
    }

    /// Whether this moment certainly lies after `other`; see [`Now::is_before`].
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        other.is_before(self)
    }
}
