//! What stands before a document on its line: a viewer's time, Lambda's header, the header of a log file, or a logger's words.

use super::form::{Form, has_marker};
use crate::judge::document::{Located, locate};

/// Splits what precedes a document into forms, outermost first, and gives the place where the document begins.
pub(super) fn split(text: &str, viewers: bool) -> Option<(Vec<Form>, usize)> {
    let at = document(text)?;
    Some((forms(&text[..at], viewers), at))
}

/// Where the document begins that is not at the beginning.
pub(super) fn document(text: &str) -> Option<usize> {
    const TRIED: usize = 16;
    // What follows a name is a part of another object.
    let begins = |at: &usize| {
        text[at + 1..].trim_start().starts_with('"') && !text[..*at].trim_end().ends_with("\":")
    };
    let candidates = || {
        text.match_indices('{')
            .map(|(at, _)| at)
            .filter(begins)
            .take(TRIED)
    };
    let whole = candidates().find(|&at| match locate(&text[at..]) {
        Located::Object(root, end) => root.is_document() || has_marker(&text[at..at + end]),
        _ => false,
    });
    whole.or_else(|| candidates().find(|&at| has_marker(&text[at..])))
}

/// The forms of a prefix.
fn forms(prefix: &str, viewers: bool) -> Vec<Form> {
    if prefix.trim().is_empty() {
        return vec![Form::Blank];
    }
    if let Some(partial) = cri(prefix) {
        let forms = [Form::Cri]
            .into_iter()
            .chain(partial.then_some(Form::Partial));
        return forms.collect();
    }
    if is_lambda(prefix) {
        return vec![Form::Lambda];
    }
    if viewers && let Some(rest) = after_time(prefix) {
        if rest.trim().is_empty() {
            return vec![Form::Time];
        }
        if is_lambda(rest) {
            return vec![Form::Time, Form::Lambda];
        }
        if let Some((stream, rest)) = rest.split_once([' ', '\t'])
            && is_stream(stream)
        {
            if rest.trim().is_empty() {
                return vec![Form::Time];
            }
            if is_lambda(rest) {
                return vec![Form::Time, Form::Lambda];
            }
        }
    }
    if is_syslog(prefix) {
        return vec![Form::Syslog];
    }
    vec![Form::Prefix]
}

/// What follows a viewer's time and the blank after it: RFC 3339 (zone and fraction optional), or milliseconds and a
/// tab as `--query` on several members writes them.
pub(super) fn after_time(text: &str) -> Option<&str> {
    if let Some((time, rest)) = text.split_once('\t')
        && time.len() == 13
        && time.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Some(rest);
    }
    let rest = text.get(time_length(text.as_bytes())?..)?;
    rest.strip_prefix([' ', '\t'])
}

/// The length of a time in RFC 3339 form at the beginning of a text.
fn time_length(text: &[u8]) -> Option<usize> {
    const FORM: &[u8] = b"dddd-dd-ddTdd:dd:dd";
    let matches = |(form, &byte): (&u8, &u8)| match form {
        b'd' => byte.is_ascii_digit(),
        b'T' => matches!(byte, b'T' | b't' | b' '),
        other => byte == *other,
    };
    if text.len() < FORM.len() || !FORM.iter().zip(text).all(matches) {
        return None;
    }
    let digits = |from: usize| {
        text[from..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let mut length = FORM.len();
    if text.get(length) == Some(&b'.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    match text.get(length) {
        Some(b'Z' | b'z') => length += 1,
        Some(b'+' | b'-') if digits(length + 1) == 4 => length += 5,
        Some(b'+' | b'-') if digits(length + 1) == 2 && text.get(length + 3) == Some(&b':') => {
            length += 6;
        }
        _ => {}
    }
    Some(length)
}

/// Whether a word may be the name of a log stream, not a level or a stream of the process.
fn is_stream(word: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "TRACE", "DEBUG", "INFO", "NOTICE", "WARN", "WARNING", "ERROR", "ERR", "FATAL", "CRITICAL",
        "PANIC", "SEVERE", "STDOUT", "STDERR",
    ];
    let bare = word.trim_matches(['[', ']', '(', ')']).to_ascii_uppercase();
    // CloudWatch allows neither of the two characters in a stream's name.
    !word.is_empty() && !word.contains([':', '*']) && !OTHERS.contains(&bare.as_str())
}

/// Whether a prefix is that of Lambda's text format: time, request, level, each with a tab.
fn is_lambda(prefix: &str) -> bool {
    let mut parts = prefix.split('\t');
    let (Some(time), Some(request), Some(level), Some(""), None) = (
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
        parts.next(),
    ) else {
        return false;
    };
    time_length(time.as_bytes()) == Some(time.len())
        && time.contains('T')
        && !request.contains(' ')
        && !level.is_empty()
        && level.bytes().all(|byte| byte.is_ascii_alphabetic())
}

/// The length of Lambda's prefix at the beginning of a text.
pub(super) fn lambda_length(text: &str) -> Option<usize> {
    let (at, _) = text.match_indices('\t').nth(2)?;
    is_lambda(&text[..=at]).then_some(at + 1)
}

/// Whether a prefix is that of a container runtime's log file, and whether the line is a part only.
fn cri(prefix: &str) -> Option<bool> {
    let mut words = prefix.split(' ');
    let time = words.next()?;
    let (stream, tag) = (words.next()?, words.next()?);
    let is_cri = time_length(time.as_bytes()) == Some(time.len())
        && matches!(stream, "stdout" | "stderr")
        && words.all(str::is_empty);
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
            (" ", vec![Form::Blank]),
            ("\t", vec![Form::Blank]),
            ("2026-11-25T10:00:00.123456789Z ", vec![Form::Time]),
            ("2026-11-25T10:14:24.818000+00:00 s1 ", vec![Form::Time]),
            ("2026-11-25T10:14:24 ", vec![Form::Time]),
            ("2026-11-25 10:14:24.000 ", vec![Form::Time]),
            (
                "2026-11-25T10:14:24+0000 2026/11/25/[$LATEST]0a ",
                vec![Form::Time],
            ),
            ("1795601664818\t", vec![Form::Time]),
            ("2026-11-25T10:14:24Z INFO ", vec![Form::Prefix]),
            ("2026-11-25T10:14:24Z [info] ", vec![Form::Prefix]),
            ("2026-11-25T10:14:24Z app: ", vec![Form::Prefix]),
            ("2026-11-25T10:14:24Z a b ", vec![Form::Prefix]),
            ("2026-11-25 10:14:24,000 ", vec![Form::Prefix]),
            ("INFO:root:", vec![Form::Prefix]),
            ("[x] ", vec![Form::Prefix]),
            (
                &format!("2027-01-15T08:00:00.000Z\t{id}\tINFO\t"),
                vec![Form::Lambda],
            ),
            (
                &format!("2027-01-15T08:00:01 2027-01-15T08:00:00.000Z\t{id}\tINFO\t"),
                vec![Form::Time, Form::Lambda],
            ),
            (
                &format!("2027-01-15T08:00:01Z s1 2027-01-15T08:00:00.000Z\t{id}\tINFO\t"),
                vec![Form::Time, Form::Lambda],
            ),
            ("2027-01-15T08:00:00.000000000Z stdout F ", vec![Form::Cri]),
            (
                "2027-01-15T08:00:00.000000000Z stderr P ",
                vec![Form::Cri, Form::Partial],
            ),
            (
                "<14>1 2027-01-15T08:00:00Z host app 1 - - ",
                vec![Form::Syslog],
            ),
            ("<14>Nov 25 10:00:00 host app[1]: ", vec![Form::Syslog]),
            ("Nov  5 10:00:00 host app[1]: ", vec![Form::Syslog]),
        ] {
            assert_eq!(forms(prefix, true), expected, "{prefix:?}");
        }
    }

    #[test]
    fn inside_an_export_a_time_is_the_writers() {
        assert_eq!(forms("2026-11-25T10:14:24Z ", false), [Form::Prefix]);
    }

    #[test]
    fn a_document_is_found_behind_other_braces() {
        let text = r#"[{id}] {"a":1} {"_aws":{}}"#;
        assert_eq!(document(text), text.find(r#"{"_aws"#));
        assert_eq!(document("{x} nothing"), None);
        assert_eq!(document(r#"x","_aws":{"CloudWatchMetrics":[]}}"#), None);
    }
}
