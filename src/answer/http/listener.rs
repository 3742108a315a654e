//! Binds the address and accepts connections.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::spawn_local;
use tokio::time::sleep;
use tracing::info;

use super::activity::now;
use super::address::LoopbackAddress;
use super::connection;
use super::connections::Connections;
use super::crowding::Crowding;
use super::handler::Handler;
use super::stream::Shared;
use crate::answer::trouble::{Trouble, retry_pauses};

/// The pause after accepting failed, as it does while no descriptor is free.
const PAUSE: Duration = Duration::from_secs(1);
/// How many connections may wait in the kernel's queue; the system's own limit applies too. Beyond it a client tries again
/// after a second: with the usual 128, so do many of some hundred clients that start together.
const QUEUE: u32 = 4_096;

/// Listens, for as long as it is polled.
pub(super) async fn listen(
    address: &LoopbackAddress,
    handler: &Rc<Handler>,
    connections: &Rc<Connections>,
    trouble: &mut Trouble,
    crowding: &mut Crowding,
) {
    let mut pauses = retry_pauses();
    let listener = loop {
        match bind(address) {
            Ok(listener) => break listener,
            Err(error) => trouble.failed(&format!("cannot listen at {address}: {error}")),
        }
        sleep(pauses.next().unwrap_or_default()).await;
    };
    if let Ok(address) = listener.local_addr() {
        info!(%address, "listening");
    }
    accept(&listener, handler, connections, trouble, crowding).await;
}

pub(super) fn bind(address: &LoopbackAddress) -> io::Result<TcpListener> {
    let mut first = None;
    for candidate in address.candidates() {
        match bind_one(*candidate) {
            Ok(listener) => return Ok(listener),
            // IPv6 replaces IPv4 only where there is no IPv4: a port in use must be reported.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                first.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(first.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

fn bind_one(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    }?;
    // A restarted sidecar gets its port although connections of the last one are not over. Elsewhere this would share
    // a port that is in use.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(QUEUE)
}

/// Accepts connections. One that finds no slot waits here, and those behind it in the kernel's queue.
pub(super) async fn accept(
    listener: &TcpListener,
    handler: &Rc<Handler>,
    connections: &Rc<Connections>,
    trouble: &mut Trouble,
    crowding: &mut Crowding,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = crowding.due() => {
                crowding.report();
                continue;
            }
        };
        match accepted {
            Ok((stream, _)) => {
                trouble.works();
                let began = now();
                let closed = connections.make_room().await;
                crowding.note(began, now(), closed);
                admit(stream, handler, connections);
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                trouble.failed(&format!("cannot accept a connection: {error}"));
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the connection that was to be accepted is gone already. Those behind it need not wait.
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionReset | Interrupted
    )
}

/// Serves a connection, which takes a slot until it ends.
fn admit(stream: TcpStream, handler: &Rc<Handler>, connections: &Rc<Connections>) {
    let stream = Rc::new(stream);
    let slot = connections.open(&stream);
    let handler = Rc::clone(handler);
    spawn_local(async move {
        let policy = || slot.policy();
        connection::serve(Shared(stream), slot.activity(), handler, policy).await;
    });
}
