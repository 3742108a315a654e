//! The JSON of a line.

use std::borrow::Cow;
use std::io;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

/// The root object: members in the order they are to be read.
pub(super) struct Root<'a>(pub(super) Vec<(&'a str, Member<'a>)>);

impl<'a> Root<'a> {
    pub(super) fn put(&mut self, name: &'a str, value: Member<'a>) {
        self.0.push((name, value));
    }
}

impl Serialize for Root<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Member<'a> {
    Metadata(Metadata<'a>),
    Text(Cow<'a, str>),
    Count(u64),
    Number(f64),
    Numbers(Vec<f64>),
}

impl Member<'_> {
    pub(super) fn time(time: DateTime<Utc>) -> Self {
        Self::Text(Cow::Owned(
            time.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        ))
    }
}

#[derive(Serialize)]
pub(super) struct Metadata<'a> {
    #[serde(rename = "Timestamp")]
    pub(super) timestamp: i64,
    #[serde(rename = "CloudWatchMetrics")]
    pub(super) directives: Vec<Directive<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Directive<'a> {
    pub(super) namespace: &'a str,
    pub(super) dimensions: Vec<Vec<&'a str>>,
    pub(super) metrics: Vec<Definition>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Definition {
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) storage_resolution: Option<u8>,
}

/// Compact JSON in which every character beyond ASCII is escaped: one bad byte on the way makes the
/// log driver's whole batch fail.
pub(super) struct AsciiFormatter;

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
        let mut serializer = serde_json::Serializer::with_formatter(&mut json, AsciiFormatter);
        text.serialize(&mut serializer).unwrap();
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn what_is_not_ascii_is_escaped() {
        for (text, json) in [
            ("plain", r#""plain""#),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("é", r#""\u00e9""#),
            ("x\u{202e}y", r#""x\u202ey""#),
            ("\u{1f552}", r#""\ud83d\udd52""#),
            ("\u{7f}\n\u{1}", r#""\u007f\n\u0001""#),
        ] {
            assert_eq!(ascii(text), json);
        }
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
