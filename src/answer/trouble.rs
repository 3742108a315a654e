//! A way of asking that fails: reported once, counted each time, tried again after a minute at most.

use std::fmt::Display;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tracing::{info, warn};

/// From one try to the next.
pub(super) const RETRY: Duration = Duration::from_secs(60);

/// Follows one way of asking.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    way: &'static str,
    errors: Arc<AtomicU64>,
    /// What was reported last, while it lasts.
    reported: Option<String>,
}

impl Trouble {
    /// `way` names the way in reports; `errors` counts the failures of all.
    pub(super) fn new(way: &'static str, errors: Arc<AtomicU64>) -> Self {
        Self {
            way,
            errors,
            reported: None,
        }
    }

    /// The name of the way.
    pub(super) fn way(&self) -> &'static str {
        self.way
    }

    /// It failed, and will be tried again after [`RETRY`].
    pub(super) fn failed(&mut self, error: &dyn Display) {
        self.errors.fetch_add(1, Ordering::Relaxed);
        let error = error.to_string();
        if self.reported.as_ref() != Some(&error) {
            warn!(
                way = self.way,
                error,
                "other programs cannot ask this way; it is tried again after a minute at most"
            );
            self.reported = Some(error);
        }
    }

    /// It works.
    pub(super) fn works(&mut self) {
        if self.reported.take().is_some() {
            info!(way = self.way, "other programs can ask this way again");
        }
    }

    /// Whether it has failed and not worked since.
    #[cfg(test)]
    pub(super) fn is_failing(&self) -> bool {
        self.reported.is_some()
    }
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
}
