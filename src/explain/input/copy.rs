//! Undoes what copying from a page does to a line.

use super::scan::Scan;

/// Replaces no-break spaces outside of strings with blanks; `None` if the text has no such spaces.
pub(super) fn without_no_break_spaces(text: &str) -> Option<String> {
    const NO_BREAK_SPACE: char = '\u{a0}';
    if !text.contains(NO_BREAK_SPACE) {
        return None;
    }
    let mut scan = Scan::default();
    let mut has_any = false;
    let repaired = text.chars().map(|c| {
        let is_blank = c == NO_BREAK_SPACE && !scan.in_string();
        has_any |= is_blank;
        // Only ASCII characters change the state of the scan.
        if let Ok(byte) = u8::try_from(c) {
            scan.byte(byte);
        }
        if is_blank { ' ' } else { c }
    });
    let repaired = repaired.collect();
    has_any.then_some(repaired)
}
