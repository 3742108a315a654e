//! The command `explain`, which the crate `emf-explain` implements.

use clap::ArgMatches;
use emf_explain::command::{self, Failure, Outcome};
use tracing::level_filters::LevelFilter;

use crate::program::diagnostics;
use crate::program::exit::Exit;
use crate::program::options::clock::LogFormat;
use crate::source::Environment;

/// Runs the command to its end.
pub(crate) fn run(matches: &ArgMatches, environment: &Environment) -> Exit {
    diagnostics::init(LevelFilter::WARN, LogFormat::Auto, environment);
    let outcome = command::run(
        matches,
        |name| environment.get(name),
        |failure| match failure {
            Failure::Read(file, error) => {
                let file = file.display();
                tracing::error!(%file, %error, "cannot read the file");
            }
            Failure::Write(error) => tracing::error!(%error, "cannot write the report"),
        },
    );
    match outcome {
        Outcome::NoFault => Exit::Success,
        Outcome::Fault => Exit::Fault,
        Outcome::Unreadable => Exit::Unreadable,
    }
}
