//! Entry points for the fuzz targets: the request, and the judgment of a datagram.

use super::exchange::Exchange;
use super::packet::{self, Packet};
use super::server::NtpServer;
use super::timestamp::Timestamp;
use crate::reading::ReadError;
use crate::time::{DriftRate, Moment};

/// The request with this nonce.
pub(crate) fn request(nonce: u64) -> [u8; packet::LENGTH] {
    packet::request(Timestamp(nonce))
}

/// Judges a datagram received at `taken` that answers the request of `requested` with this nonce.
pub(crate) fn exchange(
    datagram: &[u8],
    nonce: u64,
    [requested, taken]: [Moment; 2],
    drift: DriftRate,
) -> Result<Exchange, ReadError> {
    Packet::parse(datagram, Timestamp(nonce))
        .and_then(|packet| Exchange::judge(&packet, requested, taken, drift))
        .map_err(|error| error.of_server(&NtpServer::default()))
}
