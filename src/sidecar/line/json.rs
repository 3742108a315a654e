//! The JSON of a line, appended member by member. Pure.
//!
//! A line is a fixed sequence of mostly short members. Appending their bytes takes a third of the instructions of a
//! serializer that is called for each of them. `serde_json` writes numbers and strings that need escaping.

use std::io;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use crate::time::rfc3339_exact;

/// The members of an object, each after a comma.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Members(Vec<u8>);

impl Members {
    /// Members after the first one, which is already in `json`.
    pub(super) fn after(json: Vec<u8>) -> Self {
        Self(json)
    }

    /// Starts a member. The program's own names need no escaping.
    fn name(&mut self, name: &'static str) {
        self.0.extend_from_slice(b",\"");
        self.0.extend_from_slice(name.as_bytes());
        self.0.extend_from_slice(b"\":");
    }

    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        self.name(name);
        push_text(&mut self.0, value);
    }

    pub(super) fn time(&mut self, name: &'static str, time: DateTime<Utc>) {
        self.text(name, &rfc3339_exact(time));
    }

    pub(super) fn number(&mut self, name: &'static str, value: impl Number) {
        self.name(name);
        push_number(&mut self.0, value);
    }

    /// A member that is only ever `true`.
    pub(super) fn flag(&mut self, name: &'static str) {
        self.name(name);
        self.0.extend_from_slice(b"true");
    }

    pub(super) fn numbers(&mut self, name: &'static str, values: &[f64]) {
        self.name(name);
        push_list(&mut self.0, values, |json, value| push_number(json, *value));
    }

    /// Adds a member whose name may need escaping, since it comes from the user.
    pub(super) fn label(&mut self, name: &str, value: &str) {
        self.0.push(b',');
        push_text(&mut self.0, name);
        self.0.push(b':');
        push_text(&mut self.0, value);
    }

    pub(super) fn extend(&mut self, members: &Self) {
        self.0.extend_from_slice(&members.0);
    }

    /// Ends the object and returns its JSON.
    pub(super) fn close(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

/// Numbers that `serde_json` can write.
pub(super) trait Number: Serialize + Copy {}
impl Number for f64 {}
impl Number for i64 {}
impl Number for u64 {}

pub(super) fn push_number(json: &mut Vec<u8>, value: impl Number) {
    // Writing to memory cannot fail, and serde_json writes numbers that JSON lacks as `null`.
    let _ = serde_json::to_writer(json, &value);
}

pub(super) fn push_list<T>(
    json: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    push: impl Fn(&mut Vec<u8>, T),
) {
    json.push(b'[');
    for (index, item) in items.into_iter().enumerate() {
        if index > 0 {
            json.push(b',');
        }
        push(json, item);
    }
    json.push(b']');
}

pub(super) fn push_text(json: &mut Vec<u8>, text: &str) {
    if text.bytes().all(is_plain) {
        json.push(b'"');
        json.extend_from_slice(text.as_bytes());
        json.push(b'"');
    } else {
        let mut serializer = serde_json::Serializer::with_formatter(json, AsciiFormatter);
        // Writing to memory cannot fail.
        let _ = text.serialize(&mut serializer);
    }
}

/// Whether a byte needs no escaping.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Compact JSON with every non-ASCII character escaped: a single invalid byte makes the log driver's whole batch fail.
struct AsciiFormatter;

impl Formatter for AsciiFormatter {
    fn write_string_fragment<W: ?Sized + io::Write>(
        &mut self,
        writer: &mut W,
        fragment: &str,
    ) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(start) = rest.find(|c: char| !c.is_ascii() || c == '\u{7f}') {
            CompactFormatter.write_string_fragment(writer, &rest[..start])?;
            let mut characters = rest[start..].chars();
            if let Some(character) = characters.next() {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
            rest = characters.as_str();
        }
        CompactFormatter.write_string_fragment(writer, rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ascii(text: &str) -> String {
        let mut json = Vec::new();
        push_text(&mut json, text);
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn what_is_not_ascii_is_escaped() {
        for (text, json) in [
            ("", r#""""#),
            ("plain", r#""plain""#),
            (" ~", r#"" ~""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("é", r#""\u00e9""#),
            ("x\u{202e}y", r#""x\u202ey""#),
            ("\u{1f552}", r#""\ud83d\udd52""#),
            ("\u{7f}\n\u{1}", r#""\u007f\n\u0001""#),
        ] {
            assert_eq!(ascii(text), json);
        }
    }

    #[test]
    fn members_follow_the_first() {
        let mut label = Members::default();
        label.label("a\"b", "c");
        let mut members = Members::after(br#"{"x":0"#.to_vec());
        members.extend(&label);
        members.number("count", 7_u64);
        members.number("number", -0.5);
        members.numbers("none", &[]);
        members.numbers("numbers", &[1.0, 1e-7, f64::NAN]);
        members.text("text", "é");
        members.time("time", DateTime::UNIX_EPOCH);
        assert_eq!(
            String::from_utf8(members.close()).unwrap(),
            concat!(
                r#"{"x":0,"a\"b":"c","count":7,"number":-0.5,"none":[],"numbers":[1.0,1e-7,null],"#,
                r#""text":"\u00e9","time":"1970-01-01T00:00:00Z"}"#
            )
        );
    }

    proptest! {
        #[test]
        fn every_text_comes_back(text in any::<String>()) {
            let json = ascii(&text);
            prop_assert!(json.bytes().all(|byte| (0x20..0x7f).contains(&byte)));
            prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        }
    }
}
