//! Repeats an attempt until the clock is good, as `--wait` asks.

use std::pin::pin;
use std::time::Duration;

use tokio::time::Instant;

use super::verdict::{self, Form};
use crate::clock::Report;
use crate::program::exit::Exit;

/// The time between the beginnings of two attempts.
const PAUSE: Duration = Duration::from_secs(1);
/// The shortest pause after a slow attempt: a clock does not ask its source sooner.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// The outcome of an attempt, or of the last of several.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Attempt {
    /// What is printed.
    pub(super) output: String,
    /// The exit code, which is [`Exit::NoReading`] only if no attempt gave a reading.
    pub(super) exit: Exit,
}

impl Attempt {
    pub(super) fn of_report(report: &Report, form: Form) -> Self {
        Self {
            output: form.show(report),
            exit: verdict::exit(report),
        }
    }
}

/// Attempts until the clock is good, as [`until_good`] does, and prints the last outcome.
pub(super) async fn run(
    wait: Option<Duration>,
    shutdown: impl Future<Output = ()>,
    attempt: impl AsyncFnMut() -> Attempt,
) -> Exit {
    match until_good(wait, shutdown, attempt).await {
        Some(last) => {
            verdict::print(&last.output);
            last.exit
        }
        None => Exit::NoReading,
    }
}

/// Attempts once. With a waiting time, repeats that every second until the clock is good, the time is over, or
/// `shutdown` is ready. `None` if `shutdown` came before the first outcome.
///
/// The last attempt begins, at the latest, when the time is over; like every attempt it is given the time that one
/// request may take.
#[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
async fn until_good(
    wait: Option<Duration>,
    shutdown: impl Future<Output = ()>,
    mut attempt: impl AsyncFnMut() -> Attempt,
) -> Option<Attempt> {
    let mut shutdown = pin!(shutdown);
    let deadline = Instant::now() + wait.unwrap_or_default();
    let mut last: Option<Attempt> = None;
    loop {
        let began = Instant::now();
        let mut attempted = tokio::select! {
            biased;
            attempted = attempt() => attempted,
            () = &mut shutdown => return last,
        };
        if let (Exit::NoReading, Some(last)) = (attempted.exit, last) {
            attempted.exit = last.exit;
        }
        let now = Instant::now();
        if attempted.exit == Exit::Success || now >= deadline {
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
                        output: count.to_string(),
                        exit: [Exit::NotGood, Exit::NoReading][usize::from(count > 1)],
                    }
                },
            );
            let last = last.await.unwrap();
            assert_eq!(last.output, attempts.to_string());
            assert_eq!(last.exit, Exit::NotGood);
            let took = began.elapsed();
            assert!(took >= Duration::from_millis(wait_ms), "{took:?}");
            assert!(took < Duration::from_millis(over_ms), "{took:?}");
        }
    }
}
