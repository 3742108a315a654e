//! Keeps closed windows in order until they are written. Pure.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::window::{ClosedWindow, Window};

/// Windows that are not yet due, oldest first.
#[derive(Debug)]
pub(crate) struct Queue {
    /// The delay of regular lines, so that a fleet does not write in the same second.
    delay: Duration,
    /// Short, because the delay is at most one emit interval.
    pending: VecDeque<(Instant, Window)>,
}

impl Queue {
    pub(crate) fn new(delay: Duration) -> Self {
        Self {
            delay,
            pending: VecDeque::new(),
        }
    }

    /// Adds a window. An urgent one is due at once, and so is every window before it.
    pub(crate) fn push(&mut self, closed: ClosedWindow, now: Instant) {
        let due = if closed.urgent { now } else { now + self.delay };
        if closed.urgent {
            for (pending, _) in &mut self.pending {
                *pending = now;
            }
        }
        self.pending.push_back((due, closed.window));
    }

    /// Removes the oldest window, if it is due.
    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<Window> {
        if self.next_due()? > now {
            return None;
        }
        self.pop()
    }

    /// Removes the oldest window, due or not.
    pub(crate) fn pop(&mut self) -> Option<Window> {
        self.pending.pop_front().map(|(_, window)| window)
    }

    /// When the oldest window is due.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.pending.front().map(|(due, _)| *due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::ClockSource;
    use chrono::DateTime;

    fn closed(number: i64, urgent: bool) -> ClosedWindow {
        let stamp = DateTime::from_timestamp(number, 0).unwrap();
        ClosedWindow {
            window: Window::empty(ClockSource::Ecs, stamp),
            urgent,
        }
    }

    #[test]
    fn regular_lines_wait_and_an_urgent_one_never_overtakes_them() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut queue = Queue::new(Duration::from_secs(20));
        let due = |queue: &mut Queue, now| -> Vec<i64> {
            std::iter::from_fn(|| queue.pop_due(now))
                .map(|window| window.stamp.timestamp())
                .collect()
        };
        queue.push(closed(1, false), at(0));
        queue.push(closed(2, false), at(5));
        assert_eq!(queue.next_due(), Some(at(20)));
        assert_eq!(due(&mut queue, at(19)), [0i64; 0]);
        assert_eq!(due(&mut queue, at(20)), [1]);
        queue.push(closed(3, true), at(21));
        queue.push(closed(4, false), at(21));
        assert_eq!(due(&mut queue, at(21)), [2, 3]);
        assert_eq!(queue.next_due(), Some(at(41)));
    }
}
