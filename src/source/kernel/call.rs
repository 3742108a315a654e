//! The system calls that read the kernel's clock discipline.
#![expect(
    unsafe_code,
    reason = "libc offers these calls only as foreign functions"
)]

use std::io;

use super::interpret::{Answer, Timex};
use crate::reading::{ReadError, ReadErrorKind};

/// The mode of a call that reads and changes nothing.
const READ: libc::c_uint = 0;

/// Reads the state of the clock and the rest of an `adjtime(3)` slew.
pub(super) fn ask() -> Result<Answer, ReadError> {
    let (state, timex) = adjust(READ)?;
    // With this mode `offset` is the rest of the slew, in microseconds.
    let (_, slew) = adjust(libc::ADJ_OFFSET_SS_READ)?;
    #[allow(
        clippy::useless_conversion,
        reason = "these members have 32 bits on 32-bit systems"
    )]
    Ok(Answer {
        state,
        timex: Timex {
            offset: timex.offset.into(),
            freq: timex.freq.into(),
            maxerror: timex.maxerror.into(),
            esterror: timex.esterror.into(),
            status: timex.status,
            tick: timex.tick.into(),
        },
        slew_left_us: slew.offset.into(),
    })
}

/// Makes the call that is allowed: `clock_adjtime`, which glibc has used since 2.31, or `adjtimex`, which older seccomp
/// profiles allow while they refuse the former.
fn adjust(modes: libc::c_uint) -> Result<(libc::c_int, libc::timex), ReadError> {
    clock_adjtime(modes).or_else(|first| {
        adjtimex(modes).map_err(|second| {
            let mut message = format!("clock_adjtime: {first}; adjtimex: {second}");
            if second.kind() == io::ErrorKind::PermissionDenied {
                message.push_str(
                    ": allow one of them in the container's seccomp profile, or use source ntp",
                );
            }
            ReadError::new(ReadErrorKind::Kernel, message)
        })
    })
}

fn clock_adjtime(modes: libc::c_uint) -> io::Result<(libc::c_int, libc::timex)> {
    let mut timex = blank(modes);
    // SAFETY: the pointer is to a live `timex` of this frame, which the kernel fills and does not keep.
    let state = unsafe { libc::clock_adjtime(libc::CLOCK_REALTIME, &raw mut timex) };
    checked(state, timex)
}

/// A raw system call, since glibc and musl implement the function of this name by `clock_adjtime`.
#[cfg(target_pointer_width = "64")]
fn adjtimex(modes: libc::c_uint) -> io::Result<(libc::c_int, libc::timex)> {
    let mut timex = blank(modes);
    // SAFETY: as above; on 64-bit systems libc's `timex` is the kernel's.
    let state = unsafe { libc::syscall(libc::SYS_adjtimex, &raw mut timex) };
    // The kernel's return value is an `int`.
    checked(libc::c_int::try_from(state).unwrap_or(-1), timex)
}

/// The kernel's structure may differ from libc's here, so only libc's function can be used.
#[cfg(not(target_pointer_width = "64"))]
fn adjtimex(modes: libc::c_uint) -> io::Result<(libc::c_int, libc::timex)> {
    let mut timex = blank(modes);
    // SAFETY: as above.
    let state = unsafe { libc::adjtimex(&raw mut timex) };
    checked(state, timex)
}

fn blank(modes: libc::c_uint) -> libc::timex {
    // SAFETY: `timex` consists of integers alone, for which all bits zero is a valid value.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    timex.modes = modes;
    timex
}

fn checked(state: libc::c_int, timex: libc::timex) -> io::Result<(libc::c_int, libc::timex)> {
    if state < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok((state, timex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_calls_read_the_same_clock() {
        let (_, first) = clock_adjtime(READ).unwrap();
        let (_, second) = adjtimex(READ).unwrap();
        assert_eq!(first.tolerance, second.tolerance);
        assert_ne!(first.tolerance, 0);
    }

    #[test]
    fn the_error_names_both_calls_that_were_refused() {
        // A tick of length zero is always refused: for lack of privilege, or as invalid.
        let refused = adjust(libc::ADJ_TICK).map(|(state, _)| state);
        let error = refused.unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::Kernel);
        let calls: Vec<_> = error.message.split("; ").collect();
        assert!(calls[0].starts_with("clock_adjtime: "), "{calls:?}");
        assert!(calls[1].starts_with("adjtimex: "), "{calls:?}");
        assert_eq!(calls.len(), 2);
    }
}
