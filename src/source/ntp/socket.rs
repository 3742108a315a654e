//! The UDP socket of one exchange: opened for it, connected to the server, closed after it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use super::exchange::Exchange;
use super::fault::Fault;
use super::packet::{LENGTH, Packet, request};
use super::timestamp::Timestamp;
use crate::time::{DriftRate, Moment};

/// More than an answer has without extension fields; the rest of a longer datagram is dropped.
const DATAGRAM_LIMIT: usize = 512;
/// After so many dropped datagrams everything else gets its turn.
const DROPPED_IN_A_ROW: u32 = 16;

/// Asks the first of these addresses that there is a route to. Datagrams that are not the
/// answer are dropped; `heard` keeps what was wrong with them, for a caller whose time runs out. `on_sent`
/// learns when the request went.
///
/// # Errors
/// If nothing can be sent, the system reports that nobody listens there, or the answer is of no use.
pub(super) async fn converse(
    addresses: &[SocketAddr],
    nonce: Timestamp,
    drift: DriftRate,
    on_sent: impl FnOnce(&Moment),
    heard: &mut Option<Fault>,
) -> Result<Exchange, Fault> {
    let socket = connect(addresses).await.map_err(Fault::Network)?;
    let requested = send(&socket, &request(nonce))
        .await
        .map_err(Fault::Network)?;
    on_sent(&requested);
    let mut datagram = [0; DATAGRAM_LIMIT];
    for dropped in 1_u32.. {
        let length = receive(&socket, &mut datagram)
            .await
            .map_err(Fault::Network)?;
        let taken = Moment::now();
        match Packet::parse(&datagram[..length], nonce) {
            Ok(packet) => return Exchange::judge(&packet, requested, taken, drift),
            // Answers to other requests are worth reporting only if nothing else came.
            Err(Fault::ForeignOrigin) if heard.is_some() => {}
            Err(fault) => *heard = Some(fault),
        }
        if dropped % DROPPED_IN_A_ROW == 0 {
            tokio::task::yield_now().await;
        }
    }
    Err(heard.take().unwrap_or(Fault::ForeignOrigin))
}

/// A socket on a port that the system chooses. It takes datagrams from the server's address only.
async fn connect(addresses: &[SocketAddr]) -> io::Result<UdpSocket> {
    let mut outcome = Err(io::Error::other("the name has no address"));
    for address in addresses {
        outcome = connect_to(*address).await;
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

#[expect(
    clippy::disallowed_methods,
    reason = "requests to the server leave here"
)]
async fn connect_to(address: SocketAddr) -> io::Result<UdpSocket> {
    let any = match address {
        SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

/// Sends the request; the moment right before it went.
async fn send(socket: &UdpSocket, request: &[u8; LENGTH]) -> io::Result<Moment> {
    loop {
        // First the waiting, then the clock.
        socket.writable().await?;
        let requested = Moment::now();
        match socket.try_send(request) {
            Ok(LENGTH) => return Ok(requested),
            Ok(_) => return Err(io::ErrorKind::WriteZero.into()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// The length of the next datagram, of which `buffer` takes the start.
async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
    /// The error of Windows for a datagram that was longer than the buffer; elsewhere that is not an error.
    const MESSAGE_TOO_LONG: i32 = 10_040;
    match socket.recv(buffer).await {
        Err(error) if cfg!(windows) && error.raw_os_error() == Some(MESSAGE_TOO_LONG) => {
            Ok(buffer.len())
        }
        outcome => outcome,
    }
}
