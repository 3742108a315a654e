//! Lines that are surely no documents, told without parsing them: most of a real log is JSON that is not EMF.

use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;

use super::marker::ENCODED;
use crate::work::visit;

/// What a document, an export, a part of a split line, or a text with encoded documents has at least one of. Escapes can
/// spell any of them.
const SIGNS: [&str; 9] = [
    "_aws",
    "CloudWatchMetrics",
    "vents\"",
    "results\"",
    "partial_message\"",
    "logtag\"",
    ENCODED[0],
    ENCODED[1],
    "\\u",
];

static FINDERS: LazyLock<[Finder<'static>; SIGNS.len()]> = LazyLock::new(|| SIGNS.map(Finder::new));

/// Whether a line is one object, or looks like one, and has nothing that a longer look could find. Such a line is no
/// document, whether it is valid JSON or not, and no line after it belongs to it.
pub(super) fn is_surely_other(line: &str) -> bool {
    let line = line.trim_ascii_end().as_bytes();
    // The signs come first: in most documents, the search for the first one ends early.
    let has_sign = FINDERS.iter().any(|finder| {
        visit(line.len());
        finder.find(line).is_some()
    });
    !has_sign && is_one_object(line)
}

/// Whether the brace that a text begins with is closed by its last byte.
fn is_one_object(text: &[u8]) -> bool {
    visit(text.len());
    let mut depth = 0_u32;
    let mut rest = text;
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match byte {
            b'"' => match string_end(rest) {
                Some(end) => rest = &rest[end..],
                None => return false,
            },
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => match depth {
                0 => return false,
                1 => return rest.is_empty() && *byte == b'}',
                _ => depth -= 1,
            },
            _ => {}
        }
    }
    false
}

/// Where the string that a text is in ends, behind its quotation mark.
fn string_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        // What an escape stands for does not end the string.
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_surely_no_document() {
        for (line, is_other) in [
            (
                r#"{"level":"info","message":"order \"1\" placed","ms":[1,{}]}"#,
                true,
            ),
            ("{}", true),
            ("{\"a\":1} \r", true),
            ("{\"a\" 1}", true),
            (r#"{"a":"{"}"#, true),
            (r#"{"a":"\\"}"#, true),
            (r#"{"_aws":{}}"#, false),
            (r#"{"log":"{\"_aws\":1}"}"#, false),
            (r#"{"\u005faws":{}}"#, false),
            (r#"{"events":[]}"#, false),
            (r#"{"logEvents":[]}"#, false),
            (r#"{"data":"H4sIAAAA"}"#, false),
            ("{\"a\":1", false),
            ("{\"a\":1,", false),
            ("{\"a\":\"1}", false),
            ("{\"a\":1} {}", false),
            ("{\"a\":1]", false),
            ("[1]", false),
            ("", false),
        ] {
            assert_eq!(is_surely_other(line), is_other, "{line}");
        }
    }
}
