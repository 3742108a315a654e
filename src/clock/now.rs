//! The present time as a clock knows it.

use crate::time::TimeInterval;

/// The present time as a synchronized [`Clock`](crate::Clock) knows it: a range that contains true
/// time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Now {
    /// The range that contains true time.
    pub interval: TimeInterval,
}

impl Now {
    /// Whether this moment is certainly before `other`: their ranges do not touch. `false` does not
    /// mean the opposite order.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.interval.is_before(&other.interval)
    }

    /// Whether this moment is certainly after `other`; see [`Now::is_before`].
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        other.is_before(self)
    }
}
