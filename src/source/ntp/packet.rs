//! NTP packets: the request's 48 bytes, and the fields of an answer. Pure.

use super::error::{ExchangeError, KissCode};
use super::timestamp::Timestamp;

/// The length of a packet without extension fields, which are ignored.
pub(super) const LENGTH: usize = 48;

/// Version 4, mode 3 (client).
const CLIENT: u8 = 4 << 3 | 3;
const SERVER_MODE: u8 = 4;
/// Servers answer in the version of the request; simple ones may be a version behind.
const VERSIONS: std::ops::RangeInclusive<u8> = 3..=4;
const LEAP_UNSYNCHRONIZED: u8 = 3;
/// The lowest stratum that means that the server has no source.
const STRATUM_UNSYNCHRONIZED: u8 = 16;

/// The request: version, mode and the transmit timestamp, all else zero, as
/// [draft-ietf-ntp-data-minimization](https://datatracker.ietf.org/doc/draft-ietf-ntp-data-minimization/)
/// recommends. The server returns the transmit timestamp as the origin of its answer. It is a nonce, so only a
/// recipient of the request can forge an answer, and the request does not reveal the clock.
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
    /// The server's allowance for errors of its clock, in 2⁻¹⁶ s.
    pub(super) root_dispersion: u32,
    /// The server's last comparison with its reference.
    pub(super) reference: Timestamp,
    origin: Timestamp,
    /// T2, the arrival of the request.
    pub(super) receive: Timestamp,
    /// T3, the departure of the answer.
    pub(super) transmit: Timestamp,
}

impl Packet {
    /// The fields of a server's answer to the request with this nonce.
    ///
    /// # Errors
    /// [`ExchangeError::Short`], [`ExchangeError::NotAnAnswer`] and [`ExchangeError::ForeignOrigin`]: anybody can
    /// send such a packet without knowing the nonce.
    pub(super) fn parse(bytes: &[u8], nonce: Timestamp) -> Result<Self, ExchangeError> {
        let Some(packet) = bytes.first_chunk::<LENGTH>() else {
            return Err(ExchangeError::Short {
                length: bytes.len(),
            });
        };
        let (version, mode) = (packet[0] >> 3 & 7, packet[0] & 7);
        if mode != SERVER_MODE || !VERSIONS.contains(&version) {
            return Err(ExchangeError::NotAnAnswer { version, mode });
        }
        let packet = Self::fields(packet);
        if packet.origin == nonce {
            Ok(packet)
        } else {
            Err(ExchangeError::ForeignOrigin)
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

    /// Whether the leap indicator announces a leap second at the end of the day.
    pub(super) fn announces_leap_second(&self) -> bool {
        matches!(self.leap, 1 | 2)
    }

    /// Checks whether the server considers its own time usable.
    ///
    /// # Errors
    /// [`ExchangeError::Kiss`], [`ExchangeError::Unsynchronized`] or [`ExchangeError::Stratum`]. The codes
    /// INIT and STEP of a server that has just started count as unsynchronized.
    pub(super) fn usable(&self) -> Result<(), ExchangeError> {
        if self.stratum == 0
            && let Some(code) = KissCode::read(self.reference_id)
        {
            return Err(ExchangeError::Kiss(code));
        }
        if self.leap == LEAP_UNSYNCHRONIZED {
            return Err(ExchangeError::Unsynchronized);
        }
        if self.stratum == 0 || self.stratum >= STRATUM_UNSYNCHRONIZED {
            return Err(ExchangeError::Stratum(self.stratum));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::ReadErrorKind;
    use crate::source::ntp::answer::{Answer, NONCE};
    use proptest::prelude::*;

    /// The kind of error of an answer; `None` if it is usable.
    fn kind_of(bytes: &[u8]) -> Option<ReadErrorKind> {
        Packet::parse(bytes, NONCE)
            .and_then(|packet| packet.usable())
            .err()
            .map(|error| error.kind())
    }

    #[test]
    fn a_request_reveals_nothing_but_the_nonce() {
        let bytes = request(NONCE);
        assert_eq!(bytes[0], 0x23);
        assert!(bytes[1..40].iter().all(|byte| *byte == 0));
        assert_eq!(bytes[40..], NONCE.0.to_be_bytes());
    }

    #[test]
    fn the_fields_are_read_from_their_places() {
        let bytes: [u8; LENGTH] = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let packet = Packet::fields(&bytes);
        assert_eq!(packet.stratum, 1);
        assert_eq!(packet.precision, 3);
        assert_eq!(packet.root_delay, 0x0405_0607);
        assert_eq!(packet.root_dispersion, 0x0809_0A0B);
        assert_eq!(packet.reference_id, [12, 13, 14, 15]);
        assert_eq!(packet.reference.0, 0x1011_1213_1415_1617);
        assert_eq!(packet.origin.0, 0x1819_1A1B_1C1D_1E1F);
        assert_eq!(packet.receive.0, 0x2021_2223_2425_2627);
        assert_eq!(packet.transmit.0, 0x2829_2A2B_2C2D_2E2F);
    }

    #[test]
    fn unusable_answers_have_a_kind() {
        use ReadErrorKind::{NtpKissOfDeath, NtpOrigin, NtpPacket, NtpStratum, NtpUnsynchronized};
        let answer = Answer::default;
        let kiss = |code: &[u8; 4], leap| Answer {
            leap,
            stratum: 0,
            reference_id: *code,
            ..answer()
        };
        let with = |change: fn(&mut Answer)| {
            let mut changed = answer();
            change(&mut changed);
            changed
        };
        for (what, answer, kind) in [
            ("nothing wrong", answer(), None),
            ("an older version", with(|answer| answer.version = 3), None),
            ("leap second ahead", with(|answer| answer.leap = 1), None),
            ("a request", with(|answer| answer.mode = 3), Some(NtpPacket)),
            (
                "a broadcast",
                with(|answer| answer.mode = 5),
                Some(NtpPacket),
            ),
            (
                "version 2",
                with(|answer| answer.version = 2),
                Some(NtpPacket),
            ),
            (
                "version 5",
                with(|answer| answer.version = 5),
                Some(NtpPacket),
            ),
            (
                "another's",
                with(|answer| answer.origin.0 += 1),
                Some(NtpOrigin),
            ),
            (
                "no origin",
                with(|answer| answer.origin.0 = 0),
                Some(NtpOrigin),
            ),
            (
                "leap 3",
                with(|answer| answer.leap = 3),
                Some(NtpUnsynchronized),
            ),
            ("just started", kiss(b"INIT", 3), Some(NtpUnsynchronized)),
            ("just stepped", kiss(b"STEP", 3), Some(NtpUnsynchronized)),
            (
                "chronyd without a source",
                kiss(&[0; 4], 3),
                Some(NtpUnsynchronized),
            ),
            ("stratum 0", kiss(&[0; 4], 0), Some(NtpStratum)),
            (
                "stratum 16",
                with(|answer| answer.stratum = 16),
                Some(NtpStratum),
            ),
            (
                "stratum 255",
                with(|answer| answer.stratum = 255),
                Some(NtpStratum),
            ),
            ("stratum 15", with(|answer| answer.stratum = 15), None),
            ("refused", kiss(b"DENY", 3), Some(NtpKissOfDeath)),
            ("restricted", kiss(b"RSTR", 0), Some(NtpKissOfDeath)),
            ("too often", kiss(b"RATE", 3), Some(NtpKissOfDeath)),
            ("experimental", kiss(b"X123", 0), Some(NtpKissOfDeath)),
            // A forger who does not know the nonce cannot end the source.
            (
                "a forged refusal",
                Answer {
                    origin: Timestamp(1),
                    ..kiss(b"DENY", 0)
                },
                Some(NtpOrigin),
            ),
        ] {
            assert_eq!(kind_of(&answer.bytes()), kind, "{what}");
        }
        assert_eq!(kind_of(&answer().bytes()[..47]), Some(NtpPacket));
        assert_eq!(kind_of(b""), Some(NtpPacket));
        // Extension fields may follow.
        assert_eq!(kind_of(&[answer().bytes(), [7; LENGTH]].concat()), None);
    }

    proptest! {
        #[test]
        fn no_datagram_makes_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Ok(packet) = Packet::parse(&bytes, NONCE) {
                let _ = packet.usable();
            }
        }
    }
}
