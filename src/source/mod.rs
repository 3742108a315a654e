//! Where a reading comes from.

mod ecs;
mod kernel;
mod task_document;

use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use crate::identity::TaskIdentity;
use crate::moment::Moment;
use crate::read_error::{ReadError, ReadErrorKind};
use crate::reading::{ClockSource, Reading};
use ecs::Endpoint;
use task_document::{ClockMember, TaskDocument};

/// One attempt to read the clock.
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// What `auto` has settled on. The first answer that knows decides, for the life of the process.
mod choice {
    pub(super) const OPEN: u8 = 0;
    pub(super) const ECS: u8 = 1;
    pub(super) const KERNEL: u8 = 2;
}

impl Source {
    /// The task metadata endpoint at `base` (the value of `ECS_CONTAINER_METADATA_URI_V4`), each
    /// read within `timeout`.
    ///
    /// # Errors
    /// A sentence naming what is wrong with `base` and what is allowed.
    pub fn ecs(base: &str, timeout: Duration) -> Result<Self, String> {
        Endpoint::new(base, timeout).map(Kind::Ecs).map(Self)
    }

    /// The kernel's own estimate.
    ///
    /// # Errors
    /// On a platform other than Linux.
    pub fn kernel() -> Result<Self, String> {
        if kernel::AVAILABLE {
            Ok(Self(Kind::Kernel))
        } else {
            Err("the kernel source exists on Linux only".to_owned())
        }
    }

    /// The endpoint at `base`, or, once an answer of the endpoint shows that it does not know the
    /// clock (EC2 launch type), the kernel.
    ///
    /// # Errors
    /// As [`Source::ecs`].
    pub fn auto(base: &str, timeout: Duration) -> Result<Self, String> {
        let endpoint = Endpoint::new(base, timeout)?;
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
    pub async fn read(&self) -> Sample {
        match &self.0 {
            Kind::Kernel => read_kernel(),
            Kind::Ecs(endpoint) => {
                let (sample, _) = read_endpoint(endpoint).await;
                sample
            }
            Kind::Auto { endpoint, choice } => read_auto(endpoint, choice).await,
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
    let body = endpoint.task_document().await;
    let at = Moment::now();
    let document = body.and_then(|body| task_document::parse(&body, at.wall));
    let knows_clock = match &document {
        Err(_) => None,
        Ok(document) => Some(document.clock != ClockMember::Absent),
    };
    (sample_of(document, at), knows_clock)
}

fn sample_of(document: Result<TaskDocument, ReadError>, at: Moment) -> Sample {
    let (identity, withheld, outcome) = match document {
        Err(error) => (None, Vec::new(), Err(error)),
        Ok(document) => {
            let outcome = match document.clock {
                ClockMember::Told(clock) => Ok(Reading {
                    source: ClockSource::Ecs,
                    status: clock.status,
                    bound: clock.bound,
                    reference: clock.reference,
                    taken: at,
                }),
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
