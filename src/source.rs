//! Where a reading comes from.
//!
//! A [`ClockSource`] is the word for it; a [`Source`] is what is asked; a [`Sample`] is what one attempt gave.
#![cfg(feature = "clock")]

mod auto;
mod ecs;
mod environment;
mod invalid_source;
mod kernel;
mod lookup;
mod ntp;
#[cfg(feature = "test-util")]
mod played;
mod task_document;

use std::time::Duration;

use self::auto::Auto;
use self::ecs::EcsClient;
use crate::reading::{ClockSource, ReadError, Reading, TaskIdentity};
use crate::time::Moment;

#[cfg(feature = "fuzzing")]
pub(crate) use self::ecs::sample_of_body;
pub(crate) use self::environment::ENDPOINT_VARIABLE;
pub use self::environment::Environment;
pub use self::invalid_source::InvalidSource;
#[cfg(feature = "fuzzing")]
pub(crate) use self::ntp::fuzzing as ntp_fuzzing;
pub use self::ntp::{
    Comparison, CrossCheck, Exchange, InvalidNtpServer, NotCompared, NtpClient, NtpServer,
    NtpSettings,
};

/// One attempt to read the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sample {
    /// The source that was asked.
    pub source: ClockSource,
    /// The moment the attempt was over.
    pub at: Moment,
    /// What it gave.
    pub outcome: Result<Reading, ReadError>,
    /// Members of the answer that could not be believed, although the reading stands.
    pub withheld: Vec<ReadError>,
    /// The task, as far as the answer, or else the address of the endpoint, named it.
    pub identity: Option<TaskIdentity>,
}

/// A clock source, ready to be asked. It holds at most one idle connection.
#[derive(Debug)]
pub struct Source {
    kind: Kind,
    /// What the address of the endpoint says of the task.
    address: Option<TaskIdentity>,
}

#[derive(Debug)]
enum Kind {
    Ecs(EcsClient),
    Kernel,
    /// Boxed, like its futures: where it is not used it takes no room.
    Ntp(Box<NtpClient>),
    Auto(Auto),
    #[cfg(feature = "test-util")]
    Played(played::Played),
}

impl Source {
    /// What this process can ask: the task metadata endpoint if `ECS_CONTAINER_METADATA_URI_V4` is set,
    /// as [`Source::auto`], else the kernel. Each read may take `timeout`.
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
    /// let source = Source::detect(&Environment::of_process(), Duration::from_secs(2))?;
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

    /// The task metadata endpoint at `base` (the value of `ECS_CONTAINER_METADATA_URI_V4`), each
    /// read within `timeout`.
    ///
    /// # Errors
    /// If `base` is not the address of an endpoint.
    pub fn ecs(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        let endpoint = EcsClient::new(base, timeout)?;
        Ok(Self::of(Kind::Ecs(endpoint)).in_task_at(base))
    }

    /// The kernel's own estimate.
    ///
    /// # Errors
    /// [`InvalidSource::NoKernel`] on a platform other than Linux.
    pub fn kernel() -> Result<Self, InvalidSource> {
        if kernel::AVAILABLE {
            Ok(Self::of(Kind::Kernel))
        } else {
            Err(InvalidSource::NoKernel)
        }
    }

    /// The endpoint at `base`, and `fallback`, usually the kernel, where the endpoint does not know the clock.
    ///
    /// A document without `ClockDrift` shows that at once if its launch type is EC2 or EXTERNAL; for any
    /// other launch type ten of them in a row do. Until then such a read has failed. Afterwards each read asks
    /// the endpoint first, and returns to it for good when `ClockDrift` shows up. Without a fallback it is
    /// [`Source::ecs`].
    ///
    /// # Errors
    /// As [`Source::ecs`].
    pub fn auto(
        base: &str,
        timeout: Duration,
        fallback: Option<Self>,
    ) -> Result<Self, InvalidSource> {
        let Some(fallback) = fallback else {
            return Self::ecs(base, timeout);
        };
        let endpoint = EcsClient::new(base, timeout)?;
        Ok(Self::of(Kind::Auto(Auto::new(endpoint, fallback))).in_task_at(base))
    }

    /// An NTP server.
    #[must_use]
    pub fn ntp(settings: NtpSettings) -> Self {
        Self::of(Kind::Ntp(Box::new(NtpClient::new(settings))))
    }

    fn of(kind: Kind) -> Self {
        Self {
            kind,
            address: None,
        }
    }

    /// The same source in the task whose endpoint is at `base`, which may say which task it is although the
    /// endpoint is not asked or does not answer.
    #[must_use]
    pub fn in_task_at(self, base: &str) -> Self {
        Self {
            address: TaskIdentity::from_endpoint_address(base),
            ..self
        }
    }

    /// The same source, read every `interval`. A connection that would not be used again in time is then not
    /// kept; without this one is kept for 3 s.
    #[must_use]
    pub fn read_every(self, interval: Duration) -> Self {
        let kind = match self.kind {
            Kind::Ecs(ecs) => Kind::Ecs(ecs.asked_every(interval)),
            Kind::Auto(auto) => Kind::Auto(auto.asked_every(interval)),
            other => other,
        };
        Self { kind, ..self }
    }

    /// Whether each reading is one of an NTP server.
    #[cfg(feature = "cli")]
    pub(crate) fn is_ntp(&self) -> bool {
        matches!(self.kind, Kind::Ntp(_))
    }

    /// How long until an NTP server may be asked again: as a source, or as the fallback that `auto` reads at
    /// present. Zero for every other source.
    #[must_use]
    pub fn due_in(&self) -> Duration {
        match &self.kind {
            Kind::Ntp(client) => client.due_in(),
            Kind::Auto(auto) => auto.due_in(),
            _ => Duration::ZERO,
        }
    }

    /// Reads the clock once; `None` where only an NTP server could be read that may not be asked yet. What is
    /// due within a sixteenth of the server's interval, and within a second, is waited for.
    ///
    /// # Panics
    /// As [`Source::read`].
    pub async fn read_if_due(&self) -> Option<Sample> {
        match &self.kind {
            Kind::Ntp(client) => {
                let outcome = Box::pin(client.ask_if_due_soon()).await?;
                let sample = sample_of_exchange(outcome);
                Some(self.in_its_task(sample))
            }
            Kind::Auto(auto) => Some(self.in_its_task(auto.read_if_due().await?)),
            _ => Some(self.read().await),
        }
    }

    /// Reads the clock once; first waits until [`Source::due_in`] is zero.
    ///
    /// # Panics
    /// For the endpoint and for an NTP server: outside of a tokio runtime with time and I/O enabled, as tokio
    /// does.
    pub async fn read(&self) -> Sample {
        let sample = match &self.kind {
            Kind::Kernel => read_kernel(),
            Kind::Ntp(client) => sample_of_exchange(Box::pin(client.ask_when_due()).await),
            Kind::Ecs(ecs) => ecs.read().await.0,
            Kind::Auto(auto) => auto.read().await,
            #[cfg(feature = "test-util")]
            Kind::Played(played) => played.read(),
        };
        self.in_its_task(sample)
    }

    /// The sample, which names the task as far as the address of the endpoint does if nothing else did.
    fn in_its_task(&self, mut sample: Sample) -> Sample {
        if sample.identity.is_none() {
            sample.identity.clone_from(&self.address);
        }
        sample
    }

    /// The word for it in a message.
    fn name(&self) -> &'static str {
        match &self.kind {
            Kind::Ecs(_) | Kind::Auto(_) => ClockSource::Ecs.as_str(),
            Kind::Kernel => ClockSource::Kernel.as_str(),
            Kind::Ntp(_) => ClockSource::Ntp.as_str(),
            #[cfg(feature = "test-util")]
            Kind::Played(_) => "played",
        }
    }
}

pub(crate) fn sample_of_exchange(outcome: Result<Exchange, ReadError>) -> Sample {
    let (outcome, withheld, at) = match outcome {
        Ok(exchange) => {
            let (reading, withheld) = exchange.reading();
            (Ok(reading), withheld, exchange.taken)
        }
        Err(error) => (Err(error), None, Moment::now()),
    };
    Sample {
        source: ClockSource::Ntp,
        at,
        outcome,
        withheld: withheld.into_iter().collect(),
        identity: None,
    }
}

fn read_kernel() -> Sample {
    Sample {
        source: ClockSource::Kernel,
        outcome: kernel::read(),
        at: Moment::now(),
        withheld: Vec::new(),
        identity: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_names_the_task_only_where_nothing_else_does() {
        let base = format!("http://169.254.170.2/v4/{}-1", "a".repeat(32));
        let address = TaskIdentity::from_endpoint_address(&base);
        let document = Some(TaskIdentity {
            cluster: Some("orders".to_owned()),
            ..TaskIdentity::default()
        });
        let source = Source::ecs(&base, Duration::from_secs(1)).unwrap();
        for (found, expected) in [(None, &address), (document.clone(), &document)] {
            let sample = Sample {
                identity: found,
                ..sample_of_exchange(Err(ReadError::new(
                    crate::reading::ReadErrorKind::Timeout,
                    "none",
                )))
            };
            assert_eq!(source.in_its_task(sample).identity, *expected);
        }
    }
}
