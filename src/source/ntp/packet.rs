//! NTP packets: the request's 48 bytes, and the fields of an answer. Pure.

use super::fault::{Fault, KissCode};
use super::timestamp::Timestamp;

/// The length of a packet without extensions. What an answer has beyond it is of no interest here.
pub(super) const LENGTH: usize = 48;

/// Version 4, mode 3 (client).
const CLIENT: u8 = 4 << 3 | 3;
const SERVER_MODE: u8 = 4;
/// A server answers in the version it was asked in; a simple one may be a version behind.
const VERSIONS: std::ops::RangeInclusive<u8> = 3..=4;
const LEAP_UNSYNCHRONIZED: u8 = 3;
/// From this stratum on a server has no source.
const STRATUM_UNSYNCHRONIZED: u8 = 16;

/// The request: version, mode and the transmit timestamp, all else zero, as
/// [draft-ietf-ntp-data-minimization](https://datatracker.ietf.org/doc/draft-ietf-ntp-data-minimization/)
/// has it. The server returns the transmit timestamp as its answer's origin. It is a nonce: nobody who
/// has not seen the request can answer it, and the request does not tell the clock.
pub(super) fn request(nonce: Timestamp) -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    bytes[0] = CLIENT;
    bytes[40..].copy_from_slice(&nonce.0.to_be_bytes());
    bytes
}

/// A server's answer ([RFC 5905 §7.3](https://www.rfc-editor.org/rfc/rfc5905#section-7.3)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Packet {
    leap: u8,
    stratum: u8,
    reference_id: [u8; 4],
    /// The precision of the server's clock, as the exponent of a power of two of seconds.
    pub(super) precision: i8,
    /// The round trip to the server's reference, in 2⁻¹⁶ s.
    pub(super) root_delay: u32,
    /// What the server allows for the drift since its clock was last compared, in 2⁻¹⁶ s.
    pub(super) root_dispersion: u32,
    /// When the server's clock was last compared.
    pub(super) reference: Timestamp,
    origin: Timestamp,
    /// T2, when the request came.
    pub(super) receive: Timestamp,
    /// T3, when the answer went.
    pub(super) transmit: Timestamp,
}

impl Packet {
    /// The fields of a server's answer to the request with this nonce.
    ///
    /// # Errors
    /// [`Fault::Short`], [`Fault::NotAnAnswer`] and [`Fault::ForeignOrigin`], all of which anybody can
    /// send who does not know the nonce.
    pub(super) fn parse(bytes: &[u8], nonce: Timestamp) -> Result<Self, Fault> {
        let Some(packet) = bytes.first_chunk::<LENGTH>() else {
            return Err(Fault::Short {
                length: bytes.len(),
            });
        };
        let (version, mode) = (packet[0] >> 3 & 7, packet[0] & 7);
        if mode != SERVER_MODE || !VERSIONS.contains(&version) {
            return Err(Fault::NotAnAnswer { version, mode });
        }
        let packet = Self::fields(packet);
        if packet.origin == nonce {
            Ok(packet)
        } else {
            Err(Fault::ForeignOrigin)
        }
    }

    fn fields(bytes: &[u8; LENGTH]) -> Self {
        let four = |at: usize| [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
        let short = |at| u32::from_be_bytes(four(at));
        let long = |at| Timestamp(u64::from(short(at)) << 32 | u64::from(short(at + 4)));
        Self {
            leap: bytes[0] >> 6,
            stratum: bytes[1],
            precision: i8::from_be_bytes([bytes[3]]),
            root_delay: short(4),
            root_dispersion: short(8),
            reference_id: four(12),
            reference: long(16),
            origin: long(24),
            receive: long(32),
            transmit: long(40),
        }
    }

    /// Whether the server says that its time can be used.
    ///
    /// # Errors
    /// [`Fault::Kiss`], [`Fault::Unsynchronized`] or [`Fault::Stratum`]. A server that has just been
    /// started says so by a kiss code too (INIT, STEP); it is unsynchronized like any other.
    pub(super) fn usable(&self) -> Result<(), Fault> {
        if self.stratum == 0
            && let Some(code) = KissCode::read(self.reference_id)
        {
            return Err(Fault::Kiss(code));
        }
        if self.leap == LEAP_UNSYNCHRONIZED {
            return Err(Fault::Unsynchronized);
        }
        if self.stratum == 0 || self.stratum >= STRATUM_UNSYNCHRONIZED {
            return Err(Fault::Stratum(self.stratum));
        }
        Ok(())
    }
}
