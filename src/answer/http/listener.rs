//! Binds the address and accepts connections.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
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
        match bind(address).await {
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

#[expect(clippy::disallowed_methods, reason = "applications ask here")]
pub(super) async fn bind(address: &LoopbackAddress) -> io::Result<TcpListener> {
    let mut first = None;
    for candidate in address.candidates() {
        match TcpListener::bind(candidate).await {
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
            Err(error) => {
                trouble.failed(&format!("cannot accept a connection: {error}"));
                sleep(PAUSE).await;
            }
        }
    }
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
