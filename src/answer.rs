//! The interfaces that applications of the task query: JSON over HTTP on loopback, and a ClockBound segment
//! that client libraries map.
//!
//! Both use the sidecar's own readings and send no request themselves. Each has its own thread, so that
//! no client can delay a sample. An interface that is off costs nothing.
#![cfg(feature = "cli")]

#[cfg(target_os = "linux")]
pub(crate) mod clockbound;
pub(crate) mod http;
mod settings;
mod thread;
mod trouble;

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

pub(crate) use self::settings::{Rules, Settings};
use self::trouble::Trouble;
use crate::sidecar::Observers;

/// The running interfaces.
#[derive(Debug)]
pub(crate) struct Answers {
    over: Receiver<()>,
}

impl Answers {
    /// Starts the interfaces that `settings` name.
    #[must_use]
    pub(crate) fn start(settings: Settings, observers: &Observers) -> Self {
        let (running, over) = channel();
        let rules = settings.rules;
        if let Some(address) = settings.listen {
            let (observed, disturbed) = (observers.subscribe(), observers.disturbed());
            let trouble = Trouble::new("listen", observers.errors());
            thread::spawn(trouble, running.clone(), move |trouble| {
                http::serve(address, rules, observed, disturbed, trouble)
            });
        }
        #[cfg(target_os = "linux")]
        if let Some(directory) = settings.clockbound_directory {
            let (observed, disturbed) = (observers.subscribe(), observers.disturbed());
            let trouble = Trouble::new("clockbound-directory", observers.errors());
            thread::spawn(trouble, running.clone(), move |trouble| {
                clockbound::publish(directory, rules, observed, disturbed, trouble)
            });
        }
        Self { over }
    }

    /// Waits until every interface has ended, so that no segment is left half-written. They end once the
    /// sidecar's [`Observers`] are dropped. Gives up after `patience`, because a disk may hang.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Limits;
    use crate::time::{DriftRate, Moment};

    #[test]
    fn with_everything_off_there_is_nothing_to_wait_for() {
        let observers = Observers::new(&Moment::now());
        let rules = Rules {
            limits: Limits::default(),
            drift: DriftRate::DEFAULT,
            sample_interval: Duration::from_secs(10),
        };
        let settings = Settings {
            listen: None,
            clockbound_directory: None,
            rules,
        };
        let answers = Answers::start(settings, &observers);
        answers.finish(Duration::from_secs(3_600));
    }
}
