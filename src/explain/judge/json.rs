//! JSON that keeps what EMF's rules need: repeated members of an object, and how numbers were written.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use crate::finding::quoted;

/// A JSON value that borrows from its text where it can.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Json<'a> {
    Null,
    Bool(bool),
    Number(Number),
    String(Cow<'a, str>),
    Array(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// A JSON object; names may repeat.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Object<'a> {
    /// Sorted by name; equal names stay in the order of the text.
    members: Vec<(Cow<'a, str>, Json<'a>)>,
}

impl Json<'_> {
    /// What the value is, for a sentence.
    pub(super) fn described(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Number(number) => number.to_string(),
            Self::String(text) => format!("the string {}", quoted(text)),
            Self::Array(items) => format!("an array of {}", items.len()),
            Self::Object(object) => match object.members.first() {
                None => "an empty object".to_owned(),
                Some((name, _)) => format!("an object with {}", quoted(name)),
            },
        }
    }
}

impl<'a> Object<'a> {
    pub(super) fn new(mut members: Vec<(Cow<'a, str>, Json<'a>)>) -> Self {
        members.sort_by(|left, right| left.0.cmp(&right.0));
        Self { members }
    }

    /// The value of a member; the last one if the name repeats.
    pub(super) fn get(&self, name: &str) -> Option<&Json<'a>> {
        /// Comparing few names is faster than a search.
        const FEW: usize = 16;
        let end = match self.members.len() {
            ..=FEW => self.members.len(),
            _ => self.members.partition_point(|(other, _)| **other <= *name),
        };
        let mut last = self.members[..end].iter().rev().take(FEW);
        let (_, value) = last.find(|(other, _)| other == name)?;
        Some(value)
    }

    /// The names of all members.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|(name, _)| name.as_ref())
    }

    /// The names that occur more than once, each once.
    pub(super) fn repeated(&self) -> impl Iterator<Item = &str> {
        self.members
            .chunk_by(|left, right| left.0 == right.0)
            .filter(|members| members.len() > 1)
            .filter_map(|members| members.first())
            .map(|(name, _)| name.as_ref())
    }
}

/// The first JSON value of a text, and what follows it.
pub(super) fn parse(text: &str) -> Result<(Json<'_>, &str), serde_json::Error> {
    crate::work::visit(text.len());
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<Json<'_>>();
    match values.next() {
        Some(Ok(value)) => {
            let rest = text.get(values.byte_offset()..).unwrap_or_default();
            Ok((value, rest.trim_matches([' ', '\t', '\r', '\n'])))
        }
        Some(Err(error)) => Err(error),
        None => Ok((Json::Null, "")),
    }
}

/// What a JSON text is, for a sentence.
pub(super) fn described(text: &str) -> String {
    match text.as_bytes().first() {
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "an array".to_owned(),
        Some(b'"') => match serde_json::from_str::<Name<'_>>(text) {
            Ok(Name(text)) => format!("the string {}", quoted(&text)),
            Err(_) => "a string".to_owned(),
        },
        // A number may be long.
        _ => text.chars().take(40).collect(),
    }
}

/// A string, borrowed where it has no escapes.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

impl<'de> Deserialize<'de> for Json<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct JsonVisitor;
        impl<'de> Visitor<'de> for JsonVisitor {
            type Value = Json<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Json::Null)
            }
            fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Json::Bool(value))
            }
            fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Json::Number(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Json::Number(value.into()))
            }
            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
                Number::from_f64(value)
                    .map(Json::Number)
                    .ok_or_else(|| E::custom("number out of range"))
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Json::String(Cow::Borrowed(text)))
            }
            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Json::String(Cow::Owned(text.to_owned())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut array = Vec::new();
                while let Some(item) = items.next_element()? {
                    array.push(item);
                }
                Ok(Json::Array(array))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some((Name(name), value)) = map.next_entry()? {
                    members.push((name, value));
                }
                Ok(Json::Object(Object::new(members)))
            }
        }
        deserializer.deserialize_any(JsonVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(text: &str) -> Object<'_> {
        match parse(text).unwrap() {
            (Json::Object(object), "") => object,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_repeated_member_has_its_last_value_and_is_told_once() {
        let object = object(r#"{"b":1,"a":true,"b":2,"\u0062":3,"c":null}"#);
        assert_eq!(object.get("b"), Some(&Json::Number(3.into())));
        assert_eq!(object.get("a"), Some(&Json::Bool(true)));
        assert_eq!(object.get("c"), Some(&Json::Null));
        assert_eq!(
            (object.get(""), object.get("aa"), object.get("d")),
            (None, None, None)
        );
        assert_eq!(object.repeated().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn what_follows_the_value_is_told_without_white_space() {
        for (text, rest) in [("{}", ""), ("{} \t\r", ""), ("{}{}", "{}"), ("{} x ", "x")] {
            assert_eq!(parse(text).unwrap().1, rest, "{text:?}");
        }
    }

    #[test]
    fn every_member_is_found_and_of_repeated_ones_the_last() {
        for count in [1, 16, 17, 40] {
            // From the last name to the first, and then each once more.
            let members = |value: i32| {
                (0..count)
                    .rev()
                    .map(move |at| format!(r#""m{at:02}":{value}"#))
            };
            let all: Vec<String> = members(1).chain(members(2)).collect();
            let text = format!("{{{}}}", all.join(","));
            let (Json::Object(object), "") = parse(&text).unwrap() else {
                panic!("{text}")
            };
            for at in 0..count {
                let found = object.get(&format!("m{at:02}"));
                assert_eq!(found, Some(&Json::Number(2.into())), "{at} of {count}");
            }
            for missing in ["", "m", "m00 ", "m99", "z"] {
                assert_eq!(object.get(missing), None, "{missing} of {count}");
            }
            assert_eq!(object.repeated().count(), usize::try_from(count).unwrap());
        }
    }

    #[test]
    fn nesting_ends_in_an_error_not_in_the_stack() {
        let text = "[".repeat(200_000);
        assert!(parse(&text).is_err());
    }

    #[test]
    fn numbers_keep_their_form() {
        for text in [
            "25",
            "-3",
            "0.1",
            "18446744073709551615",
            "0.30000000000000004",
            "31.245270191439438",
        ] {
            let (Json::Number(number), "") = parse(text).unwrap() else {
                panic!("{text}")
            };
            assert_eq!(number.to_string(), text);
        }
        assert!(parse("1e999").is_err() && parse("-1e999").is_err());
    }
}
