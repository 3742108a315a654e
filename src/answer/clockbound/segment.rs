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

/// What a ClockBound client reports as the state of the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    /// Nothing is known; the bound means nothing.
    Unknown,
    /// The clock is synchronized and the bound holds.
    Synchronized,
    /// The clock is not known to be synchronized; the bound holds as long as the drift rate does.
    FreeRunning,
    /// The clock was disrupted, as by a live migration. Never written here.
    Disrupted,
}

impl Status {
    fn to_wire(self) -> i32 {
        match self {
            Self::Unknown => 0,
            Self::Synchronized => 1,
            Self::FreeRunning => 2,
            Self::Disrupted => 3,
        }
    }

    fn from_wire(word: i32) -> Option<Self> {
        match word {
            0 => Some(Self::Unknown),
            1 => Some(Self::Synchronized),
            2 => Some(Self::FreeRunning),
            3 => Some(Self::Disrupted),
            _ => None,
        }
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
    /// Changes when the machine's clock is disrupted. Always 0 here.
    pub disruption_marker: u64,
    /// Whether a client must also look at `/dev/vmclock0`. Always `false` here.
    pub disruption_support: bool,
}

/// The header of each segment: the magic numbers, the size, the version and the `generation`, which
/// is odd while the payload is being written and 0 before it ever was.
#[must_use]
pub(super) fn header(generation: u16) -> [u8; HEADER_SIZE] {
    let mut bytes = [0; HEADER_SIZE];
    let mut writer = Fields::new(&mut bytes);
    writer.put(MAGIC[0].to_ne_bytes());
    writer.put(MAGIC[1].to_ne_bytes());
    writer.put(80_u32.to_ne_bytes());
    writer.put(VERSION.to_ne_bytes());
    writer.put(generation.to_ne_bytes());
    bytes
}

impl Segment {
    /// The bytes after the header.
    #[must_use]
    pub(super) fn payload(&self) -> [u8; SIZE - HEADER_SIZE] {
        let mut bytes = [0; SIZE - HEADER_SIZE];
        let mut writer = Fields::new(&mut bytes);
        for time in [self.as_of, self.void_after] {
            let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
            writer.put(seconds.to_ne_bytes());
            writer.put(i64::from(time.subsec_nanos()).to_ne_bytes());
        }
        let bound = i64::try_from(self.bound.as_nanos()).unwrap_or(i64::MAX);
        writer.put(bound.to_ne_bytes());
        writer.put(self.disruption_marker.to_ne_bytes());
        writer.put(self.drift_ppb.to_ne_bytes());
        writer.put(self.status.to_wire().to_ne_bytes());
        // What remains is padding.
        writer.put([u8::from(self.disruption_support)]);
        bytes
    }

    /// The whole segment as it is in a file.
    #[must_use]
    pub(crate) fn to_bytes(self, generation: u16) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        let mut writer = Fields::new(&mut bytes);
        writer.put(header(generation));
        writer.put(self.payload());
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
        let status = Status::from_wire(i32::from_ne_bytes(at(payload, 52)))
            .ok_or(Malformed("a status that does not exist"))?;
        Ok(Self {
            as_of: time(0)?,
            void_after: time(16)?,
            bound: Duration::from_nanos(bound),
            drift_ppb,
            status,
            disruption_marker: u64::from_ne_bytes(at(payload, 40)),
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

/// Fields written one after the other.
struct Fields<'a> {
    rest: &'a mut [u8],
}

impl<'a> Fields<'a> {
    fn new(bytes: &'a mut [u8]) -> Self {
        Self { rest: bytes }
    }

    fn put<const N: usize>(&mut self, field: [u8; N]) {
        let rest = std::mem::take(&mut self.rest);
        if let Some((place, rest)) = rest.split_at_mut_checked(N) {
            place.copy_from_slice(&field);
            self.rest = rest;
        }
    }
}

#[cfg(test)]
mod tests;
