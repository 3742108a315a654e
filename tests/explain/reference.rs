//! Every rule has its sentences and its tests.

use std::collections::BTreeSet;

use emf_explain::Rule;

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
