//! Connections: what goes over the wire, and what a client may do.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use serde_json::Value;

use super::*;

/// Longer than anything takes on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

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
            // What is not read of a body must not be taken for the next request.
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

/// As `nc -N` and scripts do that have nothing more to say. Both come before the connection is looked at.
#[tokio::test]
async fn a_client_that_closes_its_side_after_the_request_is_answered() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    for version in ["1.0", "1.1"] {
        let (mut client, stream) = tokio::io::duplex(4 * 1024);
        let request = format!("GET /clock HTTP/{version}\r\nHost: localhost\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client.shutdown().await.unwrap();
        connection::converse(stream, Arc::new(clerk(good()))).await;
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(
            answer.starts_with(&format!("HTTP/{version} 200 ")),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn a_connection_keeps_its_place_until_it_ends() {
    async fn read(stream: &tokio::net::TcpStream) -> usize {
        loop {
            stream.readable().await.unwrap();
            match stream.try_read(&mut [0; 1_024]) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                read => return read.unwrap(),
            }
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (places, clerk) = (Arc::new(Semaphore::new(1)), Arc::new(clerk(good())));
    let connect = async || {
        let client = tokio::net::TcpStream::connect(address).await.unwrap();
        admit(listener.accept().await.unwrap().0, &clerk, &places);
        client
    };
    let first = connect().await;
    let request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    first.writable().await.unwrap();
    assert_eq!(first.try_write(request).unwrap(), request.len());
    assert!(read(&first).await > 0);
    assert_eq!(places.available_permits(), 0, "it may ask again");
    assert_eq!(read(&connect().await).await, 0, "there is no place");

    drop(first);
    let free = tokio::time::timeout(PATIENCE, places.acquire()).await;
    assert!(free.is_ok(), "no place becomes free");
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
