//! How far this machine's clock may be from true time, and how to tell CloudWatch.

mod bound;
pub mod check;
pub mod cli;
mod clock;
pub mod config;
#[cfg(feature = "demo")]
pub mod demo;
mod diagnostics;
pub mod emf;
mod emitter;
pub mod explain;
mod identity;
mod metric;
mod moment;
mod options;
mod parse;
mod read_error;
mod reading;
pub mod run;
pub mod schedule;
pub mod shutdown;
pub mod sink;
mod source;
pub mod step;
pub mod verdict;
pub mod window;

pub use bound::{DriftRate, ErrorBound, InvalidBound};
pub use clock::{Clock, ClockError, Now};
pub use identity::TaskIdentity;
pub use metric::Metric;
pub use moment::{Moment, TimeInterval};
pub use options::Environment;
pub use read_error::{ReadError, ReadErrorKind};
pub use reading::{ClockSource, Reading, SyncStatus};
pub use source::{Sample, Source};
