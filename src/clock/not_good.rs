//! The error for a clock that is not good.

use std::fmt;

use super::{Reason, Report};

/// A clock that is not good, as an error: [`Clock::now`](crate::Clock::now) and
/// [`Clock::now_within`](crate::Clock::now_within) return it.
///
/// Its `Debug` equals its `Display`, the reasons in one line, so that `main` can return it and print a sentence.
///
/// ```no_run
/// use std::time::Duration;
/// use ecs_clock_emf::{Clock, Environment, Limits, Reason, Source};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let source = Source::detect(&Environment::from_process(), Duration::from_secs(2))?;
/// # let clock = Clock::new(source, Duration::from_secs(10));
/// if let Err(not_good) = clock.now_within(&Limits::default()).await {
///     // "the clock is not good: the error bound of 1203 ms is over the limit of 1000 ms"
///     println!("{not_good}");
///     if not_good.reasons().contains(&Reason::BoundUnknown) {
///         println!("nothing synchronizes this clock");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq)]
pub struct NotGood(Box<Report>);

impl NotGood {
    pub(super) fn new(report: Report) -> Self {
        Self(Box::new(report))
    }

    /// The reasons; at least one.
    #[must_use]
    pub fn reasons(&self) -> &[Reason] {
        &self.0.reasons
    }

    /// The whole report.
    #[must_use]
    pub fn report(&self) -> &Report {
        &self.0
    }
}

impl fmt::Display for NotGood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the clock is not good")?;
        for (index, reason) in self.reasons().iter().enumerate() {
            write!(f, "{} {reason}", if index == 0 { ":" } else { ";" })?;
        }
        Ok(())
    }
}

impl fmt::Debug for NotGood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for NotGood {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Limits;
    use crate::reading::{ReadError, ReadErrorKind};

    #[test]
    fn it_is_a_sentence_also_where_main_returns_it() {
        let error = ReadError::new(ReadErrorKind::Timeout, "no complete answer within 2s");
        let not_good = NotGood::new(Report::from_error(&error, &Limits::default()));
        let sentence = "the clock is not good: no reading: no complete answer within 2s";
        assert_eq!(not_good.to_string(), sentence);
        assert_eq!(format!("{not_good:?}"), sentence);
        assert!(matches!(not_good.reasons(), [Reason::NoReading(_)]));
    }
}
