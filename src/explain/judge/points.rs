//! The points of one event, listed up to a limit.

use crate::finding::Point;

/// The most points listed of one event; further ones are counted.
const MAX_POINTS: usize = 10_000;

/// Points of one event, listed up to a limit.
#[derive(Default)]
pub(super) struct Points {
    pub(super) listed: Vec<Point>,
    pub(super) count: u64,
}

impl Points {
    /// Adds points. Those beyond the limit are only counted, since sets times metrics can be many.
    pub(super) fn extend(&mut self, points: impl ExactSizeIterator<Item = Point>) {
        self.count += points.len() as u64;
        let room = MAX_POINTS.saturating_sub(self.listed.len());
        self.listed.extend(points.take(room));
    }
}
