//! Scripted NTP servers, each on a thread of the test.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use super::packet::{Packet, answer};

pub(crate) struct ScriptedServer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<Packet>>>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Sends datagrams to the client that has asked.
pub(crate) struct Reply<'a> {
    socket: &'a UdpSocket,
    client: SocketAddr,
    over: &'a AtomicBool,
}

impl Reply<'_> {
    pub(crate) fn send(&self, datagram: &[u8]) {
        // The client may have given up.
        let _ = self.socket.send_to(datagram, self.client);
    }

    /// Whether the test is over.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl ScriptedServer {
    /// A server with this reaction to each request.
    pub(crate) fn start(serve: impl Fn(&Packet, &Reply) + Send + 'static) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(10)))
            .unwrap();
        let address = socket.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (seen, stop) = (Arc::clone(&requests), Arc::clone(&over));
        let thread = std::thread::spawn(move || {
            let mut request = [0; 48];
            while !stop.load(Ordering::Relaxed) {
                if let Ok((_, client)) = socket.recv_from(&mut request) {
                    seen.lock().unwrap().push(request);
                    let reply = Reply {
                        socket: &socket,
                        client,
                        over: &stop,
                    };
                    serve(&request, &reply);
                }
            }
        });
        Self {
            address,
            requests,
            over,
            thread: Some(thread),
        }
    }

    /// A server whose answers are correct apart from this change.
    pub(crate) fn answering(change: impl Fn(&mut Packet) + Send + 'static) -> Self {
        Self::start(move |request, reply| {
            let mut packet = answer(request);
            change(&mut packet);
            reply.send(&packet);
        })
    }

    /// The requests so far.
    pub(crate) fn requests(&self) -> Vec<Packet> {
        self.requests.lock().unwrap().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
