//! How to read lines, as a command line names it.

use std::fmt;
use std::str::FromStr;

use crate::kind::words;

words! {
    /// How to read lines.
    #[derive(Default)]
    Input
    /// Recognizes the form, and reports what else it may be.
    #[default]
    Auto "auto"
    /// Lines of a viewer or export: what it put around the events is not reported.
    Export "export"
    /// Output of a container: each line is an event, and removing anything around a document is a
    /// fault.
    Stdout "stdout"
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
