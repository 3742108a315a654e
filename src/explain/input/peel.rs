//! From an event's text to the document in it: what stands around it is taken off, layer by layer.

use std::borrow::Cow;

use super::form::{Form, has_marker, has_member};
use super::{prefix, wrapper};
use crate::finding::{Problem, quoted};
use crate::judge::document::{Located, Root, locate};
use crate::limits::SHIM_SPLIT_BYTES;
use crate::rule::Rule;

/// The most layers that are taken off: a viewer's, an agent's, and room.
const MOST_LAYERS: usize = 4;

/// A document without what stood around it.
pub(super) struct Peeled<'a> {
    /// The forms, outermost first, each with what was given.
    pub(super) forms: Vec<(Form, String)>,
    /// What is left.
    pub(super) text: Cow<'a, str>,
}

/// Takes off what stands around a document. Where nothing is found inside, nothing has been taken off.
pub(super) fn peel(text: &str, viewers: bool) -> Peeled<'_> {
    let mut peeled = Peeled {
        forms: Vec::new(),
        text: Cow::Borrowed(text),
    };
    while peeled.forms.len() < MOST_LAYERS {
        let viewers = viewers && peeled.forms.is_empty();
        let next = match peeled.text {
            Cow::Borrowed(text) => layer(text, viewers),
            Cow::Owned(ref text) => layer(text, viewers)
                .map(|(forms, given, inner)| (forms, given, Cow::Owned(inner.into_owned()))),
        };
        let Some((forms, given, inner)) = next else {
            break;
        };
        peeled
            .forms
            .extend(forms.into_iter().map(|form| (form, given.clone())));
        peeled.text = inner;
    }
    peeled
}

/// One layer: its forms, what was given, and what is inside.
fn layer(text: &str, viewers: bool) -> Option<(Vec<Form>, String, Cow<'_, str>)> {
    if text.starts_with(['{', '"']) {
        let (forms, inner, given) = wrapper::unwrap(text)?;
        return Some((forms, given, inner));
    }
    let (forms, at) = prefix::split(text, viewers)?;
    let given = format!("{} before it", quoted(&text[..at]));
    Some((forms, given, Cow::Borrowed(&text[at..])))
}

/// What a text without anything around it is.
#[derive(Debug)]
pub(super) enum Body<'a> {
    /// A document.
    Document(Root<'a>),
    /// What was meant as a document and is not one.
    Spoilt(Problem),
    /// Something else.
    Other,
}

/// Says what a text is. `open` is true where the text ends with the input and without a line feed: what would make it a
/// document may be what is missing.
pub(super) fn body(text: &str, open: bool) -> Body<'_> {
    if !text.starts_with('{') {
        return Body::Other;
    }
    match locate(text) {
        Located::Object(root, end) => {
            let rest = text[end..].trim_matches([' ', '\t', '\r', '\n']);
            match root.is_document() {
                true if rest.is_empty() => Body::Document(root),
                true => Body::Spoilt(trailing(rest)),
                false => Body::Other,
            }
        }
        Located::Cut if open || text.len() == SHIM_SPLIT_BYTES || has_marker(text) => {
            Body::Spoilt(cut(text, open))
        }
        Located::Broken(error) if has_member(text) => Body::Spoilt(broken(text, &error)),
        _ => Body::Other,
    }
}

fn cut(text: &str, open: bool) -> Problem {
    let bytes = text.len();
    let given = match (bytes, open) {
        (SHIM_SPLIT_BYTES, _) => {
            format!(
                "one cut off after {bytes} bytes, where FireLens and older log shims split a line"
            )
        }
        (_, false) => format!("one cut off at the end of the line, after {bytes} bytes"),
        (_, true) => format!("one cut off at the end of the input, after {bytes} bytes"),
    };
    Problem::new(Rule::Cut, "the event", given, "a whole JSON object")
}

fn trailing(rest: &str) -> Problem {
    let given = format!("{} after it", quoted(rest));
    let expected = "nothing but one JSON object";
    Problem::new(Rule::TrailingText, "the event", given, expected)
}

fn broken(text: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    let column = error.column();
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    let token = ["-NaN", "NaN", "-Infinity", "Infinity", "-inf", "inf", "nan"]
        .into_iter()
        .find(|token| {
            // The column is the token's first byte or its second, where the first is a sign.
            (column.saturating_sub(2)..=column).any(|at| {
                line.as_bytes()
                    .get(at..)
                    .is_some_and(|rest| rest.starts_with(token.as_bytes()))
            })
        });
    let place = match error.line() {
        1 => format!("byte {column}"),
        line => format!("byte {column} of its line {line}"),
    };
    let given = match token {
        Some(token) => format!("{token}, which is not a JSON number"),
        None => format!("a fault of syntax: {reason}"),
    };
    Problem::new(Rule::JsonBroken, place, given, "valid JSON")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_taken_off_from_the_outside() {
        let document = r#"{"_aws":{}}"#;
        let record = format!(r#"{{"log":"{}\n"}}"#, document.replace('"', "\\\""));
        let shown = format!("2026-11-25T10:14:24Z s1 {record}");
        let peeled = peel(&shown, true);
        let forms: Vec<_> = peeled.forms.iter().map(|(form, _)| *form).collect();
        assert_eq!(forms, [Form::Time, Form::FireLens]);
        assert_eq!(peeled.text, document);
    }

    #[test]
    fn a_broken_number_is_named() {
        for token in ["NaN", "-Infinity", "inf"] {
            let text = format!(r#"{{"_aws":{{}},"a":{token}}}"#);
            let Body::Spoilt(problem) = body(&text, false) else {
                panic!("{text}")
            };
            assert!(problem.given().starts_with(token), "{problem}");
        }
    }
}
