//! A server's answer, field by field, for tests.

use super::packet::LENGTH;
use super::timestamp::Timestamp;

/// The nonce of the tests' requests.
pub(super) const NONCE: Timestamp = Timestamp(0x0123_4567_89AB_CDEF);

#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    pub(super) leap: u8,
    pub(super) version: u8,
    pub(super) mode: u8,
    pub(super) stratum: u8,
    pub(super) precision: i8,
    pub(super) root_delay: u32,
    pub(super) root_dispersion: u32,
    pub(super) reference_id: [u8; 4],
    pub(super) reference: Timestamp,
    pub(super) origin: Timestamp,
    pub(super) receive: Timestamp,
    pub(super) transmit: Timestamp,
}

impl Default for Answer {
    /// A valid answer of a perfect server.
    fn default() -> Self {
        let time = Timestamp(0xEC00_0000_0000_0000);
        Self {
            leap: 0,
            version: 4,
            mode: 4,
            stratum: 3,
            precision: -30,
            root_delay: 0,
            root_dispersion: 0,
            reference_id: [192, 0, 2, 1],
            reference: time,
            origin: NONCE,
            receive: time,
            transmit: time,
        }
    }
}

impl Answer {
    pub(super) fn bytes(&self) -> [u8; LENGTH] {
        let mut bytes = [0; LENGTH];
        bytes[0] = self.leap << 6 | self.version << 3 | self.mode;
        bytes[1] = self.stratum;
        bytes[3] = self.precision.to_be_bytes()[0];
        bytes[4..8].copy_from_slice(&self.root_delay.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.root_dispersion.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.reference_id);
        bytes[16..24].copy_from_slice(&self.reference.0.to_be_bytes());
        bytes[24..32].copy_from_slice(&self.origin.0.to_be_bytes());
        bytes[32..40].copy_from_slice(&self.receive.0.to_be_bytes());
        bytes[40..].copy_from_slice(&self.transmit.0.to_be_bytes());
        bytes
    }
}
