//! What is answered, and what a connection may do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::*;
use crate::reading::{ClockSource, Reading, SyncStatus};
use crate::time::ErrorBound;

/// Longer than anything takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

fn settings() -> Settings {
    Settings {
        address: "127.0.0.1:0".parse().unwrap(),
        limits: Limits::default(),
        drift: DriftRate::DEFAULT,
        sample_interval: Duration::from_secs(10),
    }
}

/// A moment that long ago. The machine has to have run for so long.
fn ago(age: Duration) -> Moment {
    let now = Moment::now();
    let before = now
        .monotonic
        .checked_sub(age)
        .expect("a machine that runs for minutes");
    Moment::new(now.wall - TimeDelta::from_std(age).unwrap(), before)
}

/// An observation of a reading with a bound of 1 ms, requested that long ago.
fn observed(status: SyncStatus, age: Duration) -> Observed {
    let moment = ago(age);
    let mut reading = Reading::new(ClockSource::Ecs, moment, moment);
    reading.status = status;
    reading.bound = Some(ErrorBound::from_millis(1.0).unwrap());
    reading.reference = Some(moment.wall - TimeDelta::seconds(5));
    let mut observed = Observed::new(Instant::now());
    observed.take(&Ok(reading));
    observed
}

fn good() -> Observed {
    observed(SyncStatus::Synchronized, Duration::ZERO)
}

fn clerk(observed: Observed) -> Clerk {
    // The sender is gone: what was observed last stays.
    let (_, observed) = watch::channel(observed);
    Clerk {
        settings: settings(),
        observed,
    }
}

fn asked(observed: Observed, query: &str) -> (u16, Value) {
    let reply = clerk(observed).clock(Some(query).filter(|query| !query.is_empty()));
    assert!(reply.body.ends_with("}\n"));
    (reply.status, serde_json::from_str(&reply.body).unwrap())
}

#[test]
fn a_good_clock_is_200_and_any_other_503() {
    let minutes = |count: u64| Duration::from_secs(60 * count);
    let nothing = || Observed::new(Instant::now());
    for (what, observed, query, status, code) in [
        ("good", good(), "", 200, None),
        ("within", good(), "max_error=5ms", 200, None),
        ("age within", good(), "max_age=1m", 200, None),
        (
            "over",
            good(),
            "max_error=999us",
            503,
            Some("bound_over_limit"),
        ),
        (
            "age over",
            good(),
            "max_age=1s",
            503,
            Some("age_over_limit"),
        ),
        (
            "lost",
            observed(SyncStatus::NotSynchronized, Duration::ZERO),
            "",
            503,
            Some("not_synchronized"),
        ),
        (
            "unknown",
            observed(SyncStatus::Unknown, Duration::ZERO),
            "",
            503,
            Some("not_synchronized"),
        ),
        ("nothing yet", nothing(), "", 503, Some("no_reading")),
        (
            "a minute old",
            observed(SyncStatus::Synchronized, Duration::from_secs(55)),
            "",
            200,
            None,
        ),
        (
            "too old",
            observed(
                SyncStatus::Synchronized,
                minutes(1) + Duration::from_secs(1),
            ),
            "",
            503,
            Some("no_reading"),
        ),
    ] {
        let (given, answer) = asked(observed, query);
        assert_eq!(given, status, "{what}: {answer}");
        let verdict = if status == 200 { "good" } else { "not_good" };
        assert_eq!(answer["verdict"], verdict, "{what}");
        let codes: Vec<&str> = code.into_iter().collect();
        assert_eq!(
            answer["codes"],
            serde_json::json!(codes),
            "{what}: {answer}"
        );
        let has_range = answer["earliest"].is_string() && answer["latest"].is_string();
        assert_eq!(
            has_range,
            !matches!(code, Some("not_synchronized" | "no_reading")),
            "{what}: {answer}"
        );
        assert!(answer.get("certainly_past").is_none());
    }
}

#[test]
fn the_bound_is_that_of_the_moment_of_answering() {
    // 15 ppm of 50 s are 750 us.
    let old = || observed(SyncStatus::Synchronized, Duration::from_secs(50));
    assert_eq!(asked(old(), "max_error=1749us").0, 503);
    let (status, answer) = asked(old(), "max_error=2500us");
    assert_eq!(status, 200, "{answer}");
    let time = |name: &str| DateTime::parse_from_rfc3339(answer[name].as_str().unwrap()).unwrap();
    let width = time("latest") - time("earliest");
    assert!(width >= TimeDelta::microseconds(3_500), "{width}");
}

#[test]
fn a_time_is_certainly_past_or_not() {
    let now = Utc::now();
    let query = |seconds: i64| {
        format!(
            "after={}",
            (now + TimeDelta::seconds(seconds))
                .to_rfc3339()
                .replace("+00:00", "Z")
        )
    };
    assert_eq!(asked(good(), &query(-1)).1["certainly_past"], true);
    assert_eq!(asked(good(), &query(3_600)).1["certainly_past"], false);
    // Never null, and never true without a range.
    let lost = observed(SyncStatus::NotSynchronized, Duration::ZERO);
    let (status, answer) = asked(lost, &query(-3_600));
    assert_eq!(
        (status, &answer["certainly_past"]),
        (503, &Value::Bool(false))
    );
    // With any offset, and the plus sign as people write it.
    for after in [
        "2020-01-01T00:00:00%2B01:00",
        "2020-01-01T00:00:00+01:00",
        "2020-01-01t00:00:00.123456789z",
    ] {
        assert_eq!(
            asked(good(), &format!("after={after}")).1["certainly_past"],
            true,
            "{after}"
        );
    }
}

#[test]
fn a_query_that_is_wrong_is_refused_and_named() {
    for (query, said) in [
        ("max_error=5m", "max_error"),
        ("max_error=5", "max_error"),
        ("max_error=", "max_error"),
        ("max_error", "max_error"),
        ("max_age=yesterday", "max_age"),
        ("age_adjusted=perhaps", "age_adjusted"),
        ("age_adjusted", "age_adjusted"),
        ("after=noon", "after"),
        ("after=2020-01-01", "after"),
        ("max-error=5ms", "max-error"),
        ("MAX_ERROR=5ms", "MAX_ERROR"),
        ("max_error=5ms&max_error=5ms", "twice"),
        ("max_error=5ms&verbose", "verbose"),
    ] {
        let (status, answer) = asked(good(), query);
        assert_eq!(status, 400, "{query}: {answer}");
        let error = answer["error"].as_str().unwrap();
        assert!(
            error.contains(said) && answer.get("verdict").is_none(),
            "{query}: {error}"
        );
    }
    let long = format!("max_error={}", "9".repeat(7_000));
    assert!(asked(good(), &long).1.to_string().len() < 400);
    for query in [
        "max_error=5ms&max_age=1h&age_adjusted=true",
        "age_adjusted=false",
        "max_age=off",
        "max_error=0.5%6ds",
    ] {
        assert_ne!(asked(good(), query).0, 400, "{query}");
    }
}

#[test]
fn it_is_healthy_while_the_loop_beats() {
    assert_eq!(clerk(Observed::new(Instant::now())).health().status, 200);
    let still = clerk(Observed::new(ago(Duration::from_secs(121)).monotonic)).health();
    assert_eq!(still.status, 503);
    assert!(
        still.body.contains("has stood still for 121 s"),
        "{}",
        still.body
    );
}

/// A listener with one observation, until it is dropped.
struct Server {
    address: SocketAddr,
    errors: Arc<AtomicU64>,
    _end: tokio::sync::oneshot::Sender<()>,
}

fn server(observed: Observed) -> Server {
    let (end, ended) = tokio::sync::oneshot::channel();
    let (place, address) = std::sync::mpsc::channel();
    let errors = Arc::new(AtomicU64::new(0));
    let mut trouble = Trouble::new("listen", Arc::clone(&errors));
    let clerk = Arc::new(clerk(observed));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = bind(&settings().address).await.unwrap();
            place.send(listener.local_addr().unwrap()).unwrap();
            tokio::select! {
                () = accept(&listener, &clerk, &mut trouble) => {}
                _ = ended => {}
            }
        });
    });
    Server {
        address: address.recv().unwrap(),
        errors,
        _end: end,
    }
}

impl Server {
    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// What comes back for `request` until the connection ends.
    fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        rest(&mut stream)
    }

    fn get(&self, target: &str) -> String {
        self.exchange(&format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ))
    }
}

fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has ended as well.
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    String::from_utf8(answer).unwrap()
}

fn status_of(answer: &str) -> u16 {
    answer[9..12].parse().unwrap()
}

#[test]
fn requests_are_answered_or_refused_on_the_wire() {
    let server = server(good());
    let answer = server.get("/clock?max_error=5ms");
    assert_eq!(status_of(&answer), 200);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    for header in [
        "content-type: application/json",
        "cache-control: no-store",
        "x-content-type-options: nosniff",
    ] {
        assert!(head.contains(header), "{head}");
    }
    assert!(!head.contains("access-control"), "{head}");
    assert_eq!(
        serde_json::from_str::<Value>(body).unwrap()["verdict"],
        "good"
    );

    for (request, status) in [
        ("GET /healthz HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n", 200),
        ("GET /clock HTTP/1.0\r\n\r\n", 421),
        ("GET /clock HTTP/1.1\r\nHost: example.com\r\n\r\n", 421),
        (
            "GET /clock HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 10.0.0.1\r\n\r\n",
            403,
        ),
        ("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 404),
        ("DELETE /clock HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (
            "POST /clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\nx",
            405,
        ),
        (
            "GET /clock?max_error=x HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
            400,
        ),
        (
            "GET /clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n",
            200,
        ),
        ("\u{1}\r\n\r\n", 400),
        ("GET /clock HTTP/3.0\r\n\r\n", 400),
    ] {
        let answer = server.exchange(request);
        assert_eq!(status_of(&answer), status, "{request}: {answer}");
        if status == 405 {
            assert!(
                answer
                    .to_ascii_lowercase()
                    .contains("\r\nallow: get, head\r\n"),
                "{answer}"
            );
        }
    }
    let head_only =
        server.exchange("HEAD /clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    assert_eq!(status_of(&head_only), 200);
    assert!(head_only.ends_with("\r\n\r\n"), "{head_only}");
}

#[test]
fn a_connection_is_kept_for_the_next_request() {
    let server = server(good());
    let mut stream = server.connect();
    for _ in 0..3 {
        stream
            .write_all(b"GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .unwrap();
        let mut answer = String::new();
        while !answer.ends_with("}\n") {
            let mut part = [0; 4_096];
            let read = stream.read(&mut part).unwrap();
            assert_ne!(read, 0);
            answer += std::str::from_utf8(&part[..read]).unwrap();
        }
        assert_eq!(status_of(&answer), 200);
    }
}

#[test]
fn a_head_is_8_kib_at_most() {
    let server = server(good());
    let with = |size: usize| {
        format!(
            "GET /clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nX: {}\r\n\r\n",
            "x".repeat(size)
        )
    };
    assert_eq!(status_of(&server.exchange(&with(7_000))), 200);
    assert_eq!(status_of(&server.exchange(&with(9_000))), 431);
    // A million bytes without an end: cut off.
    let mut stream = server.connect();
    let endless = stream.write_all("x".repeat(1_000_000).as_bytes());
    if endless.is_ok() {
        assert!(rest(&mut stream).len() < 1_000);
    }
    assert_eq!(status_of(&server.get("/clock")), 200);
}

#[test]
fn who_is_silent_or_slow_is_let_go_and_others_are_answered() {
    let server = server(good());
    let mut silent = server.connect();
    let mut slow = server.connect();
    slow.write_all(b"GET /clock HT").unwrap();
    let mut idle = server.connect();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        .unwrap();
    assert_eq!(status_of(&server.get("/clock")), 200);
    assert_eq!(rest(&mut silent), "");
    let answer = rest(&mut slow);
    assert!(answer.is_empty() || status_of(&answer) == 408, "{answer}");
    let answer = rest(&mut idle);
    assert_eq!(status_of(&answer), 200);
    assert_eq!(answer.matches("HTTP/1.1").count(), 1);
}

#[test]
fn a_thousand_connections_take_64_places_and_no_more() {
    let server = server(good());
    let mut connections: Vec<TcpStream> = (0..1_000).map(|_| server.connect()).collect();
    // Those without a place are closed at once; those with one when their time is over.
    for connection in &mut connections[CONNECTIONS..] {
        assert_eq!(rest(connection), "");
    }
    let request = b"GET /clock HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    let answered = connections
        .iter_mut()
        .take(CONNECTIONS)
        .filter_map(|connection| {
            connection.write_all(request).ok()?;
            let answer = rest(connection);
            (!answer.is_empty()).then(|| status_of(&answer))
        });
    for status in answered.collect::<Vec<_>>() {
        assert_eq!(status, 200);
    }
    drop(connections);
    let deadline = Instant::now() + PATIENCE;
    while server.get("/clock").is_empty() {
        assert!(Instant::now() < deadline, "no place becomes free");
    }
    assert_eq!(server.errors.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_port_in_use_is_reported_and_counted() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let errors = Arc::new(AtomicU64::new(0));
    let mut trouble = Trouble::new("listen", Arc::clone(&errors));
    let clerk = Arc::new(Clerk {
        settings: Settings {
            address: taken.local_addr().unwrap().to_string().parse().unwrap(),
            ..settings()
        },
        ..clerk(good())
    });
    let listening = tokio::time::timeout(Duration::from_millis(200), listen(&clerk, &mut trouble));
    assert!(listening.await.is_err(), "it goes on trying");
    assert_eq!(errors.load(Ordering::Relaxed), 1);
}
