//! How far this machine's clock may be from true time.
//!
//! An application asks before a critical step, and refuses the step if the clock is not good. The program
//! `ecs-clock-emf`, a sidecar that writes the same figures to CloudWatch, is built on this library.
//!
//! | to do this | use |
//! |---|---|
//! | ask often, as applications do: a cached reading and the present as a range that contains true time | [`Clock`], [`Clock::now_within`] |
//! | say what is good enough | [`Limits`], for known systems [`Preset`] |
//! | act on a refusal | [`NotGood`] with its [`Reason`]s; an error for `?` |
//! | order events, or wait until an instant has certainly passed | [`Now::is_before`], [`Clock::wait_until_past`] |
//! | show or log everything | [`Clock::report`]: a [`Report`] that serializes to the JSON of `check --json` |
//! | answer `/clock` in your own server | [`Limits::from_query`] |
//! | read a source once | [`Source::read`], [`Report::judge_sample`] |
//! | compare the clock with an NTP server | [`NtpClient`], [`CrossCheck`] |
//! | test your own code | the feature `test-util`: a [`Source`] that plays given readings |
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
//!     Err(not_good) => println!("refused: {not_good}"),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//! - `clock`: this library. Applications use `default-features = false, features = ["clock"]`.
//! - `cli` (the default): the program.
//! - `test-util`: a source that plays given readings, for the tests of applications.
//!
//! # Notes
//! - A bound is as good as its source. `ecs` reports the bound of the host's time daemon; `kernel` is an estimate.
//! - The library keeps no global state. It does not panic in a tokio runtime with time and I/O enabled.
//! - Times are those of [`chrono`], which is re-exported. A [`std::time::SystemTime`] converts into them.

#![cfg_attr(not(test), deny(clippy::disallowed_methods))]

// A module that needs a feature has its `cfg` in its first lines.
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
