//! Every rule with what the page says about it.

use emf_explain::Rule;
use serde::Serialize;

#[derive(Serialize)]
struct Description {
    version: &'static str,
    rules: Vec<RuleDescription>,
}

#[derive(Serialize)]
struct RuleDescription {
    rule: &'static str,
    about: &'static str,
    next: &'static str,
}

/// The version and the rules as JSON.
#[must_use]
pub fn rules() -> Vec<u8> {
    let rules = Rule::ALL.iter().map(|rule| RuleDescription {
        rule: rule.as_str(),
        about: rule.about(),
        next: rule.next_step(),
    });
    let description = Description {
        version: env!("CARGO_PKG_VERSION"),
        rules: rules.collect(),
    };
    // It has nothing that JSON cannot hold.
    serde_json::to_vec(&description).unwrap_or_default()
}
