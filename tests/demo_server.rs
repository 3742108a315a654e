//! The demonstration application over HTTP: the real program against endpoints and clients that
//! behave and misbehave. `tests/demo/` tests it in a browser.
#![cfg(unix)]
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on fails, and uses a part of what the tests share"
)]

#[path = "support/bounded.rs"]
mod bounded;
#[path = "support/checked.rs"]
mod checked;
#[path = "support/demo.rs"]
mod demo;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use bounded::output_of;
use checked::CheckAnswer;
use chrono::{DateTime, Utc};
use demo::{Demo, command, read_answer};
use endpoint::{Options, Scenario, Server};
use rustix::process::Signal;

/// How long an immediate effect may take on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);
const JSON: &str = "application/json";

#[test]
fn the_clock_as_json_has_the_members_of_check() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    let before = Utc::now();
    let answer = demo.clock();
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains("content-type: application/json"));
    let checked: CheckAnswer = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(
        (checked.verdict.as_str(), checked.reasons.len()),
        ("good", 0)
    );
    assert_eq!(checked.error_bound_ms, Some(0.446_931));
    assert_eq!(checked.status.as_deref(), Some("SYNCHRONIZED"));
    assert!(checked.earliest.unwrap() < Utc::now() && checked.latest.unwrap() > before);

    for (query, code) in [
        ("max_error=1us", "bound_over_limit"),
        ("max_age=1s", "age_over_limit"),
        ("age_adjusted=true&max_error=447us", "bound_over_limit"),
    ] {
        let strict = demo.ask("GET", &format!("/clock?{query}"), JSON);
        assert_eq!(strict.status, 503, "{strict:?}");
        let checked: CheckAnswer = serde_json::from_str(&strict.body).unwrap();
        assert_eq!(checked.verdict, "not_good");
        assert_eq!(checked.codes, [code], "{strict:?}");
    }

    for (query, why) in [
        ("max_error=5", "such as 5ms"),
        ("max_error=", "such as 5ms"),
        ("max_error=1ms&max_error=2ms", "given twice"),
        ("max_age=1", "or off"),
        ("age_adjusted=maybe", "true or false"),
        ("max_eror=5ms", "unknown parameter"),
        ("max_error=%ff", "such as 5ms"),
    ] {
        let wrong = demo.ask("GET", &format!("/clock?{query}"), JSON);
        let body: serde_json::Value = serde_json::from_str(&wrong.body).unwrap();
        assert_eq!(wrong.status, 400);
        assert!(body["error"].as_str().unwrap().contains(why), "{wrong:?}");
        let page = demo.ask("GET", &format!("/?{query}"), "text/html");
        assert!(
            page.status == 400 && page.body.contains("aria-invalid"),
            "{page:?}"
        );
    }
}

#[test]
fn the_endpoint_is_asked_once_per_refresh_interval_however_many_ask_and_whether_it_answers() {
    for scenario in [Scenario::Good, Scenario::Throttled, Scenario::EmptyReply] {
        let server = Server::start(scenario.clone()).unwrap();
        let demo = Demo::start(&server.base(), &["--refresh-interval=1m"]);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let good = if scenario == Scenario::Good { 200 } else { 503 };
                    for (path, status) in [
                        ("/clock", good),
                        ("/", 200),
                        ("/clock?max_error=1us", 503),
                        ("/?max_error=1s", 200),
                    ] {
                        assert_eq!(demo.ask("GET", path, JSON).status, status, "{path}");
                    }
                    demo.ask("POST", "/transaction", JSON);
                });
            }
        });
        assert_eq!(server.counters().task_requests, 1, "{scenario}");
    }
}

#[test]
fn a_transaction_is_committed_only_while_the_clock_is_good_enough() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &["--refresh-interval=100ms"]);
    let before = Utc::now();
    let done = demo.ask("POST", "/transaction", JSON);
    let after = Utc::now();
    assert_eq!(done.status, 200, "{done:?}");
    let body: serde_json::Value = serde_json::from_str(&done.body).unwrap();
    assert_eq!(body["committed"], true);
    let timestamp: DateTime<Utc> = body["commit_timestamp"].as_str().unwrap().parse().unwrap();
    // The bound ahead of the clock when it was taken, and certainly past when the answer came.
    assert!(
        before < timestamp && timestamp < after,
        "{before} {timestamp} {after}"
    );
    assert!(
        body["commit_wait_ms"].as_f64().unwrap() >= 2.0 * 0.446_931,
        "{body}"
    );

    // A request may ask for more than the application does, not for less.
    assert_eq!(
        demo.ask("POST", "/transaction?max_error=1us", JSON).status,
        503
    );
    assert_eq!(
        demo.ask("POST", "/transaction?max_error=x", JSON).status,
        400
    );
    server.set_error_bound(6.0);
    await_that(|| demo.clock().body.contains("\"error_bound_ms\":6.0"));
    assert_eq!(
        demo.ask("POST", "/transaction?max_error=60s", JSON).status,
        503
    );

    server.switch(Scenario::Unsynchronized);
    await_that(|| demo.clock().body.contains("NOT_SYNCHRONIZED"));
    let refused = demo.ask("POST", "/transaction", JSON);
    assert_eq!(refused.status, 503);
    assert!(refused.head.contains("retry-after: 1"), "{refused:?}");
    let body: serde_json::Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!(body["committed"], false);
    assert!(
        body["reasons"][0]
            .as_str()
            .unwrap()
            .contains("NOT_SYNCHRONIZED")
    );

    // For a person, a page says the same.
    let page = demo.ask("POST", "/transaction", "text/html,*/*");
    assert_eq!(page.status, 503);
    assert!(page.head.contains("text/html") && page.body.contains("Refused"));
    for (accept, html) in [
        ("TEXT/HTML", true),
        ("text/html;q=0, */*", false),
        ("", false),
    ] {
        let answer = demo.ask("POST", "/transaction", accept);
        assert_eq!(answer.head.contains("text/html"), html, "{accept}");
    }
    assert_eq!(demo.ask("GET", "/transaction", JSON).status, 405);
    assert_eq!(demo.ask("GET", "/nothing", JSON).status, 404);
}

#[test]
fn a_commit_wait_that_would_last_too_long_is_refused() {
    let server = Server::with(Options {
        error_bound: 5_000.0,
        ..Options::default()
    })
    .unwrap();
    let demo = Demo::start(&server.base(), &["--max-error=60s"]);
    let refused = demo.ask("POST", "/transaction", JSON);
    assert_eq!(refused.status, 503);
    assert!(
        refused.body.contains("had not certainly passed"),
        "{refused:?}"
    );
}

#[test]
fn every_answer_says_whom_a_browser_may_trust() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    for path in [
        "/",
        "/clock",
        "/page.css",
        "/page.js",
        "/icon.svg",
        "/nothing",
    ] {
        let head = demo.ask("GET", path, "text/html").head;
        assert!(
            head.contains("content-security-policy: default-src 'none';"),
            "{path}: {head}"
        );
        assert!(!head.contains("unsafe"), "{path}: {head}");
        assert!(
            head.contains("x-content-type-options: nosniff"),
            "{path}: {head}"
        );
        assert!(head.contains("cache-control: no-store"), "{path}: {head}");
    }
}

#[test]
fn whatever_the_endpoint_does_no_answer_shows_its_address_or_its_markup() {
    let scenarios = Scenario::NAMED.iter().map(|(scenario, ..)| scenario);
    let quiet = ["slow", "slow-body", "hang"];
    std::thread::scope(|scope| {
        for scenario in scenarios {
            scope.spawn(move || {
                let server = Server::start(scenario.clone()).unwrap();
                let wait = if quiet.contains(&scenario.to_string().as_str()) {
                    "300ms"
                } else {
                    "30s"
                };
                let demo = Demo::start(
                    &server.base(),
                    &["--source=ecs", &format!("--request-timeout={wait}")],
                );
                let base = server.base();
                let endpoint = base.splitn(4, '/').nth(3).unwrap();
                for path in ["/", "/clock"] {
                    let answer = demo.ask("GET", path, "*/*");
                    let is_good = answer.body.contains(r#""verdict":"good""#);
                    let expected = if path == "/" || is_good { 200 } else { 503 };
                    assert_eq!(answer.status, expected, "{scenario}: {answer:?}");
                    assert!(!answer.body.contains(endpoint), "{scenario}: {answer:?}");
                    assert!(!answer.body.contains("<script>"), "{scenario}: {answer:?}");
                    assert_eq!(
                        answer.body.matches("<script").count(),
                        usize::from(path == "/"),
                        "{scenario}"
                    );
                }
            });
        }
    });
}

#[test]
fn slow_clients_are_let_go_and_others_are_answered_meanwhile() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    let mut slow: Vec<TcpStream> = (0..100).map(|_| demo.connect()).collect();
    for stream in &mut slow {
        stream
            .write_all(b"GET /clock HTTP/1.1\r\nx-slow: ")
            .unwrap();
    }
    assert_eq!(demo.clock().status, 200);
    for stream in &mut slow {
        let mut rest = Vec::new();
        // Closed, by any kind of end.
        let _ = stream.read_to_end(&mut rest);
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    }
    assert_eq!(demo.clock().status, 200);
}

#[test]
fn more_silent_clients_than_it_takes_are_outlived() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    let silent: Vec<TcpStream> = (0..600).map(|_| demo.connect()).collect();
    await_that(|| {
        demo.try_ask("GET", "/clock", JSON)
            .is_some_and(|answer| answer.status == 200)
    });
    drop(silent);
}

#[test]
fn huge_heads_and_broken_requests_are_refused_and_nothing_else_happens() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    let huge = format!(
        "GET / HTTP/1.1\r\nhost: demo\r\nx: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let many = format!(
        "GET / HTTP/1.1\r\nhost: demo\r\n{}\r\n",
        "x: y\r\n".repeat(2_000)
    );
    for (request, allowed) in [
        (huge.as_bytes(), &[431_u16][..]),
        (many.as_bytes(), &[431]),
        (b"\x00\x01\x02\r\n\r\n", &[400]),
        (b"GET / HTTP/9.9\r\n\r\n", &[400, 505]),
        (
            b"GET /clock?max_error=%ff HTTP/1.1\r\nhost: demo\r\nconnection: close\r\n\r\n",
            &[400],
        ),
        (
            b"POST /transaction HTTP/1.1\r\nhost: demo\r\ncontent-length: abc\r\n\r\n",
            &[400],
        ),
    ] {
        let mut stream = demo.connect();
        // It may be refused before all of it is sent.
        let _ = stream.write_all(request);
        let shown = String::from_utf8_lossy(&request[..request.len().min(40)]).into_owned();
        if let Some(answer) = read_answer(&mut stream) {
            assert!(allowed.contains(&answer.status), "{shown}: {answer:?}");
        }
        assert_eq!(demo.clock().status, 200, "after {shown}");
    }
}

#[test]
fn at_the_end_what_was_accepted_is_finished() {
    // A bound of 150 ms makes the commit wait 300 ms.
    let server = Server::with(Options {
        error_bound: 150.0,
        ..Options::default()
    })
    .unwrap();
    let demo = Demo::start(&server.base(), &["--max-error=1s", "--refresh-interval=1m"]);
    demo.clock();
    let silent = demo.connect();
    let mut stream = demo.connect();
    stream
        .write_all(b"POST /transaction HTTP/1.1\r\nhost: demo\r\n\r\n")
        .unwrap();
    // Until it has been taken up, as the answers to later ones show.
    for _ in 0..3 {
        demo.clock();
    }
    let asked = Instant::now();
    demo.signal(Signal::TERM);
    let answer = read_answer(&mut stream).unwrap();
    assert_eq!(answer.status, 200, "{answer:?}");
    let (code, said) = demo.stop();
    assert!(asked.elapsed() < AT_ONCE);
    assert_eq!(code, Some(0), "{said}");
    drop(silent);
}

#[test]
fn silent_clients_do_not_delay_the_end() {
    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    let mut silent: Vec<TcpStream> = (0..20).map(|_| demo.connect()).collect();
    for stream in &mut silent[10..] {
        stream.write_all(b"GET / HT").unwrap();
    }
    demo.clock();
    let asked = Instant::now();
    let (code, said) = demo.stop();
    assert!(asked.elapsed() < AT_ONCE);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_wrong_configuration_is_told_whole_and_a_port_in_use_is_named() {
    let server = Server::start(Scenario::Good).unwrap();
    let output = output_of(&mut command(
        &server.base(),
        &["--listen=8080", "--max-error=5", "--source=sun"],
    ));
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 3, "{said}");
    assert_eq!(server.counters().task_requests, 0);

    let first = Demo::start(&server.base(), &[]);
    let output = output_of(&mut command(&server.base(), &["--listen", &first.address]));
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&first.address), "{said}");

    let output = output_of(
        command(&server.base(), &["--listen=127.0.0.1:0", "--max-error=x"])
            .env("CLOCK_DEMO_MAX_EROR", "5ms"),
    );
    assert_eq!(output.status.code(), Some(2));
}

/// Waits until a condition holds.
fn await_that(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < deadline, "it never came to be");
        std::thread::sleep(Duration::from_millis(20));
    }
}
