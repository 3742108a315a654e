//! The UDP socket of one exchange. It is opened for the exchange and closed after it.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use super::error::ExchangeError;
use super::exchange::Exchange;
use super::packet::{LENGTH, Packet, request};
use super::timestamp::Timestamp;
use crate::time::{DriftRate, Moment};

/// More than an answer without extension fields has; the rest of a longer datagram is cut off.
const DATAGRAM_LIMIT: usize = 512;
/// After this many dropped datagrams the task yields, so that a flood cannot starve the sidecar.
const DROPPED_IN_A_ROW: u32 = 16;

/// Sends a request to the first address with a route and waits for the answer. Other datagrams are dropped, and
/// `dropped_error` keeps the reason for a caller that times out. `on_sent` gets the moment of sending.
///
/// # Errors
/// If nothing can be sent, the port is closed, or the answer is unusable.
pub(super) async fn exchange_packets(
    addresses: &[SocketAddr],
    nonce: Timestamp,
    drift: DriftRate,
    on_sent: impl FnOnce(&Moment),
    dropped_error: &mut Option<ExchangeError>,
) -> Result<Exchange, ExchangeError> {
    let socket = connect(addresses).await.map_err(ExchangeError::Network)?;
    let requested = send(&socket, &request(nonce))
        .await
        .map_err(ExchangeError::Network)?;
    on_sent(&requested);
    let mut datagram = [0; DATAGRAM_LIMIT];
    for dropped in 1_u32.. {
        let length = receive(&socket, &mut datagram)
            .await
            .map_err(ExchangeError::Network)?;
        let taken = Moment::now();
        match Packet::parse(&datagram[..length], nonce) {
            Ok(packet) => return Exchange::judge(&packet, requested, taken, drift),
            // Answers to other requests are the reported reason only if nothing else arrived.
            Err(ExchangeError::ForeignOrigin) if dropped_error.is_some() => {}
            Err(error) => *dropped_error = Some(error),
        }
        if dropped % DROPPED_IN_A_ROW == 0 {
            tokio::task::yield_now().await;
        }
    }
    Err(dropped_error.take().unwrap_or(ExchangeError::ForeignOrigin))
}

/// A socket on an ephemeral port that receives from the server's address only.
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
    reason = "the one place that sends NTP requests"
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

/// Sends the request and returns the moment right before it.
async fn send(socket: &UdpSocket, request: &[u8; LENGTH]) -> io::Result<Moment> {
    loop {
        // The clock is read after the wait, so that the wait is not part of the round trip.
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

/// Receives a datagram into `buffer`, cut to its length.
async fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> io::Result<usize> {
    /// Windows reports a datagram that is longer than the buffer as this error; other systems cut it off.
    const MESSAGE_TOO_LONG: i32 = 10_040;
    match socket.recv(buffer).await {
        Err(error) if cfg!(windows) && error.raw_os_error() == Some(MESSAGE_TOO_LONG) => {
            Ok(buffer.len())
        }
        outcome => outcome,
    }
}
