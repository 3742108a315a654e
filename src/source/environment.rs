//! The environment as a value, so that nothing below `main` reads it.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The environment, taken once at the start and handed down: nothing below reads it.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// This process's environment. Variables whose names are not Unicode are none of ours.
    #[must_use]
    pub fn of_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .collect(),
        )
    }

    /// The value of a variable, with what is not Unicode replaced; the validation that follows
    /// refuses it by name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = self.0.get(name)?;
        Some(value.to_string_lossy().into_owned())
    }

    /// The names of all variables.
    #[cfg(feature = "cli")]
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        self.0.keys()
    }
}

impl<N: Into<String>, V: Into<OsString>> FromIterator<(N, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(variables: I) -> Self {
        let owned = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Self(owned.collect())
    }
}
