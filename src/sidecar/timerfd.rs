//! Timers of the kernel as descriptors: [timerfd_create(2)](https://man7.org/linux/man-pages/man2/timerfd_create.2.html).
#![cfg(target_os = "linux")]

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// A timer that is not started. Must be called within a tokio runtime that has I/O.
///
/// # Errors
/// If the kernel has no such timer, or no descriptor is left.
#[expect(
    deprecated,
    reason = "its replacement is unsafe, since a descriptor could be closed or replaced by others; this one is owned and never given away"
)]
pub(super) fn create(clock: TimerfdClockId) -> io::Result<AsyncFd<OwnedFd>> {
    let timer = timerfd_create(clock, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
    AsyncFd::with_interest(timer, Interest::READABLE)
}

/// Starts it anew, to end once.
///
/// # Errors
/// If the kernel refuses the flags.
pub(super) fn start(
    timer: &AsyncFd<OwnedFd>,
    flags: TimerfdTimerFlags,
    end: Duration,
) -> io::Result<()> {
    let once = Itimerspec {
        it_interval: timespec(Duration::ZERO),
        it_value: timespec(end),
    };
    timerfd_settime(timer.get_ref(), flags, &once)?;
    Ok(())
}

fn timespec(time: Duration) -> Timespec {
    Timespec {
        tv_sec: time.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: time.subsec_nanos().into(),
    }
}
