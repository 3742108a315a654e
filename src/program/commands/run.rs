//! The command `run`: samples and emits until a signal.

pub(crate) mod settings;

use std::panic::resume_unwind;
use std::time::Duration;

use tracing::{error, info, warn};

use crate::answer::{self, Answers};
use crate::program::diagnostics::Style;
use crate::program::exit::Exit;
use crate::program::raw::Flags;
use crate::program::settings::{Configured, settings};
use crate::program::system::stoppable;
use crate::sidecar::sink::Sink;
use crate::sidecar::{self, Observers, RandomFractions, Settings};
use crate::source::Environment;
use crate::text::cut;
use crate::time::Moment;

/// How many characters of the settings are shown at the start.
const SHOWN_SETTINGS: usize = 1_000;

/// How long a segment that is being written may take at the end.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment, started: Moment) -> Exit {
    stoppable(flags, environment, async |shutdown| {
        let configured = match settings(flags, environment, self::settings::read) {
            Ok(configured) => configured,
            Err(exit) => return exit,
        };
        report_start(&configured);
        let (settings, mut answers) = configured.settings;
        let once = settings.rules.once;
        if once {
            // No application can query a process that ends after its first reading, and it does not wait for a cross-check.
            if answers.turn_off() {
                warn!("--listen and --clockbound-directory have no effect with --once");
            }
            if settings.cross_check.is_some() {
                warn!("--cross-check has no effect with --once");
            }
        }
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
        // Spawned rather than blocked on: waking `block_on` costs an eventfd write and a poll of everything, four
        // times a sample.
        let sidecar = sidecar::run(settings, sink, started, random, observers, shutdown);
        let outcome = tokio::spawn(sidecar).await;
        // Nothing cancels it.
        let outcome = outcome.unwrap_or_else(|panicked| resume_unwind(panicked.into_panic()));
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

/// Reports the version, the source that is read (for `auto`, the one it begins with) and every setting that is not the
/// default. For a person, in one sentence that also explains stdout.
fn report_start(configured: &Configured<(Settings, answer::Settings)>) {
    let (settings, _) = &configured.settings;
    let (version, source) = (env!("CARGO_PKG_VERSION"), settings.source.current());
    let changes = cut(&configured.changes.join(" "), SHOWN_SETTINGS);
    if configured.style == Style::Json {
        info!(version, %source, settings = changes, "started");
        return;
    }
    let [sample, emit] = [settings.rules.sample_interval, settings.rules.emit_interval]
        .map(humantime::format_duration);
    let pace = if settings.rules.once {
        "once and writes".to_owned()
    } else if settings.format.is_reading_by_reading() {
        format!("every {sample} and writes each reading as")
    } else {
        format!("every {sample}, and every {emit} writes")
    };
    let changes = Some(changes).filter(|changes| !changes.is_empty());
    let changes = changes.map(|changes| format!("; settings: {changes}"));
    info!(
        "ecs-clock-emf {version} reads the clock ({source}) {pace} one line of CloudWatch embedded metric \
         format (EMF) to stdout{}",
        changes.unwrap_or_default()
    );
}
