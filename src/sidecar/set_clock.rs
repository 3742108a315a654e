//! Wakes when the wall clock is set, so that two steps between two samples are not mistaken for one.

#[cfg(target_os = "linux")]
pub(super) use self::linux::SetClock;
#[cfg(not(target_os = "linux"))]
pub(super) use self::other::SetClock;

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::Duration;

    use rustix::io::Errno;
    use rustix::time::{TimerfdClockId, TimerfdTimerFlags};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;
    use tracing::debug;

    use crate::sidecar::timerfd;

    /// A timer on the wall clock that the kernel cancels when the clock is set
    /// ([timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html)).
    #[derive(Debug)]
    pub(in crate::sidecar) struct SetClock(Option<AsyncFd<OwnedFd>>);

    impl SetClock {
        /// The year 2255, so that only a cancellation ends the timer.
        const NEVER: Duration = Duration::from_secs(9_000_000_000);

        /// Must be called within a tokio runtime that has I/O. If the kernel has no such timer, or no descriptor is left,
        /// nothing ever wakes: a step is then noticed with the next sample.
        pub(in crate::sidecar) fn new() -> Self {
            let timer = Self::timer();
            if let Err(error) = &timer {
                debug!(%error, "a step of the wall clock is noticed with the next sample, not at once");
            }
            Self(timer.ok())
        }

        fn timer() -> io::Result<AsyncFd<OwnedFd>> {
            let timer = timerfd::create(TimerfdClockId::Realtime)?;
            let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
            timerfd::start(&timer, flags, Self::NEVER)?;
            Ok(timer)
        }

        /// Waits until the wall clock is set. Returns at once if it was set since the last call.
        pub(in crate::sidecar) async fn wait(&self) {
            let Some(timer) = &self.0 else {
                return std::future::pending().await;
            };
            let set = timer.async_io(Interest::READABLE, |timer| {
                match rustix::io::read(timer, &mut [0; 8]) {
                    Err(Errno::CANCELED) => Ok(()),
                    Err(error) => Err(error.into()),
                    // The timer expired, in the year 2255.
                    Ok(_) => Err(io::ErrorKind::WouldBlock.into()),
                }
            });
            if set.await.is_err() {
                // It would be ready forever.
                std::future::pending::<()>().await;
            }
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// Tests cannot set the machine's clock; but a wait that ends without a cause would be a busy loop.
        #[tokio::test]
        async fn nothing_wakes_while_the_clock_is_not_set() {
            let set_clock = SetClock::new();
            assert!(set_clock.0.is_some());
            let woken = tokio::time::timeout(Duration::from_millis(100), set_clock.wait()).await;
            assert!(woken.is_err());
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod other {
    /// Only Linux has a timer that wakes when the wall clock is set: a step is noticed with the next sample.
    #[derive(Debug)]
    pub(in crate::sidecar) struct SetClock;

    impl SetClock {
        pub(in crate::sidecar) fn new() -> Self {
            Self
        }

        pub(in crate::sidecar) async fn wait(&self) {
            std::future::pending().await
        }
    }
}
