//! Objects and strings that hold a document: taken apart and named.

use std::borrow::Cow;

use super::form::{Form, has_marker};
use super::lines::HELD_BYTES;
use super::scan::{Elements, Got};
use crate::judge::document::{Located, for_each_member, locate};
use crate::judge::json::Name;

/// Members that usually hold the line, in the order in which they are looked for.
const USUAL: [&str; 5] = ["message", "@message", "log", "msg", "MESSAGE"];

/// What an object or string that is not a document holds, with the forms that it has.
pub(super) fn unwrap(text: &str) -> Option<(Vec<Form>, Cow<'_, str>, String)> {
    if text.starts_with('"') {
        let inner = string(text.trim_end())?;
        return Some((
            vec![Form::JsonString],
            Cow::Owned(inner),
            "a JSON string".to_owned(),
        ));
    }
    let Located::Object(root, _) = locate(text) else {
        return None;
    };
    if root.is_document() {
        return None;
    }
    let members = Members::read(root.text);
    let (name, value) = members.holding()?;
    let inner = match value.as_bytes().first() {
        Some(b'"') => Cow::Owned(string(value)?),
        _ => Cow::Borrowed(value),
    };
    let given = format!("the document in the member {name:?} of an object");
    Some((members.forms(), inner, given))
}

/// A JSON string that may hold a document.
fn string(text: &str) -> Option<String> {
    let Name(inner) = serde_json::from_str(text).ok()?;
    (has_marker(&inner) && inner.contains('{')).then(|| inner.trim_end().to_owned())
}

/// What an element of an export says: an event's message, if it has one.
pub(super) fn message(element: &str) -> Option<Cow<'_, str>> {
    match element.as_bytes().first()? {
        b'"' => unquoted(element).map(Cow::Owned),
        b'{' => {
            let mut found = None;
            for_each_member(element, &mut |name, value| {
                if matches!(name, "message" | "@message") {
                    found = Some(value);
                }
            })
            .ok()?;
            let found = found?;
            if found.starts_with('"') {
                unquoted(found).map(Cow::Owned)
            } else {
                Some(Cow::Borrowed(found))
            }
        }
        b'[' => row(element),
        _ => None,
    }
}

/// The log stream that an element of an export names, if its message may be a part of a line.
pub(super) fn stream(element: &str, message: &str) -> Option<String> {
    if !message.starts_with('{') || !message.contains("\"log\"") {
        return None;
    }
    match element.as_bytes().first()? {
        b'{' => {
            let mut found = None;
            for_each_member(element, &mut |name, value| {
                if matches!(name, "logStreamName" | "@logStream") {
                    found = Some(value);
                }
            })
            .ok()?;
            unquoted(found?)
        }
        b'[' => row_origin(element),
        _ => None,
    }
}

/// The field `@logStream` of a row of Logs Insights.
fn row_origin(element: &str) -> Option<String> {
    let fields: Vec<std::collections::HashMap<String, serde_json::Value>> =
        serde_json::from_str(element).ok()?;
    let field = fields
        .iter()
        .find(|field| field.get("field").is_some_and(|name| name == "@logStream"))?;
    Some(field.get("value")?.as_str()?.to_owned())
}

/// The message in a row: of Logs Insights an object with the field `@message`, of `--query` the string with a document.
fn row(element: &str) -> Option<Cow<'_, str>> {
    let mut cells = Elements::default();
    let mut rest = element.as_bytes().get(1..)?;
    let mut found = None;
    loop {
        let (used, got) = cells.feed(rest, HELD_BYTES);
        rest = &rest[used..];
        match got {
            Got::Element => found = cell(std::str::from_utf8(&cells.element).ok()?).or(found),
            Got::End => return found.map(Cow::Owned),
            Got::Nothing | Got::Broken => return None,
        }
    }
}

/// The message in a cell of a row, if the cell has it.
fn cell(text: &str) -> Option<String> {
    if text.starts_with('"') {
        return has_marker(text).then(|| unquoted(text)).flatten();
    }
    let (mut is_message, mut value) = (false, None);
    for_each_member(text, &mut |name, text| match name {
        "field" => is_message = text == "\"@message\"",
        "value" => value = unquoted(text),
        _ => {}
    })
    .ok()?;
    value.filter(|_| is_message)
}

fn unquoted(text: &str) -> Option<String> {
    serde_json::from_str::<Name<'_>>(text)
        .ok()
        .map(|Name(text)| text.into_owned())
}

/// The members of an object, as far as they tell what it is.
#[derive(Default)]
struct Members<'a> {
    names: Vec<String>,
    candidates: Vec<(String, &'a str)>,
    numeric_time: bool,
}

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Self {
        const MOST: usize = 256;
        let mut members = Self::default();
        let _ = for_each_member(text, &mut |name, value| {
            if members.names.len() < MOST {
                members.names.push(name.chars().take(64).collect());
            }
            members.numeric_time |= name == "timestamp" && !value.starts_with('"');
            if members.candidates.len() < MOST && value.starts_with(['"', '{']) && has_marker(value)
            {
                members
                    .candidates
                    .push((name.chars().take(64).collect(), value));
            }
        });
        members
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    /// The member that holds the document.
    fn holding(&self) -> Option<(&str, &'a str)> {
        let holds =
            |(_, value): &&(String, &str)| value.starts_with('{') || string(value).is_some();
        let usual = USUAL.iter().find_map(|usual| {
            let named = self.candidates.iter().filter(|(name, _)| name == usual);
            named.into_iter().find(holds)
        });
        let (name, value) = usual.or_else(|| self.candidates.iter().find(holds))?;
        Some((name, value))
    }

    fn forms(&self) -> Vec<Form> {
        let viewers = ["ingestionTime", "eventId", "logStreamName", "@message"];
        let bare = self.numeric_time && self.names.len() == 2 && self.has("message");
        if viewers.iter().any(|name| self.has(name)) || bare {
            return vec![Form::ViewerObject];
        }
        let mut forms = Vec::new();
        if self.has("log") && self.has("stream") && self.has("time") {
            forms.push(Form::DockerJson);
        } else if self.has("log") {
            forms.push(Form::FireLens);
        } else if self.has("message") && self.has("level") && self.has("timestamp") {
            forms.push(Form::LambdaJson);
        } else {
            forms.push(Form::JsonWrapper);
        }
        forms.extend(self.has("partial_message").then_some(Form::Partial));
        forms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#""{\"_aws\":{}}""#;

    fn forms(text: &str) -> Option<Vec<Form>> {
        unwrap(text).map(|(forms, inner, _)| {
            assert_eq!(inner, r#"{"_aws":{}}"#, "{text}");
            forms
        })
    }

    #[test]
    fn objects_that_hold_a_document_are_named() {
        for (text, form) in [
            (
                format!(r#"{{"log":{INNER},"container_id":"a"}}"#),
                Form::FireLens,
            ),
            (
                format!(r#"{{"log":{INNER},"stream":"stdout","time":"t"}}"#),
                Form::DockerJson,
            ),
            (
                format!(r#"{{"timestamp":"t","level":"INFO","message":{INNER}}}"#),
                Form::LambdaJson,
            ),
            (
                format!(r#"{{"timestamp":1,"message":{INNER},"eventId":"1"}}"#),
                Form::ViewerObject,
            ),
            (
                format!(r#"{{"timestamp":1,"message":{INNER}}}"#),
                Form::ViewerObject,
            ),
            (format!(r#"{{"@message":{INNER}}}"#), Form::ViewerObject),
            (format!(r#"{{"x":{INNER}}}"#), Form::JsonWrapper),
            (r#"{"x":{"_aws":{}}}"#.to_owned(), Form::JsonWrapper),
            (INNER.to_owned(), Form::JsonString),
        ] {
            assert_eq!(forms(&text), Some(vec![form]), "{text}");
        }
        let partial = format!(r#"{{"log":{INNER},"partial_message":"true"}}"#);
        assert_eq!(forms(&partial), Some(vec![Form::FireLens, Form::Partial]));
    }

    #[test]
    fn a_word_is_not_a_document() {
        for text in [
            r#"{"member":"_aws"}"#,
            r#"{"drop_keys":["_aws"]}"#,
            r#"{"a":1}"#,
            "[1]",
        ] {
            assert_eq!(forms(text), None, "{text}");
        }
    }

    #[test]
    fn elements_of_exports_have_messages() {
        for element in [
            INNER.to_owned(),
            format!(r#"{{"timestamp":1,"message":{INNER}}}"#),
            format!(r#"{{"@timestamp":"t","@message":{INNER}}}"#),
            format!(r"[1795601664818,{INNER}]"),
            format!(
                r#"[{{"field":"@timestamp","value":"t"}},{{"field":"@message","value":{INNER}}}]"#
            ),
            r#"{"@message":{"_aws":{}}}"#.to_owned(),
        ] {
            assert_eq!(message(&element).unwrap(), r#"{"_aws":{}}"#, "{element}");
        }
        assert_eq!(message("12"), None);
        assert_eq!(message(r#"{"a":1}"#), None);
    }
}
