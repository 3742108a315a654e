//! YAML as `--output yaml` and yq write it: a message is a quoted text, which may be folded over lines, or a block.

use super::form::{Form, Next, Output};
use crate::finding::Position;
use crate::input::cursor::Cursor;
use crate::input::lines::HELD_BYTES;
use crate::input::origin::Origin;

/// A text, as far as it has been read.
#[derive(Debug, Default)]
pub(super) struct Yaml {
    style: Style,
    line: u64,
    text: String,
    /// Blanks before the line that the text begins on.
    indent: usize,
    has_begun: bool,
}

/// How a text is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Style {
    /// In quotation marks of this kind.
    #[default]
    SingleQuoted,
    DoubleQuoted,
    /// On the lines that follow, which are indented.
    Block,
}

/// The beginning of a text on a line.
struct TextStart<'a> {
    style: Style,
    indent: usize,
    rest: &'a str,
}

impl Yaml {
    /// Whether a possible message begins on a line.
    pub(super) fn begins(line: &str) -> bool {
        beginning(line).is_some()
    }

    /// Follows which log stream the members of an event name.
    pub(super) fn follow_stream(line: &str, stream: &mut Option<String>) {
        let mut member = line.trim_start();
        let mut begins = member.starts_with("---");
        while let Some(item) = member.strip_prefix("- ") {
            member = item.trim_start();
            begins = true;
        }
        if begins {
            *stream = None;
        }
        if let Some(name) = member.strip_prefix("logStreamName: ") {
            *stream = Some(name.trim().trim_matches(['\'', '"']).to_owned());
        }
    }

    fn push(&mut self, joint: &str, text: &str) {
        if self.text.len() < HELD_BYTES {
            if !self.text.is_empty() {
                self.text.push_str(joint);
            }
            self.text.push_str(text);
        }
    }

    /// Adds a piece of a quoted text, up to the quotation mark that ends it.
    fn add(&mut self, piece: &str, output: &mut Output<'_, '_>) -> Next {
        crate::work::visit(piece.len());
        let Some(end) = end_of_quoted(piece, self.style) else {
            self.push("", piece);
            return Next::Stay;
        };
        self.push("", &piece[..end]);
        self.emit(output);
        Next::End
    }

    fn emit(&mut self, output: &mut Output<'_, '_>) {
        let text = std::mem::take(&mut self.text);
        let text = match self.style {
            Style::SingleQuoted => text.replace("''", "'"),
            // JSON has surrogate pairs, YAML has escapes of its own.
            Style::DoubleQuoted => serde_json::from_str(&format!("\"{text}\""))
                .ok()
                .or_else(|| unescaped(&text))
                .unwrap_or(text),
            Style::Block => text,
        };
        let position = Position::new(self.line, None);
        let origin = Origin::from_stream(output.emitter.member_stream.clone());
        output.text(position, text.trim_end(), origin);
    }
}

impl Form for Yaml {
    fn read(&mut self, cursor: &mut Cursor<'_>, output: &mut Output<'_, '_>) -> Next {
        let Some(line) = cursor.text().filter(|_| cursor.ends_line()) else {
            self.emit(output);
            return Next::Leave;
        };
        let line = line.trim_end();
        if !self.has_begun {
            let Some(beginning) = beginning(line) else {
                return Next::Leave;
            };
            self.has_begun = true;
            self.line = cursor.place.line;
            self.style = beginning.style;
            self.indent = beginning.indent;
            cursor.take_all();
            return match self.style {
                Style::Block => Next::Stay,
                _ => self.add(beginning.rest, output),
            };
        }
        let blank = line.len() - line.trim_start().len();
        if !line.is_empty() && blank <= self.indent && (self.style == Style::Block || blank == 0) {
            self.emit(output);
            return Next::Leave;
        }
        cursor.take_all();
        if self.style == Style::Block {
            self.push("\n", line.trim_start());
            return Next::Stay;
        }
        // A line break is a blank, unless a backslash escapes it: one of an odd number, since pairs are backslashes.
        let backslashes = self.text.bytes().rev().take_while(|byte| *byte == b'\\');
        let joint = if self.style == Style::DoubleQuoted && backslashes.count() % 2 == 1 {
            self.text.pop();
            ""
        } else {
            " "
        };
        let line = line.trim_start();
        self.push(joint, "");
        self.add(
            line.strip_prefix("\\ ").map_or(line, |_| &line[1..]),
            output,
        )
    }

    fn finish(&mut self, _: bool, output: &mut Output<'_, '_>) -> Option<Box<dyn Form>> {
        self.emit(output);
        None
    }
}

/// A text in double quotation marks without its escapes, if all of them are ones of YAML.
fn unescaped(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('\\') {
        plain.push_str(before);
        let escape = behind.chars().next()?;
        rest = &behind[escape.len_utf8()..];
        let digits = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if digits > 0 {
            let code = rest.get(..digits)?;
            if !code.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return None;
            }
            plain.push(char::from_u32(u32::from_str_radix(code, 16).ok()?)?);
            rest = &rest[digits..];
            continue;
        }
        plain.push(match escape {
            '"' | '\\' | '/' | ' ' => escape,
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'N' => '\u{85}',
            '_' => '\u{a0}',
            'L' => '\u{2028}',
            'P' => '\u{2029}',
            _ => return None,
        });
    }
    plain.push_str(rest);
    Some(plain)
}

/// The position of the quotation mark that ends a text.
fn end_of_quoted(text: &str, style: Style) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match (style, byte) {
            (Style::DoubleQuoted, b'\\') => {
                bytes.next();
            }
            (Style::DoubleQuoted, b'"') => return Some(at),
            (Style::SingleQuoted, b'\'') if bytes.next_if(|(_, next)| *next == b'\'').is_none() => {
                return Some(at);
            }
            _ => {}
        }
    }
    None
}

/// The text that begins on a line, behind dashes and a key.
fn beginning(line: &str) -> Option<TextStart<'_>> {
    const KEYS: [&str; 3] = ["message", "'@message'", "\"@message\""];
    let mut rest = line.trim_start();
    let mut is_item = false;
    while let Some(item) = rest.strip_prefix("- ") {
        rest = item.trim_start();
        is_item = true;
    }
    // Members that follow begin in the same column.
    let indent = line.len() - rest.len();
    let is_key = |key: &str| {
        !key.is_empty()
            && key.len() < 64
            && key
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"@_'\"".contains(&b))
    };
    let mut key = None;
    if let Some((before, behind)) = rest.split_once(": ")
        && is_key(before)
    {
        key = Some(before);
        rest = behind.trim_start();
    }
    if !is_item && key.is_none() {
        return None;
    }
    let style = match rest.trim_end() {
        "|" | "|-" | "|+" | ">" | ">-" | ">+" if key.is_none_or(|key| KEYS.contains(&key)) => {
            return Some(TextStart {
                style: Style::Block,
                indent,
                rest: "",
            });
        }
        text if text.starts_with("'{") => Style::SingleQuoted,
        text if text.starts_with("\"{\\") => Style::DoubleQuoted,
        _ => return None,
    };
    Some(TextStart {
        style,
        indent,
        rest: &rest[1..],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_begins_behind_a_key_or_a_dash() {
        for line in [
            "  message: '{\"_aws\":{}}'",
            "- message: '{\"_aws\":",
            "- '{\"_aws\":{}}'",
            "- - '{\"_aws\":{}}'",
            "  message: \"{\\\"_aws\\\":{}}\"",
            "  m: '{",
            "  message: |-",
        ] {
            assert!(Yaml::begins(line), "{line}");
        }
        for line in [
            "message: {\"_aws\":{}}",
            "'{\"_aws\":{}}'",
            "- eventId: '0'",
            "note: |",
            "it's: a 'quote'",
        ] {
            assert!(!Yaml::begins(line), "{line}");
        }
    }

    #[test]
    fn a_stream_belongs_to_one_event() {
        let mut stream = None;
        for (line, expected) in [
            ("- eventId: '0'", None),
            ("  logStreamName: app/1", Some("app/1")),
            ("  timestamp: 1", Some("app/1")),
            ("- eventId: '1'", None),
            ("  - logStreamName: 'a'", Some("a")),
            ("---", None),
        ] {
            Yaml::follow_stream(line, &mut stream);
            assert_eq!(stream.as_deref(), expected, "{line}");
        }
    }

    #[test]
    fn escapes_are_yamls() {
        let text = r#"{\n\ \"a\": \"\x41\u00e9\U0001F600\\\"\/\0\e\_\t"#;
        let plain = "{\n \"a\": \"A\u{e9}\u{1f600}\\\"/\0\u{1b}\u{a0}\t";
        assert_eq!(unescaped(text).as_deref(), Some(plain));
        for text in ["\\", "\\q", "\\x4", "\\ud800", "\\u+123"] {
            assert_eq!(unescaped(text), None, "{text}");
        }
    }

    #[test]
    fn a_quoted_text_ends_at_a_mark_that_is_not_doubled() {
        assert_eq!(end_of_quoted("it''s' x", Style::SingleQuoted), Some(5));
        assert_eq!(end_of_quoted("a\\\"b\" x", Style::DoubleQuoted), Some(4));
        assert_eq!(end_of_quoted("a''", Style::SingleQuoted), None);
    }
}
