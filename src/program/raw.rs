//! Options as given, and the faults in them. No I/O.

use std::collections::BTreeMap;
use std::fmt;

use crate::program::options::{DefaultValue, Expected, Opt};
use crate::source::{Environment, InvalidSource};
use crate::text::cut;

/// How many characters of a given value are shown.
const SHOWN_VALUE: usize = 200;

/// The flags of one command line: option names and their values.
pub(crate) type Flags = BTreeMap<&'static str, String>;

/// The flags and variables of one command, not yet validated, and the faults found while reading them.
/// Every option is read before anything is decided, so that all faults are reported at once.
pub(crate) struct Raw<'a> {
    flags: &'a Flags,
    environment: &'a Environment,
    /// The options that were read, in this order.
    #[cfg(test)]
    read: Vec<&'static str>,
    faults: Vec<Fault>,
    /// The settings that are not the default, each as `name=value`.
    changes: Vec<String>,
}

/// One thing wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The option or variable at fault.
    pub option: String,
    /// The value given.
    pub given: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What can be wrong with a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Problem {
    /// It is empty.
    Empty,
    /// The option's rule, or another option, does not allow it.
    NotAllowed(Expected),
    /// This source needs this variable.
    NeedsVariable(&'static str),
    /// The source cannot be set up.
    Source(InvalidSource),
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => {
                f.write_str("the value is empty; leave the option out to use the default")
            }
            Self::NotAllowed(expected) => expected.fmt(f),
            Self::NeedsVariable(name) => write!(f, "{name} is not set"),
            Self::Source(invalid) => invalid.fmt(f),
        }
    }
}

/// A given value, and where it was given.
struct GivenValue {
    place: String,
    text: String,
}

impl<'a> Raw<'a> {
    pub(crate) fn new(flags: &'a Flags, environment: &'a Environment) -> Self {
        Self {
            flags,
            environment,
            #[cfg(test)]
            read: Vec::new(),
            faults: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// The environment, for variables that are not options.
    pub(crate) fn environment(&self) -> &'a Environment {
        self.environment
    }

    /// The names of the options that were read so far.
    #[cfg(test)]
    pub(crate) fn names_read(&self) -> Vec<&'static str> {
        self.read.clone()
    }

    /// The flag takes precedence over the variable.
    fn given<T>(&self, option: &Opt<T>) -> Option<GivenValue> {
        if let Some(text) = self.flags.get(option.name) {
            return Some(GivenValue {
                place: format!("--{}", option.name),
                text: text.clone(),
            });
        }
        let text = self.environment.get(option.variable)?;
        let place = option.variable.to_owned();
        Some(GivenValue { place, text })
    }

    /// Whether this option was given a value.
    pub(crate) fn is_given<T>(&self, option: &Opt<T>) -> bool {
        self.given(option).is_some()
    }

    /// Where this option was given a value: its flag or its variable.
    pub(crate) fn place_of<T>(&self, option: &Opt<T>) -> Option<String> {
        self.given(option).map(|given| given.place)
    }

    /// The text given to an option, which is noted as a fault unless the option's rule accepts it.
    pub(crate) fn checked_text<T: PartialEq>(&mut self, option: &'static Opt<T>) -> Option<String> {
        self.get(option);
        self.given(option).map(|given| given.text)
    }

    /// The value of a flag, ignoring its variable.
    pub(crate) fn flag(&self, name: &str) -> Option<String> {
        self.flags.get(name).cloned()
    }

    /// Notes a fault. What is shown is cut, since an event longer than a pipe's buffer would wait
    /// forever if nothing reads stderr.
    pub(crate) fn fault(&mut self, place: &str, given: &str, problem: Problem) {
        self.faults.push(Fault {
            option: place.to_owned(),
            given: cut(given, SHOWN_VALUE),
            problem,
        });
    }

    /// The value of an option, its default, or `None`; a fault is noted and gives `None`.
    pub(crate) fn get<T: PartialEq>(&mut self, option: &'static Opt<T>) -> Option<T> {
        #[cfg(test)]
        self.read.push(option.name);
        let by_default = match option.default {
            DefaultValue::Text(text) => (option.rule)(text).ok(),
            DefaultValue::Nothing | DefaultValue::Derived(_) => None,
        };
        let Some(GivenValue { place, text }) = self.given(option) else {
            return by_default;
        };
        if text.is_empty() && option.default != DefaultValue::Text("") {
            self.fault(&place, &text, Problem::Empty);
            return None;
        }
        match (option.rule)(&text) {
            Ok(value) => {
                if by_default.as_ref() != Some(&value) {
                    let value = cut(&text, SHOWN_VALUE);
                    self.changes.push(format!("{}={value}", option.name));
                }
                Some(value)
            }
            Err(expected) => {
                self.fault(&place, &text, Problem::NotAllowed(expected));
                None
            }
        }
    }

    /// As [`Raw::get`], with this default.
    pub(crate) fn get_or<T: PartialEq>(
        &mut self,
        option: &'static Opt<T>,
        default: T,
    ) -> Option<T> {
        let given = self.get(option);
        if self.is_given(option) {
            given
        } else {
            Some(default)
        }
    }

    /// Whether a switch is on.
    pub(crate) fn is_on(&mut self, switch: &'static Opt<bool>) -> bool {
        self.get(switch).unwrap_or(false)
    }

    /// `value`, which was given to `option`, unless the value of another option does not allow it.
    pub(crate) fn allowed<T>(
        &mut self,
        option: &'static Opt<T>,
        value: Option<T>,
        rule: impl FnOnce(&T) -> Result<(), Expected>,
    ) -> Option<T> {
        let value = value?;
        let Err(expected) = rule(&value) else {
            return Some(value);
        };
        if let Some(GivenValue { place, text }) = self.given(option) {
            self.fault(&place, &text, Problem::NotAllowed(expected));
        }
        None
    }

    /// The settings and the list of changes from the default, or all faults.
    pub(crate) fn finish<T>(self, settings: Option<T>) -> Result<(T, Vec<String>), Vec<Fault>> {
        match settings {
            Some(settings) if self.faults.is_empty() => Ok((settings, self.changes)),
            _ => Err(self.faults),
        }
    }
}
