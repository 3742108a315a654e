//! The command `explain`, which the crate `emf-explain` implements.

use clap::ArgMatches;
use emf_explain::command::{self, Failure, Outcome};

use crate::program::diagnostics;
use crate::program::exit::Exit;
use crate::source::Environment;

/// Runs the command to its end.
pub(crate) fn run(matches: &ArgMatches, environment: &Environment) -> Exit {
    diagnostics::init(tracing::level_filters::LevelFilter::WARN);
    let outcome = command::run(
        matches,
        |name| environment.get(name),
        |failure| match failure {
            Failure::Read(file, error) => {
                let file = file.display();
                tracing::error!(%file, %error, "the file cannot be read");
            }
            Failure::Write(error) => tracing::error!(%error, "the report cannot be written"),
        },
    );
    match outcome {
        Outcome::NoFault => Exit::Success,
        Outcome::Fault => Exit::Fault,
        Outcome::Unreadable => Exit::Unreadable,
    }
}
