//! Removes what surrounds an event's document.

use std::borrow::Cow;

use super::encoders::other_notation;
use super::marker::{has_marker, has_member};
use super::prefix;
use super::wrapper::{self, Layer};
use super::wrapping::Wrapping;
use crate::finding::{Problem, quoted};
use crate::judge::document::{LocateOutcome, Root, locate};
use crate::limits::SHIM_SPLIT_BYTES;
use crate::rule::Rule;

/// Layers that are removed, far more than any pipeline adds.
const MOST_LAYERS: usize = 6;

/// A document without its wrappings.
#[derive(Debug)]
pub(super) struct PeeledText<'a> {
    /// The wrappings, outermost first, each with the text to report.
    pub(super) wrappings: Vec<(Wrapping, String)>,
    /// What is left.
    pub(super) text: Cow<'a, str>,
}

/// Removes what surrounds a document. If there is no document inside, nothing is removed.
pub(super) fn peel(text: &str) -> PeeledText<'_> {
    let mut peeled = PeeledText {
        wrappings: Vec::new(),
        text: Cow::Borrowed(text),
    };
    for _ in 0..MOST_LAYERS {
        let next = match peeled.text {
            Cow::Borrowed(text) => layer(text),
            Cow::Owned(ref text) => layer(text).map(|layer| Layer {
                inner: Cow::Owned(layer.inner.into_owned()),
                ..layer
            }),
        };
        let Some(layer) = next else { break };
        let given = layer.given;
        let wrappings = layer.wrappings.into_iter();
        peeled
            .wrappings
            .extend(wrappings.map(|wrapping| (wrapping, given.clone())));
        peeled.text = layer.inner;
    }
    peeled
}

/// One layer around a document.
fn layer(text: &str) -> Option<Layer<'_>> {
    if !has_marker(text) {
        return None;
    }
    if text.starts_with(['{', '"', '[']) {
        let unwrapped = wrapper::unwrap(text);
        if unwrapped.is_some() || !text.starts_with('[') {
            return unwrapped;
        }
    }
    let Some((rules, at)) = prefix::split(text) else {
        return wrapper::quoted_behind(text);
    };
    Some(Layer {
        wrappings: rules.into_iter().map(Wrapping::by_writer).collect(),
        given: format!("{} before it", quoted(&text[..at])),
        inner: Cow::Borrowed(&text[at..]),
    })
}

/// What an unwrapped text is.
#[derive(Debug)]
pub(super) enum Body<'a> {
    /// A document.
    Document(Root<'a>),
    /// Something that was meant as a document but is invalid.
    Spoilt(Problem),
    /// Something else.
    Other,
}

/// Judges what a text is. `open` is true if the text ends with the input and without a line feed: the missing rest may
/// be what makes it a document.
pub(super) fn body(text: &str, open: bool) -> Body<'_> {
    if !text.starts_with('{') {
        return other_notation(text).map_or(Body::Other, Body::Spoilt);
    }
    match locate(text) {
        LocateOutcome::Object(root, end) => {
            let rest = text[end..].trim_matches([' ', '\t', '\r', '\n']);
            match root.is_document() || root.misnamed.is_some() {
                true if rest.is_empty() => Body::Document(root),
                true => Body::Spoilt(trailing(rest, &text[end..])),
                false => Body::Other,
            }
        }
        LocateOutcome::Cut if open || text.len() == SHIM_SPLIT_BYTES || has_marker(text) => {
            Body::Spoilt(other_notation(text).unwrap_or_else(|| cut(text, open)))
        }
        LocateOutcome::Broken(error) if has_member(text) => Body::Spoilt(broken(text, &error)),
        LocateOutcome::Broken(_) => other_notation(text).map_or(Body::Other, Body::Spoilt),
        LocateOutcome::Cut => Body::Other,
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

/// The problem of text behind a document. A line break shows that the log driver joined lines.
fn trailing(rest: &str, behind: &str) -> Problem {
    let given = format!("{} after it", quoted(rest));
    let expected = "nothing but one JSON object";
    let joined = behind.trim_end().contains('\n');
    let rule = if joined {
        Rule::JoinedLines
    } else {
        Rule::TrailingText
    };
    let problem = Problem::new(rule, "the event", given, expected);
    if joined {
        problem.with_next_step()
    } else {
        problem
    }
}

fn broken(text: &str, error: &serde_json::Error) -> Problem {
    let message = error.to_string();
    let reason = message.split(" at line ").next().unwrap_or_default();
    let column = error.column();
    let line = text
        .lines()
        .nth(error.line().saturating_sub(1))
        .unwrap_or_default();
    // The column is the token's first byte or its second, where the first is a sign.
    let behind = (column.saturating_sub(2)..=column).filter_map(|at| line.as_bytes().get(at..));
    let token = ["-NaN", "NaN", "-Infinity", "Infinity", "-inf", "inf", "nan"]
        .into_iter()
        .find(|token| {
            behind
                .clone()
                .any(|rest| rest.starts_with(token.as_bytes()))
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
        let shown = format!("INFO: {record}");
        let peeled = peel(&shown);
        let rules: Vec<_> = peeled.wrappings.iter().map(|(one, _)| one.rule).collect();
        assert_eq!(rules, [Rule::Prefix, Rule::FireLens]);
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
