//! How the other programs of the task ask for the clock: JSON over HTTP on loopback, and a ClockBound
//! segment that client libraries map.
//!
//! Both rest on the sidecar's own readings and make no request themselves. Each has a thread to itself, so
//! that neither can delay the metrics, and nothing exists of what is turned off.
#![cfg(feature = "cli")]

#[cfg(target_os = "linux")]
pub(crate) mod clockbound;
pub(crate) mod http;
mod trouble;

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use self::trouble::Trouble;
use crate::sidecar::Observers;

/// Which ways of asking there are to be, and by which rules.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Settings {
    /// JSON over HTTP, if wanted.
    pub http: Option<http::Settings>,
    /// The ClockBound segment, if wanted.
    #[cfg(target_os = "linux")]
    pub clockbound: Option<clockbound::Settings>,
}

/// The ways of asking, running.
#[derive(Debug)]
pub(crate) struct Answers {
    over: Receiver<()>,
}

impl Answers {
    /// Starts what `settings` ask for: nothing, where they ask for nothing.
    #[must_use]
    pub(crate) fn start(settings: Settings, observers: &Observers) -> Self {
        let (running, over) = channel();
        if let Some(settings) = settings.http {
            let observed = observers.subscribe();
            let trouble = Trouble::new("listen", observers.errors());
            spawn(trouble, running.clone(), move |trouble| {
                http::serve(settings, observed, trouble)
            });
        }
        #[cfg(target_os = "linux")]
        if let Some(settings) = settings.clockbound {
            let (observed, stepped) = (observers.subscribe(), observers.stepped());
            let trouble = Trouble::new("clockbound-directory", observers.errors());
            spawn(trouble, running.clone(), move |trouble| {
                clockbound::publish(settings, observed, stepped, trouble)
            });
        }
        Self { over }
    }

    /// Waits until everything has ended, which it does once the sidecar's [`Observers`] are gone, so that no
    /// segment is left half-written. Gives up after `patience`: a disk may hang.
    #[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
    pub(crate) fn finish(self, patience: Duration) {
        let deadline = Instant::now() + patience;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.over.recv_timeout(left) {
                Ok(()) => {}
                Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => return,
            }
        }
    }
}

/// Runs a way of asking on a thread and a runtime of its own.
fn spawn<F, W>(trouble: Trouble, running: Sender<()>, work: W)
where
    W: FnOnce(Trouble) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let mut refused = trouble.clone();
    let thread = std::thread::Builder::new().name(trouble.way().to_owned());
    let spawned = thread.spawn(move || {
        let mut trouble = trouble;
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build();
        match runtime {
            Ok(runtime) => runtime.block_on(work(trouble)),
            Err(error) => trouble.failed(&error),
        }
        drop(running);
    });
    if let Err(error) = spawned {
        refused.failed(&error);
    }
}

/// How old a reading may be to be answered with, given the time from one reading to the next: a minute, or
/// three of these times if that is longer.
#[must_use]
pub(crate) fn freshness(sample_interval: Duration) -> Duration {
    sample_interval
        .saturating_mul(3)
        .max(Duration::from_secs(60))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Moment;

    #[test]
    fn with_everything_off_there_is_nothing_to_wait_for() {
        let observers = Observers::new(&Moment::now());
        let answers = Answers::start(Settings::default(), &observers);
        answers.finish(Duration::from_secs(3_600));
    }

    #[test]
    fn a_reading_is_fresh_for_a_minute_or_three_intervals() {
        for (interval_ms, fresh_ms) in [(100, 60_000), (20_000, 60_000), (21_000, 63_000)] {
            let fresh = freshness(Duration::from_millis(interval_ms));
            assert_eq!(fresh, Duration::from_millis(fresh_ms));
        }
    }
}
