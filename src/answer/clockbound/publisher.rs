//! The segment kept up to date: what is written, and when a writer is opened again.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;

use super::clocks;
use super::decide::{Memory, Present, Rules, unknown};
use super::segment::Segment;
use super::writer::{Fault, Found, Writer};
use crate::answer::trouble::{RETRY, Trouble};
use crate::reading::Observed;
use crate::time::{Moment, StepDetector};

/// Writes the segment; opens and reopens its file.
#[derive(Debug)]
pub(super) struct Publisher {
    directory: PathBuf,
    rules: Rules,
    memory: Memory,
    steps: StepDetector,
    stepped: Arc<Notify>,
    trouble: Trouble,
    state: State,
}

#[derive(Debug)]
enum State {
    /// There is no writer before this instant.
    Closed {
        retry: Instant,
        /// Whether another writer was noticed, which may be one that takes no lock.
        look: bool,
    },
    /// What is in the file is an earlier writer's, and sound: clients keep it until there is better.
    Adopted(Writer),
    /// The file is this writer's.
    Writing(Writer),
}

impl Publisher {
    pub(super) fn new(
        directory: PathBuf,
        rules: Rules,
        stepped: Arc<Notify>,
        trouble: Trouble,
    ) -> Self {
        let now = Moment::now();
        Self {
            directory,
            rules,
            memory: Memory::default(),
            steps: StepDetector::new(now),
            stepped,
            trouble,
            state: State::Closed {
                retry: now.monotonic,
                look: false,
            },
        }
    }

    /// Looks at the clocks and at what the sidecar has observed, and writes what follows from it.
    #[expect(
        clippy::disallowed_methods,
        reason = "when to try again, not a reading"
    )]
    pub(super) fn update(&mut self, observed: &Observed) {
        let now = present();
        if self.steps.observe(now.moment).is_some() {
            self.memory.step(&now.moment);
            self.stepped.notify_one();
        }
        self.memory.take(observed, &self.rules);
        match self.write() {
            Ok(()) => {}
            Err(fault) => {
                self.trouble.failed(&fault);
                self.state = State::Closed {
                    retry: Instant::now() + RETRY,
                    look: matches!(fault, Fault::OtherWriter),
                };
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "when to try again, not a reading"
    )]
    fn write(&mut self) -> Result<(), Fault> {
        if let State::Closed { retry, look } = self.state {
            if Instant::now() < retry {
                return Ok(());
            }
            self.state = self.open(look)?;
            self.trouble.works();
        }
        // The present anew: opening may have taken its time.
        let segment = self.memory.segment(&present(), &self.rules);
        match &mut self.state {
            State::Closed { .. } => Ok(()),
            State::Adopted(_) if self.memory.is_empty() => Ok(()),
            State::Adopted(writer) | State::Writing(writer) => writer.publish(&segment),
        }
    }

    fn open(&self, look: bool) -> Result<State, Fault> {
        let nothing = self.nothing();
        let (mut writer, found) = Writer::open(&self.directory, &nothing, look)?;
        match found {
            Found::Sound => return Ok(State::Adopted(writer)),
            Found::Unsound => writer.publish(&self.nothing())?,
            Found::New => {}
        }
        Ok(State::Writing(writer))
    }

    fn nothing(&self) -> Segment {
        unknown(clocks::coarse(), self.rules.drift)
    }
}

fn present() -> Present {
    Present {
        // First: the growth is counted up to the moment, so that it is not too small.
        coarse: clocks::coarse(),
        resolution: clocks::resolution(),
        moment: Moment::now(),
    }
}

#[cfg(test)]
mod tests;
