//! A proxy between client and server that records the packets and can delay them.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::packet::{Packet, TRANSMIT, long};
use super::played::ScriptedServer;

pub(crate) struct Proxy {
    played: ScriptedServer,
    /// Requests with their answers.
    seen: Arc<Mutex<Vec<(Packet, Packet)>>>,
}

impl Proxy {
    /// Holds each request for `there` and each answer for `back`.
    pub(crate) fn start(server: SocketAddr, there: Duration, back: Duration) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        let played = ScriptedServer::start(move |request, reply| {
            let upstream = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            upstream.connect(server).unwrap();
            upstream.set_read_timeout(Some(super::PATIENCE)).unwrap();
            std::thread::sleep(there);
            upstream.send(request).unwrap();
            let mut answer = [0; 48];
            upstream.recv(&mut answer).unwrap();
            std::thread::sleep(back);
            kept.lock().unwrap().push((*request, answer));
            reply.send(&answer);
        });
        Self { played, seen }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.played.address
    }

    /// The last answer that went through. It belongs to the last request.
    pub(crate) fn last_answer(&self) -> Packet {
        let seen = self.seen.lock().unwrap();
        let (request, answer) = seen.last().unwrap();
        assert_eq!(long(answer, super::packet::ORIGIN), long(request, TRANSMIT));
        *answer
    }
}
