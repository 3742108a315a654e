//! Checks for signs of a document in a text, from cheap to certain.

use crate::work::visit;

/// Whether a text may hold a document: it names a member that documents have.
pub(super) fn has_marker(text: &str) -> bool {
    contains(text, "_aws") || contains(text, "CloudWatchMetrics")
}

fn contains(text: &str, word: &str) -> bool {
    let found = text.find(word);
    visit(found.unwrap_or(text.len()));
    found.is_some()
}

/// Whether bytes may hold a document.
pub(super) fn bytes_have_marker(bytes: &[u8]) -> bool {
    has_marker(&String::from_utf8_lossy(bytes))
}

/// Whether a text that is not valid JSON was meant as a document: it has the name as a member.
pub(super) fn has_member(text: &str) -> bool {
    let is_member = |name: &str| {
        text.match_indices(name)
            .any(|(at, _)| text[at + name.len()..].trim_start().starts_with(':'))
    };
    visit(text.len());
    is_member("\"_aws\"") || is_member("\"CloudWatchMetrics\"")
}

/// Whether a text holds metadata in some notation: both names, each followed by what assigns a value, with anything
/// around the names. Prose that mentions the names does not match.
pub(super) fn has_assignments(text: &str) -> bool {
    assigns(text, "_aws") && assigns(text, "CloudWatchMetrics")
}

/// Whether a name is followed by a colon or an equals sign, behind quotation marks, escapes and blanks.
fn assigns(text: &str, name: &str) -> bool {
    /// Occurrences of a name that are checked; more make no difference.
    const MOST: usize = 16;
    visit(text.len());
    text.match_indices(name).take(MOST).any(|(at, _)| {
        let behind = text[at + name.len()..].trim_start_matches("&quot;");
        let behind = behind.chars().take(12);
        let mut behind = behind.skip_while(|c| is_quote(*c) || matches!(c, '\\' | ']' | ' '));
        matches!(behind.next(), Some(':' | '='))
    })
}

/// Whether a JSON value of any kind but a number may hold a document: an object or array with a member of documents, or a
/// string with an encoded one.
pub(super) fn holds_document(value: &str) -> bool {
    match value.as_bytes().first() {
        Some(b'{' | b'[' | b'"') => is_string_with_document(value),
        _ => false,
    }
}

/// Whether a text may hold a document, and does not only mention its members.
pub(super) fn is_string_with_document(text: &str) -> bool {
    has_marker(text)
        && text.contains('{')
        && (assigns(text, "_aws") || assigns(text, "CloudWatchMetrics"))
}

/// Whether a character is a quotation mark of some kind.
pub(super) fn is_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}'
    )
}

/// What gzip in base64 begins with, and `{"_aws` in base64.
pub(super) const ENCODED: [&str; 2] = ["H4sI", "eyJfYXdz"];

/// Encodings that hide documents from explain: how the text begins, the name, and how to decode it.
const ENCODINGS: [(&str, &str, &str); 2] = [
    (
        ENCODED[0],
        "gzip in base64",
        "decode it first, for example jq -r .awslogs.data FILE | base64 -d | gunzip",
    ),
    (
        ENCODED[1],
        "documents in base64",
        "decode it first, for example base64 -d FILE",
    ),
];

/// The encoding of a text that may hold documents, and how to decode it.
pub(super) fn encoding(text: &str) -> Option<(&'static str, &'static str)> {
    /// A shorter text cannot hold a document.
    const SHORTEST: usize = 64;
    visit(text.len());
    ENCODINGS.iter().find_map(|(sign, name, cure)| {
        let at = text.find(sign)?;
        let before = text[..at].chars().next_back();
        let encoded = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=-_\\".contains(byte);
        let length = text.bytes().skip(at).take(SHORTEST).filter(encoded).count();
        let begins = before.is_none_or(|c| !c.is_ascii_alphanumeric());
        (begins && length == SHORTEST).then_some((*name, *cure))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_about_documents_is_not_one() {
        for text in [
            "a document has the member _aws and in it CloudWatchMetrics",
            "_aws: see CloudWatchMetrics",
            "drop_keys=_aws CloudWatchMetrics",
        ] {
            assert!(!has_assignments(text), "{text}");
        }
        for text in [
            r#"{\\\"_aws\\\":{\\\"CloudWatchMetrics\\\":["#,
            "{'_aws': {'CloudWatchMetrics': [",
            "map[_aws:map[CloudWatchMetrics:[",
            "{_aws={CloudWatchMetrics=[",
        ] {
            assert!(has_assignments(text), "{text}");
        }
    }

    #[test]
    fn encoded_documents_are_recognized() {
        let long = "A".repeat(80);
        assert!(encoding(&format!("{{\"data\":\"H4sI{long}\"}}")).is_some());
        assert!(encoding(&format!("eyJfYXdz{long}")).is_some());
        assert!(encoding("H4sI is how gzip begins").is_none());
        assert!(encoding(&format!("xH4sI{long}")).is_none());
    }
}
