//! Counts what too many connections do to clients, and reports it once a minute.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::warn;

/// The pause between two reports.
const REPORT: Duration = Duration::from_secs(60);
/// A client that waits this long for a connection may give up.
const LONG_WAIT: Duration = Duration::from_secs(1);

/// The clients that had to wait for a slot, and the connections that were closed to make room.
#[derive(Debug, Default)]
pub(super) struct Crowding {
    waited: u64,
    longest: Duration,
    closed: u64,
    /// When to report; `None` if there is nothing to report.
    due: Option<Instant>,
}

impl Crowding {
    /// Counts a client that waited since `began`, while that many connections were closed. The clients behind it in
    /// the kernel's queue wait as well, for an unknown time.
    pub(super) fn note(&mut self, began: Instant, now: Instant, closed: u64) {
        let wait = now.saturating_duration_since(began);
        if wait > LONG_WAIT {
            self.waited += 1;
            self.longest = self.longest.max(wait);
        }
        self.closed += closed;
        if wait > LONG_WAIT || closed > 0 {
            self.due.get_or_insert(now + REPORT);
        }
    }

    /// Waits until a report is due: forever if there is nothing to report.
    pub(super) async fn due(&self) {
        match self.due {
            Some(due) => sleep_until(due).await,
            None => std::future::pending().await,
        }
    }

    /// Reports what was counted since the last report, if anything.
    pub(super) fn report(&mut self) {
        let crowding = std::mem::take(self);
        if crowding.due.is_some() {
            warn!(
                waited = crowding.waited,
                longest_wait_ms = u64::try_from(crowding.longest.as_millis()).unwrap_or(u64::MAX),
                closed = crowding.closed,
                "too many connections: clients waited over a second, or connections were closed to make room"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a paused clock, not a reading")]
    async fn long_waits_and_closed_connections_are_reported_after_a_minute() {
        let began = Instant::now();
        let mut crowding = Crowding::default();
        crowding.note(began, began + LONG_WAIT, 0);
        let nothing = tokio::time::timeout(REPORT * 10, crowding.due());
        assert!(nothing.await.is_err(), "a short wait is no trouble");

        let began = Instant::now();
        crowding.note(began, began, 1);
        crowding.note(began, began + LONG_WAIT * 2, 0);
        crowding.note(began, began + LONG_WAIT * 3, 2);
        assert_eq!(
            (crowding.waited, crowding.longest, crowding.closed),
            (2, LONG_WAIT * 3, 3)
        );
        crowding.due().await;
        assert_eq!(began.elapsed(), REPORT);
        crowding.report();
        assert_eq!(
            (crowding.waited, crowding.closed, crowding.due),
            (0, 0, None)
        );
    }
}
