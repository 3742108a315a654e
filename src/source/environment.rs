//! The environment as a value: no other code reads the process's environment.

use std::collections::BTreeMap;
use std::ffi::OsString;

/// The variable in which ECS passes the address of the task metadata endpoint.
pub(crate) const ENDPOINT_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// The variable of version 3 of the endpoint, which does not report the clock.
const ENDPOINT_V3_VARIABLE: &str = "ECS_CONTAINER_METADATA_URI";

/// A snapshot of the environment, taken once at the start and handed down.
#[derive(Debug, Clone, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// This process's environment. Variables with non-Unicode names are skipped.
    #[must_use]
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the environment"
    )]
    pub fn from_process() -> Self {
        Self(
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
                .collect(),
        )
    }

    /// The value of a variable. Bytes that are not Unicode are replaced, and the option's rule then rejects the value.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        let value = self.0.get(name)?;
        Some(value.to_string_lossy().into_owned())
    }

    /// Warns if ECS passes only version 3 of the endpoint.
    pub(crate) fn warn_of_endpoint_v3(&self) {
        if self.has_only_endpoint_v3() {
            tracing::warn!(
                expected = ENDPOINT_VARIABLE,
                got = ENDPOINT_V3_VARIABLE,
                "only version 3 of the task metadata endpoint is available, and only version 4 reports the clock: \
                 Fargate platform version 1.4.0 or a newer ECS agent is required"
            );
        }
    }

    fn has_only_endpoint_v3(&self) -> bool {
        self.0.contains_key(ENDPOINT_V3_VARIABLE) && !self.0.contains_key(ENDPOINT_VARIABLE)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_3_of_the_endpoint_alone() {
        for (variables, is_alone) in [
            (vec![], false),
            (vec![ENDPOINT_V3_VARIABLE], true),
            (vec![ENDPOINT_VARIABLE], false),
            (vec![ENDPOINT_V3_VARIABLE, ENDPOINT_VARIABLE], false),
        ] {
            let environment: Environment = variables.iter().map(|name| (*name, "x")).collect();
            assert_eq!(
                environment.has_only_endpoint_v3(),
                is_alone,
                "{variables:?}"
            );
        }
    }
}
