//! The kernel's clock: the estimate that the time daemon wrote, and the correction that is still pending.
//!
//! The figure is the daemon's estimate and not a guarantee. Reading it needs no privilege and adjusts nothing.

#[cfg(target_os = "linux")]
mod call;
#[cfg(target_os = "linux")]
mod interpret;

use crate::reading::{ReadError, Reading};
use crate::time::DriftRate;

/// Whether this platform has the source.
pub(super) const AVAILABLE: bool = cfg!(target_os = "linux");

/// Asks the kernel once.
///
/// # Errors
/// [`ReadErrorKind::Kernel`](crate::ReadErrorKind::Kernel) if the kernel refuses the call, for example
/// under the seccomp profile of an old container runtime.
#[cfg(target_os = "linux")]
pub(super) fn read(drift: DriftRate) -> Result<Reading, ReadError> {
    use crate::reading::ClockSource;
    use crate::time::Moment;

    let requested = Moment::now();
    let answer = call::ask()?;
    let mut reading = Reading::new(ClockSource::Kernel, requested, Moment::now());
    let (status, bound) = interpret::interpret(&answer, requested.wall, drift);
    reading.status = status;
    (reading.bound, reading.bound_unknown) = match bound {
        Ok(bound) => (Some(bound), None),
        Err(reason) => (None, Some(reason)),
    };
    Ok(reading)
}

/// Always fails: this platform has no `adjtimex(2)`.
#[cfg(not(target_os = "linux"))]
pub(super) fn read(_drift: DriftRate) -> Result<Reading, ReadError> {
    Err(ReadError::new(
        crate::reading::ReadErrorKind::Kernel,
        "this platform has no adjtimex",
    ))
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use crate::reading::{ClockSource, SyncStatus};

    #[test]
    fn this_kernel_answers() {
        let reading = read(DriftRate::DEFAULT).unwrap();
        assert_eq!(reading.source, ClockSource::Kernel);
        assert_eq!(reading.reference, None);
        assert_ne!(reading.status, SyncStatus::Unknown);
        assert!(reading.bound.is_none() || reading.is_synchronized());
    }
}
