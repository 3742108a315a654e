//! The raw clock: the machine's oscillator as it runs, which no time daemon corrects.

use std::time::Duration;

/// The present value of `CLOCK_MONOTONIC_RAW`; `None` if the system has no such clock. It is read on Linux only:
/// elsewhere the monotonic clock is not slewed.
pub(super) fn now() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    return read();
    #[cfg(not(target_os = "linux"))]
    None
}

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "the standard library does not read this clock, and libc only as a foreign function"
)]
fn read() -> Option<Duration> {
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

#[cfg(all(test, target_os = "linux", not(miri)))]
mod tests {
    use super::*;

    #[test]
    fn it_runs() {
        let first = now().unwrap();
        std::thread::sleep(Duration::from_millis(1));
        assert!(now().unwrap() > first);
    }
}
