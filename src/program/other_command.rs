//! An option given to a command that does not have it. Pure.

use clap::Command;
use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

/// Replaces the tip of an unknown option that another command has. clap compares names alone: for `check --once` it
/// suggests `--source`.
pub(crate) fn name_other_command(error: &mut Error, program: &Command) {
    let option = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(option)) if error.kind() == ErrorKind::UnknownArgument => {
            option.clone()
        }
        _ => return,
    };
    let commands = commands_with(program, &option);
    if commands.is_empty() {
        return;
    }
    let tip = format!("'{option}' is an option of {}", commands.join(", "));
    let tips = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
    error.insert(ContextKind::Suggested, tips);
    error.remove(ContextKind::SuggestedArg);
    // It shows the former suggestion.
    error.remove(ContextKind::Usage);
}

/// The commands that have this long option.
fn commands_with<'a>(program: &'a Command, option: &str) -> Vec<&'a str> {
    let Some(name) = option.strip_prefix("--") else {
        return Vec::new();
    };
    program
        .get_subcommands()
        .filter(|command| {
            command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(name))
        })
        .map(Command::get_name)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::program::start::matches;

    fn message(line: &str) -> String {
        let arguments = line.split_whitespace().map(Into::into).collect();
        matches(arguments).unwrap_err().to_string()
    }

    #[test]
    fn an_option_of_another_command_is_named_as_such() {
        for (line, tip) in [
            ("check --once", "'--once' is an option of run"),
            (
                "check --emit-interval 5s",
                "'--emit-interval' is an option of run",
            ),
            ("--json", "'--json' is an option of check, explain, report"),
            ("explain --html=x", "'--html' is an option of report"),
        ] {
            let message = message(line);
            assert!(message.contains(tip), "{message}");
            assert!(!message.contains("similar"), "{message}");
            assert!(!message.contains("Usage"), "{message}");
        }
    }

    #[test]
    fn a_misspelled_option_keeps_its_tip() {
        let message = message("check --jason");
        assert!(
            message.contains("a similar argument exists: '--json'"),
            "{message}"
        );
    }
}
