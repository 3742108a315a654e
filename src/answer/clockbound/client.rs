//! Reads a segment as a client of version 2.0 does, and judges it by limits: the command `check --clockbound`.

use std::fmt;
use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use rustix::fs::OFlags;

use super::clocks;
use super::segment::{self, FILE_NAME, HEADER_SIZE, Malformed, SIZE, Segment, Status};
use crate::clock::{Limits, Reason, Report, Warning};
use crate::reading::{ClockSource, SyncStatus};
use crate::time::{Moment, TimeInterval, magnitude};

/// A client that reads a state older than this takes the clock for free-running.
const GRACE: Duration = Duration::from_secs(5);
/// A client tolerates a segment that lies this far in its future.
const BLUR: Duration = Duration::from_micros(1);
/// A larger difference between two monotonic clocks means that they are different clocks. The writer writes at least
/// once a minute, and a step of the wall clock in between looks the same.
const OTHER_CLOCK: Duration = Duration::from_secs(60);
/// How often a segment that is being written is read again, and the pause in between. A writer is done
/// within microseconds, unless it was killed.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// Why there is no segment to judge.
#[derive(Debug)]
pub(crate) enum Unreadable {
    /// The file is missing or cannot be read.
    File(io::Error),
    /// A client of version 2.0 does not open it.
    Foreign(Malformed),
    /// Nothing was ever written to it.
    NotInitialized,
    /// A client must also look at the machine's `/dev/vmclock0`, which is not done here.
    NeedsVmClock,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "{FILE_NAME} cannot be read: {error}"),
            Self::Foreign(why) => write!(
                f,
                "{FILE_NAME} is not a ClockBound segment of version 2: it has {why}"
            ),
            Self::NotInitialized => write!(f, "nothing was written to {FILE_NAME} yet"),
            Self::NeedsVmClock => write!(
                f,
                "{FILE_NAME} is meant to be read together with /dev/vmclock0"
            ),
        }
    }
}

impl std::error::Error for Unreadable {}

/// Reads the segment in `directory` and judges it as a client with these limits would. Only the limit on the
/// error counts: the segment's writer has applied the others.
///
/// # Errors
/// [`Unreadable`] if a client would not open it.
pub(crate) fn check(directory: &Path, limits: &Limits) -> Result<Report, Unreadable> {
    let (segment, written) = read(directory)?;
    // In a client's order: if the process is suspended in between, the bound is too large, never too small.
    let wall = Moment::now().wall;
    let coarse = clocks::coarse();
    let mut report = judge(segment.as_ref(), wall, coarse, limits);
    if let (Some(segment), Some(written)) = (segment, written) {
        let by = monotonic_difference(&segment, written, wall, coarse);
        let differs = by.map(|by| Warning::MonotonicClocksDiffer { by });
        report.warnings.extend(differs);
    }
    Ok(report)
}

/// How far the writer's monotonic clock is from that of this process, if it is another one. The two read the same wall
/// clock, which dates the file, so the segment has the same age by both clocks.
fn monotonic_difference(
    segment: &Segment,
    written: DateTime<Utc>,
    wall: DateTime<Utc>,
    coarse: Duration,
) -> Option<TimeDelta> {
    let age_of_file = wall.signed_duration_since(written);
    // A file from before the start of the machine was written on another monotonic clock anyway.
    let since_start = TimeDelta::from_std(coarse).ok()?;
    let age = since_start - TimeDelta::from_std(segment.as_of).ok()?;
    let difference = age_of_file - age;
    (age_of_file < since_start && magnitude(difference) >= OTHER_CLOCK).then_some(difference)
}

/// The segment, `None` if its writer was killed in the middle of writing it, and the time of the file.
fn read(directory: &Path) -> Result<(Option<Segment>, Option<DateTime<Utc>>), Unreadable> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or_default();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(directory.join(FILE_NAME))
        .map_err(Unreadable::File)?;
    let mut read_at = |buffer: &mut [u8], at| file.read_exact_at(buffer, at);
    for _ in 0..TRIES {
        if let Some(segment) = attempt(&mut read_at)? {
            let written = file.metadata().and_then(|metadata| metadata.modified());
            return Ok((Some(segment), written.ok().map(DateTime::from)));
        }
        std::thread::sleep(PAUSE);
    }
    Ok((None, None))
}

/// Fills a buffer with the segment's present bytes from an offset on.
type ReadAt<'a> = dyn FnMut(&mut [u8], u64) -> io::Result<()> + 'a;

/// The segment; `None` while it is being written.
fn attempt(read_at: &mut ReadAt<'_>) -> Result<Option<Segment>, Unreadable> {
    let before = generation(read_at)?;
    let mut payload = [0; SIZE - HEADER_SIZE];
    read_at(&mut payload, HEADER_SIZE as u64).map_err(Unreadable::File)?;
    if before == 0 {
        return Err(Unreadable::NotInitialized);
    }
    if !before.is_multiple_of(2) || generation(read_at)? != before {
        return Ok(None);
    }
    let segment = Segment::from_payload(&payload).map_err(Unreadable::Foreign)?;
    if segment.disruption_support {
        return Err(Unreadable::NeedsVmClock);
    }
    Ok(Some(segment))
}

fn generation(read_at: &mut ReadAt<'_>) -> Result<u16, Unreadable> {
    let mut header = [0; HEADER_SIZE];
    read_at(&mut header, 0).map_err(Unreadable::File)?;
    segment::generation(&header).map_err(Unreadable::Foreign)
}

/// The outcome of one attempt on bytes that change while they are read.
#[cfg(any(test, fuzzing))]
pub(crate) fn judge_bytes(
    read_at: &mut ReadAt<'_>,
    wall: DateTime<Utc>,
    coarse: Duration,
    limits: &Limits,
) -> Result<Report, Unreadable> {
    let segment = attempt(read_at)?;
    Ok(judge(segment.as_ref(), wall, coarse, limits))
}

/// The status that a client reports at `coarse`.
pub(super) fn status(segment: &Segment, coarse: Duration) -> Status {
    match segment.status {
        Status::Unknown | Status::Disrupted => segment.status,
        // A client keeps what was written for 5 s, expired or not: its writer may be restarting.
        Status::Synchronized | Status::FreeRunning if coarse < segment.as_of + GRACE => {
            segment.status
        }
        Status::Synchronized | Status::FreeRunning if coarse < segment.void_after => {
            Status::FreeRunning
        }
        Status::Synchronized | Status::FreeRunning => Status::Unknown,
    }
}

/// The bound that a client computes at `coarse`: with its growth truncated to whole nanoseconds.
pub(super) fn bound(segment: &Segment, coarse: Duration) -> Duration {
    let since = coarse.saturating_sub(segment.as_of).as_nanos();
    let growth = since * u128::from(segment.drift_ppb) / 1_000_000_000;
    let growth = Duration::from_nanos(u64::try_from(growth).unwrap_or(u64::MAX));
    segment.bound.saturating_add(growth)
}

/// What a client makes of a segment when the wall clock shows `wall` and the coarse monotonic one `coarse`.
fn judge(
    segment: Option<&Segment>,
    wall: DateTime<Utc>,
    coarse: Duration,
    limits: &Limits,
) -> Report {
    let source = Some(ClockSource::ClockBound);
    let status = segment.map_or(Status::Unknown, |segment| status(segment, coarse));
    let bound = segment
        .filter(|_| status != Status::Unknown)
        .map(|segment| bound(segment, coarse));
    let lost = match segment {
        None => Some(Reason::SegmentIncomplete),
        Some(segment) if segment.as_of > coarse + BLUR => Some(Reason::SegmentFromFuture),
        Some(_) if status != Status::Synchronized => Some(Reason::NotSynchronized(status.into())),
        Some(_) => None,
    };
    let over = match (bound, limits.max_error_for(source)) {
        (None, _) => Some(Reason::BoundUnknown),
        (Some(bound), Some(limit)) if bound > limit => Some(Reason::BoundOverLimit {
            bound,
            limit,
            age_adjusted: false,
        }),
        _ => None,
    };
    Report {
        source,
        status: Some(status.into()),
        error_bound: bound,
        bound_now: bound,
        interval: bound
            .filter(|_| lost.is_none())
            .map(|bound| TimeInterval::around(wall, bound)),
        written_age: Some(segment.map_or(Duration::ZERO, |segment| {
            coarse.saturating_sub(segment.as_of)
        })),
        ..Report::empty([lost, over].into_iter().flatten().collect(), limits)
    }
}

impl From<Status> for SyncStatus {
    fn from(status: Status) -> Self {
        match status {
            Status::Unknown => Self::Unknown,
            Status::Synchronized => Self::Synchronized,
            Status::FreeRunning => Self::FreeRunning,
            Status::Disrupted => Self::Disrupted,
        }
    }
}

#[cfg(test)]
mod tests;
