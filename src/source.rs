//! Where a reading comes from.
//!
//! [`ClockSource`] names a kind of source, a [`Source`] is one that can be read, and a [`Sample`] is the outcome of one
//! read.
#![cfg(feature = "clock")]

mod auto;
mod direct;
mod ecs;
mod environment;
mod invalid_source;
mod kernel;
mod lookup;
mod ntp;
#[cfg(feature = "test-util")]
mod playback;
mod sample;
mod task_document;

use std::time::Duration;

use self::auto::Auto;
use self::direct::DirectSource;
use self::ecs::EcsClient;
use crate::reading::{ClockSource, TaskIdentity};
use crate::time::DriftRate;

#[cfg(all(feature = "cli", any(test, fuzzing)))]
pub(crate) use self::ecs::sample_of_body;
pub(crate) use self::environment::ENDPOINT_VARIABLE;
pub use self::environment::Environment;
pub use self::invalid_source::InvalidSource;
#[cfg(all(feature = "cli", any(test, fuzzing)))]
pub(crate) use self::ntp::fuzzing as ntp_fuzzing;
pub use self::ntp::{
    Comparison, CrossCheck, Exchange, InvalidNtpServer, NotCompared, NtpClient, NtpServer,
    NtpSettings,
};
pub use self::sample::Sample;

/// A clock source, ready to be read. It holds at most one idle connection.
#[derive(Debug)]
pub struct Source {
    kind: Kind,
    /// The identity in the endpoint's address.
    address: Option<TaskIdentity>,
}

#[derive(Debug)]
enum Kind {
    Ecs(EcsClient),
    Auto(Auto),
    Direct(DirectSource),
}

impl Source {
    /// The source for this process: [`Source::auto`] if `ECS_CONTAINER_METADATA_URI_V4` is set, otherwise the
    /// kernel. `timeout` limits each read.
    ///
    /// # Errors
    /// As [`Source::auto`] and [`Source::kernel`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{Environment, Source};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # if !cfg!(target_os = "linux") { return Ok(()); }
    /// let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
    /// match source.read().await.outcome {
    ///     Ok(reading) => println!("{} {:?}", reading.status.as_str(), reading.bound),
    ///     Err(error) => println!("{error}"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn detect(environment: &Environment, timeout: Duration) -> Result<Self, InvalidSource> {
        let Some(base) = environment.get(ENDPOINT_VARIABLE) else {
            environment.warn_of_endpoint_v3();
            return Self::kernel();
        };
        Self::auto(&base, timeout, Self::kernel().ok())
    }

    /// The task metadata endpoint at `base`, the value of `ECS_CONTAINER_METADATA_URI_V4`. `timeout` limits each
    /// read.
    ///
    /// # Errors
    /// If `base` is not the address of an endpoint.
    pub fn ecs(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        let endpoint = EcsClient::new(base, timeout)?;
        Ok(Self::new(Kind::Ecs(endpoint)).in_task_at(base))
    }

    /// Whether `base` can be the address of an endpoint.
    #[cfg(feature = "cli")]
    pub(crate) fn is_endpoint(base: &str) -> bool {
        ecs::task_url(base).is_ok()
    }

    /// The kernel's own estimate.
    ///
    /// # Errors
    /// [`InvalidSource::NoKernel`] on a platform other than Linux.
    pub fn kernel() -> Result<Self, InvalidSource> {
        if kernel::AVAILABLE {
            Ok(Self::new(Kind::Direct(DirectSource::Kernel(
                DriftRate::DEFAULT,
            ))))
        } else {
            Err(InvalidSource::NoKernel)
        }
    }

    /// The endpoint at `base`, with a fallback, usually the kernel, for an endpoint that does not report the clock.
    ///
    /// A document without `ClockDrift` is enough to use the fallback if its launch type is EC2 or EXTERNAL. Any other
    /// launch type takes ten such documents in a row, and until then these reads fail. While the fallback is used,
    /// each read still asks the endpoint first, and returns to it permanently when `ClockDrift` appears. Without a
    /// fallback this is [`Source::ecs`].
    ///
    /// # Errors
    /// As [`Source::ecs`]; and [`InvalidSource::Fallback`] if the fallback is itself an endpoint.
    pub fn auto(
        base: &str,
        timeout: Duration,
        fallback: Option<Self>,
    ) -> Result<Self, InvalidSource> {
        let fallback = match fallback.map(|fallback| fallback.kind) {
            None => return Self::ecs(base, timeout),
            Some(Kind::Direct(direct)) => direct,
            Some(Kind::Ecs(_) | Kind::Auto(_)) => return Err(InvalidSource::Fallback),
        };
        let endpoint = EcsClient::new(base, timeout)?;
        Ok(Self::new(Kind::Auto(Auto::new(endpoint, fallback))).in_task_at(base))
    }

    /// An NTP server.
    #[must_use]
    pub fn ntp(settings: NtpSettings) -> Self {
        let client = Box::new(NtpClient::new(settings));
        Self::new(Kind::Direct(DirectSource::Ntp(client)))
    }

    /// A source that returns these answers, one per read, and then repeats the last one. Without answers every
    /// read fails. It needs neither an endpoint nor time.
    ///
    /// Each reading counts as taken at its read, and its reference keeps the age that it had when the given
    /// reading was taken. A [`Clock`](crate::Clock) reads the next answer when its refresh interval is over.
    ///
    /// Requires the feature `test-util`, which is meant for `[dev-dependencies]`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::{
    ///     Clock, ClockSource, ErrorBound, Limits, Moment, ReadError, ReadErrorKind, Reading, Reason,
    ///     Source, SyncStatus,
    /// };
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let now = Moment::now();
    /// let mut good = Reading::new(ClockSource::Ecs, now, now);
    /// good.status = SyncStatus::Synchronized;
    /// good.bound = Some(ErrorBound::from_millis(0.4)?);
    /// let mut lost = good.clone();
    /// lost.status = SyncStatus::NotSynchronized;
    /// let silent = ReadError::new(ReadErrorKind::Timeout, "no answer");
    ///
    /// let source = Source::playing([Ok(good), Ok(lost), Err(silent)]);
    /// let clock = Clock::new(source, Duration::from_millis(100));
    /// let mut codes = Vec::new();
    /// for _ in 0..3 {
    ///     let report = clock.report(&Limits::default()).await;
    ///     codes.extend(report.codes());
    ///     tokio::time::sleep(Duration::from_millis(100)).await;
    /// }
    /// assert_eq!(codes, ["not_synchronized", "no_reading"]);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "test-util")]
    #[must_use]
    pub fn playing(
        answers: impl IntoIterator<Item = Result<crate::Reading, crate::ReadError>>,
    ) -> Self {
        let playback = playback::Playback::new(answers);
        Self::new(Kind::Direct(DirectSource::Playback(playback)))
    }

    fn new(kind: Kind) -> Self {
        Self {
            kind,
            address: None,
        }
    }

    /// Adds the endpoint at `base`, whose address may contain the task's ID. A source that is not the endpoint, or
    /// whose endpoint does not answer, can then still name the task.
    #[must_use]
    pub fn in_task_at(self, base: &str) -> Self {
        Self {
            address: TaskIdentity::from_endpoint_address(base),
            ..self
        }
    }

    /// Announces that the source is read every `interval`. A connection that the endpoint would close before the
    /// next read is then not kept. By default a connection is kept for 3 s.
    #[must_use]
    pub fn read_every(mut self, interval: Duration) -> Self {
        match &mut self.kind {
            Kind::Ecs(ecs) => ecs.endpoint.expect_every(interval),
            Kind::Auto(auto) => auto.ecs.endpoint.expect_every(interval),
            Kind::Direct(_) => {}
        }
        self
    }

    /// Sets how fast the clock may drift, instead of [`DriftRate::DEFAULT`]. The kernel's estimate does not contain the
    /// growth of the last second.
    #[must_use]
    pub fn with_drift(mut self, drift: DriftRate) -> Self {
        if let Kind::Direct(DirectSource::Kernel(kernel))
        | Kind::Auto(Auto {
            fallback: DirectSource::Kernel(kernel),
            ..
        }) = &mut self.kind
        {
            *kernel = drift;
        }
        self
    }

    /// The kind of source that the next read uses. For `auto` this is the fallback while the endpoint does not
    /// report the clock.
    #[must_use]
    pub fn current(&self) -> ClockSource {
        match &self.kind {
            Kind::Ecs(_) => ClockSource::Ecs,
            Kind::Auto(auto) => auto.current(),
            Kind::Direct(direct) => direct.source(),
        }
    }

    /// The time until an NTP server may be asked again, as a source or as the current fallback of `auto`. Zero for
    /// every other source.
    #[must_use]
    pub fn due_in(&self) -> Duration {
        match &self.kind {
            Kind::Ecs(_) => Duration::ZERO,
            Kind::Auto(auto) => auto.due_in(),
            Kind::Direct(direct) => direct.due_in(),
        }
    }

    /// Reads the clock once; `None` if the source is an NTP server that may not be asked yet. A request that is due
    /// within a sixteenth of the server's interval, and within a second, is waited for.
    ///
    /// # Panics
    /// As [`Source::read`].
    pub async fn read_if_due(&self) -> Option<Sample> {
        let sample = match &self.kind {
            Kind::Ecs(ecs) => ecs.read().await.0,
            Kind::Auto(auto) => auto.read_if_due().await?,
            Kind::Direct(direct) => direct.read_if_due().await?,
        };
        Some(self.with_identity(sample))
    }

    /// Reads the clock once, after waiting until [`Source::due_in`] is zero.
    ///
    /// # Panics
    /// For the endpoint and for an NTP server: outside a tokio runtime with time and I/O enabled, as tokio does.
    pub async fn read(&self) -> Sample {
        let sample = match &self.kind {
            Kind::Ecs(ecs) => ecs.read().await.0,
            Kind::Auto(auto) => auto.read().await,
            Kind::Direct(direct) => direct.read().await,
        };
        self.with_identity(sample)
    }

    /// Adds the identity in the endpoint's address to a sample that has none.
    fn with_identity(&self, mut sample: Sample) -> Sample {
        if sample.identity.is_none() {
            sample.identity.clone_from(&self.address);
        }
        sample
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{ReadError, ReadErrorKind};
    use crate::time::Moment;

    #[test]
    fn the_address_names_the_task_only_where_nothing_else_does() {
        let base = format!("http://169.254.170.2/v4/{}-1", "a".repeat(32));
        let address = TaskIdentity::from_endpoint_address(&base);
        let document = Some(TaskIdentity {
            cluster: Some("orders".to_owned()),
            ..TaskIdentity::default()
        });
        let source = Source::ecs(&base, Duration::from_secs(1)).unwrap();
        let error = ReadError::new(ReadErrorKind::Timeout, "none");
        for (found, expected) in [(None, &address), (document.clone(), &document)] {
            let sample = Sample {
                identity: found,
                ..Sample::new(ClockSource::Ecs, Moment::now(), Err(error.clone()))
            };
            assert_eq!(source.with_identity(sample).identity, *expected);
        }
    }
}
