//! Wakes the loop at a time. Tokio's timer wakes the process twice for a time that is more than 64 ms away, since its wheel
//! has slots of that size; the kernel's wakes it once.

use std::time::Instant;

/// Wakes at a time.
#[derive(Debug)]
pub(super) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<linux::Timer>,
}

impl Alarm {
    /// Must be called within a tokio runtime that has time and I/O.
    pub(super) fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            timer: linux::Timer::new().ok(),
        }
    }

    /// Waits until a time, and forever for none.
    pub(super) async fn wait_until(&mut self, time: Option<Instant>) {
        let Some(time) = time else {
            return std::future::pending().await;
        };
        #[cfg(target_os = "linux")]
        if let Some(timer) = &mut self.timer {
            if timer.wait_until(time).await.is_ok() {
                return;
            }
            self.timer = None;
        }
        tokio::time::sleep_until(time.into()).await;
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::OwnedFd;
    use std::time::{Duration, Instant};

    use rustix::io::Errno;
    use rustix::time::{TimerfdClockId, TimerfdTimerFlags};
    use tokio::io::unix::AsyncFd;

    use crate::sidecar::timerfd;

    #[derive(Debug)]
    pub(super) struct Timer {
        descriptor: AsyncFd<OwnedFd>,
        /// When it ends, so that it is started only for another time.
        end: Option<Instant>,
    }

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let descriptor = timerfd::create(TimerfdClockId::Monotonic)?;
            Ok(Self {
                descriptor,
                end: None,
            })
        }

        #[expect(clippy::disallowed_methods, reason = "a deadline, not a reading")]
        pub(super) async fn wait_until(&mut self, time: Instant) -> io::Result<()> {
            if self.end != Some(time) {
                let left = time.saturating_duration_since(Instant::now());
                // Zero would stop it.
                let left = left.max(Duration::from_nanos(1));
                timerfd::start(&self.descriptor, TimerfdTimerFlags::empty(), left)?;
                self.end = Some(time);
            }
            loop {
                let mut ready = self.descriptor.readable().await?;
                let read = rustix::io::read(&self.descriptor, &mut [0; 8]);
                ready.clear_ready();
                match read {
                    // It ended before it was started anew.
                    Err(Errno::AGAIN | Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                    Ok(_) => {
                        self.end = None;
                        return Ok(());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "these tests wait for real")]
mod tests {
    use super::*;
    use std::time::Duration;

    const SOON: Duration = Duration::from_millis(20);
    const LONG: Duration = Duration::from_secs(3600);

    async fn rings(alarm: &mut Alarm, time: Instant) {
        let rung = tokio::time::timeout(LONG / 60, alarm.wait_until(Some(time))).await;
        assert!(rung.is_ok() && Instant::now() >= time);
    }

    #[tokio::test]
    async fn it_rings_at_each_time_and_never_before() {
        let mut alarm = Alarm::new();
        for number in 0..4 {
            rings(&mut alarm, Instant::now() + SOON * number).await;
        }
        // One that has passed.
        rings(&mut alarm, Instant::now()).await;
    }

    /// Whether it rings within a while.
    async fn rings_soon(alarm: &mut Alarm, time: Option<Instant>) -> bool {
        let rung = tokio::time::timeout(2 * SOON, alarm.wait_until(time));
        rung.await.is_ok()
    }

    #[tokio::test]
    async fn an_earlier_time_replaces_a_later_one_and_the_reverse() {
        let mut alarm = Alarm::new();
        let late = Instant::now() + LONG;
        assert!(!rings_soon(&mut alarm, Some(late)).await);
        rings(&mut alarm, Instant::now() + SOON).await;
        // It ends while nobody waits.
        let soon = Instant::now() + SOON;
        let _ = tokio::time::timeout(Duration::ZERO, alarm.wait_until(Some(soon))).await;
        tokio::time::sleep(2 * SOON).await;
        assert!(!rings_soon(&mut alarm, Some(late)).await);
        assert!(!rings_soon(&mut alarm, None).await);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn without_the_kernels_timer_it_rings_too() {
        let mut alarm = Alarm { timer: None };
        rings(&mut alarm, Instant::now() + SOON).await;
    }
}
