//! Error bounds, how they grow, and the units they are written in.

use std::time::Duration;

/// How far the clock may be from true time, in either direction: between zero and [`ErrorBound::MAX`], in whole
/// nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ErrorBound(Duration);

impl ErrorBound {
    /// The largest valid bound: 24 hours.
    pub const MAX: Duration = Duration::from_secs(24 * 60 * 60);

    /// A bound from milliseconds, rounded up to a nanosecond.
    ///
    /// # Errors
    /// [`InvalidBound`] if `milliseconds` is negative, not finite or over 24 hours.
    ///
    /// ```
    /// use ecs_clock_emf::ErrorBound;
    /// let bound = ErrorBound::from_millis(0.446931)?;
    /// assert_eq!(bound.as_duration().as_nanos(), 446_931);
    /// assert!(ErrorBound::from_millis(-1.0).is_err());
    /// # Ok::<(), ecs_clock_emf::InvalidBound>(())
    /// ```
    pub fn from_millis(milliseconds: f64) -> Result<Self, InvalidBound> {
        // Written so that NaN fails it too.
        if !(milliseconds >= 0.0 && milliseconds <= Self::MAX.as_secs_f64() * 1e3) {
            return Err(InvalidBound);
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "checked above to lie between 0 and 8.64e13 nanoseconds"
        )]
        let nanoseconds = nanoseconds_up(milliseconds) as u64;
        Ok(Self(Duration::from_nanos(nanoseconds)))
    }

    /// A bound from microseconds, the kernel's unit.
    ///
    /// # Errors
    /// [`InvalidBound`] if it is over 24 hours.
    pub fn from_micros(microseconds: u64) -> Result<Self, InvalidBound> {
        Duration::from_micros(microseconds).try_into()
    }

    /// The bound as a duration.
    #[must_use]
    pub fn as_duration(self) -> Duration {
        self.0
    }
}

impl TryFrom<Duration> for ErrorBound {
    type Error = InvalidBound;

    /// A bound of up to 24 hours.
    fn try_from(bound: Duration) -> Result<Self, InvalidBound> {
        if bound > Self::MAX {
            return Err(InvalidBound);
        }
        Ok(Self(bound))
    }
}

/// The smallest whole number of nanoseconds that is not below `milliseconds`.
///
/// The product itself is rounded, in either direction. So the number is turned back: the decimal number that a source
/// wrote and the quotient are the same in binary if they are the same number of nanoseconds.
fn nanoseconds_up(milliseconds: f64) -> f64 {
    let nearest = (milliseconds * 1e6).round();
    if nearest / 1e6 < milliseconds {
        nearest + 1.0
    } else {
        nearest
    }
}

/// A number that is not a valid error bound: negative, not finite, or over 24 hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InvalidBound;

impl std::fmt::Display for InvalidBound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("must be 0 to 86400000 ms (24 hours)")
    }
}

impl std::error::Error for InvalidBound {}

/// The most that a clock drifts while nothing corrects it, in parts per million: one is a microsecond in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DriftRate(u32);

impl DriftRate {
    /// 15 ppm, the rate ClockBound 3 assumes.
    pub const DEFAULT: Self = Self(15);
    /// 100 ppm, for a clock that may have no time daemon: the largest error of common oscillators.
    pub const UNDISCIPLINED: Self = Self(100);
    /// How much faster or slower than the monotonic clock slewing makes the wall clock. On Linux the kernel slews both
    /// alike.
    pub(crate) const OF_SLEWING: Self = Self(if cfg!(target_os = "linux") { 0 } else { 500 });
    /// The largest rate accepted, 10,000 ppm or one percent.
    pub const MAX_PPM: u32 = 10_000;

    /// A rate in parts per million; `None` above [`DriftRate::MAX_PPM`].
    #[must_use]
    pub fn from_ppm(ppm: u32) -> Option<Self> {
        (ppm <= Self::MAX_PPM).then_some(Self(ppm))
    }

    /// The rate in parts per million.
    #[must_use]
    pub fn ppm(self) -> u32 {
        self.0
    }

    /// How far a clock may drift in `elapsed`: `elapsed × rate`, rounded up to a nanosecond.
    ///
    /// ```
    /// use std::time::Duration;
    /// use ecs_clock_emf::DriftRate;
    /// let growth = DriftRate::DEFAULT.growth(Duration::from_secs(900));
    /// assert_eq!(growth, Duration::from_micros(13_500));
    /// ```
    #[must_use]
    pub fn growth(self, elapsed: Duration) -> Duration {
        let nanoseconds = (elapsed.as_nanos() * u128::from(self.0)).div_ceil(1_000_000);
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_is_at_most_one_percent() {
        for (ppm, accepted) in [(0, true), (15, true), (10_000, true), (10_001, false)] {
            let rate = DriftRate::from_ppm(ppm);
            assert_eq!(rate.map(DriftRate::ppm), accepted.then_some(ppm));
        }
    }

    #[test]
    fn a_bound_is_zero_to_a_day() {
        for (given, nanoseconds) in [
            (0.0, Some(0)),
            (-0.0, Some(0)),
            (1e-7, Some(1)),
            (0.446_931, Some(446_931)),
            (0.446_931_1, Some(446_932)),
            (0.545_388_897_099_918, Some(545_389)),
            (86_400_000.0, Some(86_400_000_000_000)),
            (86_400_000.1, None),
            (-1e-9, None),
            (f64::NAN, None),
            (f64::INFINITY, None),
            (f64::MAX, None),
        ] {
            let bound = ErrorBound::from_millis(given)
                .ok()
                .map(|bound| bound.as_duration().as_nanos());
            assert_eq!(bound, nanoseconds, "{given}");
        }
        assert!(ErrorBound::from_micros(86_400_000_001).is_err());
        assert!(ErrorBound::from_micros(u64::MAX).is_err());
        assert!(ErrorBound::try_from(ErrorBound::MAX).is_ok());
        assert!(ErrorBound::try_from(ErrorBound::MAX + Duration::from_nanos(1)).is_err());
    }

    /// Whether so many nanoseconds are at least the shortest decimal number that stands for this one, exactly.
    fn is_at_least(nanoseconds: u128, milliseconds: f64) -> bool {
        let text = format!("{milliseconds:e}");
        let (digits, exponent) = text.split_once('e').unwrap();
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let digits: u128 = format!("{whole}{fraction}").parse().unwrap();
        let power = exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap() + 6;
        let ten = |power: i32| 10_u128.pow(power.unsigned_abs());
        match power {
            0.. => nanoseconds >= digits * ten(power),
            // Fewer than 18 digits: less than a nanosecond.
            ..-20 => nanoseconds > 0 || digits == 0,
            _ => nanoseconds * ten(power) >= digits,
        }
    }

    proptest! {
        #[test]
        fn a_bound_is_rounded_up(whole in 0u64..86_400_000_000_000, hundredths in 0u32..100) {
            let bound = |text: &str| {
                let bound = ErrorBound::from_millis(text.parse().unwrap()).unwrap();
                u64::try_from(bound.as_duration().as_nanos()).unwrap()
            };
            let (milliseconds, rest) = (whole / 1_000_000, whole % 1_000_000);
            let exact = bound(&format!("{milliseconds}.{rest:06}"));
            prop_assert_eq!(exact, whole);
            let text = format!("{milliseconds}.{rest:06}{hundredths:02}");
            let up = whole + u64::from(hundredths > 0);
            // Beyond 15 digits a number does not hold the hundredths.
            prop_assert!(bound(&text) == up || whole > 1_000_000_000_000, "{}", text);
        }

        /// Whatever number a source writes, with as many digits as a number can hold.
        #[test]
        fn no_number_becomes_a_smaller_bound(milliseconds in prop_oneof![0.0..1e-3, 0.0..1.0, 0.0..1e4, 0.0..=86_400_000.0]) {
            let bound = ErrorBound::from_millis(milliseconds).unwrap().as_duration().as_nanos();
            prop_assert!(is_at_least(bound, milliseconds), "{bound} ns for {milliseconds} ms");
            prop_assert!(bound == 0 || !is_at_least(bound - 1, milliseconds), "{bound} ns for {milliseconds} ms");
        }

        #[test]
        fn no_whole_number_becomes_another_bound(microseconds in 0u64..=86_400_000_000) {
            let bound = ErrorBound::from_micros(microseconds).unwrap();
            prop_assert_eq!(bound.as_duration().as_nanos(), u128::from(microseconds) * 1_000);
            prop_assert_eq!(ErrorBound::try_from(bound.as_duration()), Ok(bound));
            let written = crate::time::milliseconds(bound.as_duration());
            prop_assert_eq!(ErrorBound::from_millis(written), Ok(bound));
        }

        #[test]
        fn no_growth_is_rounded_down(nanos in any::<u64>(), ppm in 0..=DriftRate::MAX_PPM) {
            let growth = DriftRate::from_ppm(ppm).unwrap().growth(Duration::from_nanos(nanos)).as_nanos();
            let exact_times_million = u128::from(nanos) * u128::from(ppm);
            prop_assert!(growth * 1_000_000 >= exact_times_million);
            prop_assert!(growth * 1_000_000 < exact_times_million + 1_000_000);
        }

        #[test]
        fn growth_never_shrinks_and_never_panics(nanos in any::<u64>(), ppm in 0..=DriftRate::MAX_PPM) {
            let rate = DriftRate::from_ppm(ppm).unwrap();
            let elapsed = Duration::from_nanos(nanos);
            prop_assert!(rate.growth(elapsed) <= rate.growth(elapsed.saturating_add(Duration::from_nanos(1))));
            prop_assert!(rate.growth(elapsed) <= elapsed);
        }
    }
}
