//! Documents in another notation than JSON, and which writers use it.

use super::marker::{has_assignments, is_quote};
use crate::finding::Problem;
use crate::rule::Rule;

/// A notation: a text that shows it, its name, and how to write JSON instead.
struct Notation {
    is_in: fn(&str) -> bool,
    name: &'static str,
    cure: &'static str,
}

const NOTATIONS: &[Notation] = &[
    Notation {
        is_in: |text| text.contains("'_aws':"),
        name: "a Python dict",
        cure: "write it with json.dumps",
    },
    Notation {
        is_in: |text| {
            text.contains("\"_aws\"=>")
                || text.contains(":_aws=>")
                || text.contains("\"_aws\" => {")
        },
        name: "a Ruby hash",
        cure: "write it with JSON.generate or to_json",
    },
    Notation {
        is_in: |text| text.contains("_aws:map["),
        name: "a Go map",
        cure: "write it with json.Marshal",
    },
    Notation {
        is_in: |text| text.contains("[_aws] =>") || text.contains("[\"_aws\"]=>"),
        name: "a PHP array",
        cure: "write it with json_encode",
    },
    Notation {
        is_in: |text| text.contains("_aws={") || text.contains("_aws=["),
        name: "the toString of a Java map",
        cure: "write it with a JSON library such as Jackson",
    },
    Notation {
        is_in: |text| {
            text.contains("_aws: {") || text.contains("_aws: [") || text.contains("_aws:{")
        },
        name: "a JavaScript object as console.log prints it",
        cure: "write it with JSON.stringify",
    },
    Notation {
        is_in: |text| text.contains(is_typographic),
        name: "typographic quotation marks, as a chat or word processor writes them",
        cure: "copy the line from its source; if the program writes them, write it with a JSON library",
    },
];

/// Whether a character is a quotation mark that JSON does not have.
fn is_typographic(c: char) -> bool {
    is_quote(c) && !c.is_ascii()
}

/// The problem of a text that holds a document in another notation.
pub(super) fn other_notation(text: &str) -> Option<Problem> {
    if text.contains("\"_aws\":") || !(has_assignments(text) || begins_printed(text)) {
        return None;
    }
    let notation = NOTATIONS.iter().find(|notation| (notation.is_in)(text))?;
    let expected = "a document encoded as JSON";
    Some(Problem::new(Rule::NotJson, "the event", notation.name, expected).with_hint(notation.cure))
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
