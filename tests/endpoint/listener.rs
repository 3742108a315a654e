//! The port, and the thread that accepts connections on it.

use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

use super::connection;
use super::server::Shared;

/// Maximum number of connections waiting to be accepted.
const BACKLOG: i32 = 128;
/// The stack size of each thread; the deepest call is a write.
pub(crate) const STACK: usize = 256 * 1024;

/// Keeps the port for the life of the server, even while nothing listens on it.
pub(crate) struct Port {
    pub(crate) address: SocketAddr,
    /// A socket that is bound but never listens: on Linux it lets a listener of this program bind beside it and keeps
    /// the port from being given to others. Elsewhere the port is free while nothing listens.
    _reservation: Option<Socket>,
}

impl Port {
    /// Binds the port and listens on it; only listening shows whether another process does.
    pub(crate) fn take(listen: SocketAddr) -> io::Result<(Self, TcpListener)> {
        let socket = bound(listen)?;
        let address = socket
            .local_addr()?
            .as_socket()
            .ok_or(io::ErrorKind::Unsupported)?;
        if cfg!(target_os = "linux") {
            let port = Self {
                address,
                _reservation: Some(socket),
            };
            let listener = port.listen()?;
            Ok((port, listener))
        } else {
            socket.listen(BACKLOG)?;
            Ok((
                Self {
                    address,
                    _reservation: None,
                },
                socket.into(),
            ))
        }
    }

    fn listen(&self) -> io::Result<TcpListener> {
        let socket = bound(self.address)?;
        socket.listen(BACKLOG)?;
        Ok(socket.into())
    }
}

fn bound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    // On Windows this option would let other processes bind the port.
    socket.set_reuse_address(cfg!(unix))?;
    socket.bind(&address.into())?;
    Ok(socket)
}

/// Follows the state: accepts connections while it should listen, and otherwise has no listener.
pub(crate) fn accept(shared: &Arc<Shared>, port: &Port, listener: TcpListener) {
    let mut listener = Some(listener);
    loop {
        let mut state = shared.lock();
        if !state.should_listen() {
            listener = None;
            state.listening = false;
            shared.changed.notify_all();
            if state.stopping {
                return;
            }
            drop(shared.wait(state, Duration::from_secs(3600)));
            continue;
        }
        state.listening = listener.is_some();
        drop(state);
        shared.changed.notify_all();
        match &listener {
            Some(listening) => match listening.accept() {
                Ok((stream, peer)) => admit(shared, stream, peer),
                // Such as too many open files, which is temporary.
                Err(_) => thread::sleep(Duration::from_millis(10)),
            },
            None => match port.listen() {
                Ok(listening) => listener = Some(listening),
                Err(_) => thread::sleep(Duration::from_millis(50)),
            },
        }
    }
}

fn admit(shared: &Arc<Shared>, stream: TcpStream, peer: SocketAddr) {
    let stream = Arc::new(stream);
    let Some(number) = shared.register(&stream) else {
        return;
    };
    let owned = Arc::clone(shared);
    let serve = move || {
        connection::serve(&owned, &stream, peer, number);
        owned.forget(number, stream);
    };
    if let Err(_error) = thread::Builder::new().stack_size(STACK).spawn(serve) {
        shared.lock().remove(number);
    }
}
