//! The command `check --ask`: the verdict of a running sidecar, which knows more than one reading.

use std::io::{self, Write};
use std::time::Duration;

use crate::answer::http::{LoopbackAddress, Sidecar};
use crate::clock::{Limits, Report};
use crate::program::commands::wait::{Attempt, until_good};
use crate::program::exit::Exit;
use crate::program::options::check::{AGE_ADJUSTED, ASK, FOR, JSON, MAX_AGE, MAX_ERROR, WAIT};
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
    json: bool,
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
        let asked = until_good(settings.wait, shutdown, async || {
            let answer = match &sidecar {
                Ok(sidecar) => sidecar.ask().await,
                Err(error) => Err(error.clone()),
            };
            match answer {
                Ok(answer) => Attempt {
                    is_good: answer.is_good(),
                    had_reading: answer.has_reading(),
                    output: [answer.to_string(), answer.text + "\n"],
                },
                Err(error) => {
                    let report = Report::from_error(&error, &Limits::default());
                    let json = serde_json::to_string(&report).unwrap_or_default();
                    Attempt {
                        is_good: false,
                        had_reading: false,
                        output: [report.to_string(), json + "\n"],
                    }
                }
            }
        });
        let Some(asked) = asked.await else {
            return Exit::NoReading;
        };
        let [text, json] = &asked.output;
        // If stdout is closed, the exit code still gives the verdict.
        let _ = print(if settings.json { json } else { text });
        asked.exit()
    })
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
    let json = raw.is_on(&JSON);
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
        json,
    })
}

#[expect(clippy::disallowed_methods, reason = "this command prints")]
fn print(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}
