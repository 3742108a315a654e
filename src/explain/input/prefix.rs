//! What a writer or shipper puts before a document on its line: Lambda's header, the header of a log file, a logger's words.

use super::marker::has_marker;
use super::time;
use crate::judge::document::{LocateOutcome, locate};
use crate::rule::Rule;

/// Braces that are tried as the beginning of a document. A bound keeps the cost linear.
const TRIED: usize = 16;

/// Splits off what precedes a document: the rules that it breaks, outermost first, and returns where the document begins.
pub(super) fn split(text: &str) -> Option<(Vec<Rule>, usize)> {
    let at = document(text)?;
    Some((kinds(&text[..at]), at))
}

/// Where a document begins within a text; `None` at its very beginning.
pub(super) fn document(text: &str) -> Option<usize> {
    // A brace after a name belongs to another object.
    let begins = |at: &usize| {
        let inside = text[at + 1..].trim_start();
        inside.starts_with('"') && !text[..*at].trim_end().ends_with("\":")
    };
    let candidates = || {
        let braces = text.match_indices('{').map(|(at, _)| at);
        braces.filter(begins).take(TRIED)
    };
    crate::work::visit(text.len());
    let whole = candidates().find(|&at| match locate(&text[at..]) {
        LocateOutcome::Object(root, end) => root.is_document() || has_marker(&text[at..at + end]),
        _ => false,
    });
    whole.or_else(|| candidates().find(|&at| has_marker(&text[at..])))
}

/// The rules that a prefix breaks.
pub(super) fn kinds(prefix: &str) -> Vec<Rule> {
    if prefix.trim().is_empty() {
        return vec![Rule::LeadingBlank];
    }
    if let Some(partial) = cri(prefix) {
        let partial = partial.then_some(Rule::PartialMessage);
        return [Rule::Cri].into_iter().chain(partial).collect();
    }
    if is_lambda(prefix) {
        return vec![Rule::LambdaPrefix];
    }
    if is_lambda_level(prefix) {
        return vec![Rule::LambdaLevelPrefix];
    }
    if is_syslog(prefix) {
        return vec![Rule::Syslog];
    }
    if prefix.contains('\n') {
        return vec![Rule::JoinedLines];
    }
    vec![Rule::Prefix]
}

/// Whether a prefix is that of Lambda's text format: time, request, level, each with a tab.
fn is_lambda(prefix: &str) -> bool {
    let Some([time, request, level]) = fields(prefix) else {
        return false;
    };
    time::is_time(time)
        && time.contains('T')
        && !request.contains(' ')
        && !level.is_empty()
        && level.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// Whether a prefix is that of Python's runtime of Lambda: `[LEVEL]`, time, request, each with a tab.
fn is_lambda_level(prefix: &str) -> bool {
    let Some([level, time, request]) = fields(prefix) else {
        return false;
    };
    let level = level
        .strip_prefix('[')
        .and_then(|level| level.strip_suffix(']'));
    level.is_some_and(|level| !level.is_empty() && level.bytes().all(|b| b.is_ascii_alphabetic()))
        && time::is_time(time)
        && !request.contains(' ')
}

/// Three fields, each with a tab behind it.
fn fields(prefix: &str) -> Option<[&str; 3]> {
    let mut parts = prefix.split('\t');
    let fields = [parts.next()?, parts.next()?, parts.next()?];
    (parts.next() == Some("") && parts.next().is_none()).then_some(fields)
}

/// The length of Lambda's prefix at the beginning of a text, in either order.
pub(super) fn lambda_length(text: &str) -> Option<usize> {
    /// No prefix of Lambda is longer.
    const LONGEST: usize = 160;
    if !text.starts_with(|first: char| first.is_ascii_digit() || first == '[') {
        return None;
    }
    let tabs = text
        .bytes()
        .take(LONGEST)
        .enumerate()
        .filter(|(_, byte)| *byte == b'\t');
    let (at, _) = tabs.into_iter().nth(2)?;
    let prefix = &text[..=at];
    (is_lambda(prefix) || is_lambda_level(prefix)).then_some(at + 1)
}

/// Whether a prefix is that of a container runtime's log file, and whether the line is a part only.
fn cri(prefix: &str) -> Option<bool> {
    let mut words = prefix.split(' ');
    let time = words.next()?;
    let (stream, tag) = (words.next()?, words.next()?);
    let is_cri =
        time::is_time(time) && matches!(stream, "stdout" | "stderr") && words.all(str::is_empty);
    match tag.split(':').next()? {
        "F" if is_cri => Some(false),
        "P" if is_cri => Some(true),
        _ => None,
    }
}

/// Whether a prefix begins as a syslog header does (RFC 5424 or RFC 3164).
fn is_syslog(prefix: &str) -> bool {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let after_priority = prefix.strip_prefix('<').and_then(|rest| {
        let (priority, rest) = rest.split_once('>')?;
        let digits = priority.bytes().all(|byte| byte.is_ascii_digit());
        (digits && (1..=3).contains(&priority.len())).then_some(rest)
    });
    if after_priority.is_some() {
        return true;
    }
    let mut words = prefix.split_ascii_whitespace();
    let (Some(month), Some(day), Some(time), Some(_host)) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return false;
    };
    MONTHS.contains(&month)
        && day.parse::<u8>().is_ok_and(|day| (1..=31).contains(&day))
        && time.len() == 8
        && time
            .split(':')
            .all(|part| part.len() == 2 && part.parse::<u8>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_precedes_a_document_is_recognized() {
        let id = "11111111-2222-4333-8444-555555555555";
        for (prefix, expected) in [
            (" ", vec![Rule::LeadingBlank]),
            ("\t", vec![Rule::LeadingBlank]),
            ("2026-11-25T10:14:24Z ", vec![Rule::Prefix]),
            ("INFO:root:", vec![Rule::Prefix]),
            ("[x] ", vec![Rule::Prefix]),
            ("started\n", vec![Rule::JoinedLines]),
            (
                &format!("2027-01-15T08:00:00.000Z\t{id}\tINFO\t"),
                vec![Rule::LambdaPrefix],
            ),
            (
                &format!("[INFO]\t2027-01-15T08:00:00.000Z\t{id}\t"),
                vec![Rule::LambdaLevelPrefix],
            ),
            ("2027-01-15T08:00:00.000000000Z stdout F ", vec![Rule::Cri]),
            (
                "2027-01-15T08:00:00.000000000Z stderr P ",
                vec![Rule::Cri, Rule::PartialMessage],
            ),
            (
                "<14>1 2027-01-15T08:00:00Z host app 1 - - ",
                vec![Rule::Syslog],
            ),
            ("<14>Nov 25 10:00:00 host app[1]: ", vec![Rule::Syslog]),
            ("Nov  5 10:00:00 host app[1]: ", vec![Rule::Syslog]),
        ] {
            assert_eq!(kinds(prefix), expected, "{prefix:?}");
        }
    }

    #[test]
    fn a_document_is_found_behind_other_braces() {
        let text = r#"[{id}] {"a":1} {"_aws":{}}"#;
        assert_eq!(document(text), text.find(r#"{"_aws"#));
        assert_eq!(document("{x} nothing"), None);
        assert_eq!(document(r#"x","_aws":{"CloudWatchMetrics":[]}}"#), None);
    }
}
