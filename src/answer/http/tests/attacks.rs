//! Requests that no ordinary client sends: each has one meaning, or is refused, and none is taken for two.

use super::wire::{Server, rest, server};
use super::*;

use std::io::Write;
use std::net::Shutdown;

const CLOCK: &str = "GET /clock HTTP/1.1\r\nHost: localhost\r\n";
const LAST: &str = "Connection: close\r\n";

/// The status codes of the replies to what is sent on one connection, until it ends. The client sends no more than that.
fn statuses(server: &Server, sent: &[u8]) -> Vec<u16> {
    let mut stream = server.connect();
    // The server may close before it has read everything.
    let _ = stream.write_all(sent);
    let _ = stream.shutdown(Shutdown::Write);
    let replies = rest(&mut stream);
    let status = |reply: &str| reply.get(2..5)?.parse().ok();
    let parts = replies.split("HTTP/1.").skip(1);
    parts.map(|reply| status(reply).unwrap()).collect()
}

#[test]
fn the_form_of_the_target_changes_nothing_about_what_is_refused() {
    let server = server(good());
    for (line, status) in [
        ("GET http://localhost/clock HTTP/1.1", 200),
        ("GET http://127.0.0.1:2780/clock HTTP/1.1", 200),
        ("GET http://example.com/clock HTTP/1.1", 421),
        ("GET http://localhost@example.com/clock HTTP/1.1", 421),
        ("GET http://localhost/ HTTP/1.1", 404),
        ("GET //clock HTTP/1.1", 404),
        ("GET /./clock HTTP/1.1", 404),
        ("GET /%63lock HTTP/1.1", 404),
        ("GET /clock\u{e9} HTTP/1.1", 404),
        ("OPTIONS * HTTP/1.1", 404),
        ("OPTIONS /clock HTTP/1.1", 405),
        ("TRACE /clock HTTP/1.1", 405),
        ("PRI /clock HTTP/1.1", 405),
        ("CONNECT localhost:80 HTTP/1.1", 404),
        ("CONNECT example.com:80 HTTP/1.1", 421),
        ("GET /clock?max_error=%zz HTTP/1.1", 400),
        ("GET /clock?max_error=1ms&max_error=2s HTTP/1.1", 400),
        ("GET /clock  HTTP/1.1", 400),
        ("GET /clock", 400),
        // The form that names a host only.
        ("GET clock HTTP/1.1", 421),
    ] {
        let request = format!("{line}\r\nHost: localhost\r\n{LAST}\r\n");
        assert_eq!(statuses(&server, request.as_bytes()), [status], "{line}");
    }
}

#[test]
fn a_header_with_two_meanings_is_refused() {
    let server = server(good());
    for (header, status) in [
        ("Content-Length: 0\r\nContent-Length: 5\r\n", 400),
        ("Content-Length: -1\r\n", 400),
        ("Content-Length: 99999999999999999999999\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("X: a\r\n b\r\n", 400),
        ("X : a\r\n", 400),
        ("X: \0\r\n", 400),
        ("Host: localhost\r\n", 421),
        ("Host : localhost\r\n", 400),
        ("X-Forwarded-For:\r\n", 403),
        ("Upgrade: websocket\r\n", 200),
        ("Expect: 100-continue\r\n", 200),
        ("Expect: the unexpected\r\n", 200),
        (&"X: a\r\n".repeat(97), 200),
        (&"X: a\r\n".repeat(99), 431),
        (&format!("X: {}\r\n", "x".repeat(100_000)), 431),
    ] {
        let request = format!("{CLOCK}{LAST}{header}\r\n");
        assert_eq!(statuses(&server, request.as_bytes()), [status], "{header}");
    }
}

/// What a body contains is never a request.
#[test]
fn a_body_ends_the_connection_after_the_reply() {
    let server = server(good());
    let hidden = format!("{CLOCK}\r\n");
    for body in [
        format!("Content-Length: {}\r\n\r\n{hidden}", hidden.len()),
        format!("Content-Length: 1\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{hidden}"),
        format!("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n{hidden}"),
        format!("Expect: 100-continue\r\nContent-Length: 5\r\n\r\n{hidden}"),
    ] {
        let request = format!("{CLOCK}{body}");
        assert_eq!(statuses(&server, request.as_bytes()), [200], "{body}");
    }
}

#[test]
fn requests_in_a_row_are_answered_in_order_up_to_the_last() {
    let server = server(good());
    let (again, head) = (
        format!("{CLOCK}\r\n"),
        "HEAD /healthz HTTP/1.1\r\nHost: [::1]\r\n\r\n",
    );
    let (missing, last) = (
        "GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        format!("{CLOCK}{LAST}\r\n"),
    );
    let old = "GET /clock HTTP/1.0\r\nHost: localhost\r\n\r\n";
    for (sent, expected) in [
        (again.repeat(500), vec![200; 500]),
        (again.clone() + missing + &again, vec![200, 404]),
        (again.clone() + &last + &again, vec![200, 200]),
        (again.clone() + old + &again, vec![200, 200]),
        (again.clone() + head + &again, vec![200, 200, 200]),
        (again.clone() + "\r\n\r\n" + &again, vec![200, 200]),
        (
            again.clone() + "GET /clock HTTP/1.1\r\nHost: loc",
            vec![200],
        ),
        (again + "garbage\r\n\r\n", vec![200, 400]),
    ] {
        assert_eq!(statuses(&server, sent.as_bytes()), expected, "{sent:.200}");
    }
}

#[test]
fn what_is_not_http_1_is_refused() {
    let server = server(good());
    for (sent, expected) in [
        (&b"GET /clock\r\n\r\n"[..], &[400][..]),
        (b"GET /clock HTTP/2.0\r\nHost: localhost\r\n\r\n", &[400]),
        // TLS.
        (
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x11\r\n\r\n",
            &[400],
        ),
        // HTTP/2 without an upgrade: hyper knows it, and closes.
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &[]),
        (b"SSH-2.0-OpenSSH_9.2\r\n", &[400]),
        (b"\r\n\r\n\r\n", &[]),
        (b"", &[]),
        (
            b"GET /clock HTTP/1.1\nHost: localhost\nConnection: close\n\n",
            &[200],
        ),
    ] {
        let shown = String::from_utf8_lossy(sent);
        assert_eq!(statuses(&server, sent), expected, "{shown}");
    }
}

/// Regression: one client that sent many requests in a row held everybody up for seconds.
#[tokio::test]
async fn a_client_that_sends_many_requests_in_a_row_takes_turns_with_others() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const REQUESTS: usize = 4_000;
    const TURNS: usize = REQUESTS / 32;
    let (mut client, stream) = duplex(16 * 1024 * 1024);
    let requests = format!("{CLOCK}\r\n").repeat(REQUESTS - 1) + CLOCK + LAST + "\r\n";
    client.write_all(requests.as_bytes()).await.unwrap();
    let tasks = LocalSet::new();
    let turns = tasks.run_until(async {
        let handler = Rc::new(handler(good()));
        let keep_alive = || activity::AfterReply::KeepAlive;
        let activity = activity::Activity::new();
        let serving = connection::serve(stream, activity, handler, keep_alive);
        let serving = tokio::task::spawn_local(serving);
        let mut turns = 0;
        while !serving.is_finished() {
            tokio::task::yield_now().await;
            turns += 1;
        }
        turns
    });
    let turns = turns.await;
    assert!(turns >= TURNS, "{turns} turns");
    let mut replies = String::new();
    client.read_to_string(&mut replies).await.unwrap();
    assert_eq!(replies.matches("HTTP/1.1 200 OK").count(), REQUESTS);
}
