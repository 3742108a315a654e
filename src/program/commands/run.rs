//! The command `run`: samples and emits until a signal.

pub(crate) mod settings;

use std::time::Duration;

use tracing::{error, info, warn};

use crate::answer::{self, Answers};
use crate::program::exit::Exit;
use crate::program::options::AnyOption;
use crate::program::raw::{Change, Flags};
use crate::program::settings::{options_of, settings};
use crate::program::system::stoppable;
use crate::reading::ClockSource;
use crate::sidecar::sink::Sink;
use crate::sidecar::{self, Observers, RandomFractions};
use crate::source::Environment;
use crate::text::cut;
use crate::time::Moment;

/// How much is shown of the settings at the start, in characters.
const SHOWN_SETTINGS: usize = 1_000;

/// How long a segment that is being written may take at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// The options of the command.
pub(crate) fn options() -> Vec<&'static dyn AnyOption> {
    options_of(self::settings::read)
}

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment, started: Moment) -> Exit {
    stoppable(async |shutdown| {
        let ((settings, answers, _), changes) =
            match settings(flags, environment, self::settings::read) {
                Ok(settings) => settings,
                Err(exit) => return exit,
            };
        report_start(settings.source.current(), &changes);
        let once = settings.rules.once;
        let answers = if once {
            report_ignored(&answers, settings.cross_check.is_some());
            answer::Settings::default()
        } else {
            answers
        };
        let sink = match Sink::stdout() {
            Ok(sink) => sink,
            Err(error) => {
                error!(%error, "there is no stdout");
                return Exit::LinesLost;
            }
        };
        let random = RandomFractions {
            delay: fastrand::f64(),
            offset: fastrand::f64(),
        };
        let observers = Observers::new(&started);
        let answers = Answers::start(answers, &observers);
        // In a task: a wake-up of what the runtime blocks on is a write to a descriptor and one more look at all
        // of them, even from its own thread. A sample has four.
        let sidecar = sidecar::run(settings, sink, started, random, observers, shutdown);
        let outcome = match tokio::spawn(sidecar).await {
            Ok(outcome) => outcome,
            // Nothing cancels it.
            Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
        };
        answers.finish(LAST_ANSWERS);
        if outcome.stdout_closed || outcome.counts.unreported > 0 {
            Exit::LinesLost
        } else if once && !outcome.had_reading {
            Exit::NoReading
        } else {
            Exit::Success
        }
    })
}

/// Reports the start. `source` is the source that is read, so for `auto` the one it begins with.
fn report_start(source: ClockSource, changes: &[Change]) {
    let changes: Vec<String> = changes.iter().map(Change::to_string).collect();
    info!(
        version = env!("CARGO_PKG_VERSION"),
        %source,
        settings = cut(&changes.join(" "), SHOWN_SETTINGS),
        "started"
    );
}

/// Nobody can ask a process that ends after its first reading, nor does it wait for a cross-check.
fn report_ignored(answers: &answer::Settings, has_cross_check: bool) {
    if *answers != answer::Settings::default() {
        warn!("listen and clockbound-directory are ignored with once");
    }
    if has_cross_check {
        warn!("cross-check is ignored with once");
    }
}
