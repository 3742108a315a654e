//! The command `emf-explain`: arguments and environment in, exit code out.

use std::io::Write as _;
use std::process::ExitCode;

use emf_explain::command::{command, run};

fn main() -> ExitCode {
    let command = command("emf-explain").version(env!("CARGO_PKG_VERSION"));
    let matches = command.get_matches();
    let outcome = run(
        &matches,
        |variable| std::env::var(variable).ok(),
        |failure| {
            // If stderr fails nobody is watching.
            let _ = writeln!(std::io::stderr(), "emf-explain: {failure}");
        },
    );
    ExitCode::from(outcome.exit_code())
}
