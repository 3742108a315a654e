//! What the kernel's answer means: the status and the error bound. Pure.
//!
//! Time daemons write different values. chrony and ntpd write a bound to `maxerror`. Others reset it to 0 at each update,
//! and the kernel adds 500 µs a second, so a multiple of 500 is not an estimate. Only some daemons clear the error flag
//! `STA_UNSYNC`, so it is no evidence. A dead daemon is visible in `maxerror`, which grows to its cap.

use std::time::Duration;

use chrono::{DateTime, Timelike, Utc};

use crate::reading::{BoundUnknown, SyncStatus};
use crate::time::{DriftRate, ErrorBound};

/// Where `maxerror` stops growing, in microseconds: `NTP_PHASE_LIMIT` of the kernel.
const CAP_US: i64 = 16_000_000;
/// What the kernel adds to `maxerror` each second, in microseconds: `MAXFREQ` of the kernel. It slews
/// what `adjtime(3)` asks for at this rate too.
const SECOND_US: u16 = 500;
/// The largest rate that corrects a clock's own frequency, in parts per million. At a higher rate the daemon slews an
/// offset whose size is unknown.
const LARGEST_RATE_PPM: i128 = 500;
/// The kernel's `freq` has 16 bits after the binary point.
const FREQ_UNIT: i128 = 1 << 16;
/// The length of a tick of an uncorrected clock, in microseconds.
const USUAL_TICK_US: i128 = 10_000;
/// `tick` is microseconds in a hundredth of a second: one more is 100 parts per million.
const TICK_PPM: i128 = 100;
/// The largest valid `offset`, in microseconds: `MAXPHASE` of the kernel.
const LARGEST_OFFSET_US: u64 = 500_000;
/// Kernels without the fix of November 2024 return a negative offset in microseconds as this minus the offset, which is
/// (2^32 ns - the offset) / 1000.
const WRAPPED_US: u64 = 4_294_968;

/// chrony cuts its estimates to whole microseconds, one of them for each of the two members.
const CUT_OFF: Duration = Duration::from_micros(2);
/// The kernel adds its growth at the end of each second.
const UNCOUNTED: Duration = Duration::from_secs(1);

/// The used members of `struct timex`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timex {
    /// The remaining correction of the phase-locked loop, in nanoseconds with `STA_NANO`, otherwise in microseconds.
    pub(super) offset: i64,
    /// The frequency correction, in parts per million × 65,536.
    pub(super) freq: i64,
    /// The maximum error, in microseconds.
    pub(super) maxerror: i64,
    /// The estimated error, in microseconds.
    pub(super) esterror: i64,
    /// The `STA_` flags.
    pub(super) status: i32,
    /// The length of a tick, in microseconds.
    pub(super) tick: i64,
}

/// The kernel's answer to both calls.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// The return value, such as `TIME_OOP`.
    pub(super) state: i32,
    pub(super) timex: Timex,
    /// The rest of an `adjtime(3)` slew, in microseconds.
    pub(super) slew_left_us: i64,
}

/// The status, and the bound or why it is unknown, of an answer given when the wall clock showed `wall`.
pub(super) fn interpret(
    answer: &Answer,
    wall: DateTime<Utc>,
    drift: DriftRate,
) -> (SyncStatus, Result<ErrorBound, BoundUnknown>) {
    if let Some(reason) = not_synchronized(answer, wall) {
        return (SyncStatus::NotSynchronized, Err(reason));
    }
    let bound = bound(answer, drift).ok_or_else(|| bound_unknown(answer));
    (SyncStatus::Synchronized, bound)
}

/// Why the clock is not synchronized, if it is not.
fn not_synchronized(answer: &Answer, wall: DateTime<Utc>) -> Option<BoundUnknown> {
    let Answer { state, timex, .. } = answer;
    if *state == libc::TIME_OOP || timex.may_hide_leap_second(wall) {
        Some(BoundUnknown::LeapSecond)
    } else if timex.has(libc::STA_CLOCKERR) {
        Some(BoundUnknown::ClockError)
    } else if timex.has_pps_error() {
        Some(BoundUnknown::PpsError)
    } else if timex.maxerror >= CAP_US {
        Some(BoundUnknown::MaxErrorAtCap)
    } else {
        None
    }
}

/// `maxerror + esterror + |offset| × 4/3 + |rest of adjtime|`, 500 µs if there is such a rest, since the kernel takes a
/// second's share off the rest before it slews it, and what rounding leaves out.
fn bound(answer: &Answer, drift: DriftRate) -> Option<ErrorBound> {
    let timex = &answer.timex;
    let offset_ns = timex.offset_ns();
    let has_offset = offset_ns <= u128::from(LARGEST_OFFSET_US) * 1_000;
    if !timex.has_estimate() || timex.is_slewing() || !has_offset {
        return None;
    }
    // What is left after this second's share, which is a quarter at most.
    let offset_ns = (offset_ns * 4).div_ceil(3);
    let slew_us = match answer.slew_left_us.unsigned_abs() {
        0 => 0,
        left => u128::from(left) + u128::from(SECOND_US),
    };
    let estimate_us = timex.maxerror.unsigned_abs() + timex.esterror.unsigned_abs();
    let bound_ns = (u128::from(estimate_us) + slew_us) * 1_000 + offset_ns;
    let bound = Duration::from_nanos(u64::try_from(bound_ns).ok()?)
        .saturating_add(CUT_OFF)
        .saturating_add(drift.growth(UNCOUNTED));
    ErrorBound::try_from(bound).ok()
}

/// Why a synchronized clock has no bound. A lasting cause is named before a passing one.
fn bound_unknown(answer: &Answer) -> BoundUnknown {
    let timex = &answer.timex;
    // A `maxerror` that was counted from 0 comes first: phc2sys and openntpd leave `esterror` where the kernel starts it,
    // at its cap.
    if timex.has_max_error() && timex.esterror >= CAP_US {
        BoundUnknown::ErrorAtCap
    } else if !timex.has_estimate() {
        BoundUnknown::NoEstimate
    } else if timex.is_slewing() {
        BoundUnknown::Slewing
    } else {
        BoundUnknown::Withheld
    }
}

impl Timex {
    fn has(&self, flags: i32) -> bool {
        self.status & flags != 0
    }

    /// Whether a pulse per second that the clock is to follow is missing or bad, by the kernel's own rule.
    fn has_pps_error(&self) -> bool {
        let no_signal =
            self.has(libc::STA_PPSFREQ | libc::STA_PPSTIME) && !self.has(libc::STA_PPSSIGNAL);
        let bad_time = self.has(libc::STA_PPSTIME) && self.has(libc::STA_PPSJITTER);
        let bad_frequency =
            self.has(libc::STA_PPSFREQ) && self.has(libc::STA_PPSWANDER | libc::STA_PPSERROR);
        no_signal || bad_time || bad_frequency
    }

    /// Whether a leap second may be in progress without the return value showing it: with `STA_UNSYNC`
    /// that is always `TIME_ERROR`. The kernel acts on either flag at the next 00:00 UTC.
    fn may_hide_leap_second(&self, wall: DateTime<Utc>) -> bool {
        const SECOND_BEFORE: Duration = Duration::from_secs(24 * 60 * 60 - 1);
        const TWO_AFTER: Duration = Duration::from_secs(2);
        let of_day = Duration::new(
            wall.num_seconds_from_midnight().into(),
            wall.nanosecond().min(999_999_999),
        );
        self.has(libc::STA_UNSYNC)
            && self.has(libc::STA_INS | libc::STA_DEL)
            && (of_day >= SECOND_BEFORE || of_day <= TWO_AFTER)
    }

    /// Whether `maxerror` and `esterror` are estimates of a daemon.
    fn has_estimate(&self) -> bool {
        self.has_max_error() && (0..CAP_US).contains(&self.esterror)
    }

    /// Whether `maxerror` is an estimate of a daemon.
    fn has_max_error(&self) -> bool {
        let is_counted_from_zero = self.maxerror % i64::from(SECOND_US) == 0;
        self.maxerror >= 0 && !is_counted_from_zero
    }

    /// Whether the clock runs so fast or so slow that it must be correcting a large offset.
    fn is_slewing(&self) -> bool {
        let tick_ppm = (i128::from(self.tick) - USUAL_TICK_US) * TICK_PPM;
        let rate = tick_ppm * FREQ_UNIT + i128::from(self.freq);
        rate.abs() > LARGEST_RATE_PPM * FREQ_UNIT
    }

    /// The magnitude of `offset` in nanoseconds.
    fn offset_ns(&self) -> u128 {
        let magnitude = self.offset.unsigned_abs();
        if self.has(libc::STA_NANO) {
            return magnitude.into();
        }
        let is_wrapped =
            self.offset > 0 && (LARGEST_OFFSET_US + 1..WRAPPED_US).contains(&magnitude);
        let microseconds = if is_wrapped {
            WRAPPED_US - magnitude
        } else {
            magnitude
        };
        u128::from(microseconds) * 1_000
    }
}

#[cfg(test)]
mod tests;
