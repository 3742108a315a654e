//! What a reading of the clock says, and what follows from it. No I/O: time is an argument.

use std::time::{Duration, Instant, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};

/// One moment, read on two clocks: the wall clock, which says what time it is and may jump, and the
/// monotonic clock, which only measures how much time has gone by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// The time of day as this machine believes it to be.
    pub wall: DateTime<Utc>,
    /// The monotonic clock at the same moment.
    pub monotonic: Instant,
}

impl Moment {
    /// The present moment.
    #[must_use]
    pub fn now() -> Self {
        Self {
            // By way of `SystemTime`: `Utc::now` panics on a clock set before 1970.
            wall: DateTime::from(SystemTime::now()),
            monotonic: Instant::now(),
        }
    }

    /// How much monotonic time lies between `earlier` and this moment; zero if `earlier` is later.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Duration {
        self.monotonic.saturating_duration_since(earlier.monotonic)
    }
}

/// The wall-clock time `time + by`, held at the last representable time instead of overflowing.
#[must_use]
pub(crate) fn later(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_add_signed(by))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The wall-clock time `time - by`, held at the first representable time instead of overflowing.
#[must_use]
pub(crate) fn earlier(time: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| time.checked_sub_signed(by))
        .unwrap_or(DateTime::<Utc>::MIN_UTC)
}

/// A duration in milliseconds, as every output has it: whole nanoseconds, so at most six decimals.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "exact up to 2^53 nanoseconds, which is 104 days"
    )]
    let nanoseconds = duration.as_nanos() as f64;
    nanoseconds / 1e6
}

/// An age in seconds to the millisecond, as every output has it: reference times are seldom finer than
/// a second.
pub(crate) fn age_seconds(age: Duration) -> f64 {
    (age.as_secs_f64() * 1e3).round() / 1e3
}

/// How far the clock may be from true time, in either direction. Between zero and
/// [`ErrorBound::MAX`], kept to the nanosecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrorBound(Duration);

impl ErrorBound {
    /// The largest bound taken for a measurement: 24 hours.
    pub const MAX: Duration = Duration::from_secs(24 * 60 * 60);

    /// A bound from milliseconds, rounded to the nearest nanosecond.
    ///
    /// # Errors
    /// [`InvalidBound`] if `milliseconds` is negative, not finite or over 24 hours.
    ///
    /// ```
    /// use ecs_clock_emf::ErrorBound;
    /// let bound = ErrorBound::from_millis(0.446931)?;
    /// assert_eq!(bound.as_duration().as_nanos(), 446_931);
    /// assert!(ErrorBound::from_millis(-1.0).is_err());
    /// # Ok::<(), ecs_clock_emf::InvalidBound>(())
    /// ```
    pub fn from_millis(milliseconds: f64) -> Result<Self, InvalidBound> {
        // Written so that NaN fails it too.
        if !(milliseconds >= 0.0 && milliseconds <= Self::MAX.as_secs_f64() * 1e3) {
            return Err(InvalidBound);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above to lie between 0 and 8.64e13 nanoseconds"
        )]
        let nanoseconds = (milliseconds * 1e6).round() as u64;
        Ok(Self(Duration::from_nanos(nanoseconds)))
    }

    /// A bound from microseconds, the kernel's unit.
    ///
    /// # Errors
    /// [`InvalidBound`] if it is over 24 hours.
    pub fn from_micros(microseconds: u64) -> Result<Self, InvalidBound> {
        let bound = Duration::from_micros(microseconds);
        if bound > Self::MAX {
            return Err(InvalidBound);
        }
        Ok(Self(bound))
    }

    /// The bound as a duration.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        self.0
    }
}

/// A number that is no error bound: negative, not finite, or over 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBound;

impl std::fmt::Display for InvalidBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an error bound is a number of milliseconds from 0 to 86400000 (24 hours)")
    }
}

impl std::error::Error for InvalidBound {}

/// The most a clock that nobody corrects is taken to drift, in parts per million: one is a
/// microsecond in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriftRate(u32);

impl DriftRate {
    /// 15 ppm, the rate ClockBound 3 assumes.
    pub const DEFAULT: Self = Self(15);
    /// The largest rate accepted, 10,000 ppm or one percent.
    pub const MAX_PPM: u32 = 10_000;

    /// A rate in parts per million; `None` above [`DriftRate::MAX_PPM`].
    #[must_use]
    pub fn from_ppm(ppm: u32) -> Option<Self> {
        (ppm <= Self::MAX_PPM).then_some(Self(ppm))
    }

    /// How far a clock may drift in `elapsed`: `elapsed × rate`, rounded up to a nanosecond.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::DriftRate;
    /// let growth = DriftRate::DEFAULT.growth(Duration::from_secs(900));
    /// assert_eq!(growth, Duration::from_micros(13_500));
    /// ```
    #[must_use]
    pub fn growth(self, elapsed: Duration) -> Duration {
        let nanoseconds = (elapsed.as_nanos() * u128::from(self.0)).div_ceil(1_000_000);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

/// Whether the clock is kept in step with a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SyncStatus {
    /// The clock follows its reference.
    Synchronized,
    /// The clock does not follow a reference.
    NotSynchronized,
    /// The source did not say, or used a word that is not known. Counts as not synchronized.
    Unknown,
}

impl SyncStatus {
    /// The word for it on the wire and in every output: `SYNCHRONIZED`, `NOT_SYNCHRONIZED` or
    /// `UNKNOWN`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Synchronized => "SYNCHRONIZED",
            Self::NotSynchronized => "NOT_SYNCHRONIZED",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// The status a word stands for; any word but the two known ones is [`SyncStatus::Unknown`].
    #[must_use]
    pub fn from_word(word: &str) -> Self {
        match word {
            "SYNCHRONIZED" => Self::Synchronized,
            "NOT_SYNCHRONIZED" => Self::NotSynchronized,
            _ => Self::Unknown,
        }
    }
}

/// Where a reading comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClockSource {
    /// The ECS task metadata endpoint, version 4.
    Ecs,
    /// The kernel's own estimate, by `adjtimex(2)`.
    Kernel,
}

impl ClockSource {
    /// `ecs` or `kernel`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::Kernel => "kernel",
        }
    }
}

/// One answer of a clock source. What it did not say, or what could not be believed, is `None`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Where it comes from.
    pub source: ClockSource,
    /// Whether the clock is kept in step.
    pub status: SyncStatus,
    /// How far the clock may be off, as the source said.
    pub bound: Option<ErrorBound>,
    /// When the clock was last compared with its reference.
    pub reference: Option<DateTime<Utc>>,
    /// The moment the answer was complete.
    pub taken: Moment,
}

impl Reading {
    /// Whether the clock was certainly kept in step.
    #[must_use]
    pub fn is_synchronized(&self) -> bool {
        self.status == SyncStatus::Synchronized
    }

    /// The age of the reference time when the reading was taken. A reference up to a second in the
    /// future, as rounding makes them, has age zero.
    #[must_use]
    pub fn reference_age(&self) -> Option<Duration> {
        let age = self.taken.wall.signed_duration_since(self.reference?);
        Some(age.to_std().unwrap_or(Duration::ZERO))
    }

    /// The age of the reference time at `now`: its age when read and the monotonic time since.
    #[must_use]
    pub fn reference_age_at(&self, now: &Moment) -> Option<Duration> {
        Some(self.reference_age()?.saturating_add(now.since(&self.taken)))
    }

    /// `bound + age of the reference × drift`: what the bound would be if the source had not let it
    /// grow since the clock was last compared. The source may have done so already, which is why this
    /// figure stands apart from the bound.
    #[must_use]
    pub fn age_adjusted_bound(&self, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(self.reference_age()?);
        Some(self.bound?.as_duration().saturating_add(growth))
    }

    /// How far the clock may be off at `now`: `bound + monotonic time since the read × drift`, the
    /// growth [ClockBound](https://github.com/aws/clock-bound) applies.
    #[must_use]
    pub fn bound_at(&self, now: &Moment, drift: DriftRate) -> Option<Duration> {
        let growth = drift.growth(now.since(&self.taken));
        Some(self.bound?.as_duration().saturating_add(growth))
    }

    /// The range that true time lies in at `now`: `now ± bound_at(now)`. `None` without a bound.
    #[must_use]
    pub fn interval_at(&self, now: &Moment, drift: DriftRate) -> Option<TimeInterval> {
        let bound = self.bound_at(now, drift)?;
        Some(TimeInterval {
            earliest: earlier(now.wall, bound),
            latest: later(now.wall, bound),
        })
    }
}

/// A range that true time lies in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeInterval {
    /// True time is not before this.
    pub earliest: DateTime<Utc>,
    /// True time is not after this.
    pub latest: DateTime<Utc>,
}

impl TimeInterval {
    /// Whether this range certainly lies before `other`: they do not touch.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.latest < other.earliest
    }

    /// Whether this range certainly lies after `other`: they do not touch.
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        other.is_before(self)
    }
}

/// What the task metadata endpoint says about the task. What is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TaskIdentity {
    /// The cluster's short name.
    pub cluster: Option<String>,
    /// The service the task belongs to, if any.
    pub service: Option<String>,
    /// The task definition's family.
    pub family: Option<String>,
    /// The task definition's revision.
    pub revision: Option<String>,
    /// The last part of the task's ARN.
    pub task_id: Option<String>,
    /// The availability zone, such as `us-east-1d`.
    pub availability_zone: Option<String>,
    /// `FARGATE`, `EC2`, `EXTERNAL` or `MANAGED_INSTANCES`.
    pub launch_type: Option<String>,
}

impl TaskIdentity {
    /// Takes over what `newer` knows and this identity does not: what was learnt once is kept.
    pub fn learn(&mut self, newer: &Self) {
        let Self {
            cluster,
            service,
            family,
            revision,
            task_id,
            availability_zone,
            launch_type,
        } = self;
        for (known, new) in [
            (cluster, &newer.cluster),
            (service, &newer.service),
            (family, &newer.family),
            (revision, &newer.revision),
            (task_id, &newer.task_id),
            (availability_zone, &newer.availability_zone),
            (launch_type, &newer.launch_type),
        ] {
            if known.is_none() {
                known.clone_from(new);
            }
        }
    }
}

/// Why a reading, or one member of it, could not be had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadError {
    /// The kind, for counting and filtering.
    pub kind: ReadErrorKind,
    /// What happened, for a person. Never holds the endpoint's address.
    pub message: String,
}

impl ReadError {
    /// The longest message kept, in characters.
    const MESSAGE_LIMIT: usize = 200;

    /// An error with a message of at most 200 characters of printable ASCII: a longer one is cut,
    /// and `?` stands for other characters, since part of it may come from the endpoint.
    #[must_use]
    pub fn new(kind: ReadErrorKind, message: impl AsRef<str>) -> Self {
        let mut characters = message.as_ref().chars();
        let printable = |c: char| {
            if c == ' ' || c.is_ascii_graphic() {
                c
            } else {
                '?'
            }
        };
        let mut message: String = characters
            .by_ref()
            .take(Self::MESSAGE_LIMIT)
            .map(printable)
            .collect();
        if characters.next().is_some() {
            message.push_str("...");
        }
        Self { kind, message }
    }
}

impl std::fmt::Display for ReadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.kind.as_str(), self.message)
    }
}

impl std::error::Error for ReadError {}

/// The kinds of [`ReadError`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReadErrorKind {
    /// No complete answer within the request timeout.
    Timeout,
    /// The endpoint could not be reached, or the connection broke.
    Connection,
    /// A status code other than 200.
    HttpStatus,
    /// A body over 1 MiB.
    BodyTooLarge,
    /// A body that is not a JSON object.
    InvalidJson,
    /// A document without `TaskARN`.
    NoTaskArn,
    /// A document whose `ClockDrift` is absent, `null`, `{}` or no object.
    NoClockDrift,
    /// One member of the wrong type or out of range; the rest of the reading stands.
    InvalidMember,
    /// The kernel refused to tell.
    Kernel,
}

impl ReadErrorKind {
    /// The word for it in `ReadErrorKind`, such as `timeout`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Connection => "connection",
            Self::HttpStatus => "http_status",
            Self::BodyTooLarge => "body_too_large",
            Self::InvalidJson => "invalid_json",
            Self::NoTaskArn => "no_task_arn",
            Self::NoClockDrift => "no_clock_drift",
            Self::InvalidMember => "invalid_member",
            Self::Kernel => "kernel",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn reading(bound_ms: f64, reference_age: i64) -> Reading {
        let taken = Moment::now();
        Reading {
            source: ClockSource::Ecs,
            status: SyncStatus::Synchronized,
            bound: Some(ErrorBound::from_millis(bound_ms).unwrap()),
            reference: Some(taken.wall - TimeDelta::seconds(reference_age)),
            taken,
        }
    }

    #[test]
    fn a_bound_is_zero_to_a_day() {
        for (given, nanoseconds) in [
            (0.0, Some(0)),
            (-0.0, Some(0)),
            (1e-7, Some(0)),
            (0.545_388_897_099_918, Some(545_389)),
            (86_400_000.0, Some(86_400_000_000_000)),
            (86_400_000.1, None),
            (-1e-9, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (f64::MAX, None),
        ] {
            let bound = ErrorBound::from_millis(given)
                .ok()
                .map(|bound| bound.as_duration().as_nanos());
            assert_eq!(bound, nanoseconds, "{given}");
        }
        assert!(ErrorBound::from_micros(86_400_000_001).is_err());
        assert!(ErrorBound::from_micros(u64::MAX).is_err());
    }

    #[test]
    fn the_interval_grows_with_monotonic_time() {
        let reading = reading(1.0, 0);
        let now = Moment {
            wall: later(reading.taken.wall, Duration::from_secs(100)),
            monotonic: reading.taken.monotonic + Duration::from_secs(100),
        };
        let interval = reading.interval_at(&now, DriftRate::DEFAULT).unwrap();
        // 1 ms and 100 s × 15 ppm = 1.5 ms.
        let half = Duration::from_micros(2_500);
        assert_eq!(interval.earliest, earlier(now.wall, half));
        assert_eq!(interval.latest, later(now.wall, half));
        assert_eq!(
            reading.reference_age_at(&now),
            Some(Duration::from_secs(100))
        );
    }

    #[test]
    fn the_age_adjusted_bound_uses_the_age_of_the_reference() {
        let adjusted = reading(0.5, 900).age_adjusted_bound(DriftRate::DEFAULT);
        assert_eq!(adjusted, Some(Duration::from_millis(14)));
    }

    #[test]
    fn a_reference_slightly_in_the_future_has_age_zero() {
        assert_eq!(reading(0.5, -1).reference_age(), Some(Duration::ZERO));
    }

    #[test]
    fn intervals_that_touch_are_in_no_order() {
        let at = |a: i64, b: i64| TimeInterval {
            earliest: DateTime::UNIX_EPOCH + TimeDelta::seconds(a),
            latest: DateTime::UNIX_EPOCH + TimeDelta::seconds(b),
        };
        assert!(at(0, 1).is_before(&at(2, 3)));
        assert!(at(2, 3).is_after(&at(0, 1)));
        assert!(!at(0, 2).is_before(&at(2, 3)));
        assert!(!at(2, 3).is_after(&at(0, 2)));
    }

    #[test]
    fn what_was_learnt_is_kept() {
        let mut identity = TaskIdentity {
            cluster: Some("a".into()),
            ..TaskIdentity::default()
        };
        identity.learn(&TaskIdentity {
            cluster: Some("b".into()),
            service: Some("s".into()),
            ..TaskIdentity::default()
        });
        assert_eq!(identity.cluster.as_deref(), Some("a"));
        assert_eq!(identity.service.as_deref(), Some("s"));
    }

    #[test]
    fn a_long_message_is_cut_and_made_printable() {
        let error = ReadError::new(ReadErrorKind::HttpStatus, "\u{1b}é".repeat(250));
        assert_eq!(error.message, "?".repeat(200) + "...");
    }

    proptest! {
        #[test]
        fn growth_never_shrinks_and_never_panics(nanos in any::<u64>(), ppm in 0..=DriftRate::MAX_PPM) {
            let rate = DriftRate::from_ppm(ppm).unwrap();
            let elapsed = Duration::from_nanos(nanos);
            prop_assert!(rate.growth(elapsed) <= rate.growth(elapsed.saturating_add(Duration::from_nanos(1))));
            prop_assert!(rate.growth(elapsed) <= elapsed);
        }

        #[test]
        fn times_saturate(seconds in any::<u64>()) {
            let by = Duration::from_secs(seconds);
            prop_assert!(earlier(DateTime::UNIX_EPOCH, by) <= later(DateTime::UNIX_EPOCH, by));
        }
    }
}
