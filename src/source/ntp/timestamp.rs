//! NTP timestamps: seconds since 1900 and a binary fraction, in eras of 136 years. Pure.

use chrono::{DateTime, TimeDelta, Utc};

/// From the start of NTP's first era, 1900, to 1970.
const UNIX_EPOCH: i64 = 2_208_988_800;
const NANOSECONDS: u64 = 1_000_000_000;

/// A timestamp of a packet: 2⁻³² seconds since 1900, modulo 2³² seconds
/// ([RFC 5905 §6](https://www.rfc-editor.org/rfc/rfc5905#section-6)). A packet does not name the era; another time
/// within 68 years determines it. The next era begins in February 2036.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Timestamp(pub(super) u64);

impl Timestamp {
    /// The value for an unknown time.
    const UNKNOWN: Self = Self(0);

    /// A wall-clock time, rounded down to 2⁻³² s.
    #[expect(
        clippy::cast_sign_loss,
        reason = "a time before 1900 wraps around, as any other era does"
    )]
    pub(super) fn from_time(time: DateTime<Utc>) -> Self {
        let seconds = time.timestamp().wrapping_add(UNIX_EPOCH) as u64;
        let fraction = (u64::from(time.timestamp_subsec_nanos()) << 32) / NANOSECONDS;
        Self((seconds << 32).wrapping_add(fraction))
    }

    /// Whether it is a time at all.
    pub(super) fn is_known(self) -> bool {
        self != Self::UNKNOWN
    }

    /// The time from `earlier` to this, negative if this is the earlier one, rounded down to a
    /// nanosecond. Correct across eras, if the two are less than 68 years apart.
    #[expect(
        clippy::cast_possible_wrap,
        clippy::cast_possible_truncation,
        reason = "the wrapped difference is meant; 2^31 s fit into 64 bits of nanoseconds"
    )]
    pub(super) fn since(self, earlier: Self) -> TimeDelta {
        let difference = i128::from(self.0.wrapping_sub(earlier.0) as i64);
        TimeDelta::nanoseconds(((difference * i128::from(NANOSECONDS)) >> 32) as i64)
    }

    /// The time in the era that puts it within 68 years of `near`.
    pub(super) fn near(self, near: DateTime<Utc>) -> Option<DateTime<Utc>> {
        near.checked_add_signed(self.since(Self::from_time(near)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn the_eras() {
        for (time, seconds) in [
            ("1970-01-01T00:00:00Z", 2_208_988_800),
            ("2036-02-07T06:28:15Z", u64::from(u32::MAX)),
            ("2036-02-07T06:28:16Z", 0),
            ("2036-02-07T06:28:17Z", 1),
        ] {
            assert_eq!(Timestamp::from_time(at(time)).0 >> 32, seconds, "{time}");
        }
        assert_eq!(
            Timestamp::from_time(at("1970-01-01T00:00:00.5Z")).0 & 0xFFFF_FFFF,
            1 << 31
        );
    }

    #[test]
    fn a_difference_crosses_the_end_of_an_era() {
        let before = Timestamp::from_time(at("2036-02-07T06:28:15.75Z"));
        let after = Timestamp::from_time(at("2036-02-07T06:28:16.25Z"));
        assert_eq!(after.since(before), TimeDelta::milliseconds(500));
        assert_eq!(before.since(after), TimeDelta::milliseconds(-500));
    }

    proptest! {
        #[test]
        fn a_time_comes_back_in_its_era(
            seconds in -10_000_000_000_i64..20_000_000_000,
            nanoseconds in 0_u32..1_000_000_000,
            away in -2_000_000_000_i64..2_000_000_000,
        ) {
            let time = DateTime::from_timestamp(seconds, nanoseconds).unwrap();
            let near = time + TimeDelta::seconds(away);
            let back = Timestamp::from_time(time).near(near).unwrap();
            prop_assert!((back - time).abs() <= TimeDelta::nanoseconds(2), "{time} {back}");
        }

        #[test]
        fn any_bits_are_a_time(bits in any::<u64>(), other in any::<u64>()) {
            let there = Timestamp(bits).since(Timestamp(other));
            let back = Timestamp(other).since(Timestamp(bits));
            // Half an era apart, neither is the earlier one.
            prop_assume!(bits.wrapping_sub(other) != 1 << 63);
            prop_assert!((there + back).abs() <= TimeDelta::nanoseconds(1));
        }
    }
}
