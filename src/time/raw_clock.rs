//! The raw clock: the machine's oscillator as it runs, which no time daemon corrects.

use std::time::Duration;

/// The present value of `CLOCK_MONOTONIC_RAW`; `None` if the system has no such clock.
#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the standard library does not read this clock, and libc only as a foreign function"
)]
pub(super) fn now() -> Option<Duration> {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the pointer is to a live `timespec` of this frame, which the system fills and does not keep.
    let result = unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC_RAW, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).ok()?;
    let nanoseconds = u32::try_from(time.tv_nsec).ok()?;
    (result == 0).then(|| Duration::new(seconds, nanoseconds))
}

/// The raw clock is read on Linux only: elsewhere the monotonic clock is not slewed.
#[cfg(not(target_os = "linux"))]
pub(super) fn now() -> Option<Duration> {
    None
}
