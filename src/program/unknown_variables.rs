//! Variables that look like an option's but are not. No I/O.

use crate::program::options::groups;
use crate::program::options::nearest::nearest;
use crate::program::options::{AnyOption, PREFIX};
use crate::source::Environment;
use crate::text::cut;

/// How much is shown of a variable's name, in characters.
const SHOWN_NAME: usize = 200;

/// A variable with our prefix that no option has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UnknownVariable {
    /// Its name, cut if it is long.
    pub name: String,
    /// The variable that was probably meant.
    pub meant: Option<&'static str>,
}

/// The variables that look like an option's but are not.
pub(crate) fn unknown_variables(environment: &Environment) -> Vec<UnknownVariable> {
    let names = environment.names().filter(|name| name.starts_with(PREFIX));
    let unknown = names.filter(|name| !known().any(|variable| variable == name.as_str()));
    let unknown = unknown.map(|name| UnknownVariable {
        name: cut(name, SHOWN_NAME),
        meant: nearest(known(), PREFIX, name),
    });
    unknown.collect()
}

/// The variables of all options.
fn known() -> impl Iterator<Item = &'static str> {
    groups::all().map(AnyOption::variable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_near_variable_is_suggested() {
        for (name, meant) in [
            (
                "CLOCK_EMF_SAMPEL_INTERVAL",
                Some("CLOCK_EMF_SAMPLE_INTERVAL"),
            ),
            (
                "CLOCK_EMF_SAMPLE_INTERVALS",
                Some("CLOCK_EMF_SAMPLE_INTERVAL"),
            ),
            ("CLOCK_EMF_MAXERROR", Some("CLOCK_EMF_MAX_ERROR")),
            ("CLOCK_EMF_max_error", None),
            ("CLOCK_EMF_ONE", Some("CLOCK_EMF_ONCE")),
            ("CLOCK_EMF_TWICE", None),
            ("CLOCK_EMF_PERIODICITY", None),
            ("CLOCK_EMF_", None),
        ] {
            let environment: Environment = [(name, "x")].into_iter().collect();
            let unknown = UnknownVariable {
                name: name.to_owned(),
                meant,
            };
            assert_eq!(unknown_variables(&environment), [unknown]);
        }
    }

    #[test]
    fn known_variables_and_those_of_others_are_left_alone() {
        let names = [
            "CLOCK_EMF_NAMESPACE",
            "CLOCK_EMF_MAX_ERROR",
            "CLOCK_DEMO_LISTEM",
            "PATH",
        ];
        let environment: Environment = names.into_iter().map(|name| (name, "x")).collect();
        assert_eq!(unknown_variables(&environment), []);
    }
}
