//! `auto`: the endpoint, with a fallback while the endpoint does not report the clock.

mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::state::{Answer, Choice, DOCUMENTS, Notice, State};
use super::direct::DirectSource;
use super::ecs::EcsClient;
use super::sample::Sample;
use crate::reading::{ClockSource, Label};

/// The endpoint, its fallback, and which of the two is in use.
#[derive(Debug)]
pub(super) struct Auto {
    pub(super) ecs: EcsClient,
    pub(super) fallback: DirectSource,
    state: Mutex<State>,
}

/// The outcome of asking the endpoint.
enum Turn {
    /// The endpoint's answer is the sample.
    Endpoint(Sample),
    /// The fallback must be read. The endpoint's answer, if any, contributes the identity.
    Fallback(Option<Sample>),
}

impl Auto {
    pub(super) fn new(ecs: EcsClient, fallback: DirectSource) -> Self {
        Self {
            ecs,
            fallback,
            state: Mutex::new(State::START),
        }
    }

    /// The source that the next read uses.
    pub(super) fn current(&self) -> ClockSource {
        let state = *self.state();
        match state {
            State::Fallback { .. } => self.fallback.source(),
            State::Undecided { .. } | State::Endpoint => ClockSource::Ecs,
        }
    }

    /// The time until the fallback may be read, while it is in use; otherwise zero.
    pub(super) fn due_in(&self) -> Duration {
        let state = *self.state();
        match state {
            State::Fallback { .. } => self.fallback.due_in(),
            State::Undecided { .. } | State::Endpoint => Duration::ZERO,
        }
    }

    /// As [`Auto::read`]; `None` if the fallback is an NTP server that may not be asked yet.
    pub(super) async fn read_if_due(&self) -> Option<Sample> {
        match self.ask_endpoint().await {
            Turn::Endpoint(sample) => Some(sample),
            Turn::Fallback(answer) => {
                let sample = self.fallback.read_if_due().await?;
                Some(with_identity_of(answer, sample))
            }
        }
    }

    /// Reads the clock once.
    pub(super) async fn read(&self) -> Sample {
        match self.ask_endpoint().await {
            Turn::Endpoint(sample) => sample,
            Turn::Fallback(answer) => {
                let sample = self.fallback.read().await;
                with_identity_of(answer, sample)
            }
        }
    }

    async fn ask_endpoint(&self) -> Turn {
        if !self.state().begin() {
            return Turn::Fallback(None);
        }
        let (sample, clock) = self.ecs.read().await;
        let launch_type = sample.identity.as_ref();
        let launch_type = launch_type.and_then(|identity| identity.get(Label::LaunchType));
        let answer = Answer {
            clock,
            reports_no_clock: matches!(launch_type, Some("EC2" | "EXTERNAL")),
        };
        let (choice, notice) = self.state().advance(answer);
        if let Some(notice) = notice {
            self.report(notice, launch_type.unwrap_or("unknown"));
        }
        match choice {
            Choice::Endpoint => Turn::Endpoint(sample),
            Choice::Fallback => Turn::Fallback(Some(sample)),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, notice: Notice, launch_type: &str) {
        let fallback = self.fallback.source().as_str();
        match notice {
            Notice::FallbackAsUsual => tracing::info!(
                launch_type,
                source = fallback,
                "the endpoint does not report the clock for this launch type: reading another source"
            ),
            Notice::FallbackUnexpected => tracing::warn!(
                launch_type,
                documents = DOCUMENTS,
                source = fallback,
                "no ClockDrift in this many task documents in a row: reading another source until it appears"
            ),
            Notice::BackToEndpoint => tracing::info!(
                "the task document now has a ClockDrift: reading the endpoint from now on"
            ),
        }
    }
}

/// The fallback's sample with the identity in the endpoint's answer.
fn with_identity_of(answer: Option<Sample>, mut sample: Sample) -> Sample {
    if let Some(answer) = answer {
        sample.identity = answer.identity;
        sample.withheld.splice(..0, answer.withheld);
    }
    sample
}

#[cfg(test)]
mod tests;
