//! Decides whether `auto` reads the endpoint or the fallback. Pure.

use crate::source::ecs::ClockKnowledge;

/// This many documents in a row without a `ClockDrift` show that the endpoint does not report the clock, for a launch
/// type that should. A single one proves nothing: documents are incomplete while a task starts.
pub(super) const DOCUMENTS: u32 = 10;
/// While the fallback is used, a failed endpoint is asked again this many samples later.
pub(super) const PAUSE: u32 = 10;

/// The conclusion from the answers so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// No document has had a `ClockDrift` yet; this many in a row had none.
    Undecided { without: u32 },
    /// The endpoint reports the clock and is read from now on.
    Endpoint,
    /// The fallback is read. The next `skipped` samples do not ask the endpoint first.
    Fallback { skipped: u32 },
}

/// One answer of the endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) clock: ClockKnowledge,
    /// Whether the endpoint is known not to report the clock for the document's launch type.
    pub(super) reports_no_clock: bool,
}

/// The source of the sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    Endpoint,
    Fallback,
}

/// A change to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Notice {
    /// The fallback is used, as expected for this launch type.
    FallbackAsUsual,
    /// The fallback is used although this launch type should report the clock.
    FallbackUnexpected,
    /// The endpoint reports the clock now.
    BackToEndpoint,
}

impl State {
    pub(super) const START: Self = Self::Undecided { without: 0 };

    /// Begins a sample. Returns whether to ask the endpoint.
    pub(super) fn begin(&mut self) -> bool {
        match self {
            Self::Fallback { skipped } if *skipped > 0 => {
                *skipped -= 1;
                false
            }
            _ => true,
        }
    }

    /// Processes an answer of the endpoint. Returns the source of the sample, and a change to report.
    pub(super) fn advance(&mut self, answer: Answer) -> (Choice, Option<Notice>) {
        use ClockKnowledge::{Known, NotKnown, Unclear};
        const FALLBACK: State = State::Fallback { skipped: 0 };

        let (next, choice, notice) = match (*self, answer.clock) {
            (Self::Endpoint, _) | (Self::Undecided { .. }, Unclear) => {
                (*self, Choice::Endpoint, None)
            }
            (Self::Undecided { .. }, Known) => (Self::Endpoint, Choice::Endpoint, None),
            (Self::Undecided { .. }, NotKnown) if answer.reports_no_clock => {
                (FALLBACK, Choice::Fallback, Some(Notice::FallbackAsUsual))
            }
            (Self::Undecided { without }, NotKnown) if without + 1 >= DOCUMENTS => {
                (FALLBACK, Choice::Fallback, Some(Notice::FallbackUnexpected))
            }
            (Self::Undecided { without }, NotKnown) => {
                let without = without + 1;
                (Self::Undecided { without }, Choice::Endpoint, None)
            }
            (Self::Fallback { .. }, Known) => (
                Self::Endpoint,
                Choice::Endpoint,
                Some(Notice::BackToEndpoint),
            ),
            (Self::Fallback { .. }, NotKnown) => (FALLBACK, Choice::Fallback, None),
            (Self::Fallback { .. }, Unclear) => {
                let skipped = PAUSE - 1;
                (Self::Fallback { skipped }, Choice::Fallback, None)
            }
        };
        *self = next;
        (choice, notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Plays answers, one letter per sample, and returns the source of each sample.
    ///
    /// Answers: `c` a document with the clock, `E` one without of EC2, `F` one without of Fargate, `x` a
    /// failed read. Samples: `c` the endpoint's, `k` the fallback's after the endpoint was asked, `-` the
    /// fallback's without asking; an answer is used up only where the endpoint is asked.
    fn play(answers: &str) -> (String, Vec<Notice>) {
        let mut state = State::START;
        let mut samples = String::new();
        let mut notices = Vec::new();
        let mut answers = answers.chars();
        loop {
            if !state.begin() {
                samples.push('-');
                continue;
            }
            let Some(answer) = answers.next() else {
                return (samples, notices);
            };
            let (clock, reports_no_clock) = match answer {
                'c' => (ClockKnowledge::Known, false),
                'E' => (ClockKnowledge::NotKnown, true),
                'F' => (ClockKnowledge::NotKnown, false),
                _ => (ClockKnowledge::Unclear, false),
            };
            let answer = Answer {
                clock,
                reports_no_clock,
            };
            let (choice, notice) = state.advance(answer);
            notices.extend(notice);
            samples.push(match choice {
                Choice::Endpoint => 'c',
                Choice::Fallback => 'k',
            });
        }
    }

    #[test]
    fn the_source_of_each_sample() {
        use Notice::{BackToEndpoint, FallbackAsUsual, FallbackUnexpected};
        for (answers, samples, notices) in [
            ("", "", vec![]),
            // The endpoint knows the clock, also if later reads fail.
            ("c", "c", vec![]),
            ("cEEFFFFFFFFFFFFx", "cccccccccccccccc", vec![]),
            // EC2 and EXTERNAL: at once.
            ("EE", "kk", vec![FallbackAsUsual]),
            ("xxE", "cck", vec![FallbackAsUsual]),
            ("FFE", "cck", vec![FallbackAsUsual]),
            // Others: at the tenth document in a row.
            ("FFFFFFFFF", "ccccccccc", vec![]),
            ("FFFFFFFFFF", "ccccccccck", vec![FallbackUnexpected]),
            ("FFFFFFFFFFF", "ccccccccckk", vec![FallbackUnexpected]),
            // Failed reads neither count nor break the row.
            ("FFFFFxFFFF", "cccccccccc", vec![]),
            ("FFFFFxFFFFF", "cccccccccck", vec![FallbackUnexpected]),
            ("FFFFFFFFFc", "cccccccccc", vec![]),
            // Back for good.
            ("EEcEFx", "kkcccc", vec![FallbackAsUsual, BackToEndpoint]),
            // After a failure the tenth sample asks again.
            ("Exc", "kk---------c", vec![FallbackAsUsual, BackToEndpoint]),
            ("ExEE", "kk---------kk", vec![FallbackAsUsual]),
            ("Exx", "kk---------k---------", vec![FallbackAsUsual]),
        ] {
            assert_eq!(play(answers), (samples.to_owned(), notices), "{answers}");
        }
    }
}
