//! The kernel's own estimate of the clock's error, read with `adjtimex(2)`. Reads only: no privilege
//! is needed and nothing is adjusted.

use crate::reading::{ClockSource, ReadError, Reading, SyncStatus};
use crate::time::{ErrorBound, Moment};

/// The value at which the kernel's `maxerror` stops growing, in microseconds. It is no measurement.
const MAXERROR_CAP: u64 = 16_000_000;

/// Whether this platform has the source.
pub(crate) const AVAILABLE: bool = cfg!(target_os = "linux");

/// Asks the kernel once.
///
/// # Errors
/// [`ReadErrorKind::Kernel`](crate::ReadErrorKind::Kernel) if the kernel refuses, as an old container
/// runtime's seccomp profile makes it, or on a platform without `adjtimex`.
pub(crate) fn read() -> Result<Reading, ReadError> {
    let requested = Moment::now();
    let answer = ask()?;
    let mut reading = Reading::new(ClockSource::Kernel, requested, Moment::now());
    (reading.status, reading.bound) = interpret(&answer);
    Ok(reading)
}

/// The part of the kernel's answer that is used.
struct Answer {
    /// The return value or `STA_UNSYNC` says that the clock is not synchronized.
    unsynchronized: bool,
    /// The upper bound of the error in microseconds; negative values do not occur.
    maxerror: Option<u64>,
}

/// A bound at its cap or of a clock that nobody disciplines is no measurement.
fn interpret(answer: &Answer) -> (SyncStatus, Option<ErrorBound>) {
    match answer.maxerror {
        Some(micros) if !answer.unsynchronized && micros < MAXERROR_CAP => (
            SyncStatus::Synchronized,
            ErrorBound::from_micros(micros).ok(),
        ),
        _ => (SyncStatus::NotSynchronized, None),
    }
}

#[cfg(target_os = "linux")]
#[expect(
    unsafe_code,
    reason = "libc offers adjtimex only as a foreign function"
)]
fn ask() -> Result<Answer, ReadError> {
    // SAFETY: `timex` consists of integers alone, for which all bits zero is a valid value; zero in
    // `modes` makes the call read only.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is to a live `timex` of this frame, which the kernel fills and does not keep.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    if state < 0 {
        let error = std::io::Error::last_os_error();
        return Err(ReadError::new(
            crate::reading::ReadErrorKind::Kernel,
            format!("adjtimex: {error}"),
        ));
    }
    Ok(Answer {
        unsynchronized: state == libc::TIME_ERROR || timex.status & libc::STA_UNSYNC != 0,
        maxerror: u64::try_from(timex.maxerror).ok(),
    })
}

#[cfg(not(target_os = "linux"))]
fn ask() -> Result<Answer, ReadError> {
    Err(ReadError::new(
        crate::reading::ReadErrorKind::Kernel,
        "this platform has no adjtimex",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_at_the_cap_or_unsynchronized_is_no_measurement() {
        for (unsynchronized, maxerror, expected) in [
            (false, Some(0), Some(0)),
            (false, Some(1_500), Some(1_500_000)),
            (false, Some(15_999_999), Some(15_999_999_000)),
            (false, Some(16_000_000), None),
            (false, Some(u64::MAX), None),
            (false, None, None),
            (true, Some(1_500), None),
        ] {
            let (status, bound) = interpret(&Answer {
                unsynchronized,
                maxerror,
            });
            let nanoseconds = bound.map(|bound| bound.as_duration().as_nanos());
            assert_eq!(nanoseconds, expected, "{unsynchronized} {maxerror:?}");
            assert_eq!(
                status == SyncStatus::Synchronized,
                expected.is_some(),
                "{unsynchronized} {maxerror:?}"
            );
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_kernel_answers() {
        let reading = read().unwrap();
        assert_eq!(reading.source, ClockSource::Kernel);
        assert_eq!(reading.reference, None);
        assert_eq!(reading.bound.is_some(), reading.is_synchronized());
    }
}
