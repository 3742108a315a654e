//! How far this machine's clock may be from true time, and how to tell CloudWatch.

pub mod check;
pub mod cli;
pub mod config;
mod diagnostics;
pub mod emf;
mod emitter;
pub mod explain;
mod metric;
mod options;
mod parse;
mod reading;
pub mod run;
pub mod schedule;
pub mod shutdown;
pub mod sink;
mod source;
pub mod step;
pub mod verdict;
pub mod window;

pub use metric::Metric;
pub use options::Environment;
pub use reading::{
    ClockSource, DriftRate, ErrorBound, InvalidBound, Moment, ReadError, ReadErrorKind, Reading,
    SyncStatus, TaskIdentity, TimeInterval,
};
pub use source::{Sample, Source};
