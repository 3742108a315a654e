//! Tests when a client asks, and how the server changes that.

use std::time::{Duration, SystemTime};

use ecs_clock_emf::{NtpClient, NtpSettings, ReadErrorKind, Source};

use super::packet::{Packet, TRANSMIT, fixed, long, put};
use super::played::ScriptedServer;
use super::{PATIENCE, ask, client, client_with, failure};

const SECOND: Duration = Duration::from_secs(1);

/// A client that may ask every second, the shortest interval there is.
fn often(server: &ScriptedServer) -> NtpClient {
    client_with(server.address, |settings| {
        settings.interval = Duration::ZERO;
    })
}

fn kiss(code: [u8; 4]) -> ScriptedServer {
    ScriptedServer::answering(move |packet: &mut Packet| {
        put(packet, 0, &[0xE4, 0]);
        put(packet, 12, &code);
    })
}

#[tokio::test]
async fn between_two_requests_nothing_is_sent_and_nothing_is_kept() {
    let server = ScriptedServer::answering(|_| ());
    let client = client(server.address);
    assert_eq!(client.due_in(), Duration::ZERO);
    ask(&client).await.unwrap();
    for _ in 0..10 {
        assert!(client.ask().await.is_none());
        assert!(client.due_in() > Duration::ZERO);
    }
    assert_eq!(server.requests().len(), 1);
    #[cfg(target_os = "linux")]
    assert_eq!(sockets_to(&server), 0);
}

/// How many sockets of this machine are connected to the server.
#[cfg(target_os = "linux")]
fn sockets_to(server: &ScriptedServer) -> usize {
    let sockets = std::fs::read_to_string("/proc/net/udp").unwrap();
    let remote = format!(" 0100007F:{:04X} ", server.address.port());
    // The server's own socket has the address on the local side.
    let is_remote = |line: &&str| line.split_whitespace().nth(2) == Some(remote.trim());
    sockets.lines().filter(is_remote).count()
}

/// A source that may ask this server once a second.
fn asked_each_second(server: &ScriptedServer) -> Source {
    let settings = NtpSettings::default()
        .with_server(server.address.to_string().parse().unwrap())
        .with_interval(SECOND)
        .with_timeout(PATIENCE);
    Source::ntp(settings)
}

#[tokio::test]
async fn a_source_that_is_read_again_waits_until_it_may_ask() {
    let server = ScriptedServer::answering(|_| ());
    let source = asked_each_second(&server);
    let first = source.read().await.outcome.unwrap();
    assert_eq!(source.read_if_due().await, None);
    let second = source.read().await.outcome.unwrap();
    let apart = second.requested.since(&first.requested);
    assert!(apart >= SECOND, "{apart:?}");
    assert_eq!(server.requests().len(), 2);
}

/// Regression: a period equal to the interval came a moment too early, and every second sample was lost.
#[tokio::test]
async fn a_source_that_is_read_a_moment_too_early_is_read_a_moment_later() {
    let server = ScriptedServer::answering(|_| ());
    let source = asked_each_second(&server);
    let first = source.read_if_due().await.unwrap().outcome.unwrap();
    let moment = Duration::from_millis(30);
    tokio::time::sleep(source.due_in().saturating_sub(moment)).await;
    let second = source.read_if_due().await.unwrap().outcome.unwrap();
    let apart = second.requested.since(&first.requested);
    assert!(apart >= SECOND, "{apart:?}");
}

#[tokio::test]
async fn requests_cannot_be_foreseen_and_do_not_tell_the_clock() {
    let server = ScriptedServer::answering(|_| ());
    for _ in 0..20 {
        ask(&client(server.address)).await.unwrap();
    }
    let mut nonces: Vec<u64> = Vec::new();
    for request in server.requests() {
        assert_eq!(request[0], 0x23);
        assert_eq!(request[1..TRANSMIT], [0; TRANSMIT - 1]);
        nonces.push(long(&request, TRANSMIT));
    }
    // Times of the same day would have the first half of their seconds in common.
    let high = |time: i128| (time >> 48) & 0xFFFF;
    let now = high(fixed(SystemTime::now()));
    let telling = nonces
        .iter()
        .filter(|nonce| high(i128::from(**nonce)) == now);
    assert!(telling.count() < 5, "{nonces:x?}");
    nonces.sort_unstable();
    nonces.dedup();
    assert_eq!(nonces.len(), 20);
}

#[tokio::test]
async fn a_server_that_refuses_is_never_asked_again_and_stays_counted() {
    for code in [*b"DENY", *b"RSTR"] {
        let server = kiss(code);
        let client = often(&server);
        assert_eq!(failure(&client).await, ReadErrorKind::NtpKissOfDeath);
        assert!(client.ask().await.is_none());
        tokio::time::sleep(SECOND).await;
        let error = client.ask().await.unwrap().unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::NtpKissOfDeath);
        assert!(error.message.contains("no more requests"), "{error}");
        assert_eq!(server.requests().len(), 1);
    }
}

#[tokio::test]
async fn a_server_that_wants_fewer_requests_gets_half_of_them() {
    let server = kiss(*b"RATE");
    let client = client_with(server.address, |settings| {
        settings.interval = 4 * PATIENCE;
    });
    assert_eq!(failure(&client).await, ReadErrorKind::NtpKissOfDeath);
    assert!(client.due_in() > 4 * PATIENCE, "{:?}", client.due_in());
}

#[tokio::test]
async fn a_refusal_that_does_not_answer_the_request_is_ignored() {
    let server = ScriptedServer::start(|request, reply| {
        let mut forged = [0; 48];
        put(&mut forged, 0, b"\xE4\0..........DENY");
        reply.send(&forged);
        reply.send(&super::packet::answer(request));
    });
    ask(&client(server.address)).await.unwrap();
}
