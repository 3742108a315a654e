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

use std::io;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use self::trouble::{RETRY, Trouble};
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
            let (observed, disturbed) = (observers.subscribe(), observers.disturbed());
            let trouble = Trouble::new("clockbound-directory", observers.errors());
            spawn(trouble, running.clone(), move |trouble| {
                clockbound::publish(settings, observed, disturbed, trouble)
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
    W: FnOnce(Trouble) -> F + Clone + Send + 'static,
    F: Future<Output = ()>,
{
    start(trouble, move |trouble| {
        let (trouble, running, work) = (trouble.clone(), running.clone(), work.clone());
        let thread = std::thread::Builder::new().name(trouble.way().to_owned());
        thread.spawn(move || {
            run(trouble, work);
            drop(running);
        })?;
        Ok(())
    });
}

/// Starts a thread; where the system refuses one, again after [`RETRY`].
fn start(
    mut trouble: Trouble,
    mut thread: impl FnMut(&Trouble) -> io::Result<()> + Send + 'static,
) {
    let mut attempt = move || {
        let started = thread(&trouble);
        if let Err(error) = &started {
            trouble.failed(&format!("no thread can be started: {error}"));
        }
        started.is_ok()
    };
    if attempt() {
        return;
    }
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(RETRY).await;
            if attempt() {
                return;
            }
        }
    });
}

/// Runs a way of asking on this thread; where the system refuses what its runtime needs, again after [`RETRY`].
fn run<F: Future<Output = ()>>(mut trouble: Trouble, work: impl FnOnce(Trouble) -> F) {
    loop {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .build();
        match runtime {
            Ok(runtime) => return runtime.block_on(work(trouble)),
            Err(error) => trouble.failed(&error),
        }
        std::thread::sleep(RETRY);
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
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;
    use crate::time::Moment;

    #[test]
    fn with_everything_off_there_is_nothing_to_wait_for() {
        let observers = Observers::new(&Moment::now());
        let answers = Answers::start(Settings::default(), &observers);
        answers.finish(Duration::from_secs(3_600));
    }

    /// Regression: it was reported as to be tried again, and never was.
    #[tokio::test(start_paused = true)]
    async fn a_thread_that_is_refused_is_asked_for_each_minute() {
        let errors = Arc::<AtomicU64>::default();
        let trouble = Trouble::new("listen", Arc::clone(&errors));
        let (attempts, attempted) = channel();
        let begin = tokio::time::Instant::now();
        start(trouble, move |_| {
            let minutes = begin.elapsed().as_secs() / 60;
            attempts.send(minutes).map_err(io::Error::other)?;
            if minutes < 2 {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            Ok(())
        });
        tokio::time::sleep(Duration::from_secs(600)).await;
        assert_eq!(attempted.iter().collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(errors.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_reading_is_fresh_for_a_minute_or_three_intervals() {
        for (interval_ms, fresh_ms) in [(100, 60_000), (20_000, 60_000), (21_000, 63_000)] {
            let fresh = freshness(Duration::from_millis(interval_ms));
            assert_eq!(fresh, Duration::from_millis(fresh_ms));
        }
    }
}
