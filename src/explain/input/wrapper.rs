//! Unwraps and names objects, arrays and strings that hold a document.

use std::borrow::Cow;

use super::marker::{holds_document, is_string_with_document};
use super::scan::{ArrayItem, Elements};
use super::wrapping::{Author, Wrapping};
use crate::finding::quoted;
use crate::judge::document::{LocateOutcome, for_each_member, locate, members};
use crate::judge::json::Name;
use crate::limits::MAX_EVENT_BYTES;
use crate::rule::Rule;

/// Members that usually hold the line, in the order in which they are looked for.
const USUAL: [&str; 9] = [
    "message",
    "@message",
    "log",
    "msg",
    "MESSAGE",
    "Message",
    "_raw",
    "line",
    "textPayload",
];
/// Names of an object that are compared, which is enough to identify it.
const MOST_NAMES: usize = 256;
/// Characters of a name that are kept.
const NAME_CHARS: usize = 64;

/// One layer around a document.
#[derive(Debug)]
pub(super) struct Layer<'a> {
    pub(super) wrappings: Vec<Wrapping>,
    /// Its description, for the report.
    pub(super) given: String,
    pub(super) inner: Cow<'a, str>,
}

/// Removes one layer: an object, array or string that holds a document and is not one itself.
pub(super) fn unwrap(text: &str) -> Option<Layer<'_>> {
    match text.as_bytes().first()? {
        b'"' => {
            let inner = string(text.trim_end())?;
            Some(Layer {
                wrappings: vec![Wrapping::new(Rule::JsonString, Author::PerhapsViewer)],
                given: "a JSON string".to_owned(),
                inner: Cow::Owned(inner),
            })
        }
        b'[' => array(text, "an array"),
        b'{' => object(text),
        _ => None,
    }
}

fn object(text: &str) -> Option<Layer<'_>> {
    let LocateOutcome::Object(root, _) = locate(text) else {
        return None;
    };
    if root.is_document() {
        return None;
    }
    let object = Members::read(root.text);
    let (name, value) = object.holding()?;
    let place = format!("the member {} of an object", quoted(name));
    let (inner, given) = match value.as_bytes().first() {
        Some(b'"') => (Cow::Owned(string(value)?), None),
        Some(b'[') => {
            let layer = array(value, &place)?;
            (layer.inner, Some(layer.given))
        }
        _ => (Cow::Borrowed(value), None),
    };
    Some(Layer {
        wrappings: object.wrappings(name),
        given: given.unwrap_or_else(|| format!("the document in {place}")),
        inner,
    })
}

/// The first document among the items of an array.
fn array(text: &str, place: &str) -> Option<Layer<'static>> {
    let mut found = None;
    let mut count = 0;
    for_each_item(text, &mut |item| {
        if holds_document(item) {
            count += 1;
            if found.is_none() {
                let is_string = item.starts_with('"');
                found = if is_string {
                    string(item)
                } else {
                    Some(item.to_owned())
                };
            }
        }
    });
    let given = match count {
        1 => format!("the document in {place}"),
        _ => format!("the first of {count} documents in {place}"),
    };
    Some(Layer {
        wrappings: vec![Wrapping::by_writer(Rule::JsonWrapper)],
        given,
        inner: Cow::Owned(found?),
    })
}

/// Calls `each` with every item of an array.
fn for_each_item(text: &str, each: &mut dyn FnMut(&str)) {
    let mut items = Elements::default();
    let mut rest = text.as_bytes().get(1..).unwrap_or_default();
    loop {
        let (used, item) = items.feed(rest, MAX_EVENT_BYTES);
        rest = &rest[used..];
        match item {
            ArrayItem::Element => match std::str::from_utf8(&items.element) {
                Ok(text) => each(text),
                Err(_) => return,
            },
            _ => return,
        }
    }
}

/// A JSON string that may hold a document.
fn string(text: &str) -> Option<String> {
    unquoted(text)
        .filter(|inner| is_string_with_document(inner))
        .map(|inner| inner.trim_end().to_owned())
}

/// A document in a JSON string behind other text, as loggers write a message: `msg="{\"_aws\":…"`.
pub(super) fn quoted_behind(text: &str) -> Option<Layer<'_>> {
    crate::work::visit(text.len());
    let at = text.find("\"{\\\"").filter(|at| *at > 0)?;
    let mut strings = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Name<'_>>();
    let Some(Ok(Name(inner))) = strings.next() else {
        return None;
    };
    is_string_with_document(&inner).then(|| Layer {
        wrappings: vec![Wrapping::by_writer(Rule::Prefix)],
        given: format!("{} before it", quoted(&text[..at])),
        inner: Cow::Owned(inner.trim_end().to_owned()),
    })
}

/// The message of an element of an export, if it has one.
pub(super) fn message(element: &str) -> Option<Cow<'_, str>> {
    match element.as_bytes().first()? {
        b'"' => unquoted(element).map(Cow::Owned),
        b'{' => {
            if let Some(source) = member(element, &["_source"]) {
                // A hit of OpenSearch.
                return message(source);
            }
            let found = member(element, &["message", "@message", "Message"])
                .or_else(|| renamed(element))?;
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

/// The last member of an object with one of these names.
fn member<'a>(element: &'a str, names: &[&str]) -> Option<&'a str> {
    let mut found = None;
    let read = for_each_member(element, &mut |name, value| {
        if names.contains(&name) {
            found = Some(value);
        }
    });
    read.ok().and(found)
}

/// The member that holds the message under a name of the user's choice, as `--query 'events[].{t:timestamp,m:message}'`
/// gives it: the string with a document, in an object that only a viewer writes.
fn renamed(element: &str) -> Option<&str> {
    let object = Members::read(element);
    let (name, value) = object.holding()?;
    let is_renamed = value.starts_with('"')
        && object.wrappings(name) == [Wrapping::by_writer(Rule::JsonWrapper)];
    (is_renamed && object.names.len() <= 6).then_some(value)
}

/// The log stream that an element of an export names.
pub(super) fn stream(element: &str) -> Option<String> {
    match element.as_bytes().first()? {
        b'{' => unquoted(member(
            element,
            &["logStreamName", "@logStream", "LogStreamName"],
        )?),
        b'[' => field(element, "@logStream"),
        _ => None,
    }
}

/// The message in a row: of Logs Insights the field `@message`, of `--query` the string with a document.
fn row(element: &str) -> Option<Cow<'_, str>> {
    let mut found = field(element, "@message");
    if found.is_none() {
        for_each_item(element, &mut |item| {
            if item.starts_with('"') && is_string_with_document(item) {
                found = unquoted(item);
            }
        });
    }
    found.map(Cow::Owned)
}

/// The value of a field of a row of Logs Insights.
fn field(row: &str, wanted: &str) -> Option<String> {
    let mut found = None;
    for_each_item(row, &mut |item| {
        if !item.starts_with('{') {
            return;
        }
        if let Some([Some(name), value]) = members(item, ["field", "value"])
            && name.trim_matches('"') == wanted
        {
            found = value.and_then(unquoted);
        }
    });
    found
}

fn unquoted(text: &str) -> Option<String> {
    crate::work::visit(text.len());
    let Name(text) = serde_json::from_str(text).ok()?;
    Some(text.into_owned())
}

/// The members of an object that identify it.
#[derive(Default)]
struct Members<'a> {
    names: Vec<String>,
    candidates: Vec<(String, &'a str)>,
    numeric_time: bool,
}

impl<'a> Members<'a> {
    fn read(text: &'a str) -> Self {
        let mut members = Self::default();
        let _ = for_each_member(text, &mut |name, value| {
            let short = || name.chars().take(NAME_CHARS).collect::<String>();
            if members.names.len() < MOST_NAMES {
                members.names.push(short());
            }
            members.numeric_time |= name == "timestamp" && !value.starts_with('"');
            if members.candidates.len() < MOST_NAMES && holds_document(value) {
                members.candidates.push((short(), value));
            }
        });
        members
    }

    fn has(&self, name: &str) -> bool {
        self.names.iter().any(|other| other == name)
    }

    fn has_any(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.has(name))
    }

    /// The member that holds the document.
    fn holding(&self) -> Option<(&str, &'a str)> {
        let usual = USUAL.iter().find_map(|usual| {
            let mut candidates = self.candidates.iter();
            candidates.find(|(name, _)| name == usual)
        });
        let (name, value) = usual.or_else(|| self.candidates.first())?;
        Some((name, value))
    }

    /// What the object is, if the document is in this member.
    fn wrappings(&self, holding: &str) -> Vec<Wrapping> {
        let (rule, author) = self.kind(holding);
        let mut wrappings = vec![Wrapping::new(rule, author)];
        if self.has("partial_message") {
            wrappings.push(Wrapping::by_writer(Rule::PartialMessage));
        }
        wrappings
    }

    fn kind(&self, holding: &str) -> (Rule, Author) {
        /// Members that a logger writes and no viewer.
        const OF_LOGGERS: [&str; 10] = [
            "level",
            "levelname",
            "severity",
            "lvl",
            "logger",
            "loggerName",
            "pid",
            "taskName",
            "caller",
            "thread",
        ];
        /// Members that only viewers of CloudWatch Logs write.
        const OF_VIEWERS: [&str; 5] = [
            "@ptr",
            "@log",
            "@logStream",
            "ingestionTime",
            "IngestionTime",
        ];
        let is_message = matches!(holding, "message" | "@message" | "Message");
        let is_logger = self.has_any(&OF_LOGGERS);
        if holding == "log" && self.has("stream") && self.has("time") && !self.has("kubernetes") {
            return (Rule::DockerJson, Author::Writer);
        }
        if holding == "log" || self.has("kubernetes") {
            return (Rule::FireLens, Author::Writer);
        }
        let is_loki = holding == "line" && self.has("labels");
        let is_splunk = holding == "_raw" || (holding == "result" && self.has("preview"));
        let is_viewers = is_message && !is_logger && self.has_any(&OF_VIEWERS);
        if is_splunk || is_loki || holding == "logRecord" || is_viewers {
            return (Rule::JsonWrapper, Author::Viewer);
        }
        if is_message && self.has_any(&["requestId", "AWSRequestId"]) {
            return (Rule::LambdaJson, Author::Writer);
        }
        if is_message && is_logger {
            return (Rule::JsonWrapper, Author::Logger);
        }
        let bare = self.numeric_time && self.names.len() == 2 && holding == "message";
        let likely = holding == "@message" || self.has_any(&["eventId", "logStreamName"]);
        if is_message && (bare || likely) {
            return (Rule::JsonWrapper, Author::PerhapsViewer);
        }
        (Rule::JsonWrapper, Author::Writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INNER: &str = r#""{\"_aws\":{}}""#;

    fn wrappings(text: &str) -> Option<Vec<(Rule, Author)>> {
        unwrap(text).map(|layer| {
            assert_eq!(layer.inner, r#"{"_aws":{}}"#, "{text}");
            let wrappings = layer.wrappings.iter();
            wrappings.map(|one| (one.rule, one.author)).collect()
        })
    }

    #[test]
    fn objects_that_hold_a_document_are_named() {
        let writers = |rule| (rule, Author::Writer);
        let wrapper = |author| (Rule::JsonWrapper, author);
        for (members, expected) in [
            (r#""log":#,"container_id":"a""#, writers(Rule::FireLens)),
            (
                r#""log":#,"stream":"stdout","time":"t""#,
                writers(Rule::DockerJson),
            ),
            (
                r#""log":#,"stream":"stdout","time":"t","kubernetes":{}"#,
                writers(Rule::FireLens),
            ),
            (
                r#""timestamp":"t","level":"INFO","requestId":"r","message":#"#,
                writers(Rule::LambdaJson),
            ),
            (
                r#""timestamp":"t","level":"INFO","message":#"#,
                wrapper(Author::Logger),
            ),
            (
                r#""timestamp":1,"message":#,"ingestionTime":1,"eventId":"1""#,
                wrapper(Author::Viewer),
            ),
            (r#""@message":#,"@ptr":"x""#, wrapper(Author::Viewer)),
            (
                r#""timestamp":1,"message":#"#,
                wrapper(Author::PerhapsViewer),
            ),
            (r#""@message":#"#, wrapper(Author::PerhapsViewer)),
            (
                r#""@message":#,"@fields":{"level":"info"}"#,
                wrapper(Author::PerhapsViewer),
            ),
            (
                r#""level":30,"logStreamName":"s","message":#"#,
                wrapper(Author::Logger),
            ),
            (r#""x":#"#, wrapper(Author::Writer)),
            (r#""x":"about {_aws}","y":#"#, wrapper(Author::Writer)),
            (r#""x":[1,#]"#, wrapper(Author::Writer)),
        ] {
            let text = format!("{{{}}}", members.replace('#', INNER));
            assert_eq!(wrappings(&text), Some(vec![expected]), "{text}");
        }
        let nested = r#"{"x":{"_aws":{}}}"#;
        assert_eq!(wrappings(nested), Some(vec![wrapper(Author::Writer)]));
        assert_eq!(
            wrappings(INNER),
            Some(vec![(Rule::JsonString, Author::PerhapsViewer)])
        );
        let partial = format!(r#"{{"log":{INNER},"partial_message":"true"}}"#);
        let expected = vec![writers(Rule::FireLens), writers(Rule::PartialMessage)];
        assert_eq!(wrappings(&partial), Some(expected));
    }

    #[test]
    fn a_word_is_not_a_document() {
        for text in [
            r#"{"member":"_aws"}"#,
            r#"{"drop_keys":["_aws"]}"#,
            r#"{"a":1}"#,
            "[1]",
        ] {
            assert_eq!(wrappings(text), None, "{text}");
        }
    }

    #[test]
    fn elements_of_exports_have_messages() {
        for element in [
            INNER.to_owned(),
            format!(r#"{{"timestamp":1,"message":{INNER}}}"#),
            format!(r#"{{"@timestamp":"t","@message":{INNER}}}"#),
            format!(r#"{{"t":1,"m":{INNER}}}"#),
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
        let record = format!(r#"{{"log":{INNER},"container_id":"a"}}"#);
        assert_eq!(message(&record), None);
    }
}
