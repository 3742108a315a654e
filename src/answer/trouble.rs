//! The failures of an interface: each is counted, a new one is reported, and every one is retried.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{info, warn};

/// The longest pause between two attempts.
pub(super) const RETRY: Duration = Duration::from_secs(60);
/// The pause after the first failure.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// Counts and reports the failures of one interface.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    interface: &'static str,
    errors: Arc<AtomicU64>,
    /// The last report, until the interface works again.
    reported: Option<String>,
}

impl Trouble {
    /// `interface` is the option's name; `errors` is shared by all interfaces.
    pub(super) fn new(interface: &'static str, errors: Arc<AtomicU64>) -> Self {
        Self {
            interface,
            errors,
            reported: None,
        }
    }

    /// The name of the interface's option.
    pub(super) fn interface(&self) -> &'static str {
        self.interface
    }

    /// Counts a failure. Reports it unless it is the same as the last one.
    pub(super) fn failed(&mut self, error: &dyn Display) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let error = error.to_string();
        if self.reported.as_ref() != Some(&error) {
            warn!(
                interface = self.interface,
                error, "not available to applications; retrying within a minute"
            );
            self.reported = Some(error);
        }
    }

    /// Reports the end of a failure, if there was one.
    pub(super) fn works(&mut self) {
        if self.reported.take().is_some() {
            info!(
                interface = self.interface,
                "available to applications again"
            );
        }
    }

    /// Whether it has failed and not worked since.
    #[cfg(test)]
    pub(super) fn is_failing(&self) -> bool {
        self.reported.is_some()
    }
}

/// The pauses between attempts: from a second, doubling, to [`RETRY`].
///
/// What fails at the start is often over in a second, such as the port of the predecessor in the same task.
pub(super) fn retry_pauses() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(FIRST_RETRY), |pause| Some((*pause * 2).min(RETRY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_counts_though_it_is_reported_once() {
        let errors = Arc::new(AtomicU64::new(0));
        let mut trouble = Trouble::new("listen", Arc::clone(&errors));
        trouble.works();
        assert!(!trouble.is_failing());
        for _ in 0..3 {
            trouble.failed(&"address in use");
        }
        assert!(trouble.is_failing());
        assert_eq!(errors.load(Ordering::Relaxed), 3);
        trouble.works();
        assert!(!trouble.is_failing());
    }

    #[test]
    fn the_pauses_grow_from_a_second_to_a_minute() {
        let pauses: Vec<u64> = retry_pauses()
            .take(9)
            .map(|pause| pause.as_secs())
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
    }
}
