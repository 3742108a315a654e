//! The values of dimensions.

use std::sync::Arc;

use super::event::{Event, SetPath};
use crate::finding::{Problem, quoted};
use crate::judge::checks::{self, wrong};
use crate::judge::json::{Name, described};
use crate::rule::Rule;

/// The dimensions of a set that CloudWatch does not drop.
pub(super) struct Dimensions {
    pub(super) pairs: Arc<[(String, String)]>,
    pub(super) certain: bool,
}

impl Event<'_> {
    /// The dimensions of a set; `None` if CloudWatch drops it.
    pub(super) fn dimensions(
        &self,
        set: &[&str],
        place: &SetPath<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<Dimensions> {
        let before = problems.len();
        let mut pairs: Vec<(String, String)> = Vec::with_capacity(set.len());
        for name in set {
            match self.dimension(name, place, problems) {
                Some(value) if pairs.iter().all(|(other, _)| other != name) => {
                    pairs.push(((*name).to_owned(), value));
                }
                _ => {}
            }
        }
        let rules = problems[before..].iter().map(Problem::rule);
        let (mut stripped, mut certain) = (false, true);
        for rule in rules {
            match rule {
                Rule::DimensionEmpty | Rule::DimensionNotString => stripped = true,
                Rule::DimensionNotAscii => {}
                _ => return None,
            }
            certain = false;
        }
        if stripped {
            pairs.clear();
        }
        Some(Dimensions {
            pairs: pairs.into(),
            certain,
        })
    }

    /// The value of a dimension. Its problems are noted.
    fn dimension(
        &self,
        name: &str,
        place: &SetPath<'_>,
        problems: &mut Vec<Problem>,
    ) -> Option<String> {
        let mut note = |(rule, given, expected): checks::ValueProblem, what: &str| {
            let place = format!("{place}, {what} {}", quoted(name));
            problems.push(Problem::new(rule, place, given, expected));
        };
        if let Some(wrong) = checks::dimension_name(name) {
            note(wrong, "the name");
        }
        let Some(text) = self.target(name) else {
            let place = format!("{place}, the dimension {}", quoted(name));
            let expected = "a string at the root";
            let problem = Problem::new(Rule::DimensionMissing, place, "nothing", expected);
            problems.push(self.hints.add_to(problem, name));
            return None;
        };
        let Ok(Name(value)) = serde_json::from_str(text) else {
            let rule = Rule::DimensionNotString;
            note(wrong(rule, described(text), "a string"), "the dimension");
            return None;
        };
        if value.is_empty() {
            let (given, expected) = ("an empty string", "1 to 1024 characters");
            note(
                wrong(Rule::DimensionEmpty, given, expected),
                "the dimension",
            );
        } else if let Some(wrong) = checks::dimension_value(&value) {
            note(wrong, "the value of");
        }
        Some(value.into_owned())
    }
}
