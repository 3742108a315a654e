//! Keeps the segment up to date: what is written, and when a writer is reopened.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::Notify;
use tracing::warn;

use super::clocks;
use super::decide::{Memory, Present, unknown};
use super::segment::Segment;
use super::writer::{Existing, Fault, OpenOutcome, Writer, Written};
use crate::answer::Rules;
use crate::answer::trouble::{RETRY, Trouble};
use crate::sidecar::Observed;
use crate::time::{Moment, StepDetector};

/// Writes the segment; opens and reopens its file.
#[derive(Debug)]
pub(super) struct Publisher {
    directory: PathBuf,
    rules: Rules,
    memory: Memory,
    steps: StepDetector,
    disturbed: Arc<Notify>,
    trouble: Trouble,
    state: State,
    /// When a restored header was last reported: once a minute is enough.
    restored: Option<Instant>,
}

#[derive(Debug)]
enum State {
    /// There is no writer before this instant.
    Closed {
        retry: Instant,
        /// How to open the segment then: another writer may not use the lock.
        existing: Existing,
    },
    /// The segment in the file is an earlier writer's. Clients keep it until there is a reading, or a step.
    Adopted(Writer),
    /// The segment in the file is this writer's.
    Writing(Writer),
}

impl Publisher {
    pub(super) fn new(
        directory: PathBuf,
        rules: Rules,
        disturbed: Arc<Notify>,
        trouble: Trouble,
    ) -> Self {
        let now = Moment::now();
        Self {
            directory,
            rules,
            memory: Memory::default(),
            steps: StepDetector::new(now),
            disturbed,
            trouble,
            state: State::Closed {
                retry: now.monotonic,
                existing: Existing::TakeOver,
            },
            restored: None,
        }
    }

    /// Reads the clocks, and writes what follows from them and from what the sidecar has observed.
    pub(super) fn update(&mut self, observed: &Observed) {
        let now = present();
        self.memory.take(observed, &self.rules);
        let step = self.steps.observe(now.moment);
        if step.is_some() {
            self.memory.step(now.moment.monotonic);
        }
        let last = observed.last.as_ref();
        if step.is_some()
            || last.is_some_and(|last| last.is_being_corrected(&now.moment, self.rules.drift))
        {
            self.disturbed.notify_one();
        }
        let Err(fault) = self.write() else {
            return;
        };
        self.fail(&fault);
        if matches!(fault, Fault::Removed) {
            self.state = State::Closed {
                retry: now.moment.monotonic,
                existing: Existing::TakeOver,
            };
            if let Err(fault) = self.write() {
                self.fail(&fault);
            }
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "when to try again, not a reading"
    )]
    fn fail(&mut self, fault: &Fault) {
        self.trouble.failed(fault);
        self.state = State::Closed {
            retry: Instant::now() + RETRY,
            existing: match fault {
                Fault::OtherWriter | Fault::Replaced => Existing::Observe,
                _ => Existing::TakeOver,
            },
        };
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "when to try again, not a reading"
    )]
    fn write(&mut self) -> Result<(), Fault> {
        if let State::Closed { retry, existing } = self.state {
            if Instant::now() < retry {
                return Ok(());
            }
            self.state = self.open(existing)?;
            self.trouble.works();
        }
        // The clocks are read again: opening may have taken a while.
        let now = present();
        self.memory.follow(&now);
        let segment = match &self.state {
            State::Closed { .. } => None,
            State::Adopted(_) if self.memory.is_empty() => self.memory.inherited(&now, &self.rules),
            State::Adopted(_) | State::Writing(_) => Some(self.memory.segment(&now, &self.rules)),
        };
        let (Some(segment), State::Adopted(writer) | State::Writing(writer)) =
            (segment, &mut self.state)
        else {
            return Ok(());
        };
        let difference = self.memory.difference(&now);
        if writer.publish(&segment, difference)? == Written::Restored {
            self.report_restored(now.moment.monotonic);
        }
        Ok(())
    }

    fn report_restored(&mut self, now: Instant) {
        if self
            .restored
            .is_none_or(|last| now.saturating_duration_since(last) >= RETRY)
        {
            self.restored = Some(now);
            warn!("the header of the segment was damaged; it has been restored");
        }
    }

    fn open(&mut self, existing: Existing) -> Result<State, Fault> {
        let now = present();
        let nothing = self.nothing();
        let (mut writer, found) = Writer::open(&self.directory, &nothing, existing)?;
        match found {
            OpenOutcome::Complete {
                segment,
                difference,
            } => {
                self.memory.inherit(segment, difference, &now);
                return Ok(State::Adopted(writer));
            }
            OpenOutcome::Incomplete => {
                writer.publish(&self.nothing(), now.difference)?;
            }
            OpenOutcome::New => {}
        }
        Ok(State::Writing(writer))
    }

    fn nothing(&self) -> Segment {
        unknown(clocks::coarse(), self.rules.drift)
    }
}

fn present() -> Present {
    Present {
        // Read first: the growth is counted up to `moment`, so it is not too small.
        coarse: clocks::coarse(),
        resolution: clocks::resolution(),
        moment: Moment::now(),
        difference: clocks::difference(),
    }
}

#[cfg(test)]
mod tests;
