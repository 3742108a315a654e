//! The prefixes of well-known viewers.

use super::level::is_level;
use super::pattern::Pattern;
use crate::input::prefix::lambda_length;
use crate::input::time;

/// The shape of a viewer's prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) enum Shape {
    /// A time, and possibly a log stream: `docker logs -t`, `aws logs tail`, exports to S3.
    Time,
    /// A log stream and a time: `sam logs`.
    Sam,
    /// A name and a bar at this column: `docker compose logs`.
    Compose(usize),
    /// `[pod/NAME/CONTAINER]`: `kubectl logs --prefix`.
    Kubectl,
    /// A file and a line: `grep -n`.
    Grep,
    /// `RESULTS` and the name of the field: `get-query-results --output text`.
    QueryResults,
    /// A log group and a log stream: `awslogs get`.
    Awslogs,
    /// A pod and a container: `stern`.
    Stern,
    /// The mark of a quoted text.
    Quoted,
    /// Any prefix that the user attributes to a viewer.
    Pattern(Pattern),
}

/// A prefix that was found: its shape and its length.
pub(super) type PrefixMatch = (Shape, usize);

impl Shape {
    /// Whether the viewer writes it before every line, not only before the first one of an event.
    pub(super) fn is_before_every_line(&self) -> bool {
        match self {
            Self::Time | Self::Sam | Self::QueryResults | Self::Awslogs => false,
            Self::Compose(_)
            | Self::Kubectl
            | Self::Grep
            | Self::Stern
            | Self::Quoted
            | Self::Pattern(_) => true,
        }
    }

    /// The viewer, for a sentence.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Time => "docker logs -t",
            Self::Sam => "sam logs",
            Self::Compose(_) => "docker compose logs",
            Self::Kubectl => "kubectl logs --prefix",
            Self::Grep => "grep",
            Self::QueryResults => "get-query-results",
            Self::Awslogs => "awslogs",
            Self::Stern => "stern",
            Self::Quoted => "a mail or chat",
            Self::Pattern(_) => "a viewer",
        }
    }
}

/// Whether a line is a viewer's own words, or a copied command line.
pub(super) fn is_viewers_remark(line: &str) -> bool {
    const BEGINNINGS: [&str; 9] = [
        "Attaching to ",
        "$ ",
        "% ",
        "# ",
        "> ",
        "+ ",
        "- ",
        "--",
        "Binary file ",
    ];
    let is_status = matches!(
        line.trim_ascii_end(),
        "Complete" | "Running" | "Scheduled" | "Failed" | "Cancelled" | "Timeout"
    );
    is_status
        || BEGINNINGS
            .iter()
            .any(|beginning| line.starts_with(beginning))
        || line.contains(" exited with code ")
        || line.starts_with("RESULTS\t")
        || line.starts_with("STATISTICS\t")
}

/// The prefix of a well-known viewer at the beginning of a line.
pub(super) fn find(line: &str) -> Option<PrefixMatch> {
    // Lambda's own prefix begins with a time too.
    if lambda_length(line).is_some() {
        return None;
    }
    let first = line.chars().next()?;
    let found = match first {
        '0'..='9' | 'a'..='f' => time_and_stream(line)
            .or_else(|| sam(line))
            .or_else(|| task(line))
            .or_else(|| numbered(line)),
        '[' => kubectl(line).or_else(|| bracketed(line)),
        ' ' => return numbered(line),
        '>' => return quoted_reply(line),
        'R' => query_results(line),
        _ => None,
    };
    let (shape, length) = found
        .or_else(|| compose(line))
        .or_else(|| grep(line))
        .or_else(|| words(line))?;
    // Most of them can show a time as well.
    let rest = &line[length..];
    let more = match shape {
        Shape::Time | Shape::Sam | Shape::QueryResults => 0,
        // The time of the event and that of its ingestion.
        Shape::Awslogs => times_before(rest, 2),
        _ => times_before(rest, 1),
    };
    Some((shape, length + more))
}

/// The length of a time and the blank behind it.
pub(super) fn time_before(text: &str) -> Option<usize> {
    // A prefix of Lambda or of a container runtime is the writer's.
    if lambda_length(text).is_some() {
        return None;
    }
    if let Some(length) = time::milliseconds_length(text) {
        // A quotation mark behind the separator is CSV.
        let mut behind = text[length..].chars();
        let is_separator = matches!(behind.next()?, '\t' | ' ' | ',' | ';');
        return (is_separator && behind.next() != Some('"')).then_some(length + 1);
    }
    let length = time::length(text)?;
    let rest = text.get(length..)?;
    let is_runtime = rest.starts_with(" stdout ") || rest.starts_with(" stderr ");
    (rest.starts_with([' ', '\t']) && !is_runtime).then_some(length + 1)
}

/// The length of up to `most` times, each with the blank behind it.
fn times_before(text: &str, most: usize) -> usize {
    (0..most).fold(0, |length, _| {
        length + time_before(&text[length..]).unwrap_or_default()
    })
}

/// A time, and a log stream where a document or the end of the line follows it.
fn time_and_stream(line: &str) -> Option<PrefixMatch> {
    let mut length = time_before(line)?;
    let rest = &line[length..];
    if let Some((stream, behind)) = rest.split_once([' ', '\t'])
        && is_stream(stream)
        && (behind.trim_ascii_start().starts_with('{') || lambda_length(behind).is_some())
    {
        length += stream.len() + 1;
    }
    Some((Shape::Time, length))
}

/// A log stream of Lambda and a time.
fn sam(line: &str) -> Option<PrefixMatch> {
    let (stream, rest) = line.split_once(' ')?;
    let is_date =
        |text: &str| text.len() > 10 && text.as_bytes()[4] == b'/' && text.as_bytes()[7] == b'/';
    if !is_date(stream) || !stream.contains('[') {
        return None;
    }
    Some((Shape::Sam, stream.len() + 1 + time_before(rest)?))
}

/// The number of a task and a time, as older tools of ECS write them.
fn task(line: &str) -> Option<PrefixMatch> {
    const DIGITS: usize = 32;
    let is_task = line.bytes().take_while(u8::is_ascii_hexdigit).count() == DIGITS;
    let rest = line.get(DIGITS..).filter(|_| is_task)?;
    let rest = rest.strip_prefix([' ', '\t'])?;
    Some((Shape::Sam, DIGITS + 1 + time_before(rest)?))
}

/// The number of a line, as `cat -n` and bat show it.
fn numbered(line: &str) -> Option<PrefixMatch> {
    const SEPARATORS: [&str; 3] = ["\t", "\u{2502} ", "| "];
    let rest = line.trim_start_matches(' ');
    let digits = rest.bytes().take(9).take_while(u8::is_ascii_digit).count();
    let behind = rest.get(digits..).filter(|_| digits > 0)?;
    let separator = behind.trim_start_matches(' ');
    let mut separators = SEPARATORS.iter();
    let length = separators.find(|one| separator.starts_with(**one))?.len();
    Some((Shape::Grep, line.len() - separator.len() + length))
}

/// The mark of a quoted text in a mail or chat.
fn quoted_reply(line: &str) -> Option<PrefixMatch> {
    line.starts_with("> ")
        .then_some((Shape::Quoted, "> ".len()))
}

/// A pod in brackets, as kubetail shows it.
fn bracketed(line: &str) -> Option<PrefixMatch> {
    let (name, rest) = line.strip_prefix('[')?.split_once(']')?;
    let is_pod = name.split(' ').all(is_label) && name.contains('-');
    (is_pod && rest.starts_with(' ')).then_some((Shape::Stern, name.len() + 3))
}

/// Whether a text is a name as Kubernetes has them.
fn is_label(text: &str) -> bool {
    let is_part =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte);
    text.bytes().all(is_part) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// A service and a bar: the names of all services are padded, so that all bars are in one column.
fn compose(line: &str) -> Option<PrefixMatch> {
    // Some show the time of day as well.
    let time = time::time_of_day_length(line).unwrap_or_default();
    let bar = line.bytes().take(128).position(|byte| byte == b'|')?;
    let name = line.get(time..bar)?.trim_ascii_end();
    let is_name = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.@".contains(&byte))
        && time + name.len() < bar
        && !is_level(name);
    let behind = line.get(bar + 1..)?;
    let blank = usize::from(behind.starts_with(' '));
    is_name.then_some((Shape::Compose(bar), bar + 1 + blank))
}

fn kubectl(line: &str) -> Option<PrefixMatch> {
    let rest = line.strip_prefix("[pod/")?;
    let end = rest.bytes().take(512).position(|byte| byte == b']')?;
    let is_name = !rest[..end].contains(' ') && rest[end + 1..].starts_with(' ');
    is_name.then_some((Shape::Kubectl, "[pod/".len() + end + 2))
}

/// A file, the number of a line, or both.
fn grep(line: &str) -> Option<PrefixMatch> {
    const ENDINGS: [&str; 6] = [".log", ".txt", ".json", ".jsonl", ".ndjson", ".out"];
    let number = |text: &str| {
        let digits = text.bytes().take(12).take_while(u8::is_ascii_digit).count();
        let end = text[digits..].starts_with([':', '-']);
        (digits > 0 && end).then_some(digits + 1)
    };
    let found = |length| (Shape::Grep, length);
    if let Some(length) = number(line) {
        // A time or date would continue with digits.
        let rest = &line[length..];
        return (!rest.starts_with(|c: char| c.is_ascii_digit())).then(|| found(length));
    }
    let end = line.bytes().take(512).position(|byte| byte == b':')?;
    let file = &line[..end];
    let is_file = !file.contains([' ', '\t', '"', '{', '=']) && !is_level(file);
    let rest = &line[end + 1..];
    if is_file && let Some(length) = number(rest) {
        return Some(found(end + 1 + length));
    }
    let is_log = is_file && ENDINGS.iter().any(|ending| file.ends_with(ending));
    is_log.then(|| found(end + 1))
}

fn query_results(line: &str) -> Option<PrefixMatch> {
    const START: &str = "RESULTS\t@message\t";
    line.starts_with(START)
        .then_some((Shape::QueryResults, START.len()))
}

/// Two words: a log group and a log stream, or a pod and a container.
fn words(line: &str) -> Option<PrefixMatch> {
    let (first, rest) = line.split_once(' ')?;
    // Names of streams are padded to the same length.
    let awslogs = |length: usize| {
        (
            Shape::Awslogs,
            line.len() - line[length..].trim_start_matches(' ').len(),
        )
    };
    let is_group = first.starts_with('/') && first.len() > 1 && !first.contains(['{', '"', ':']);
    let is_path = first.split('/').filter(|part| !part.is_empty()).count() > 2;
    if !first.starts_with('/') && is_path && !first.contains(['{', '"', ':', '=']) {
        // A log stream without its group.
        return Some(awslogs(first.len() + 1));
    }
    let (second, behind) = rest.split_once(' ').unwrap_or((rest, ""));
    if is_group {
        let is_message =
            behind.is_empty() || second.starts_with('{') || time_before(rest).is_some();
        if is_message {
            return Some(awslogs(first.len() + 1));
        }
        let is_stream = !second.contains([':', '*', '{', '"']) && !is_level(second);
        if is_stream {
            return Some(awslogs(first.len() + second.len() + 2));
        }
    }
    // The name of a pod ends in letters and digits at random.
    let is_pod = is_label(first) && first.contains('-') && !is_level(second);
    (is_pod && is_label(second) && !behind.is_empty())
        .then_some((Shape::Stern, first.len() + second.len() + 2))
}

/// Whether a word may be the name of a log stream, not a level or a stream of the process.
pub(super) fn is_stream(word: &str) -> bool {
    // CloudWatch allows neither of the two characters in a stream's name.
    !word.is_empty() && !word.contains([':', '*', '{']) && !is_level(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefixes_of_viewers_are_found() {
        const DOCUMENT: &str = "{\"_aws\":{}}";
        for (prefix, shape) in [
            ("2026-11-25T10:00:00.123456789Z ", Shape::Time),
            ("2026-11-25T10:14:24.818000+00:00 s1 ", Shape::Time),
            ("2026-11-25T10:14:24 ", Shape::Time),
            ("2026-11-25 10:14:24.000 ", Shape::Time),
            (
                "2026-11-25T10:14:24+0000 2026/11/25/[$LATEST]0a ",
                Shape::Time,
            ),
            ("1795601664818\t", Shape::Time),
            ("1795601664818 ", Shape::Time),
            ("1795601664818,", Shape::Time),
            (
                "2026/11/29/[$LATEST]0a1b2c3d 2026-11-29T05:32:45.123000 ",
                Shape::Sam,
            ),
            ("web-1  | ", Shape::Compose(7)),
            (
                "web-1  | 2026-11-25T10:00:00.123456789Z ",
                Shape::Compose(7),
            ),
            ("[pod/web-7d9f-abc/web] ", Shape::Kubectl),
            (
                "[pod/web-7d9f-abc/web] 2026-11-25T10:00:00.123456789Z ",
                Shape::Kubectl,
            ),
            ("app.log:12:", Shape::Grep),
            ("12:", Shape::Grep),
            ("logs/app.log:", Shape::Grep),
            ("RESULTS\t@message\t", Shape::QueryResults),
            ("/ecs/app app/app/1 ", Shape::Awslogs),
            (
                "/ecs/app app/app/1 2026-11-25T10:14:24.818Z ",
                Shape::Awslogs,
            ),
            (
                "/ecs/app app/app/1 2026-11-25T10:14:24.818Z 2026-11-25T10:14:25.001Z ",
                Shape::Awslogs,
            ),
            ("/ecs/app ", Shape::Awslogs),
            ("/ecs/app app/app/1     ", Shape::Awslogs),
            ("app/app/1     2026-11-25T10:14:24.818Z ", Shape::Awslogs),
            ("/ecs/app 2026-11-25T10:14:24.818Z ", Shape::Awslogs),
            ("web-7d9f-abc web ", Shape::Stern),
        ] {
            let found = find(&format!("{prefix}{DOCUMENT}"));
            assert_eq!(found, Some((shape, prefix.len())), "{prefix:?}");
        }
        for prefix in [
            "2026-11-25 10:14:24,000 ",
            "INFO:root:",
            "INFO  | ",
            "[INFO] ",
            "app: ",
            "2027-01-15T08:00:00.000Z\tid\tINFO\t",
            "2027-01-15T08:00:00.000000000Z stdout F ",
            "10:00:00 ",
        ] {
            let found = find(&format!("{prefix}{DOCUMENT}"));
            assert!(found.is_none(), "{prefix:?}: {found:?}");
        }
    }

    #[test]
    fn a_level_behind_a_time_is_the_writers() {
        let line = "2026-11-25T10:14:24Z INFO {\"_aws\":{}}";
        assert_eq!(find(line).unwrap().1, "2026-11-25T10:14:24Z ".len());
    }
}
