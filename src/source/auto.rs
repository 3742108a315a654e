//! `auto`: the endpoint, and a fallback where it does not know the clock.

mod state;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use self::state::{Answer, Choice, DOCUMENTS, Notice, State};
use super::ecs::EcsClient;
use super::{Sample, Source};
use crate::reading::Label;

/// The endpoint, the source that is read instead where the endpoint does not know the clock, and which of
/// them it is at present.
#[derive(Debug)]
pub(super) struct Auto {
    endpoint: EcsClient,
    fallback: Box<Source>,
    state: Mutex<State>,
}

/// What came of asking the endpoint.
enum Turn {
    /// Its answer is the sample.
    Endpoint(Sample),
    /// The fallback is to be read. The endpoint's answer is there unless it was not asked or failed.
    Fallback(Option<Sample>),
}

impl Auto {
    pub(super) fn new(endpoint: EcsClient, fallback: Source) -> Self {
        Self {
            endpoint,
            fallback: Box::new(fallback),
            state: Mutex::new(State::START),
        }
    }

    /// As [`EcsClient::asked_every`].
    pub(super) fn asked_every(self, interval: Duration) -> Self {
        Self {
            endpoint: self.endpoint.asked_every(interval),
            ..self
        }
    }

    /// As [`Source::due_in`]: the fallback's while the endpoint does not know the clock. Until the fallback is
    /// due there is nothing new to be had, unless the endpoint comes to know the clock just then.
    pub(super) fn due_in(&self) -> Duration {
        let state = *self.state();
        match state {
            State::Fallback { .. } => self.fallback.due_in(),
            State::Undecided { .. } | State::Endpoint => Duration::ZERO,
        }
    }

    /// As [`Auto::read`]; `None` where the fallback is an NTP server that may not be asked yet.
    pub(super) async fn read_if_due(&self) -> Option<Sample> {
        match self.ask_endpoint().await {
            Turn::Endpoint(sample) => Some(sample),
            Turn::Fallback(answer) => {
                let sample = Box::pin(self.fallback.read_if_due()).await?;
                Some(with_identity_of(answer, sample))
            }
        }
    }

    /// Reads the clock once.
    pub(super) async fn read(&self) -> Sample {
        match self.ask_endpoint().await {
            Turn::Endpoint(sample) => sample,
            Turn::Fallback(answer) => {
                // Boxed, since it is a source that may be read within a source.
                let sample = Box::pin(self.fallback.read()).await;
                with_identity_of(answer, sample)
            }
        }
    }

    async fn ask_endpoint(&self) -> Turn {
        if !self.begin() {
            return Turn::Fallback(None);
        }
        let (sample, clock) = self.endpoint.read().await;
        let launch_type = sample.identity.as_ref();
        let launch_type = launch_type.and_then(|identity| identity.get(Label::LaunchType));
        let answer = Answer {
            clock,
            reports_no_clock: matches!(launch_type, Some("EC2" | "EXTERNAL")),
        };
        let (choice, notice) = self.on(answer);
        if let Some(notice) = notice {
            self.report(notice, launch_type.unwrap_or("unknown"));
        }
        match choice {
            Choice::Endpoint => Turn::Endpoint(sample),
            Choice::Fallback => Turn::Fallback(Some(sample)),
        }
    }

    fn begin(&self) -> bool {
        let mut state = self.state();
        let (next, asks) = state.begin();
        *state = next;
        asks
    }

    fn on(&self, answer: Answer) -> (Choice, Option<Notice>) {
        let mut state = self.state();
        let (next, choice, notice) = state.on(answer);
        *state = next;
        (choice, notice)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn report(&self, notice: Notice, launch_type: &str) {
        let fallback = self.fallback.name();
        match notice {
            Notice::FallbackAsUsual => tracing::info!(
                launch_type,
                source = fallback,
                "the endpoint does not report the clock of this launch type: reading another source"
            ),
            Notice::FallbackUnexpected => tracing::warn!(
                launch_type,
                documents = DOCUMENTS,
                source = fallback,
                "so many task documents in a row had no ClockDrift: reading another source until it shows up"
            ),
            Notice::BackToEndpoint => tracing::info!(
                "the task document has a ClockDrift now: reading the endpoint from now on"
            ),
        }
    }
}

/// The fallback's sample, with what the endpoint's answer said of the task.
fn with_identity_of(answer: Option<Sample>, mut sample: Sample) -> Sample {
    if let Some(answer) = answer {
        sample.identity = answer.identity;
        sample.withheld.splice(..0, answer.withheld);
    }
    sample
}

#[cfg(test)]
mod tests;
