//! NTP packets by the offsets of their fields, and the arithmetic of an exchange, written independently of
//! the client.

use std::time::{SystemTime, UNIX_EPOCH};

pub(crate) type Packet = [u8; 48];

/// An exact time since 1900 in 2⁻³² s.
pub(crate) fn fixed(time: SystemTime) -> i128 {
    let since = time.duration_since(UNIX_EPOCH).unwrap();
    let seconds = i128::from(since.as_secs()) + 2_208_988_800;
    (seconds << 32) + (i128::from(since.subsec_nanos()) << 32) / 1_000_000_000
}

/// The eight bytes at a place.
pub(crate) fn long(packet: &Packet, at: usize) -> u64 {
    u64::from_be_bytes(packet[at..at + 8].try_into().unwrap())
}

fn short(packet: &Packet, at: usize) -> u32 {
    u32::from_be_bytes(packet[at..at + 4].try_into().unwrap())
}

pub(crate) fn put(packet: &mut Packet, at: usize, bytes: &[u8]) {
    packet[at..at + bytes.len()].copy_from_slice(bytes);
}

/// The places of the four timestamps.
pub(crate) const REFERENCE: usize = 16;
pub(crate) const ORIGIN: usize = 24;
pub(crate) const RECEIVE: usize = 32;
pub(crate) const TRANSMIT: usize = 40;

/// An answer of stratum 2 to a request, by the machine's clock.
pub(crate) fn answer(request: &Packet) -> Packet {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "modulo the era, as on the wire"
    )]
    let now = (fixed(SystemTime::now()) as u64).to_be_bytes();
    let mut answer = [0; 48];
    put(&mut answer, 0, &[0x24, 2, 4, 0xE8]);
    put(&mut answer, 12, &[192, 0, 2, 1]);
    put(&mut answer, REFERENCE, &now);
    put(&mut answer, ORIGIN, &request[TRANSMIT..]);
    put(&mut answer, RECEIVE, &now);
    put(&mut answer, TRANSMIT, &now);
    answer
}

/// What an answer says, in seconds.
pub(crate) struct Said {
    /// T2 - T1 and T3 - T4.
    pub(crate) there: f64,
    pub(crate) back: f64,
    /// T3 - T2.
    pub(crate) at_server: f64,
    /// Root dispersion, half of the root delay, and the precision.
    pub(crate) root: f64,
}

impl Said {
    /// For a client that read its clock when it sent the request, and when it had the answer.
    pub(crate) fn new(answer: &Packet, sent: SystemTime, received: SystemTime) -> Self {
        #[expect(
            clippy::cast_precision_loss,
            reason = "differences of seconds, to a few nanoseconds"
        )]
        let seconds = |difference: i128| difference as f64 / 4_294_967_296.0;
        let time = |at| i128::from(long(answer, at));
        let precision = i32::from(i8::from_be_bytes([answer[3]]));
        let root = f64::from(short(answer, 8)) + f64::from(short(answer, 4)) / 2.0;
        Self {
            there: seconds(time(RECEIVE) - fixed(sent)),
            back: seconds(time(TRANSMIT) - fixed(received)),
            at_server: seconds(time(TRANSMIT) - time(RECEIVE)),
            root: root / 65_536.0 + 2_f64.powi(precision),
        }
    }

    pub(crate) fn offset(&self) -> f64 {
        f64::midpoint(self.there, self.back)
    }

    /// The distance of an exchange that took this many seconds.
    pub(crate) fn distance(&self, elapsed: f64) -> f64 {
        self.root + (elapsed - self.at_server).max(0.0) / 2.0 + 15e-6 * elapsed + 26e-6
    }
}
