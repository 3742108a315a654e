//! The reasons against a clock, and warnings about a reading. Pure.

use std::fmt;
use std::time::Duration;

use chrono::TimeDelta;

use crate::reading::{BoundUnknown, ClockOffset, ReadError, SyncStatus};
use crate::source::{CrossCheck, NotCompared};
use crate::time::{age_seconds, magnitude, milliseconds};

/// One reason why a clock is not good. Its `Display` is a sentence for a person, [`Reason::as_str`] a name
/// for a program.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::Reason;
///
/// let reason = Reason::BoundOverLimit {
///     bound: Duration::from_micros(6_500),
///     limit: Duration::from_millis(5),
///     age_adjusted: false,
/// };
/// assert_eq!(reason.as_str(), "bound_over_limit");
/// assert_eq!(reason.to_string(), "the error bound of 6.5 ms is over the limit of 5 ms");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The source reports that the clock is not synchronized, or its status is unknown.
    NotSynchronized(SyncStatus),
    /// The clock is certainly over 128 ms away from the reference clock.
    OffsetTooLarge(ClockOffset),
    /// The cross-check shows that the clock and the second source cannot both be right.
    CrossCheckDisagrees(CrossCheck),
    /// The source gave no error bound, or the bound has grown over 24 hours.
    BoundUnknown,
    /// The error bound is larger than the limit.
    BoundOverLimit {
        /// The bound at the moment of the verdict.
        bound: Duration,
        /// The limit.
        limit: Duration,
        /// Whether the bound grew from the reference time.
        age_adjusted: bool,
    },
    /// The reference time is older than the limit.
    AgeOverLimit {
        /// The age at the moment of the verdict.
        age: Duration,
        /// The limit.
        limit: Duration,
    },
    /// The age of the reference time is unknown, and the limits require it.
    AgeUnknown,
    /// The wall clock was stepped during each of five reads.
    ClockStepping,
    /// There is no reading.
    NoReading(ReadError),
    /// The writer of the ClockBound segment stopped in the middle of writing it.
    SegmentIncomplete,
    /// The ClockBound segment was written during an earlier start of the machine.
    SegmentFromFuture,
}

impl Reason {
    /// The stable name: `not_synchronized`, `offset_too_large`, `cross_check_disagrees`, `bound_unknown`,
    /// `bound_over_limit`, `age_over_limit`, `age_unknown`, `clock_stepping` or `no_reading`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NotSynchronized(_) | Self::SegmentIncomplete | Self::SegmentFromFuture => {
                "not_synchronized"
            }
            Self::OffsetTooLarge(_) => "offset_too_large",
            Self::CrossCheckDisagrees(_) => "cross_check_disagrees",
            Self::BoundUnknown => "bound_unknown",
            Self::BoundOverLimit { .. } => "bound_over_limit",
            Self::AgeOverLimit { .. } => "age_over_limit",
            Self::AgeUnknown => "age_unknown",
            Self::ClockStepping => "clock_stepping",
            Self::NoReading(_) => "no_reading",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSynchronized(status @ SyncStatus::NotSynchronized) => {
                write!(f, "the clock is not synchronized: its status is {status}")
            }
            Self::NotSynchronized(status) => write!(
                f,
                "the clock is not known to be synchronized: its status is {status}"
            ),
            Self::OffsetTooLarge(offset) => write!(
                f,
                "the clock is {} the reference clock: its offset of {offset} exceeds 128 ms",
                distance(offset)
            ),
            Self::CrossCheckDisagrees(check) => write!(
                f,
                "the cross-check disagrees: the clock is {} the second source, at an offset of {}, which its error \
                 bound does not explain",
                distance(&check.offset),
                check.offset
            ),
            Self::BoundUnknown => f.write_str("the error bound is unknown"),
            Self::BoundOverLimit {
                bound,
                limit,
                age_adjusted,
            } => write!(
                f,
                "the {}error bound of {} ms is over the limit of {} ms",
                if *age_adjusted { "age-adjusted " } else { "" },
                milliseconds(*bound),
                milliseconds(*limit)
            ),
            Self::AgeOverLimit { age, limit } => write!(
                f,
                "the reference age of {} s is over the limit of {} s",
                age_seconds(*age),
                age_seconds(*limit)
            ),
            Self::AgeUnknown => f.write_str(
                "the reference age is unknown, and a limit on it or an age-adjusted bound was asked for",
            ),
            Self::ClockStepping => {
                f.write_str("the wall clock was stepped during each of several reads")
            }
            Self::NoReading(error) => write!(f, "no reading: {}", error.message),
            Self::SegmentIncomplete => {
                f.write_str("the segment's writer stopped in the middle of writing it")
            }
            Self::SegmentFromFuture => f.write_str(
                "the segment is from the future: it was written before the machine started again",
            ),
        }
    }
}

/// How far the clock is from another, and on which side, such as "2h 12m behind".
fn distance(offset: &ClockOffset) -> String {
    let side = if offset.offset < TimeDelta::zero() {
        "ahead of"
    } else {
        "behind"
    };
    format!("{} {side}", rounded(magnitude(offset.offset)))
}

/// A duration for a person, to the next second, below a second to the next millisecond, and below that to the next microsecond.
fn rounded(duration: Duration) -> humantime::FormattedDuration {
    let unit = if duration >= Duration::from_secs(1) {
        Duration::from_secs(1)
    } else if duration >= Duration::from_millis(1) {
        Duration::from_millis(1)
    } else {
        Duration::from_micros(1)
    };
    let half_up = duration.saturating_add(unit / 2).as_nanos();
    let whole = half_up - half_up % unit.as_nanos();
    humantime::format_duration(Duration::from_nanos(
        u64::try_from(whole).unwrap_or(u64::MAX),
    ))
}

/// A remark about a reading that does not change the verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// A member of the source's answer was not used, since it was invalid.
    Withheld(ReadError),
    /// The clock has no error bound, for this reason.
    BoundUnknown(BoundUnknown),
    /// The offset exceeds 128 ms and is tolerated, since a leap second is near.
    LeapSecond(ClockOffset),
    /// The reading is from before a read that failed.
    ReadFailed {
        /// How long ago that read was.
        ago: Duration,
        /// Why it failed.
        error: ReadError,
    },
    /// The requested cross-check could not be made.
    NoCrossCheck(ReadError),
    /// The clock and the second source could not be compared.
    NotCompared(NotCompared),
    /// The segment's writer uses another monotonic clock than this process.
    MonotonicClocksDiffer {
        /// The writer's clock minus this process's.
        by: TimeDelta,
    },
    /// The wall clock was stepped while the source was read, so it was read again.
    ReadAgain {
        /// How often.
        times: u32,
    },
    /// The wall clock was stepped, and the source may not have noticed yet: every figure is larger by
    /// this.
    Enlarged {
        /// How far the wall clock was stepped.
        by: Duration,
    },
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Withheld(error) => write!(f, "withheld: {}", error.message),
            Self::BoundUnknown(reason) => write!(f, "the error bound is unknown: {reason}"),
            Self::LeapSecond(offset) => write!(
                f,
                "a leap second is near, which some servers spread over a day: the offset of {offset} is tolerated"
            ),
            Self::ReadFailed { ago, error } => write!(
                f,
                "the last read failed {} s ago: {}",
                ago.as_secs(),
                error.message
            ),
            Self::NoCrossCheck(error) => write!(f, "no cross-check: {}", error.message),
            Self::NotCompared(reason) => write!(f, "no cross-check: {reason}"),
            Self::MonotonicClocksDiffer { by } => write!(
                f,
                "the monotonic clocks of the segment's writer and of this process differ by {} s: the two are in \
                 different time namespaces, or the wall clock was stepped. Clients need the writer's time namespace",
                by.num_seconds()
            ),
            Self::ReadAgain { times: 1 } => {
                f.write_str("the wall clock was stepped during the read; it was read again")
            }
            Self::ReadAgain { times } => write!(
                f,
                "the wall clock was stepped during the read; it was read {times} more times"
            ),
            Self::Enlarged { by } => write!(
                f,
                "the wall clock was stepped and the source may not have noticed yet: \
                 the error bound is enlarged by {} ms",
                milliseconds(*by)
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distance_has_a_side_and_is_rounded_for_a_person() {
        for (offset_ns, text) in [
            (7_920_000_000_000, "2h 12m behind"),
            (-7_920_000_000_000, "2h 12m ahead of"),
            (0, "0s behind"),
            (-499, "0s ahead of"),
            (500, "1us behind"),
            (999_499, "999us behind"),
            (1_000_000, "1ms behind"),
            (1_499_999, "1ms behind"),
            (-1_500_000, "2ms ahead of"),
            (999_499_999, "999ms behind"),
            (1_000_000_000, "1s behind"),
            (1_499_999_999, "1s behind"),
            (1_500_000_000, "2s behind"),
        ] {
            let offset = ClockOffset::new(TimeDelta::nanoseconds(offset_ns), Duration::ZERO);
            assert_eq!(distance(&offset), text, "{offset_ns}");
        }
    }
}
