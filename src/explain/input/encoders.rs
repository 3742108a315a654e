//! Documents in another notation than JSON, and which writers use it.

use super::marker::{has_assignments, is_quote};
use crate::finding::Problem;
use crate::rule::Rule;

/// A notation: texts that show it, its name, and how to write JSON instead.
struct Notation(&'static [&'static str], &'static str, &'static str);

const NOTATIONS: &[Notation] = &[
    Notation(&["'_aws':"], "a Python dict", "write it with json.dumps"),
    Notation(
        &["\"_aws\"=>", ":_aws=>", "\"_aws\" => {"],
        "a Ruby hash",
        "write it with JSON.generate or to_json",
    ),
    Notation(&["_aws:map["], "a Go map", "write it with json.Marshal"),
    Notation(
        &["[_aws] =>", "[\"_aws\"]=>"],
        "a PHP array",
        "write it with json_encode",
    ),
    Notation(
        &["_aws={", "_aws=["],
        "the toString of a Java map",
        "write it with a JSON library such as Jackson",
    ),
    Notation(
        &["_aws: {", "_aws: [", "_aws:{"],
        "a JavaScript object as console.log prints it",
        "write it with JSON.stringify",
    ),
];

/// Notation of a text with quotation marks that JSON does not have.
const TYPOGRAPHIC: Notation = Notation(
    &[],
    "typographic quotation marks, as a chat or word processor writes them",
    "copy the line from its source; if the program writes them, write it with a JSON library",
);

/// Whether a character is a quotation mark that JSON does not have.
fn is_typographic(c: char) -> bool {
    is_quote(c) && !c.is_ascii()
}

/// The problem of a text that holds a document in another notation.
pub(super) fn other_notation(text: &str) -> Option<Problem> {
    if text.contains("\"_aws\":") || !(has_assignments(text) || begins_printed(text)) {
        return None;
    }
    let is_in = |Notation(signs, ..): &&Notation| signs.iter().any(|sign| text.contains(sign));
    let is_typographic = || text.contains(is_typographic).then_some(&TYPOGRAPHIC);
    let Notation(_, name, cure) = NOTATIONS.iter().find(is_in).or_else(is_typographic)?;
    let expected = "a document encoded as JSON";
    Some(Problem::new(Rule::NotJson, "the event", *name, expected).with_hint(*cure))
}

/// Whether the metadata of an object that is printed over several lines begins on this line.
fn begins_printed(text: &str) -> bool {
    const MEMBERS: [&str; 5] = ["{\"_aws\"", "\"_aws\"", ":_aws", "[_aws]", "[\"_aws\"]"];
    const ENDS: [&str; 4] = ["=>", "=> {", "=>{", "=> Array"];
    let line = text.trim();
    MEMBERS.iter().any(|member| line.starts_with(member))
        && ENDS.iter().any(|end| line.ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_writer_of_each_notation_is_named() {
        for (text, name) in [
            (
                "{'_aws': {'Timestamp': 1, 'CloudWatchMetrics': []}}",
                "Python",
            ),
            ("{\"_aws\"=>{\"CloudWatchMetrics\"=>[]}}", "Ruby"),
            ("{:_aws=>{:CloudWatchMetrics=>[]}}", "Ruby"),
            ("map[Service:cart _aws:map[CloudWatchMetrics:[]]]", "Go"),
            ("{_aws={CloudWatchMetrics=[]}}", "Java"),
            (
                "{ _aws: { CloudWatchMetrics: [ [Object] ] } }",
                "console.log",
            ),
            (
                "{\u{201d}_aws\u{201d}:{\u{201d}CloudWatchMetrics\u{201d}:[]}}",
                "typographic",
            ),
        ] {
            let problem = other_notation(text).unwrap();
            assert!(problem.given().contains(name), "{text}: {problem}");
        }
        for text in [
            "{\"_aws\":{\"CloudWatchMetrics\":[]}}",
            "the member _aws: {} and CloudWatchMetrics",
        ] {
            assert!(other_notation(text).is_none(), "{text}");
        }
    }
}
