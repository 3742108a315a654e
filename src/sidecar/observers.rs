//! What the sidecar shares with the interfaces for other programs.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Notify, watch};

use super::observed::Observed;
use crate::time::Moment;

/// What the sidecar reports to the interfaces, and what they report to it. It costs almost nothing if there are none.
#[derive(Debug)]
pub(crate) struct Observers {
    observed: watch::Sender<Observed>,
    disturbed: Arc<Notify>,
    errors: Arc<AtomicU64>,
}

impl Observers {
    /// The observers of a sidecar that starts at `now`.
    #[must_use]
    pub(crate) fn new(now: &Moment) -> Self {
        Self {
            observed: watch::Sender::new(Observed::new(now.monotonic)),
            disturbed: Arc::default(),
            errors: Arc::default(),
        }
    }

    /// A receiver of what the sidecar knows. Ends when the sidecar ends.
    #[must_use]
    pub(crate) fn subscribe(&self) -> watch::Receiver<Observed> {
        self.observed.subscribe()
    }

    /// The notification by which an interface reports that the clock was stepped or is being corrected.
    #[must_use]
    pub(crate) fn disturbed(&self) -> Arc<Notify> {
        Arc::clone(&self.disturbed)
    }

    /// The number of failures to answer since they were last taken.
    #[must_use]
    pub(crate) fn errors(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.errors)
    }

    /// Waits until an interface has seen that the clock was stepped or is being corrected.
    pub(super) async fn disturbance_seen(&self) {
        self.disturbed.notified().await;
    }

    /// Notes that the loop runs.
    pub(super) fn beat(&self, now: &Moment) {
        self.observed.send_if_modified(|observed| {
            observed.beat = now.monotonic;
            // No interface waits for this change.
            false
        });
    }

    /// Shares what is known now.
    pub(crate) fn tell(&self, observed: &Observed) {
        self.observed.send_modify(|told| {
            let beat = told.beat;
            told.clone_from(observed);
            told.beat = beat;
        });
    }

    /// The failures since the last call, for lines to report.
    pub(super) fn take_errors(&self) -> u64 {
        self.errors.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{ReadError, ReadErrorKind};
    use std::time::Duration;

    #[test]
    fn a_beat_wakes_no_interface_and_news_does() {
        let now = Moment::now();
        let observers = Observers::new(&now);
        let mut receiver = observers.subscribe();
        let later = Moment::new(now.wall, now.monotonic + Duration::from_secs(1));
        observers.beat(&later);
        assert!(!receiver.has_changed().unwrap());
        assert_eq!(receiver.borrow().beat, later.monotonic);

        let mut observed = Observed::new(now.monotonic);
        let error = ReadError::new(ReadErrorKind::Timeout, "none");
        observed.take(&Err(error), now.monotonic);
        observers.tell(&observed);
        assert!(receiver.has_changed().unwrap());
        let told = receiver.borrow_and_update().clone();
        assert_eq!(
            (told.failure, told.beat),
            (observed.failure, later.monotonic)
        );
        drop(observers);
        assert!(receiver.has_changed().is_err());
    }

    #[test]
    fn each_failure_is_taken_once() {
        let observers = Observers::new(&Moment::now());
        let errors = observers.errors();
        errors.fetch_add(3, Ordering::Relaxed);
        assert_eq!(observers.take_errors(), 3);
        errors.fetch_add(1, Ordering::Relaxed);
        assert_eq!((observers.take_errors(), observers.take_errors()), (1, 0));
    }
}
