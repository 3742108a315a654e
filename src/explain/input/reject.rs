//! Lines that are surely no documents, told without parsing them: most of a real log is JSON that is not EMF.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use crate::work::visit;

/// What a document, an export, or a part of a split line has at least one of. Escapes can spell any of them.
const SIGNS: [&str; 7] = [
    "_aws",
    "CloudWatchMetrics",
    "vents\"",
    "results\"",
    "partial_message\"",
    "logtag\"",
    "\\u",
];

static FINDERS: LazyLock<[Finder<'static>; SIGNS.len()]> = LazyLock::new(|| SIGNS.map(Finder::new));

/// Whether a line is one object, or looks like one, and has nothing that a longer look could find. Such a line is no
/// document, whether it is valid JSON or not, and no line after it belongs to it.
pub(super) fn is_surely_other(line: &str) -> bool {
    let line = line.trim_ascii_end().as_bytes();
    is_one_object(line)
        && FINDERS.iter().all(|finder| {
            visit(line.len());
            finder.find(line).is_none()
        })
}

/// Whether the brace that a text begins with is closed by its last byte.
fn is_one_object(text: &[u8]) -> bool {
    visit(text.len());
    let mut depth = 0_u32;
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                while let Some(byte) = bytes.next() {
                    match byte {
                        b'"' => break,
                        b'\\' => drop(bytes.next()),
                        _ => {}
                    }
                }
            }
            b'{' | b'[' => depth = depth.saturating_add(1),
            b'}' | b']' => match depth {
                0 => return false,
                1 => return bytes.as_slice().is_empty() && *byte == b'}',
                _ => depth -= 1,
            },
            _ => {}
        }
    }
    false
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
