//! Servers that misbehave, each in a different way, and each gives a different kind of read error.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use ecs_clock_emf::ReadErrorKind;

use super::packet::{ORIGIN, Packet, RECEIVE, REFERENCE, TRANSMIT, answer, put};
use super::played::{Reply, ScriptedServer};
use super::{PATIENCE, ask, client, client_with, failure};

fn foreign(request: &Packet) -> Packet {
    let mut packet = answer(request);
    packet[ORIGIN] ^= 1;
    packet
}

#[tokio::test]
async fn an_answer_that_says_it_is_of_no_use() {
    use ReadErrorKind::{NtpKissOfDeath, NtpPacket, NtpStratum, NtpUnsynchronized};
    type Change = fn(&mut Packet);
    let cases: [(&str, Change, ReadErrorKind); 15] = [
        (
            "leap indicator 3",
            |packet| packet[0] |= 0xC0,
            NtpUnsynchronized,
        ),
        ("stratum 16", |packet| packet[1] = 16, NtpStratum),
        ("stratum 0", |packet| packet[1] = 0, NtpStratum),
        (
            "DENY",
            |packet| put(packet, 0, b"\xE4\0..........DENY"),
            NtpKissOfDeath,
        ),
        (
            "RSTR",
            |packet| put(packet, 0, b"\xE4\0..........RSTR"),
            NtpKissOfDeath,
        ),
        (
            "RATE",
            |packet| put(packet, 0, b"\xE4\0..........RATE"),
            NtpKissOfDeath,
        ),
        (
            "an unknown kiss code",
            |packet| put(packet, 0, b"\x24\0..........XYZ1"),
            NtpKissOfDeath,
        ),
        (
            "no receive timestamp",
            |packet| put(packet, RECEIVE, &[0; 8]),
            NtpPacket,
        ),
        (
            "no transmit timestamp",
            |packet| put(packet, TRANSMIT, &[0; 8]),
            NtpPacket,
        ),
        // A second earlier, a minute later.
        (
            "answered before the request",
            |packet| packet[TRANSMIT + 3] -= 1,
            NtpPacket,
        ),
        (
            "answered after the answer came",
            |packet| packet[TRANSMIT + 3] += 60,
            NtpPacket,
        ),
        (
            "compared in the future",
            |packet| packet[REFERENCE + 2] += 1,
            NtpPacket,
        ),
        ("17 s of dispersion", |packet| packet[9] = 17, NtpPacket),
        ("34 s of delay", |packet| packet[5] = 34, NtpPacket),
        ("a clock of 2^7 s", |packet| packet[3] = 7, NtpPacket),
    ];
    // Times are changed in one byte, which needs no carry.
    let changed = |change: Change| {
        ScriptedServer::answering(move |packet| {
            for at in [REFERENCE, RECEIVE, TRANSMIT] {
                put(packet, at + 2, &[0x7F, 0x7F]);
            }
            change(packet);
        })
    };
    ask(&client(changed(|_| ()).address)).await.unwrap();
    for (what, change, kind) in cases {
        let server = changed(change);
        assert_eq!(failure(&client(server.address)).await, kind, "{what}");
    }
}

#[tokio::test]
async fn a_server_that_is_dead() {
    // The port is taken, by a socket that takes nothing from the client: no other program can come to be
    // there.
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let elsewhere = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.connect(elsewhere.local_addr().unwrap()).unwrap();
    let client = client(socket.local_addr().unwrap());
    assert_eq!(failure(&client).await, ReadErrorKind::Connection);
}

/// Checks the error of a client that times out. If a busy machine does not serve in time, the next
/// client has more time.
async fn at_the_end(expected: ReadErrorKind, serve: impl Fn(&Packet, &Reply) + Send + 'static) {
    let server = ScriptedServer::start(serve);
    let mut kind = None;
    for milliseconds in [200, 2_000, 20_000] {
        let timeout = Duration::from_millis(milliseconds);
        let client = client_with(server.address, |settings| settings.timeout = timeout);
        kind = Some(failure(&client).await);
        if kind == Some(expected) {
            break;
        }
    }
    assert_eq!(kind, Some(expected));
}

#[tokio::test]
async fn what_is_no_answer_is_named_at_the_end() {
    use ReadErrorKind::{NtpOrigin, NtpPacket, Timeout};
    at_the_end(Timeout, |_, _| ()).await;
    at_the_end(NtpOrigin, |request, reply| reply.send(&foreign(request))).await;
    // The request, as a port that returns everything sends it.
    at_the_end(NtpPacket, |request, reply| reply.send(request)).await;
    at_the_end(NtpPacket, |request, reply| {
        reply.send(&answer(request)[..47]);
    })
    .await;
    at_the_end(NtpPacket, |_, reply| reply.send(b"")).await;
    at_the_end(NtpPacket, |_, reply| reply.send(&[0xFF; 48])).await;
    at_the_end(NtpPacket, |_, reply| reply.send(&[b'x'; 9_000])).await;
    // Garbage says more about a server than answers to other clients.
    at_the_end(NtpPacket, |request, reply| {
        reply.send(&foreign(request));
        reply.send(b"garbage");
        reply.send(&foreign(request));
    })
    .await;
}

#[tokio::test]
async fn the_right_answer_is_found_among_others() {
    // A third of all packets are foreign, and there is garbage too.
    let server = ScriptedServer::start(|request, reply| {
        reply.send(&foreign(request));
        reply.send(b"garbage");
        reply.send(&[b'x'; 9_000]);
        reply.send(&answer(request));
        reply.send(&answer(request));
        reply.send(&answer(request));
    });
    for _ in 0..20 {
        ask(&client(server.address)).await.unwrap();
    }
}

/// Answers to others without end. The right one comes only after timers of the client's runtime have
/// fired, which shows that the flood does not block them.
#[tokio::test]
async fn the_right_answer_is_found_in_a_flood_that_stops_nothing_else() {
    let ticks = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&ticks);
    let server = ScriptedServer::start(move |request, reply| {
        while !reply.is_over() {
            reply.send(&foreign(request));
            if seen.load(Ordering::Relaxed) >= 5 {
                reply.send(&answer(request));
            }
        }
    });
    let ticking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(5)).await;
            ticks.fetch_add(1, Ordering::Relaxed);
        }
    });
    let client = client(server.address);
    let exchange = tokio::time::timeout(PATIENCE, client.ask()).await.unwrap();
    exchange.unwrap().unwrap();
    ticking.abort();
}

#[tokio::test]
async fn a_flood_of_answers_to_others_ends_with_the_time_out() {
    at_the_end(ReadErrorKind::NtpOrigin, |request, reply| {
        for _ in 0..1_000_000 {
            if reply.is_over() {
                break;
            }
            reply.send(&foreign(request));
        }
    })
    .await;
}
