//! The 80 bytes of a ClockBound segment, layout 2: encoded and decoded. Pure.
//!
//! The layout is that of [`clock-bound-shm` 2.0](https://docs.rs/clock-bound-shm/2.0.3), in the machine's
//! own byte order: a header of 16 bytes, then the state of the clock.

use std::fmt;
use std::time::Duration;

/// The size of the segment, in bytes.
pub(crate) const SIZE: usize = 80;
/// The size of its header, in bytes.
pub(super) const HEADER_SIZE: usize = 16;
/// Where the generation is: the last two bytes of the header.
pub(super) const GENERATION_OFFSET: u64 = 14;

const MAGIC: [u32; 2] = [0x414D_5A4E, 0x4342_0200];
const VERSION: u16 = 2;

/// The file's name in its directory.
pub(crate) const FILE_NAME: &str = "shm0";

/// What a ClockBound client reports as the state of the clock, with the word in the segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing is known; the bound means nothing.
    Unknown = 0,
    /// The clock is synchronized and the bound holds.
    Synchronized = 1,
    /// The clock is not known to be synchronized; the bound holds as long as the drift rate does.
    FreeRunning = 2,
    /// The clock was disrupted, as by a live migration. Never written here.
    Disrupted = 3,
}

impl Status {
    const ALL: [Self; 4] = [
        Self::Unknown,
        Self::Synchronized,
        Self::FreeRunning,
        Self::Disrupted,
    ];

    fn from_word(word: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|status| *status as i32 == word)
    }
}

/// The state of the clock in a segment. Its times are those of `CLOCK_MONOTONIC_COARSE`, counted from
/// the start of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Segment {
    /// When the bound held.
    pub as_of: Duration,
    /// When nothing written here counts any more.
    pub void_after: Duration,
    /// How far the wall clock may be from true time at `as_of`; at most `i64::MAX` nanoseconds.
    pub bound: Duration,
    /// How fast the bound grows from `as_of` on, in nanoseconds a second.
    pub drift_ppb: u32,
    /// What is known of the clock.
    pub status: Status,
    /// Whether a client must also look at `/dev/vmclock0`. Always `false` here.
    pub disruption_support: bool,
}

/// The header of each segment: the magic numbers, the size, the version and the `generation`, which
/// is odd while the payload is being written and 0 before it ever was.
#[must_use]
pub(super) fn header(generation: u16) -> [u8; HEADER_SIZE] {
    let mut bytes = [0; HEADER_SIZE];
    put(&mut bytes, 0, MAGIC[0].to_ne_bytes());
    put(&mut bytes, 4, MAGIC[1].to_ne_bytes());
    put(&mut bytes, 8, 80_u32.to_ne_bytes());
    put(&mut bytes, 12, VERSION.to_ne_bytes());
    put(&mut bytes, 14, generation.to_ne_bytes());
    bytes
}

impl Segment {
    /// The bytes after the header.
    #[must_use]
    pub(super) fn payload(&self) -> [u8; SIZE - HEADER_SIZE] {
        let mut bytes = [0; SIZE - HEADER_SIZE];
        for (offset, time) in [(0, self.as_of), (16, self.void_after)] {
            let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
            let nanos = i64::from(time.subsec_nanos());
            put(&mut bytes, offset, seconds.to_ne_bytes());
            put(&mut bytes, offset + 8, nanos.to_ne_bytes());
        }
        let bound = i64::try_from(self.bound.as_nanos()).unwrap_or(i64::MAX);
        put(&mut bytes, 32, bound.to_ne_bytes());
        // At 40 is the disruption marker, which stays 0.
        put(&mut bytes, 48, self.drift_ppb.to_ne_bytes());
        put(&mut bytes, 52, (self.status as i32).to_ne_bytes());
        // What remains is padding.
        put(&mut bytes, 56, [u8::from(self.disruption_support)]);
        bytes
    }

    /// The whole segment as it is in a file.
    #[must_use]
    pub(crate) fn to_bytes(self, generation: u16) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        put(&mut bytes, 0, header(generation));
        put(&mut bytes, HEADER_SIZE, self.payload());
        bytes
    }

    /// Decodes `payload`, the bytes after the header.
    ///
    /// # Errors
    /// [`Malformed`] for what no client accepts: a status that does not exist, a negative time or bound,
    /// a drift rate of one second a second and more.
    pub(super) fn from_payload(payload: &[u8; SIZE - HEADER_SIZE]) -> Result<Self, Malformed> {
        let time = |offset| {
            let seconds = u64::try_from(i64::from_ne_bytes(at(payload, offset)));
            let nanos = u32::try_from(i64::from_ne_bytes(at(payload, offset + 8)));
            match (seconds, nanos) {
                (Ok(seconds), Ok(nanos)) if nanos < 1_000_000_000 => {
                    Ok(Duration::new(seconds, nanos))
                }
                _ => Err(Malformed("a time that cannot be")),
            }
        };
        let bound = u64::try_from(i64::from_ne_bytes(at(payload, 32)))
            .map_err(|_| Malformed("a negative bound"))?;
        let drift_ppb = u32::from_ne_bytes(at(payload, 48));
        if drift_ppb >= 1_000_000_000 {
            return Err(Malformed("a drift rate that cannot be"));
        }
        let status = Status::from_word(i32::from_ne_bytes(at(payload, 52)))
            .ok_or(Malformed("a status that does not exist"))?;
        Ok(Self {
            as_of: time(0)?,
            void_after: time(16)?,
            bound: Duration::from_nanos(bound),
            drift_ppb,
            status,
            disruption_support: payload[56] != 0,
        })
    }
}

/// Why bytes are not a segment of layout 2.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed(&'static str);

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// The generation in the header of a segment that a client of version 2.0 opens.
///
/// # Errors
/// [`Malformed`] if a client refuses it. A generation of 0, which a client refuses too, is returned: it
/// becomes valid with the first writing.
pub(super) fn generation(header: &[u8; HEADER_SIZE]) -> Result<u16, Malformed> {
    let number = |offset| u32::from_ne_bytes(at(header, offset));
    let short = |offset| u16::from_ne_bytes(at(header, offset));
    if [number(0), number(4)] != MAGIC {
        return Err(Malformed("other magic numbers"));
    }
    if short(12) != VERSION {
        return Err(Malformed("a version other than 2"));
    }
    if number(8) != 80 {
        return Err(Malformed("a size other than 80 bytes"));
    }
    Ok(short(14))
}

/// The `N` bytes from `offset` on; zeros if there are fewer, which no caller asks for.
fn at<const N: usize>(bytes: &[u8], offset: usize) -> [u8; N] {
    let mut found = [0; N];
    if let Some(source) = bytes.get(offset..offset + N) {
        found.copy_from_slice(source);
    }
    found
}

/// Puts a field at `offset`, where every caller has room for it.
fn put<const N: usize>(bytes: &mut [u8], offset: usize, field: [u8; N]) {
    if let Some(place) = bytes.get_mut(offset..offset + N) {
        place.copy_from_slice(&field);
    }
}

#[cfg(test)]
mod tests;
