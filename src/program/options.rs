//! What an option is: name, variable, help, default, rule and examples in one value.
//!
//! To add one, write its constant beside similar ones, list it in [`groups`], and read it with [`Raw::get`]
//! where the settings are built. A test compares the list with what is read.
//!
//! [`Raw::get`]: super::raw::Raw::get

pub(crate) mod answer;
pub(crate) mod check;
pub(crate) mod clock;
mod durations;
mod expected;
pub(crate) mod groups;
mod labels;
pub(crate) mod nearest;
pub(crate) mod ntp;
pub(crate) mod run;

pub(crate) use self::durations::at_most;
pub(crate) use self::expected::{Expected, expected};
pub(crate) use self::labels::{known_names, metrics_by_default};

/// An option with values of type `T`: a flag `--name` and an environment variable.
pub(crate) struct Opt<T: 'static> {
    /// Its name as a flag, without the dashes.
    pub name: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// The placeholder of its value in the help; empty for a switch, which takes none.
    pub value_name: &'static str,
    /// The value if none is given.
    pub default: DefaultValue,
    /// One sentence for the help.
    pub help: &'static str,
    /// Parses a text, or returns what was expected. What depends on other options is checked when the
    /// option is read.
    pub rule: fn(&str) -> Result<T, Expected>,
    /// Texts at the limits of the rule.
    #[cfg(test)]
    pub examples: Examples,
}

/// What applies where no value is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultValue {
    /// Nothing.
    Nothing,
    /// This text, read by the rule.
    Text(&'static str),
    /// Computed when the option is read, and described in these words.
    Derived(&'static str),
}

/// Texts that a rule accepts and texts that it refuses.
#[cfg(test)]
#[derive(Clone, Copy)]
pub(crate) struct Examples {
    pub accepted: &'static [&'static str],
    pub refused: &'static [&'static str],
}

/// An option of any type, as the command line, the help and the environment need it.
pub(crate) trait AnyOption: Sync {
    fn name(&self) -> &'static str;
    fn variable(&self) -> &'static str;
    fn value_name(&self) -> &'static str;
    fn default(&self) -> DefaultValue;
    fn help(&self) -> &'static str;

    /// Whether it takes no value.
    fn is_switch(&self) -> bool {
        self.value_name().is_empty()
    }

    #[cfg(test)]
    fn examples(&self) -> Examples;
    #[cfg(test)]
    fn refusal(&self, text: &str) -> Option<Expected>;
}

impl<T> AnyOption for Opt<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn variable(&self) -> &'static str {
        self.variable
    }

    fn value_name(&self) -> &'static str {
        self.value_name
    }

    fn default(&self) -> DefaultValue {
        self.default
    }

    fn help(&self) -> &'static str {
        self.help
    }

    #[cfg(test)]
    fn examples(&self) -> Examples {
        self.examples
    }

    #[cfg(test)]
    fn refusal(&self, text: &str) -> Option<Expected> {
        (self.rule)(text).err()
    }
}

/// The rule of a switch, for its variable.
pub(crate) fn switch(text: &str) -> Result<bool, Expected> {
    match text {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(expected("true or false", text)),
    }
}

#[cfg(test)]
const SWITCH_EXAMPLES: Examples = Examples {
    accepted: &["true", "false", "1", "0"],
    refused: &["", "yes", "TRUE", "on"],
};

/// Checks every option against its examples, its default against its rule, and its variable against its name.
#[cfg(test)]
pub(crate) fn assert_consistent(options: &[&dyn AnyOption]) {
    for option in options {
        let (name, Examples { accepted, refused }) = (option.name(), option.examples());
        assert!(!accepted.is_empty() && !refused.is_empty(), "--{name}");
        for text in accepted {
            assert_eq!(option.refusal(text), None, "--{name}={text:?}");
        }
        for text in refused {
            let refusal = option.refusal(text).map(|refusal| refusal.to_string());
            assert!(
                refusal
                    .as_ref()
                    .is_some_and(|text| text.starts_with("expected ") && text.contains(", got ")),
                "--{name}={text:?}: {refusal:?}"
            );
        }
        if let DefaultValue::Text(text) = option.default() {
            assert_eq!(option.refusal(text), None, "--{name}");
        }
        let capitals = name.to_uppercase().replace('-', "_");
        assert_eq!(option.variable(), format!("CLOCK_EMF_{capitals}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_agrees_with_itself() {
        let options: Vec<_> = groups::all().collect();
        assert!(options.len() > 15);
        assert_consistent(&options);
    }
}
