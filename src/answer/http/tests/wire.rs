//! Connections: what goes over the wire, and what a client may do.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::super::listener::{accept, bind, listen};
use super::*;

/// A deadline that no busy machine exceeds.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// A listener with one observation, until it is dropped.
pub(super) struct Server {
    address: SocketAddr,
    pub(super) errors: Arc<AtomicU64>,
    _end: tokio::sync::oneshot::Sender<()>,
}

pub(super) fn server(observed: Observed) -> Server {
    server_with(observed, 512)
}

/// A listener with that many slots.
pub(super) fn server_with(observed: Observed, slots: usize) -> Server {
    let (end, ended) = tokio::sync::oneshot::channel();
    let (place, address) = std::sync::mpsc::channel();
    let errors = Arc::new(AtomicU64::new(0));
    let mut trouble = Trouble::new("listen", Arc::clone(&errors));
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let handler = Rc::new(handler(observed));
        let tasks = LocalSet::new();
        runtime.block_on(tasks.run_until(async {
            let listener = bind(&"127.0.0.1:0".parse().unwrap()).unwrap();
            place.send(listener.local_addr().unwrap()).unwrap();
            let connections = Connections::new(slots);
            let mut crowding = Crowding::default();
            tokio::select! {
                () = accept(&listener, &handler, &connections, &mut trouble, &mut crowding) => {}
                _ = ended => {}
            }
        }));
    });
    Server {
        address: address.recv().unwrap(),
        errors,
        _end: end,
    }
}

impl Server {
    pub(super) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Everything received for `request` until the connection ends.
    fn exchange(&self, request: &str) -> String {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        rest(&mut stream)
    }

    pub(super) fn get(&self, target: &str) -> String {
        self.exchange(&format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        ))
    }
}

pub(super) fn rest(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is reset has ended as well.
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), io::ErrorKind::ConnectionReset),
    }
    String::from_utf8(answer).unwrap()
}

pub(super) fn status_of(answer: &str) -> u16 {
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
        (
            "GET /clock HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello",
            200,
        ),
        ("\u{1}\r\n\r\n", 400),
        ("GET /clock HTTP/3.0\r\n\r\n", 400),
    ] {
        let answer = server.exchange(request);
        assert_eq!(status_of(&answer), status, "{request}: {answer}");
        if request.contains("Content-Length") {
            // The unread part of a body must not be taken for the next request.
            let closes = answer
                .to_ascii_lowercase()
                .contains("\r\nconnection: close\r\n");
            assert!(closes, "{request}: {answer}");
        }
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
fn a_silent_or_slow_client_delays_no_other() {
    let server = server(good());
    let mut silent = server.connect();
    let mut slow = server.connect();
    slow.write_all(b"GET /clock HT").unwrap();
    assert_eq!(status_of(&server.get("/clock")), 200);
    assert_eq!(rest(&mut silent), "");
    assert_eq!(rest(&mut slow), "");
}

/// `nc -N` closes its side, and that may arrive together with the request.
#[tokio::test]
async fn a_client_that_closes_its_side_after_the_request_is_answered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for version in ["1.0", "1.1"] {
        let (mut client, stream) = tokio::io::duplex(4 * 1024);
        let request = format!("GET /clock HTTP/{version}\r\nHost: localhost\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        serve_alone(stream).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/{version} 200 ")),
            "{answer}"
        );
    }
}

/// hyper would write a `Date`, and panic for a clock before 1970.
#[test]
fn a_reply_has_no_date() {
    let answer = server(good()).get("/clock").to_ascii_lowercase();
    assert!(!answer.contains("\r\ndate:"), "{answer}");
}

/// Paused time runs to the next timer when everything waits, so these take no real time.
#[tokio::test(start_paused = true)]
async fn a_head_has_5_seconds_and_an_idle_connection_75() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    const REQUEST: &[u8] = b"GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n";
    // What the client sends first, and the time until the connection ends.
    for (sent, seconds) in [
        (&b""[..], 5),
        (b"GET /clock HT", 5),
        (REQUEST, 76),
        (&[REQUEST, REQUEST].concat(), 76),
    ] {
        let (mut client, stream) = duplex(64 * 1024);
        client.write_all(sent).await.unwrap();
        let began = tokio::time::Instant::now();
        serve_alone(stream).await;
        let sent = String::from_utf8_lossy(sent);
        assert_eq!(began.elapsed().as_secs(), seconds, "{sent}");
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        let count = sent.matches("\r\n\r\n").count();
        assert_eq!(
            answer.matches("keep-alive: timeout=75\r\n").count(),
            count,
            "{answer}"
        );
    }

    // A head that begins after an idle time has 5 s as well, and a slow client that sends it in time is answered.
    let (mut client, stream) = duplex(64 * 1024);
    let began = tokio::time::Instant::now();
    let talk = async {
        for _ in 0..3 {
            client.write_all(&REQUEST[..9]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(4)).await;
            client.write_all(&REQUEST[9..]).await.unwrap();
            tokio::time::sleep(Duration::from_secs(70)).await;
        }
        client.write_all(&REQUEST[..9]).await.unwrap();
    };
    tokio::join!(talk, serve_alone(stream));
    assert_eq!(began.elapsed().as_secs(), 3 * 74 + 5);
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer.matches(" 200 OK\r\n").count(), 3, "{answer}");
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_no_reply_has_5_seconds() {
    use tokio::io::{AsyncWriteExt, duplex};

    let (mut client, stream) = duplex(1_024);
    let request = b"GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.write_all(&request.repeat(10)).await.unwrap();
    let began = tokio::time::Instant::now();
    serve_alone(stream).await;
    assert_eq!(began.elapsed().as_secs(), 5);
}

/// hyper refuses an invalid head by itself, and may have to wait for the client to read.
#[tokio::test(start_paused = true)]
async fn a_refusal_after_a_reply_is_whole_however_little_the_connection_holds() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    let requests = b"GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n* / HTTP/1.1 ?\r\n\r\n";
    for size in (1..1_200).step_by(7) {
        let (client, stream) = duplex(size);
        let (mut from, mut to) = tokio::io::split(client);
        let mut answer = String::new();
        let (received, ..) = tokio::join!(
            from.read_to_string(&mut answer),
            to.write_all(requests),
            serve_alone(stream)
        );
        received.unwrap();
        let statuses: Vec<_> = answer.match_indices("HTTP/1.1 ").collect();
        assert_eq!(statuses.len(), 2, "{size}: {answer}");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        let (_, refusal) = answer.split_at(statuses[1].0);
        assert!(
            refusal.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{refusal}"
        );
        assert!(refusal.ends_with("\r\n\r\n"), "{size}: {refusal}");
    }
}

#[test]
fn keep_alive_is_stated_only_where_the_connection_is_kept() {
    let server = server(good());
    for request in [
        "GET /clock HTTP/1.1\r\nHost: localhost\r\nConnection: x, Close\r\n\r\n",
        "GET /clock HTTP/1.0\r\nHost: localhost\r\n\r\n",
        "GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        let answer = server.exchange(request).to_ascii_lowercase();
        assert!(!answer.contains("keep-alive"), "{request}: {answer}");
    }
}

/// Serves a connection without a listener.
async fn serve_alone(stream: tokio::io::DuplexStream) {
    let keep_alive = || activity::AfterReply::KeepAlive;
    let handler = Rc::new(handler(good()));
    connection::serve(stream, activity::Activity::new(), handler, keep_alive).await;
}

#[tokio::test(start_paused = true)]
async fn a_port_in_use_is_counted_and_retried_ever_more_slowly() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let errors = Arc::new(AtomicU64::new(0));
    let mut trouble = Trouble::new("listen", Arc::clone(&errors));
    let address = taken.local_addr().unwrap().to_string().parse().unwrap();
    let (handler, connections) = (Rc::new(handler(good())), Connections::new(1));
    let mut crowding = Crowding::default();
    let listening = listen(
        &address,
        &handler,
        &connections,
        &mut trouble,
        &mut crowding,
    );
    let outcome = tokio::time::timeout(Duration::from_secs(200), listening).await;
    assert!(outcome.is_err(), "the port is in use");
    // At 0, 1, 3, 7, 15, 31, 63, 123 and 183 s.
    assert_eq!(errors.load(Ordering::Relaxed), 9);
}
