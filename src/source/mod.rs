//! Where a reading comes from.

mod ecs;
mod environment;
mod kernel;
#[cfg(feature = "test-util")]
mod played;
mod task_document;

use std::fmt;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::reading::{ClockSource, ReadError, ReadErrorKind, Reading, TaskIdentity};
use crate::time::Moment;
use ecs::Endpoint;
use task_document::{ClockMember, TaskDocument};

pub use self::environment::Environment;

/// The variable in which ECS gives a container its task metadata endpoint.
pub(crate) const ENDPOINT_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";

/// Why a source cannot be set up: a sentence that names what is wrong and what is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidSource(String);

impl fmt::Display for InvalidSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidSource {}

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
    /// The task, if the answer named it.
    pub identity: Option<TaskIdentity>,
}

/// A clock source, ready to be asked. It holds at most one idle connection.
#[derive(Debug)]
pub struct Source(Kind);

#[derive(Debug)]
enum Kind {
    Ecs(Endpoint),
    Kernel,
    Auto {
        endpoint: Endpoint,
        choice: AtomicU8,
    },
    #[cfg(feature = "test-util")]
    Played(played::Played),
}

/// What `auto` has settled on. The first answer that knows decides, for the life of the process.
mod choice {
    pub(super) const OPEN: u8 = 0;
    pub(super) const ECS: u8 = 1;
    pub(super) const KERNEL: u8 = 2;
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
        match environment.get(ENDPOINT_VARIABLE) {
            Some(base) => Self::auto(&base, timeout),
            None => Self::kernel(),
        }
    }

    /// The task metadata endpoint at `base` (the value of `ECS_CONTAINER_METADATA_URI_V4`), each
    /// read within `timeout`.
    ///
    /// # Errors
    /// If `base` is no such address.
    pub fn ecs(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        let endpoint = Endpoint::new(base, timeout).map_err(InvalidSource)?;
        Ok(Self(Kind::Ecs(endpoint)))
    }

    /// The kernel's own estimate.
    ///
    /// # Errors
    /// On a platform other than Linux.
    pub fn kernel() -> Result<Self, InvalidSource> {
        if kernel::AVAILABLE {
            Ok(Self(Kind::Kernel))
        } else {
            Err(InvalidSource(
                "the kernel source exists on Linux only".to_owned(),
            ))
        }
    }

    /// The endpoint at `base`, or, once an answer of the endpoint shows that it does not know the
    /// clock (EC2 launch type), the kernel.
    ///
    /// # Errors
    /// As [`Source::ecs`].
    pub fn auto(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        let endpoint = Endpoint::new(base, timeout).map_err(InvalidSource)?;
        Ok(Self(if kernel::AVAILABLE {
            Kind::Auto {
                endpoint,
                choice: AtomicU8::new(choice::OPEN),
            }
        } else {
            Kind::Ecs(endpoint)
        }))
    }

    /// Reads the clock once.
    ///
    /// # Panics
    /// For the endpoint: outside of a tokio runtime with time and I/O enabled, as tokio does.
    pub async fn read(&self) -> Sample {
        match &self.0 {
            Kind::Kernel => read_kernel(),
            Kind::Ecs(endpoint) => {
                let (sample, _) = read_endpoint(endpoint).await;
                sample
            }
            Kind::Auto { endpoint, choice } => read_auto(endpoint, choice).await,
            #[cfg(feature = "test-util")]
            Kind::Played(played) => played.read(),
        }
    }
}

async fn read_auto(endpoint: &Endpoint, choice: &AtomicU8) -> Sample {
    if choice.load(Ordering::Relaxed) == choice::KERNEL {
        return read_kernel();
    }
    let (sample, knows_clock) = read_endpoint(endpoint).await;
    let Some(knows_clock) = knows_clock else {
        return sample;
    };
    let found = if knows_clock {
        choice::ECS
    } else {
        choice::KERNEL
    };
    let settled = choice
        .compare_exchange(choice::OPEN, found, Ordering::Relaxed, Ordering::Relaxed)
        .unwrap_or_else(|earlier| earlier);
    if settled == choice::OPEN && found == choice::KERNEL {
        tracing::info!(
            "the endpoint knows the task but not the clock: reading the kernel's from now on"
        );
        return Sample {
            identity: sample.identity,
            withheld: sample.withheld,
            ..read_kernel()
        };
    }
    sample
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

/// Reads the endpoint; and, where the answer shows it, whether the endpoint knows the clock at all.
async fn read_endpoint(endpoint: &Endpoint) -> (Sample, Option<bool>) {
    let requested = Moment::now();
    let body = endpoint.task_document().await;
    let at = Moment::now();
    let document = body.and_then(|body| task_document::parse(&body, at.wall));
    let knows_clock = match &document {
        Err(_) => None,
        Ok(document) => match document.clock {
            ClockMember::Told(_) => Some(true),
            ClockMember::Absent => Some(false),
            ClockMember::Unusable(_) => None,
        },
    };
    (sample_of(document, requested, at), knows_clock)
}

fn sample_of(document: Result<TaskDocument, ReadError>, requested: Moment, at: Moment) -> Sample {
    let (identity, withheld, outcome) = match document {
        Err(error) => (None, Vec::new(), Err(error)),
        Ok(document) => {
            let outcome = match document.clock {
                ClockMember::Told(clock) => {
                    let mut reading = Reading::new(ClockSource::Ecs, requested, at);
                    reading.status = clock.status;
                    reading.bound = clock.bound;
                    reading.reference = clock.reference;
                    Ok(reading)
                }
                ClockMember::Unusable(error) => Err(error),
                ClockMember::Absent => Err(ReadError::new(
                    ReadErrorKind::NoClockDrift,
                    "the task document has no ClockDrift",
                )),
            };
            (Some(document.identity), document.withheld, outcome)
        }
    };
    Sample {
        source: ClockSource::Ecs,
        at,
        outcome,
        withheld,
        identity,
    }
}
