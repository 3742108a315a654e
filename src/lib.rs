//! How far this machine's clock may be from true time, and how to tell CloudWatch.
//!
//! The program `ecs-clock-emf` is built on this library; an application can use it too:
//!
//! - [`Source`] reads the clock once: its status, error bound and reference time as a [`Reading`].
//! - [`Clock`] is a handle for applications that ask often. It keeps a reading, asks its source at most
//!   once per refresh interval, and gives the present as a range that true time lies in
//!   ([`Clock::now`]). Two of them can be compared ([`Now::is_before`],
//!   [`Now::is_after`]), and an instant can be waited out ([`Clock::wait_until_past`]).
//! - [`Clock::report`] judges the clock by [`Limits`], as the command `check` does; [`Report::judge`]
//!   does the same for a single reading. A [`Reason`] can be matched on, and a [`NotGood`] is an error for `?`.
//! - [`NtpClient`] asks an NTP server how far the clock is from its own, and [`CrossCheck`] says whether
//!   that and a reading can both be right.
//!
//! ```
//! use std::time::Duration;
//! use ecs_clock_emf::{Clock, Environment, Limits, Source};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # if !cfg!(target_os = "linux") { return Ok(()); }
//! let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
//! let clock = Clock::new(source, Duration::from_secs(10));
//!
//! let limits = Limits::default().with_max_error(Duration::from_millis(5));
//! match clock.now_within(&limits).await {
//!     Ok(now) => println!("true time is between {} and {}", now.interval.earliest, now.interval.latest),
//!     Err(not_good) => println!("not now: {not_good}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The feature `cli`, on by default, is the program; an application does without it
//! (`default-features = false, features = ["clock"]`).
//!
//! Nothing here keeps global state, and nothing panics in a tokio runtime that has time and I/O enabled.
//! Times are those of [`chrono`], which is exported again; a [`std::time::SystemTime`] converts into them.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

// A room that needs a feature says so in its first lines.
mod answer;
mod clock;
mod evidence;
#[doc(hidden)]
pub mod fuzzing;
#[doc(hidden)]
pub mod program;
mod reading;
mod sidecar;
mod source;
mod text;
mod time;

pub use chrono;

#[cfg(feature = "cli")]
pub use self::sidecar::line::Metric;

#[cfg(feature = "clock")]
pub use self::{
    clock::{
        AgeLimit, Clock, ClockQuery, ErrorLimit, InvalidLimit, InvalidPreset, InvalidQuery, Limits,
        NotGood, Now, Preset, Reason, Report, Verdict, Warning,
    },
    reading::{
        BoundUnknown, ClockOffset, ClockSource, Label, ReadError, ReadErrorKind, Reading,
        SyncStatus, TaskIdentity,
    },
    source::{
        Comparison, CrossCheck, Environment, Exchange, InvalidNtpServer, InvalidSource,
        NotCompared, NtpClient, NtpServer, NtpSettings, Sample, Source,
    },
    time::{DriftRate, ErrorBound, InvalidBound, Moment, TimeInterval},
};
