//! The command `check --ask`: the verdict of a running sidecar, which knows more than one reading.

use std::time::Duration;

use crate::answer::http::{Answer, LoopbackAddress, Sidecar};
use crate::clock::{Limits, Report};
use crate::program::commands::verdict::Form;
use crate::program::commands::wait::{self, Attempt};
use crate::program::exit::Exit;
use crate::program::options::check::{AGE_ADJUSTED, ASK, FOR, MAX_AGE, MAX_ERROR, WAIT};
use crate::program::options::clock::REQUEST_TIMEOUT;
use crate::program::options::expected;
use crate::program::raw::{Flags, Problem, Raw};
use crate::program::settings::settings;
use crate::program::system::stoppable;
use crate::source::Environment;

/// Flags that name another clock than the sidecar's. As variables they are the sidecar's own settings.
const OTHER_CLOCKS: [&str; 2] = ["source", "cross-check"];

struct Settings {
    address: LoopbackAddress,
    /// The limits that were given, as parameters of `/clock`: without them, the sidecar's own apply.
    parameters: Vec<(&'static str, String)>,
    timeout: Duration,
    wait: Option<Duration>,
    form: Form,
}

/// Whether to ask the sidecar.
pub(crate) fn is_wanted(flags: &Flags, environment: &Environment) -> bool {
    Raw::new(flags, environment).is_given(&ASK)
}

/// Runs the command to its end.
pub(crate) fn run(flags: &Flags, environment: &Environment) -> Exit {
    stoppable(flags, environment, async |shutdown| {
        let settings = match settings(flags, environment, read) {
            Ok(configured) => configured.settings,
            Err(exit) => return exit,
        };
        let sidecar = Sidecar::new(&settings.address, &settings.parameters, settings.timeout);
        wait::run(settings.wait, shutdown, async || {
            let answer = match &sidecar {
                Ok(sidecar) => sidecar.ask().await,
                Err(error) => Err(error.clone()),
            };
            match answer {
                Ok(answer) => answered(answer, settings.form),
                Err(error) => {
                    let report = Report::from_error(&error, &Limits::default());
                    Attempt::of_report(&report, settings.form)
                }
            }
        })
        .await
    })
}

fn answered(answer: Answer, form: Form) -> Attempt {
    Attempt {
        exit: match (answer.is_good(), answer.has_reading()) {
            (true, _) => Exit::Success,
            (false, true) => Exit::NotGood,
            (false, false) => Exit::NoReading,
        },
        output: match form {
            Form::Text => answer.to_string(),
            Form::Json => answer.text + "\n",
        },
    }
}

fn read(raw: &mut Raw<'_>) -> Option<Settings> {
    let address = raw.get(&ASK);
    let timeout = raw.get(&REQUEST_TIMEOUT);
    // An option and its parameter accept the same texts.
    let parameters = [
        raw.checked_text(&MAX_ERROR).map(|text| ("max_error", text)),
        raw.checked_text(&MAX_AGE).map(|text| ("max_age", text)),
        raw.checked_text(&FOR).map(|text| ("for", text)),
        raw.checked_text(&AGE_ADJUSTED)
            .map(|text| ("age_adjusted", text)),
    ];
    let wait = raw.get(&WAIT);
    let form = Form::read(raw);
    for name in OTHER_CLOCKS {
        if let Some(given) = raw.flag(name) {
            let problem = expected(format!("no --{name} together with --ask"), &given);
            raw.fault(&format!("--{name}"), &given, Problem::NotAllowed(problem));
        }
    }
    Some(Settings {
        address: address?,
        parameters: parameters.into_iter().flatten().collect(),
        timeout: timeout?,
        wait,
        form,
    })
}
