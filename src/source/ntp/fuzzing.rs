//! What is asked, and what a datagram comes to, for the fuzz targets.

use super::exchange::Exchange;
use super::packet::{self, Packet};
use super::timestamp::Timestamp;
use crate::reading::ReadError;
use crate::time::{DriftRate, Moment};

/// The request with this nonce.
pub(crate) fn request(nonce: u64) -> [u8; packet::LENGTH] {
    packet::request(Timestamp(nonce))
}

/// What a datagram proves that came at `taken`, after the request with this nonce was sent at `requested`.
pub(crate) fn exchange(
    datagram: &[u8],
    nonce: u64,
    [requested, taken]: [Moment; 2],
    drift: DriftRate,
) -> Result<Exchange, ReadError> {
    Packet::parse(datagram, Timestamp(nonce))
        .and_then(|packet| Exchange::judge(&packet, requested, taken, drift))
        .map_err(ReadError::from)
}
