//! A handle for applications that ask for the time often: it keeps a reading, refreshes it when it
//! has grown old, and waits out the uncertainty of an instant.
#![cfg(feature = "clock")]

mod cached;
mod limits;
mod not_good;
mod now;
mod reason;
mod report;

use std::time::Duration;

use chrono::{DateTime, Utc};

use self::cached::Cached;
use crate::reading::{ReadError, Reading, TaskIdentity};
use crate::source::Source;
use crate::time::DriftRate;

#[cfg(feature = "cli")]
pub(crate) use self::limits::parse_duration;
pub use self::limits::{
    AgeLimit, ClockQuery, ErrorLimit, InvalidLimit, InvalidPreset, InvalidQuery, Limits, Preset,
};
pub use self::not_good::NotGood;
pub use self::now::Now;
pub use self::reason::{Reason, Warning};
pub use self::report::{Report, Verdict};

/// A clock with a known error bound, for applications.
///
/// It asks its source at most once per refresh interval, whether that succeeds or not, for any number of
/// callers: if the endpoint throttled, the application's credentials would be affected too. After a step
/// of the wall clock it asks again before that, and never within 100 ms. An NTP server is never asked more
/// often than its interval allows. Cloning is cheap and shares the reading.
///
/// After a step the source may continue to report the small bound from before, until it compares the
/// clock again. Until it certainly has, every bound and range is larger by how far the clock was stepped.
///
/// A clock belongs to one tokio runtime: a runtime that is blocked would delay the tasks of another
/// that share the clock with it. If every thread has its own runtime, give each its own clock.
///
/// # Panics
/// Its asynchronous functions panic in a tokio runtime without time or I/O, as those of tokio do, and
/// [`Clock::wait_until_past`] outside of a runtime.
///
/// ```
/// use std::time::Duration;
/// use ecs_clock_emf::{Clock, Environment, Source};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # if !cfg!(target_os = "linux") { return Ok(()); }
/// let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
/// let clock = Clock::new(source, Duration::from_secs(10));
///
/// match clock.now().await {
///     Ok(now) => {
///         println!("true time is between {} and {}", now.interval.earliest, now.interval.latest);
///         // Commit wait: every correct clock shows a later time after this.
///         let commit_timestamp = now.interval.latest;
///         clock.wait_until_past(commit_timestamp).await;
///     }
///     // Refuse what depends on the time.
///     Err(not_good) => println!("refused: {not_good}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Clock(Cached<Source>);

impl Clock {
    /// A clock that reads `source` when its last reading is older than `refresh`, which is at least
    /// 100 ms, and that allows for a drift of at most [`DriftRate::DEFAULT`] in between.
    #[must_use]
    pub fn new(source: Source, refresh: Duration) -> Self {
        Self::with_drift(source, refresh, DriftRate::DEFAULT)
    }

    /// As [`Clock::new`], with another drift rate.
    #[must_use]
    pub fn with_drift(source: Source, refresh: Duration, drift: DriftRate) -> Self {
        let source = source.with_drift(drift).read_every(refresh);
        Self(Cached::new(source, refresh, drift))
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
    /// The [`ReadError`] of the last attempt. There is no fallback to an older reading: its status may no
    /// longer be true. Two errors do not come from the source: a call outside of a tokio runtime
    /// ([`ReadErrorKind::NoRuntime`](crate::ReadErrorKind::NoRuntime)) and a wall clock that was stepped
    /// during five reads in a row ([`ReadErrorKind::ClockStepping`](crate::ReadErrorKind::ClockStepping)).
    pub async fn reading(&self) -> Result<Reading, ReadError> {
        self.0.reading().await
    }

    /// The verdict on the last reading, by the rule of the command `check`. Without a reading the report
    /// says so, and is not good.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{Clock, Environment, Limits, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
    /// let clock = Clock::new(source, Duration::from_secs(10));
    /// let limits = Limits::default().with_max_error(Duration::from_millis(5));
    /// let report = clock.report(&limits).await;
    /// for reason in &report.reasons {
    ///     println!("{}: {reason}", reason.as_str());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn report(&self, limits: &Limits) -> Report {
        self.0.report(limits).await
    }

    /// As [`Clock::report`], with the reading that was judged.
    #[cfg(feature = "cli")]
    pub(crate) async fn judge(&self, limits: &Limits) -> (Report, Option<Reading>) {
        self.0.judge(limits).await
    }

    /// The present, if the clock is within `limits`: both come from one reading, so the application acts
    /// on what was judged.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{Clock, Environment, Limits, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
    /// let clock = Clock::new(source, Duration::from_secs(10));
    /// let limits = Limits::default().with_max_error(Duration::from_millis(5));
    /// match clock.now_within(&limits).await {
    ///     Ok(now) => println!("the timestamp is {}", now.interval.latest),
    ///     Err(not_good) => println!("refused: {not_good}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`NotGood`], with the reasons and the whole report.
    pub async fn now_within(&self, limits: &Limits) -> Result<Now, NotGood> {
        self.0.now_within(limits).await
    }

    /// The identity of this task, as far as the source has reported it: `None` before the first
    /// reading. Waits for a reading that is under way.
    pub async fn identity(&self) -> Option<TaskIdentity> {
        self.0.identity().await
    }

    /// The range that true time lies in at present, without limits on its size or on the age of the
    /// reference. Since the last reading it has grown by the drift rate, and by how far the wall clock has
    /// moved against the monotonic one.
    ///
    /// # Errors
    /// [`NotGood`] if there is no reading, if the bound is unknown, or if the clock is not known to be
    /// synchronized, since nothing bounds its error then.
    pub async fn now(&self) -> Result<Now, NotGood> {
        self.0.now().await
    }

    /// Waits until `instant` has certainly passed: until a synchronized clock's earliest possible time
    /// is later.
    ///
    /// Never returns early. While the clock cannot be read or is not synchronized, it keeps asking
    /// once per refresh interval: wrap it in [`tokio::time::timeout`] to give up. Waits at most one
    /// refresh interval longer than the uncertainty requires.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use ecs_clock_emf::{Clock, Environment, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
    /// let clock = Clock::new(source, Duration::from_secs(10));
    /// let wait = clock.wait_until_past(SystemTime::now());
    /// match tokio::time::timeout(Duration::from_millis(100), wait).await {
    ///     Ok(now) => println!("true time is past {}", now.interval.earliest),
    ///     Err(_) => println!("not certainly past yet"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn wait_until_past(&self, instant: impl Into<DateTime<Utc>>) -> Now {
        self.0.wait_until_past(instant.into()).await
    }
}
