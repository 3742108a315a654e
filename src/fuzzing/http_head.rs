//! What a client sends to the listener.
//!
//! The first byte selects what is known about the clock, the second how the rest is cut into pieces, and whether the
//! client then closes its side or only waits. Time passes automatically.

use std::time::Duration;

use super::entry::http_converse;
use crate::{ClockSource, ErrorBound, Moment, ReadError, ReadErrorKind, Reading, SyncStatus};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout};

/// The statuses of the reference, and those of the HTTP library for a head that is invalid or too large.
const STATUSES: [&str; 9] = [
    "200", "400", "403", "404", "405", "414", "421", "431", "503",
];
/// The headers of answers, none of which repeats a part of the request.
const HEADERS: [&str; 7] = [
    "allow",
    "cache-control",
    "connection",
    "content-length",
    "content-type",
    "keep-alive",
    "x-content-type-options",
];
/// The largest answer.
const LARGEST: usize = 4 * 1024;
/// What the connection holds in each direction, to make writes wait.
const PIPE: usize = 1024;
/// An idle connection lasts 76 s, and none of these requests keeps one busy for long.
const LONGEST: Duration = Duration::from_secs(90);

pub(super) fn check(bytes: &[u8]) {
    let [clock, way, request @ ..] = bytes else {
        return;
    };
    let outcomes = outcomes(*clock);
    let is_good = clock % 4 == 0;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let answer = runtime
        .expect("a runtime")
        .block_on(answer_to(request, *way, &outcomes));
    let statuses = check_answers(&answer, request, is_good);
    check_plain_request(request, *clock, &statuses);
}

/// Checks that a common request is answered, whether or not the client then closes its side.
fn check_plain_request(request: &[u8], clock: u8, statuses: &[String]) {
    let expected = match request {
        b"GET /clock HTTP/1.1\r\nHost: 127.0.0.1:2780\r\n\r\n" if clock.is_multiple_of(4) => "200",
        b"GET /clock HTTP/1.1\r\nHost: 127.0.0.1:2780\r\n\r\n" => "503",
        b"GET /clock HTTP/1.1\r\nHost: example.com\r\n\r\n" => "421",
        _ => return,
    };
    assert_eq!(statuses, [expected]);
}

/// The state of the clock: good, not synchronized, unknown, or a failure after a good reading.
fn outcomes(clock: u8) -> Vec<Result<Reading, ReadError>> {
    let now = Moment::now();
    let mut reading = Reading::new(ClockSource::Ecs, now, now);
    reading.status = if clock % 4 == 1 {
        SyncStatus::NotSynchronized
    } else {
        SyncStatus::Synchronized
    };
    reading.bound = ErrorBound::from_micros(1_000).ok();
    reading.reference = Some(now.wall);
    match clock % 4 {
        2 => vec![],
        3 => vec![Err(ReadError::new(
            ReadErrorKind::Timeout,
            "no answer within 2s",
        ))],
        _ => vec![Ok(reading)],
    }
}

/// Everything received until the connection ends.
async fn answer_to(request: &[u8], way: u8, outcomes: &[Result<Reading, ReadError>]) -> Vec<u8> {
    let (client, server) = tokio::io::duplex(PIPE);
    let (mut from, mut to) = tokio::io::split(client);
    let pieces = usize::from(way % 16) * 16 + 1;
    let send = async {
        for piece in request.chunks(if way % 16 == 15 {
            request.len().max(1)
        } else {
            pieces
        }) {
            if to.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        if way < 128 {
            let _ = to.shutdown().await;
        }
    };
    let receive = async {
        let mut answer = Vec::new();
        let _ = from.read_to_end(&mut answer).await;
        answer
    };
    let talk = async { tokio::join!(http_converse(server, outcomes), send, receive).2 };
    let began = Instant::now();
    let answer = timeout(LONGEST, talk)
        .await
        .expect("a connection that ends in time");
    let is_closed = way < 128;
    assert!(
        !is_closed || began.elapsed() < Duration::from_secs(1),
        "it waits for one who has left"
    );
    answer
}

/// Checks that the bytes are complete answers, and returns their statuses.
fn check_answers(mut rest: &[u8], request: &[u8], is_good: bool) -> Vec<String> {
    let lines = request.iter().filter(|byte| **byte == b'\n').count();
    let mut statuses = Vec::new();
    while !rest.is_empty() {
        let end = rest
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .expect("a head that ends")
            + 4;
        let head = std::str::from_utf8(&rest[..end]).expect("a head of ASCII");
        let (status, length) = check_head(head);
        let body = &rest[end..];
        // An answer to HEAD has a length but no body.
        let is_next = body.is_empty() || body.starts_with(b"HTTP/1.");
        let body = if is_next {
            &body[..0]
        } else {
            body.get(..length).expect("a whole body")
        };
        if !body.is_empty() {
            check_body(body, &status, request, is_good);
        }
        rest = &rest[end + body.len()..];
        statuses.push(status);
    }
    // An empty line may end a head, and any bytes may be refused.
    assert!(statuses.len() <= lines + 1, "{statuses:?} to {lines} lines");
    statuses
}

/// The status and the length of the body in an answer's head.
fn check_head(head: &str) -> (String, usize) {
    assert!(head.is_ascii() && head.len() < LARGEST, "{head:?}");
    let mut lines = head.trim_end().split("\r\n");
    let line = lines.next().expect("a status line");
    let mut words = line.split(' ');
    assert!(
        matches!(words.next(), Some("HTTP/1.1" | "HTTP/1.0")),
        "{line}"
    );
    let status = words.next().unwrap_or_default();
    assert!(STATUSES.contains(&status), "{line}");
    let mut length = 0;
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        assert!(
            HEADERS.contains(&name.to_ascii_lowercase().as_str()),
            "{line}"
        );
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse().expect("a length");
        }
    }
    assert!(length < LARGEST);
    (status.to_owned(), length)
}

/// An error shows 200 characters of a value, and escapes each by up to ten.
const LONGEST_ERROR: usize = 200 + 200 * 10;

/// Checks that 200 for `/clock` means a good clock, and that everything else has a reason.
fn check_body(body: &[u8], status: &str, request: &[u8], is_good: bool) {
    assert!(
        body.iter()
            .all(|byte| *byte >= b' ' || b"\n\t".contains(byte))
    );
    if !body.starts_with(b"{") {
        return check_line(body, status, is_good);
    }
    assert!(body.ends_with(b"}\n"));
    let body: Value = serde_json::from_slice(body).expect("JSON");
    match (status, &body["verdict"]) {
        ("200", Value::Null) => assert_eq!(body["status"], "running"),
        ("200", verdict) => assert!(is_good && *verdict == "good", "{body}"),
        ("503", verdict) => {
            assert_eq!(*verdict, "not_good");
            assert!(!body["codes"].as_array().expect("codes").is_empty());
        }
        _ => assert!(
            body["error"]
                .as_str()
                .is_some_and(|error| error.len() < LONGEST_ERROR),
            "{body}"
        ),
    }
    if matches!(status, "200" | "503") {
        let request = String::from_utf8_lossy(request).to_ascii_lowercase();
        let names = |words: &[&str]| words.iter().any(|word| request.contains(word));
        assert!(
            names(&["localhost", "127.", "::1", ":1]"]),
            "a foreign host is answered"
        );
        assert!(names(&["/clock", "/healthz"]), "another path is answered");
    }
    if body["verdict"].is_string() && body["status"] != "SYNCHRONIZED" {
        assert!(body["earliest"].is_null() && body["latest"].is_null());
        assert_ne!(body["certainly_past"], true);
    }
}

/// The line of `/clock.txt`.
fn check_line(body: &[u8], status: &str, is_good: bool) {
    let text = std::str::from_utf8(body).expect("text");
    let line = text.strip_suffix('\n').expect("a line");
    assert!(!line.contains('\n'), "{line}");
    if status == "200" {
        let words: Vec<&str> = line.split(' ').collect();
        let time = |word: &str| word.parse::<i64>().expect("a time");
        assert!(is_good && words.len() == 3 && words[0] == "good", "{line}");
        assert!(time(words[1]) < time(words[2]), "{line}");
    } else {
        assert!(status == "503" && line.starts_with("not_good ") && line.contains('\t'));
    }
}
