//! What one exchange with a server proves about the clock. Pure.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::error::{ExchangeError, Implausible};
use super::packet::Packet;
use super::timestamp::Timestamp;
use crate::reading::{ClockOffset, ClockSource, Reading, SyncStatus};
use crate::time::{DriftRate, ErrorBound, Moment, has_moved};

/// The precision of reading this machine's clock.
const CLIENT_PRECISION: Duration = Duration::from_micros(3);
/// Root delay and dispersion have a resolution of 2⁻¹⁶ s. Rounding may have cut off one step of the dispersion and
/// half a step of the delay.
const WIRE_ROUNDING: Duration = Duration::from_micros(23);
/// A server this far from its reference is useless (MAXDISP of RFC 5905).
const LARGEST_DISTANCE: Duration = Duration::from_secs(16);
/// The largest adjustment of the server's clock between receipt and answer.
const SERVER_ADJUSTMENT: Duration = Duration::from_millis(1);
/// A wall clock that moves this much during an exchange voids it.
pub(super) const LARGEST_MOVE: Duration = Duration::from_millis(1);

/// The distance between the clock and a server's, measured by one exchange of packets.
///
/// When the request was sent, the server's time was `clock + offset ± distance`, for any asymmetry of
/// the round trip. The distance includes the server's own distance from its reference, so if the
/// server is right, true time lies in that range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exchange {
    /// Server minus clock: positive where the clock is behind.
    pub offset: TimeDelta,
    /// The largest error of `offset`, in either direction.
    pub distance: Duration,
    /// The server's last comparison with its own reference, if it reports one.
    pub reference: Option<DateTime<Utc>>,
    /// Whether the server announces a leap second, or announced one to this client within the last 24 hours.
    pub is_near_leap_second: bool,
    /// The moment the request was sent.
    pub requested: Moment,
    /// The moment the answer came.
    pub taken: Moment,
}

impl Exchange {
    /// Judges the packet that answered the request of `requested` at `taken`. The clock is assumed to drift by at
    /// most `drift`, and by no less than [`DriftRate::DEFAULT`].
    ///
    /// With T1 to T4 the times of sending, receipt, answering and receipt on either side, and E the
    /// elapsed monotonic time:
    /// `offset = ((T2 - T1) + (T3 - T4)) / 2` and
    /// `distance = root dispersion + root delay / 2 + (E - (T3 - T2)) / 2 + precision of both clocks +
    /// drift × E + rounding` (RFC 5905 §8 and §11.1, but the whole round trip may be asymmetric). A move of the
    /// wall clock by less than a millisecond is added by half: that is how far it moved the mean of T1 and T4.
    pub(super) fn judge(
        packet: &Packet,
        requested: Moment,
        taken: Moment,
        drift: DriftRate,
    ) -> Result<Self, ExchangeError> {
        packet.usable()?;
        // The wall clock of `requested` was read up to its width before `monotonic`.
        let elapsed = taken.since(&requested).saturating_add(requested.width());
        let at_server = time_at_server(packet, elapsed)?;
        let server = server_distance(packet)?;
        if has_moved(LARGEST_MOVE, &requested, &taken) {
            return Err(ExchangeError::ClockMoved(
                taken.wall_moved_since(&requested),
            ));
        }
        let moved = taken.wall_moved_at_most(&requested);
        let distance = server
            .saturating_add(half(elapsed.saturating_sub(at_server)))
            .saturating_add(half(moved))
            .saturating_add(CLIENT_PRECISION)
            .saturating_add(WIRE_ROUNDING)
            .saturating_add(
                drift
                    .growth(elapsed)
                    .max(DriftRate::DEFAULT.growth(elapsed)),
            );
        Ok(Self {
            offset: offset(packet, &requested, &taken),
            distance,
            reference: reference(packet, &taken),
            is_near_leap_second: packet.announces_leap_second(),
            requested,
            taken,
        })
    }

    /// How far the clock may have been from true time: `|offset| + distance`.
    #[must_use]
    pub fn bound(&self) -> Duration {
        self.clock_offset().bound()
    }

    /// The offset with its error.
    #[must_use]
    pub fn clock_offset(&self) -> ClockOffset {
        ClockOffset {
            is_near_leap_second: self.is_near_leap_second,
            ..ClockOffset::new(self.offset, self.distance)
        }
    }

    /// The exchange as a reading of the clock. It is not synchronized if the offset is too large.
    pub(crate) fn reading(&self) -> Reading {
        let offset = self.clock_offset();
        let mut reading = Reading::new(ClockSource::Ntp, self.requested, self.taken);
        reading.status = if offset.is_too_large() {
            SyncStatus::NotSynchronized
        } else {
            SyncStatus::Synchronized
        };
        reading.bound = ErrorBound::try_from(offset.bound()).ok();
        reading.offset = Some(offset);
        reading.reference = self.reference;
        reading
    }
}

/// T3 - T2, if plausible.
fn time_at_server(packet: &Packet, elapsed: Duration) -> Result<Duration, ExchangeError> {
    if !packet.receive.is_known() {
        return Err(ExchangeError::Implausible(Implausible::NoReceiveTime));
    }
    if !packet.transmit.is_known() {
        return Err(ExchangeError::Implausible(Implausible::NoTransmitTime));
    }
    let Ok(at_server) = packet.transmit.since(packet.receive).to_std() else {
        return Err(ExchangeError::Implausible(
            Implausible::TransmitBeforeReceive,
        ));
    };
    if at_server > elapsed.saturating_add(SERVER_ADJUSTMENT) {
        return Err(ExchangeError::Implausible(Implausible::LongerThanExchange));
    }
    Ok(at_server)
}

/// The server's own estimate of its distance from true time, including its resolution.
fn server_distance(packet: &Packet) -> Result<Duration, ExchangeError> {
    if packet.reference.is_known() && packet.reference.since(packet.transmit) > TimeDelta::zero() {
        return Err(ExchangeError::Implausible(
            Implausible::ReferenceAfterTransmit,
        ));
    }
    let root = seconds_16(packet.root_dispersion) + half(seconds_16(packet.root_delay));
    if root >= LARGEST_DISTANCE {
        return Err(ExchangeError::Implausible(Implausible::RootDistance));
    }
    let precision = power_of_two(packet.precision);
    if precision >= LARGEST_DISTANCE {
        return Err(ExchangeError::Implausible(Implausible::Precision));
    }
    Ok(root + precision)
}

/// `((T2 - T1) + (T3 - T4)) / 2`, computed with a single difference between server and client. With two differences
/// of about half an era, one could wrap to the other sign, and the two would cancel.
fn offset(packet: &Packet, requested: &Moment, taken: &Moment) -> TimeDelta {
    let there = packet.receive.since(Timestamp::from_time(requested.wall));
    let round_trip =
        taken.wall.signed_duration_since(requested.wall) - packet.transmit.since(packet.receive);
    there - round_trip / 2
}

fn reference(packet: &Packet, taken: &Moment) -> Option<DateTime<Utc>> {
    packet
        .reference
        .is_known()
        .then(|| packet.reference.near(taken.wall))?
}

/// Half a duration, rounded up.
fn half(duration: Duration) -> Duration {
    duration.saturating_add(Duration::from_nanos(1)) / 2
}

/// A number of 2⁻¹⁶ s, rounded up to a nanosecond.
fn seconds_16(value: u32) -> Duration {
    Duration::from_nanos((u64::from(value) * 1_000_000_000).div_ceil(1 << 16))
}

/// 2 to this power, in seconds, rounded up to a nanosecond and at most 2⁴ s.
fn power_of_two(exponent: i8) -> Duration {
    let second = Duration::from_secs(1);
    let shift = u32::from(exponent.unsigned_abs());
    if exponent >= 0 {
        second * (1 << shift.min(4))
    } else {
        Duration::from_nanos(1_000_000_000_u64.div_ceil(1 << shift.min(62)))
    }
}

#[cfg(test)]
mod tests;
