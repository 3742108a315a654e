//! Repeats an attempt until the clock is good, as `--wait` asks.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use crate::program::exit::Exit;

/// The time between the beginnings of two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest pause after a slow attempt: a clock does not ask its source sooner.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The outcome of an attempt, or of the last of several.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Attempt<T> {
    /// What is printed.
    pub output: T,
    /// Whether the clock is good.
    pub is_good: bool,
    /// Whether this or an earlier attempt gave a reading.
    pub had_reading: bool,
}

impl<T> Attempt<T> {
    /// The exit code if this is the last attempt.
    pub(crate) fn exit(&self) -> Exit {
        match (self.is_good, self.had_reading) {
            (true, _) => Exit::Success,
            (false, true) => Exit::NotGood,
            (false, false) => Exit::NoReading,
        }
    }
}

/// Attempts once. With a waiting time, repeats that every second until the clock is good, the time is over, or
/// `shutdown` is ready. `None` if `shutdown` came before the first outcome.
///
/// The last attempt begins, at the latest, when the time is over; like every attempt it is given the time that one
/// request may take.
#[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
pub(crate) async fn until_good<T>(
    wait: Option<Duration>,
    shutdown: impl Future<Output = ()>,
    mut attempt: impl AsyncFnMut() -> Attempt<T>,
) -> Option<Attempt<T>> {
    let mut shutdown = pin!(shutdown);
    let deadline = Instant::now() + wait.unwrap_or_default();
    let mut last: Option<Attempt<T>> = None;
    loop {
        let began = Instant::now();
        let mut attempted = tokio::select! {
            biased;
            attempted = attempt() => attempted,
            () = &mut shutdown => return last,
        };
        attempted.had_reading |= last.is_some_and(|last| last.had_reading);
        let now = Instant::now();
        if attempted.is_good || now >= deadline {
            return Some(attempted);
        }
        last = Some(attempted);
        let next = (began + PAUSE).max(now + SHORTEST_PAUSE);
        tokio::select! {
            () = tokio::time::sleep_until(deadline.min(next)) => {}
            () = &mut shutdown => return last,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    #[expect(clippy::disallowed_methods, reason = "a paused clock, not a reading")]
    async fn waiting_ends_in_time() {
        for (wait_ms, over_ms, attempts) in [(0, 100, 1), (500, 600, 2), (1_500, 1_600, 3)] {
            let mut count = 0;
            let began = Instant::now();
            let last = until_good(
                Some(Duration::from_millis(wait_ms)),
                std::future::pending(),
                async || {
                    count += 1;
                    Attempt {
                        output: count,
                        is_good: false,
                        had_reading: count == 1,
                    }
                },
            );
            let last = last.await.unwrap();
            assert_eq!((last.output, last.had_reading), (attempts, true));
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(wait_ms), "{took:?}");
            assert!(took < Duration::from_millis(over_ms), "{took:?}");
        }
    }
}
