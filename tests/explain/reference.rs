//! The reference beside the code matches the program.

use std::collections::BTreeSet;

use emf_explain::{Rule, Severity};

const REFERENCE: &str = include_str!("../../src/explain/README.md");

#[test]
fn the_reference_lists_every_rule_under_its_severity() {
    for (heading, severity) in [
        ("**Faults:**", Severity::Fault),
        ("**Warnings:**", Severity::Warning),
    ] {
        let (_, list) = REFERENCE.split_once(heading).unwrap();
        let (list, _) = list.split_once(".\n").unwrap();
        let words: Vec<_> = list
            .split(',')
            .map(|word| word.trim().trim_matches('`'))
            .collect();
        let of_severity = Rule::ALL.iter().filter(|rule| rule.severity() == severity);
        let expected: Vec<_> = of_severity.map(|rule| rule.as_str()).collect();
        assert_eq!(words, expected, "{heading}");
    }
}

#[test]
fn the_sentences_of_every_rule_can_be_read_alone() {
    for rule in Rule::ALL {
        for sentence in [rule.about(), rule.next_step()] {
            let first = sentence.chars().next().unwrap();
            let begins = first.is_uppercase() || matches!(first, '`' | '_');
            assert!(begins && sentence.ends_with('.'), "{rule}: {sentence}");
        }
    }
}

#[test]
fn every_rule_is_named_in_a_test() {
    let tests = [
        include_str!("bounds.rs"),
        include_str!("command.rs"),
        include_str!("edges/mod.rs"),
        include_str!("edges/shape.rs"),
        include_str!("edges/values.rs"),
        include_str!("field.rs"),
        include_str!("pasted.rs"),
        include_str!("form_list.rs"),
        include_str!("forms.rs"),
        include_str!("lines.rs"),
        include_str!("names.rs"),
        include_str!("near.rs"),
        include_str!("viewers.rs"),
    ]
    .concat();
    let words: BTreeSet<_> = tests.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    for rule in Rule::ALL {
        let variant = format!("{rule:?}");
        assert!(
            words.contains(variant.as_str()) || tests.contains(&format!("\"{rule}\"")),
            "{rule}"
        );
    }
}
