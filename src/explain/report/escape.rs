//! Escapes text from log lines for a terminal, and for JSON shown on one: nothing moves the cursor, is
//! invisible, or changes the direction of text.

use std::borrow::Cow;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::Formatter;

/// Whether a character is a control character, changes the direction of text, or is invisible.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn is_plain(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
        || !text.contains(is_hidden)
}

/// Text for a terminal.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if is_plain(text) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::new();
    for c in text.chars() {
        if is_hidden(c) {
            shown.extend(c.escape_debug());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// Writes a value as a line of JSON.
pub(super) fn write_line(output: &mut Vec<u8>, value: &impl Serialize) -> io::Result<()> {
    let mut serializer = serde_json::Serializer::with_formatter(&mut *output, Printable);
    value.serialize(&mut serializer)?;
    output.push(b'\n');
    Ok(())
}

/// JSON whose strings are printable.
struct Printable;

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        if is_plain(fragment) {
            return writer.write_all(fragment.as_bytes());
        }
        for c in fragment.chars() {
            if is_hidden(c) {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(c.encode_utf8(&mut [0; 4]).as_bytes())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_cannot_steer_a_terminal() {
        for (text, shown) in [
            ("it's \"a\\b\"", "it's \"a\\b\""),
            ("Zürich 日本", "Zürich 日本"),
            ("a\u{202e}b\u{1b}[31m\n", "a\\u{202e}b\\u{1b}[31m\\n"),
        ] {
            assert_eq!(printable(text), shown);
        }
    }

    #[test]
    fn json_stays_the_same_value_and_hides_nothing() {
        let text = "a\u{202e}b\u{1b}\u{7f}\u{9b}\u{200b}\u{e0001}\"\\ü\n";
        let mut json = Vec::new();
        write_line(&mut json, &text).unwrap();
        let json = String::from_utf8(json).unwrap();
        let json = json.trim_end_matches('\n');
        assert!(!json.contains(is_hidden), "{json:?}");
        assert_eq!(serde_json::from_str::<String>(json).unwrap(), text);
    }
}
