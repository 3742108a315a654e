//! How to read lines, as a command line names it.

use std::fmt;
use std::str::FromStr;

/// How to read lines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Input {
    /// Recognizes the form, and reports what else it may be.
    #[default]
    Auto,
    /// Lines of a viewer or export: what it put around the events is not reported.
    Export,
    /// Output of a container: each line is an event, and removing anything around a document is a
    /// fault.
    Stdout,
}

impl Input {
    /// All modes.
    pub const ALL: &'static [Self] = &[Self::Auto, Self::Export, Self::Stdout];

    /// The name on a command line.
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

/// The error for a word that does not name a mode.
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
