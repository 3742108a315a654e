//! The reference beside the code is what the program has.

use std::collections::BTreeSet;

use emf_explain::Rule;

const REFERENCE: &str = include_str!("../../src/explain/README.md");

#[test]
fn the_table_of_rules_is_that_of_the_program() {
    let rows: Vec<_> = REFERENCE
        .lines()
        .filter(|line| line.starts_with("| `"))
        .collect();
    let expected: Vec<_> = Rule::ALL
        .iter()
        .map(|rule| {
            let counter = rule
                .counter()
                .map_or_else(|| "–".to_owned(), |counter| format!("`{counter}`"));
            format!(
                "| `{rule}` | {} | {} | {counter} | {} {} | {} |",
                rule.severity(),
                rule.confidence(),
                rule.about(),
                capitalized(&rule.effect().to_string()),
                rule.next_step().replace('|', "\\|")
            )
        })
        .collect();
    let missing: Vec<_> = expected
        .iter()
        .filter(|row| !rows.contains(&row.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "missing or changed:\n{}",
        expected.join("\n")
    );
    assert_eq!(rows, expected);
}

/// A half sentence as one.
fn capitalized(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    format!("{}{rest}.", first.to_uppercase())
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
        include_str!("form_list.rs"),
        include_str!("forms.rs"),
        include_str!("lines.rs"),
        include_str!("names.rs"),
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
