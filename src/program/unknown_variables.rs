//! Variables that look like an option's but are not. No I/O.

use crate::program::options::AnyOption;
use crate::source::Environment;
use crate::text::cut;

/// What the variables of our programs begin with.
const PREFIXES: [&str; 2] = ["CLOCK_EMF_", "CLOCK_DEMO_"];
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

/// Whether any variable begins like one of ours.
pub(crate) fn has_own_prefix(environment: &Environment) -> bool {
    let is_ours = |name: &String| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    environment.names().any(is_ours)
}

/// The variables that begin like one of the options `known` and belong to none of them.
pub(crate) fn unknown_variables(
    environment: &Environment,
    known: &[&dyn AnyOption],
) -> Vec<UnknownVariable> {
    let known: Vec<&'static str> = known.iter().map(|option| option.variable()).collect();
    let is_ours = |name: &str| {
        let prefix = PREFIXES.into_iter().find(|prefix| name.starts_with(prefix));
        prefix.is_some_and(|prefix| known.iter().any(|variable| variable.starts_with(prefix)))
    };
    environment
        .names()
        .filter(|name| is_ours(name) && !known.contains(&name.as_str()))
        .map(|name| UnknownVariable {
            name: cut(name, SHOWN_NAME),
            meant: near(name, &known),
        })
        .collect()
}

/// The known variable with the fewest slips between the two, if these are few for a name so long: one
/// in three characters after the prefix.
fn near(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let slips = |variable: &str| strsim::damerau_levenshtein(variable, name);
    let nearest = known
        .iter()
        .copied()
        .min_by_key(|variable| slips(variable))?;
    let prefix = PREFIXES
        .iter()
        .find(|prefix| nearest.starts_with(**prefix))?;
    let allowed = (nearest.len() - prefix.len()) / 3;
    (slips(nearest) <= allowed.max(1)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::commands;

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
            assert_eq!(
                unknown_variables(&environment, &commands::options()),
                [unknown]
            );
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
        assert_eq!(unknown_variables(&environment, &commands::options()), []);
    }
}
