//! What an option is: name, variable, help, default and rule in one value.
//!
//! To add one, write its constant beside similar ones, list it in [`groups`], read it with [`Raw::get`] where the
//! settings are built, and give examples of its values in the tests. Tests compare the lists with what is read.
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

/// The beginning of every option's variable.
pub(crate) const PREFIX: &str = "CLOCK_EMF_";

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

impl Opt<bool> {
    /// An option without a value. Its variable may be `true` or `false`.
    const fn switch(name: &'static str, variable: &'static str, help: &'static str) -> Self {
        Self {
            name,
            variable,
            value_name: "",
            default: DefaultValue::Nothing,
            help,
            rule: |text| match text {
                "true" | "1" => Ok(true),
                "false" | "0" => Ok(false),
                _ => Err(expected("true or false", text)),
            },
        }
    }
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
    fn refusal(&self, text: &str) -> Option<Expected> {
        (self.rule)(text).err()
    }
}

#[cfg(test)]
mod tests;
