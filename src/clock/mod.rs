//! A handle for applications that ask for the time often: it keeps a reading, refreshes it when it
//! has grown old, and waits out the uncertainty of an instant.

mod cached;
mod limits;
mod report;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};

use self::cached::{Cached, Real};
use crate::reading::{ReadError, Reading, SyncStatus, TaskIdentity};
use crate::source::Source;
use crate::time::{DriftRate, TimeInterval};

#[cfg(feature = "cli")]
pub(crate) use self::limits::parse_duration;
pub use self::limits::{AgeLimit, ErrorLimit, InvalidLimit};
#[cfg(feature = "cli")]
pub(crate) use self::report::rfc3339;
pub use self::report::{Limits, Report, Verdict};

/// A clock with a known error, for applications.
///
/// It asks its source at most once per refresh interval, whether that succeeds or not and however many
/// tasks call it: the endpoint's throttling would take the application's credentials with it. After a
/// step of the wall clock it asks again before that, and never within 100 ms. Cloning is cheap and
/// shares the reading.
///
/// A clock belongs to one tokio runtime: a runtime that stands still would hold up those of another
/// that share the clock with it. Where every thread has a runtime of its own, give each a clock.
///
/// # Panics
/// Its asynchronous functions panic in a tokio runtime without time or I/O, as those of tokio do, and
/// [`Clock::wait_until_past`] outside of a runtime.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::{Clock, ClockError, Environment, Source};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if !cfg!(target_os = "linux") { return Ok(()); }
/// let source = Source::detect(&Environment::of_process(), Duration::from_secs(2))?;
/// let clock = Clock::new(source, Duration::from_secs(10));
///
/// match clock.now().await {
///     Ok(now) if now.is_synchronized() => {
///         println!("true time is between {} and {}", now.interval.earliest, now.interval.latest);
///         // Commit wait: whoever reads a correct clock after this reads a later time.
///         let commit_timestamp = now.interval.latest;
///         clock.wait_until_past(commit_timestamp).await;
///     }
///     // This clock's error is not known: refuse what hangs on it.
///     Ok(now) => println!("the clock's status is {}", now.status),
///     Err(error) => println!("{error}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Cached<Real>);

/// The present as a [`Clock`] knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// True time lies in here if the clock is synchronized.
    pub interval: TimeInterval,
    /// Whether the clock is kept in step. While it is not, its bound is worth little.
    pub status: SyncStatus,
}

impl Now {
    /// Whether the clock is known to be kept in step. If not, nothing bounds its error.
    #[must_use]
    pub fn is_synchronized(&self) -> bool {
        self.status == SyncStatus::Synchronized
    }

    /// Whether this present certainly lies before `other`: both were synchronized, and their ranges do
    /// not touch. `false` says nothing of the other order.
    #[must_use]
    pub fn is_before(&self, other: &Self) -> bool {
        self.is_synchronized()
            && other.is_synchronized()
            && self.interval.is_before(&other.interval)
    }

    /// Whether this present certainly lies after `other`; see [`Now::is_before`].
    #[must_use]
    pub fn is_after(&self, other: &Self) -> bool {
        other.is_before(self)
    }
}

/// Why a [`Clock`] cannot tell the time.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClockError {
    /// The source could not be read.
    Read(ReadError),
    /// The source was read, but knows no error bound.
    BoundUnknown(SyncStatus),
}

impl fmt::Display for ClockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read(error) => write!(f, "no reading: {error}"),
            Self::BoundUnknown(status) => {
                write!(f, "the error bound is unknown (status {status})")
            }
        }
    }
}

impl std::error::Error for ClockError {}

impl From<ReadError> for ClockError {
    fn from(error: ReadError) -> Self {
        Self::Read(error)
    }
}

impl Clock {
    /// A clock that reads `source` when its last reading is older than `refresh`, which is at least
    /// 100 ms, and takes the clock to drift by at most [`DriftRate::DEFAULT`] in between.
    #[must_use]
    pub fn new(source: Source, refresh: Duration) -> Self {
        Self::with_drift(source, refresh, DriftRate::DEFAULT)
    }

    /// As [`Clock::new`], with a drift rate of its own.
    #[must_use]
    pub fn with_drift(source: Source, refresh: Duration, drift: DriftRate) -> Self {
        Self(Cached::new(Real(source), refresh, drift))
    }

    /// The drift rate by which bounds grow.
    #[must_use]
    pub fn drift(&self) -> DriftRate {
        self.0.drift
    }

    /// The last reading, or a new one if it is older than the refresh interval or the wall clock was
    /// stepped since.
    ///
    /// # Errors
    /// The [`ReadError`] of the last attempt. An older reading is not fallen back on: what it said of
    /// the clock's status may no longer be so.
    pub async fn reading(&self) -> Result<Reading, ReadError> {
        self.0.reading().await
    }

    /// The last reading held against `limits`, by the rule of the command `check`. Where there is no
    /// reading the report says so, and is not good.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{Clock, Environment, Limits, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::of_process(), Duration::from_secs(2))?;
    /// let clock = Clock::new(source, Duration::from_secs(10));
    /// let limits = Limits { max_error: Some(Duration::from_millis(5)), max_age: None };
    /// let report = clock.report(&limits).await;
    /// if !report.is_good() {
    ///     println!("refused: {}", report.reasons.join("; "));
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn report(&self, limits: &Limits) -> Report {
        self.0.report(limits).await
    }

    /// The present, if the clock is within `limits`: both are of one reading, so that what is acted on is
    /// what was judged.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{Clock, Environment, Limits, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::of_process(), Duration::from_secs(2))?;
    /// let clock = Clock::new(source, Duration::from_secs(10));
    /// let limits = Limits { max_error: Some(Duration::from_millis(5)), max_age: None };
    /// match clock.now_within(&limits).await {
    ///     Ok(now) => println!("the timestamp is {}", now.interval.latest),
    ///     Err(report) => println!("refused: {}", report.reasons.join("; ")),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The report that says why not. A clock without a bound is refused even where the limits ask for
    /// none, since there is no range to give.
    pub async fn now_within(&self, limits: &Limits) -> Result<Now, Report> {
        self.0.now_within(limits).await
    }

    /// The task this is, as far as the source has told: `None` before the first reading. Waits for a
    /// reading that is under way.
    pub async fn identity(&self) -> Option<TaskIdentity> {
        self.0.identity().await
    }

    /// The range that true time lies in at present, grown since the last reading: by the drift rate, and
    /// by as much as the wall clock has moved against the monotonic one.
    ///
    /// # Errors
    /// If there is no reading, or it has no bound.
    pub async fn now(&self) -> Result<Now, ClockError> {
        self.0.now().await
    }

    /// Waits until `instant` has certainly passed: until a synchronized clock's earliest possible time
    /// is later.
    ///
    /// Never returns early. While the clock cannot be read or is not synchronized it goes on asking,
    /// once per refresh interval: wrap it in [`tokio::time::timeout`] to give up. Waits at most one
    /// refresh interval longer than the uncertainty asks for.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use ecs_clock_emf::{Clock, Environment, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::of_process(), Duration::from_secs(2))?;
    /// let clock = Clock::new(source, Duration::from_secs(10));
    /// let wait = clock.wait_until_past(SystemTime::now());
    /// match tokio::time::timeout(Duration::from_millis(100), wait).await {
    ///     Ok(now) => assert!(now.is_synchronized()),
    ///     Err(_) => println!("not certainly past yet"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until_past(&self, instant: impl Into<DateTime<Utc>>) -> Now {
        self.0.wait_until_past(instant.into()).await
    }
}
