//! The machine's clocks as a segment needs them: the coarse monotonic one, and word of the wall clock
//! being set.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_getres,
    clock_gettime, timerfd_create, timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The present on `CLOCK_MONOTONIC_COARSE`, as time since the machine's start.
///
/// Clients read this clock, which lags the fine one by up to [`resolution`]: a segment stamped by the fine
/// one would lie in their future.
pub(super) fn coarse() -> Duration {
    duration(clock_gettime(ClockId::MonotonicCoarse))
}

/// How far the coarse clock may lag behind the fine one.
pub(super) fn resolution() -> Duration {
    duration(clock_getres(ClockId::MonotonicCoarse))
}

fn duration(time: Timespec) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    let nanos = u32::try_from(time.tv_nsec).unwrap_or_default();
    Duration::new(seconds, nanos)
}

/// Wakes when the wall clock is set: a timer on it that the kernel cancels then
/// ([timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html)).
#[derive(Debug)]
pub(super) struct SetClock(AsyncFd<OwnedFd>);

impl SetClock {
    /// So late that nothing but being canceled ends the timer: the year 2255.
    const NEVER: Timespec = Timespec {
        tv_sec: 9_000_000_000,
        tv_nsec: 0,
    };

    /// Must be called within a tokio runtime that has I/O.
    ///
    /// # Errors
    /// Where the kernel has no such timer, or no descriptor is left.
    #[expect(
        deprecated,
        reason = "its replacement is unsafe, since a descriptor could be closed or replaced by others; this one is owned here and never given away"
    )]
    pub(super) fn new() -> io::Result<Self> {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Realtime, flags)?;
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        let once = Itimerspec {
            it_interval: Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            },
            it_value: Self::NEVER,
        };
        timerfd_settime(&timer, flags, &once)?;
        Ok(Self(AsyncFd::with_interest(timer, Interest::READABLE)?))
    }

    /// Waits until the wall clock is set, or was since the last call.
    pub(super) async fn wait(&self) {
        let set = self.0.async_io(Interest::READABLE, |timer| {
            match rustix::io::read(timer, &mut [0; 8]) {
                Err(Errno::CANCELED) => Ok(()),
                Err(error) => Err(error.into()),
                // It went off, in the year 2255.
                Ok(_) => Err(io::ErrorKind::WouldBlock.into()),
            }
        });
        if set.await.is_err() {
            // It would be ready for ever: from now on only the tick notices steps.
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn the_coarse_clock_lags_and_never_leads() {
        for _ in 0..1_000 {
            let coarse = coarse();
            let fine = duration(clock_gettime(ClockId::Monotonic));
            assert!(coarse <= fine, "{coarse:?} {fine:?}");
        }
        assert!(
            resolution() <= Duration::from_millis(10),
            "{:?}",
            resolution()
        );
    }

    /// The tests cannot set the machine's clock; but a wait that ends by itself would be an endless loop.
    #[tokio::test]
    async fn nobody_is_woken_while_the_clock_is_not_set() {
        let set_clock = SetClock::new().unwrap();
        let begin = Instant::now();
        let woken = tokio::time::timeout(Duration::from_millis(100), set_clock.wait()).await;
        assert!(woken.is_err(), "after {:?}", begin.elapsed());
    }
}
