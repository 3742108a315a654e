//! How far this machine's clock may be from true time, and how to tell CloudWatch.
//!
//! The program `ecs-clock-emf` is built on this library; an application can use it too:
//!
//! - [`Source`] reads the clock once: its status, error bound and reference time as a [`Reading`].
//! - [`Clock`] is a handle for applications that ask often. It keeps a reading, asks its source at most
//!   once per refresh interval, and gives the present as a range that true time lies in
//!   ([`Clock::now`]). Two presents can be held against each other ([`Now::is_before`],
//!   [`Now::is_after`]), and an instant can be waited out ([`Clock::wait_until_past`]).
//! - [`Clock::report`] holds the clock against [`Limits`], by the rule of the command `check`;
//!   [`Report::on`] does the same for a single reading.
//! - [`explain`](mod@explain) says what CloudWatch makes of log lines in embedded metric format.
//!
//! ```
//! use std::time::Duration;
//! use ecs_clock_emf::{Clock, Environment, Limits, Source};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(target_os = "linux") { return Ok(()); }
//! let source = Source::detect(&Environment::of_process(), Duration::from_secs(2))?;
//! let clock = Clock::new(source, Duration::from_secs(10));
//!
//! let limits = Limits { max_error: Some(Duration::from_millis(5)), max_age: None };
//! let report = clock.report(&limits).await;
//! if report.is_good() {
//!     println!("go ahead");
//! } else {
//!     println!("not now: {}", report.reasons.join("; "));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The feature `cli`, on by default, is the program; an application does without it
//! (`default-features = false`).
//!
//! Nothing here keeps global state, and nothing panics in a tokio runtime that has time and I/O enabled.
//! Times are those of [`chrono`], which is exported again; a [`std::time::SystemTime`] converts into them.

mod bound;
#[cfg(feature = "cli")]
mod check;
#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
mod clock;
#[cfg(feature = "cli")]
mod config;
#[cfg(feature = "demo")]
#[doc(hidden)]
pub mod demo;
#[cfg(feature = "cli")]
mod diagnostics;
#[cfg(feature = "cli")]
mod emf;
#[cfg(feature = "cli")]
mod emitter;
mod environment;
pub mod explain;
mod identity;
mod metric;
mod moment;
#[cfg(feature = "cli")]
mod options;
#[cfg(feature = "cli")]
mod parse;
mod read_error;
mod reading;
#[cfg(feature = "cli")]
mod run;
#[cfg(feature = "cli")]
mod schedule;
#[cfg(feature = "cli")]
mod shutdown;
#[cfg(feature = "cli")]
mod sink;
mod source;
mod step;
mod text;
mod verdict;
#[cfg(feature = "cli")]
mod window;

pub use chrono;

pub use bound::{DriftRate, ErrorBound, InvalidBound};
pub use clock::{Clock, ClockError, Now};
pub use environment::Environment;
pub use identity::TaskIdentity;
pub use metric::Metric;
pub use moment::{Moment, TimeInterval};
pub use read_error::{ReadError, ReadErrorKind};
pub use reading::{ClockSource, Reading, SyncStatus};
pub use source::{InvalidSource, Sample, Source};
pub use verdict::{Limits, Report, Verdict};
