//! More clients than slots.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;

use super::wire::{PATIENCE, Server, rest, server_with, status_of};
use super::*;

const REQUEST: &[u8] = b"GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n";

/// Sends a request on a connection that is kept alive, and reads the reply.
fn ask(stream: &mut TcpStream) -> String {
    stream.write_all(REQUEST).unwrap();
    let mut answer = String::new();
    while !answer.ends_with("}\n") {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).unwrap();
        assert_ne!(read, 0, "closed without a reply: {answer}");
        answer += std::str::from_utf8(&part[..read]).unwrap();
    }
    answer
}

/// A connection that is kept alive after one request.
fn kept(server: &Server) -> TcpStream {
    let mut stream = server.connect();
    assert_eq!(status_of(&ask(&mut stream)), 200);
    stream
}

#[test]
fn from_three_quarters_on_a_reply_announces_the_end() {
    let server = server_with(good(), 4);
    let mut clients: Vec<_> = (0..2).map(|_| kept(&server)).collect();
    let mut third = server.connect();
    let answer = ask(&mut third);
    assert!(answer.contains("\r\nconnection: close\r\n"), "{answer}");
    assert!(!answer.contains("keep-alive"), "{answer}");
    assert_eq!(rest(&mut third), "");
    // Its slot is free again, and the others continue.
    for client in &mut clients {
        assert!(ask(client).contains("\r\nkeep-alive: timeout=75\r\n"));
    }
}

#[test]
fn a_connection_without_a_request_is_closed_first_the_oldest_of_them() {
    let server = server_with(good(), 4);
    let mut idle = kept(&server);
    let mut silent = server.connect();
    std::thread::sleep(Duration::from_millis(100));
    let mut slow = server.connect();
    slow.write_all(b"GET /clock HT").unwrap();
    // The fourth takes the last slot, the fifth that of `silent`, and the sixth that of `slow`.
    let mut others: Vec<_> = (0..3).map(|_| server.connect()).collect();
    assert_eq!(rest(&mut silent), "");
    assert_eq!(rest(&mut slow), "");
    assert!(ask(&mut idle).contains(" 200 OK"));
    for other in others.iter_mut().rev() {
        // A connection with a request is answered, although the slots are full.
        assert_eq!(status_of(&ask(other)), 200);
    }
}

#[test]
fn without_such_a_connection_the_longest_idle_is_closed() {
    let server = server_with(good(), 3);
    let mut first = kept(&server);
    let mut second = kept(&server);
    // `first` is used again, so `second` is idle for longer.
    ask(&mut first);
    let mut third = server.connect();
    assert_eq!(status_of(&server.get("/clock")), 200);
    let closed: Vec<bool> = [&mut second, &mut third].map(is_closed).into();
    assert_eq!(
        closed.iter().filter(|closed| **closed).count(),
        1,
        "{closed:?}"
    );
    assert!(ask(&mut first).contains(" 200 OK"));
}

/// Whether the peer has closed the connection. Without that, nothing arrives.
fn is_closed(stream: &mut TcpStream) -> bool {
    stream
        .set_read_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let read = stream.read(&mut [0; 1]);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    read.is_ok_and(|count| count == 0)
}

#[test]
fn a_thousand_silent_connections_keep_nobody_out() {
    let server = server_with(good(), 64);
    let silent: Vec<TcpStream> = (0..1_000).map(|_| server.connect()).collect();
    for _ in 0..10 {
        assert_eq!(status_of(&server.get("/clock")), 200);
    }
    drop(silent);
    assert_eq!(status_of(&server.get("/clock")), 200);
    assert_eq!(server.errors.load(Ordering::Relaxed), 0);
}

#[test]
fn many_more_clients_than_slots_are_all_answered() {
    let server = server_with(good(), 16);
    std::thread::scope(|scope| {
        for _ in 0..100 {
            scope.spawn(|| {
                for _ in 0..5 {
                    assert_eq!(status_of(&server.get("/clock")), 200);
                }
            });
        }
    });
    assert_eq!(server.errors.load(Ordering::Relaxed), 0);
}

#[test]
fn while_every_connection_has_a_request_in_progress_the_next_waits() {
    let server = server_with(good(), 1);
    let mut busy = server.connect();
    busy.set_write_timeout(Some(Duration::from_millis(300)))
        .unwrap();
    // It reads no reply, until the sidecar can write no more and so reads no more.
    while busy.write_all(&REQUEST.repeat(100)).is_ok() {}
    assert_eq!(status_of(&server.get("/clock")), 200);
    assert_eq!(server.errors.load(Ordering::Relaxed), 0);
}
