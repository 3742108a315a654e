//! A handle for applications that ask for the time often: it keeps a reading, refreshes it when it
//! has grown old, and waits out the uncertainty of an instant.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;

use crate::bound::DriftRate;
use crate::identity::TaskIdentity;
use crate::moment::TimeInterval;
use crate::read_error::{ReadError, ReadErrorKind};
use crate::reading::{Reading, SyncStatus};
use crate::source::{Sample, Source};
use crate::step::{ClockPair, divergence, step_between};
use crate::verdict::{Limits, Report};

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
        self.0.shared.state.lock().await.identity.clone()
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

/// What the clock rests on: two clocks, a source, and sleep. Tests put a world of their own here.
trait World: Send + Sync + 'static {
    fn now(&self) -> ClockPair;
    fn read(&self) -> impl Future<Output = Sample> + Send;
    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

#[derive(Debug)]
struct Real(Source);

impl World for Real {
    fn now(&self) -> ClockPair {
        ClockPair::read()
    }

    fn read(&self) -> impl Future<Output = Sample> + Send {
        self.0.read()
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(time)
    }
}

#[derive(Debug)]
struct Cached<W> {
    shared: Arc<Shared<W>>,
    refresh: Duration,
    drift: DriftRate,
}

#[derive(Debug)]
struct Shared<W> {
    world: W,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    last: Option<Attempt>,
    identity: Option<TaskIdentity>,
}

/// One attempt to read the source.
#[derive(Debug, Clone)]
struct Attempt {
    /// The clocks before the source was asked: a step from then on makes what it said worthless.
    began: ClockPair,
    /// When it was over: from then on the refresh interval counts.
    ended: Instant,
    outcome: Result<Reading, ReadError>,
}

impl Attempt {
    fn age(&self, now: &ClockPair) -> Duration {
        now.moment().monotonic.saturating_duration_since(self.ended)
    }

    fn is_fresh(&self, now: &ClockPair, refresh: Duration) -> bool {
        self.age(now) < refresh && !self.was_stepped_over(now)
    }

    /// Whether the wall clock was stepped since the source was asked.
    fn was_stepped_over(&self, now: &ClockPair) -> bool {
        step_between(&self.began, now).is_some()
    }
}

impl<W> Clone for Cached<W> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            ..*self
        }
    }
}

impl<W: World> Cached<W> {
    fn new(world: W, refresh: Duration, drift: DriftRate) -> Self {
        Self {
            shared: Arc::new(Shared {
                world,
                state: Arc::default(),
            }),
            refresh: refresh.max(SHORTEST_REFRESH),
            drift,
        }
    }

    async fn reading(&self) -> Result<Reading, ReadError> {
        self.attempt().await.outcome
    }

    /// The last attempt if it still counts, else a new one.
    async fn attempt(&self) -> Attempt {
        let mut state = Arc::clone(&self.shared.state).lock_owned().await;
        let mut began = self.shared.world.now();
        if let Some(last) = &state.last {
            if last.is_fresh(&began, self.refresh) {
                return last.clone();
            }
            // A wall clock that does not come to rest must not make this one flood the endpoint.
            let pause = SHORTEST_REFRESH.saturating_sub(last.age(&began));
            if !pause.is_zero() {
                self.shared.world.sleep(pause).await;
                began = self.shared.world.now();
            }
        }
        // In a task of its own, which keeps the lock: a caller that gives up half-way must not make
        // the next one ask the endpoint again.
        let shared = Arc::clone(&self.shared);
        let failed = |message: String| Attempt {
            began,
            ended: began.moment().monotonic,
            outcome: Err(ReadError::new(ReadErrorKind::Connection, message)),
        };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return failed("there is no tokio runtime".to_owned());
        };
        let read = runtime.spawn(async move {
            let sample = shared.world.read().await;
            if let Some(identity) = &sample.identity {
                state
                    .identity
                    .get_or_insert_with(TaskIdentity::default)
                    .learn(identity);
            }
            let attempt = Attempt {
                began,
                ended: shared.world.now().moment().monotonic,
                outcome: sample.outcome,
            };
            state.last = Some(attempt.clone());
            attempt
        });
        read.await
            .unwrap_or_else(|error| failed(format!("the read was broken off: {error}")))
    }

    /// An attempt that no step of the wall clock lies behind, and the present.
    async fn look(&self) -> (Attempt, ClockPair) {
        let mut rounds = 0;
        loop {
            let mut attempt = self.attempt().await;
            let now = self.shared.world.now();
            if !attempt.was_stepped_over(&now) {
                return (attempt, now);
            }
            rounds += 1;
            if rounds == MOST_ROUNDS {
                let message = "the wall clock was stepped again and again while it was read";
                attempt.outcome = Err(ReadError::new(ReadErrorKind::InvalidMember, message));
                return (attempt, now);
            }
        }
    }

    async fn now(&self) -> Result<Now, ClockError> {
        let (attempt, now) = self.look().await;
        self.present(&attempt, &now)
    }

    /// What an attempt says of the present.
    fn present(&self, attempt: &Attempt, now: &ClockPair) -> Result<Now, ClockError> {
        let reading = attempt.outcome.clone()?;
        // A step that is too small to be taken for one counts as uncertainty.
        let by = divergence(&attempt.began, now);
        match reading.interval_at(&now.moment(), self.drift) {
            None => Err(ClockError::BoundUnknown(reading.status)),
            Some(interval) => Ok(Now {
                interval: interval.widened(by),
                status: reading.status,
            }),
        }
    }

    async fn report(&self, limits: &Limits) -> Report {
        let (attempt, now) = self.look().await;
        self.judged(&attempt, &now, limits)
    }

    /// An attempt held against limits.
    fn judged(&self, attempt: &Attempt, now: &ClockPair, limits: &Limits) -> Report {
        match &attempt.outcome {
            Ok(reading) => {
                let slack = divergence(&attempt.began, now);
                Report::with_slack(reading, limits, &now.moment(), self.drift, slack)
            }
            Err(error) => Report::on_failure(error),
        }
    }

    async fn now_within(&self, limits: &Limits) -> Result<Now, Report> {
        let (attempt, now) = self.look().await;
        let report = self.judged(&attempt, &now, limits);
        if !report.is_good() {
            return Err(report);
        }
        self.present(&attempt, &now)
            .map_err(|error| report.refused(error.to_string()))
    }

    async fn wait_until_past(&self, instant: DateTime<Utc>) -> Now {
        loop {
            let wait = match self.now().await {
                Ok(now) if now.status != SyncStatus::Synchronized => self.refresh,
                Ok(now) if now.interval.earliest > instant => return now,
                Ok(now) => self.until(instant, &now).min(self.refresh),
                Err(_) => self.refresh,
            };
            // At least a little: what rounding leaves must not make it spin.
            self.shared.world.sleep(wait.max(SHORTEST_SLEEP)).await;
        }
    }

    /// How long until the earliest possible time is past `instant`, if no better reading comes. It
    /// advances by less than the time that passes, since the bound grows.
    fn until(&self, instant: DateTime<Utc>, now: &Now) -> Duration {
        let left = instant.signed_duration_since(now.interval.earliest);
        let left = left.to_std().unwrap_or_default();
        left.saturating_add(self.drift.growth(left) * 2)
    }
}

/// The source is asked no more often than this, whatever the clocks do and whatever was asked for.
const SHORTEST_REFRESH: Duration = Duration::from_millis(100);
/// A wall clock that is stepped during so many reads in a row is given up on.
const MOST_ROUNDS: u32 = 5;
const SHORTEST_SLEEP: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests;
