//! How lines are to be read, as a command line names it.

use std::fmt;
use std::str::FromStr;

/// How lines are to be read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Input {
    /// The form is recognized; what it may also be is reported.
    #[default]
    Auto,
    /// A viewer or an export showed the lines: what it put around the events is not reported.
    Export,
    /// What a container wrote: each line is an event, and nothing is taken off without a fault.
    Stdout,
}

impl Input {
    /// Every way of reading.
    pub const ALL: &'static [Self] = &[Self::Auto, Self::Export, Self::Stdout];

    /// The word for it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Export => "export",
            Self::Stdout => "stdout",
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no way of reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidInput(String);

impl fmt::Display for InvalidInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(given) = self;
        write!(
            f,
            "invalid input: expected auto, export or stdout, got {given:?}"
        )
    }
}

impl std::error::Error for InvalidInput {}

impl FromStr for Input {
    type Err = InvalidInput;

    fn from_str(word: &str) -> Result<Self, InvalidInput> {
        let mut all = Self::ALL.iter().copied();
        all.find(|input| input.as_str() == word)
            .ok_or_else(|| InvalidInput(word.to_owned()))
    }
}
