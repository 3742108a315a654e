//! JSON printed over several lines: whether a line continues it.

use super::scan::Scan;

/// A no-break space in UTF-8, which copies from web pages have in place of blanks.
const NO_BREAK_SPACE: &[u8] = b"\xc2\xa0";

/// Whether a text that is not a whole object continues on the next line, as printed documents do.
pub(super) fn continues(text: &str) -> bool {
    text.trim_end().ends_with(['{', '[', ',', ':']) && !Scan::default().over(text).in_string()
}

/// Whether a line can continue a printed document.
pub(super) fn can_follow(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b' ' | b'\t' | b'\r' | b'}' | b']' | b'"' | b'[' | b',') => true,
        Some(b'{') => line.get(1) != Some(&b'"'),
        Some(_) => line.starts_with(NO_BREAK_SPACE),
    }
}
