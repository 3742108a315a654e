//! Every flag, unit and limit of the kernel's answer, each with its neighbours.

use super::*;
use proptest::prelude::*;

const NOON: &str = "2026-11-25T12:00:00Z";
/// What the kernel returns where `STA_UNSYNC` or another error flag is set.
const TIME_ERROR: i32 = 5;

/// A clock synchronized by chrony, on a host without `rtcsync`: 1098 + 564 µs.
fn usual() -> Answer {
    Answer {
        state: TIME_ERROR,
        timex: Timex {
            offset: 0,
            freq: 0,
            maxerror: 1_098,
            esterror: 564,
            status: libc::STA_UNSYNC,
            tick: 10_000,
        },
        slew_left_us: 0,
    }
}

/// The usual answer with changes.
fn with(change: impl FnOnce(&mut Answer)) -> Answer {
    let mut answer = usual();
    change(&mut answer);
    answer
}

/// What is added to every bound: two microseconds that are cut off, and 15 ppm of a second.
const ROUNDING_NS: u128 = 17_000;

/// The bound without it, in nanoseconds, of a clock that is synchronized; `None` if it is unknown.
#[track_caller]
fn bound_ns(answer: &Answer) -> Option<u128> {
    let (status, bound) = interpret(answer, NOON.parse().unwrap(), DriftRate::DEFAULT);
    assert_eq!(status, SyncStatus::Synchronized, "{answer:?}");
    let bound = bound.ok();
    bound.map(|bound| bound.as_duration().as_nanos() - ROUNDING_NS)
}

/// Whether the clock is synchronized; one that is not has no bound.
#[track_caller]
fn is_synchronized_at(answer: &Answer, wall: &str) -> bool {
    let (status, bound) = interpret(answer, wall.parse().unwrap(), DriftRate::DEFAULT);
    match status {
        SyncStatus::Synchronized => true,
        SyncStatus::NotSynchronized => {
            assert!(bound.is_err(), "{answer:?}");
            false
        }
        _ => panic!("the kernel's status is always known: {answer:?}"),
    }
}

#[test]
fn a_clock_in_step_whose_daemon_leaves_sta_unsync_set() {
    assert_eq!(bound_ns(&usual()), Some(1_662_000));
}

#[test]
fn every_part_adds_to_the_bound() {
    for (what, answer, expected_us) in [
        ("maxerror", with(|a| a.timex.maxerror = 1_099), 1_663),
        ("esterror", with(|a| a.timex.esterror = 565), 1_663),
        ("no esterror", with(|a| a.timex.esterror = 0), 1_098),
        ("offset", with(|a| a.timex.offset = 300), 1_662 + 400),
        ("offset back", with(|a| a.timex.offset = -300), 1_662 + 400),
        ("slew", with(|a| a.slew_left_us = 1), 1_662 + 501),
        (
            "slew back",
            with(|a| a.slew_left_us = -7_000),
            1_662 + 7_500,
        ),
    ] {
        assert_eq!(bound_ns(&answer), Some(expected_us * 1_000), "{what}");
    }
}

#[test]
fn the_unit_of_the_offset() {
    let nano = libc::STA_UNSYNC | libc::STA_NANO;
    for (status, offset, expected_ns) in [
        (libc::STA_UNSYNC, 1, 1_334),
        (libc::STA_UNSYNC, -2, 2_667),
        (libc::STA_UNSYNC, 500_000, 666_666_667),
        (nano, 1, 2),
        (nano, 3, 4),
        (nano, -350_000_000, 466_666_667),
        (nano, 500_000_000, 666_666_667),
        // The fault of older kernels occurs only in microseconds.
        (nano, 500_001, 666_668),
        (nano, 4_294_967, 5_726_623),
        (nano, -500_000_000, 666_666_667),
    ] {
        let answer = with(|answer| {
            answer.timex.status = status;
            answer.timex.offset = offset;
        });
        let offset_ns = bound_ns(&answer).map(|bound| bound - 1_662_000);
        assert_eq!(offset_ns, Some(expected_ns), "{status:#x} {offset}");
    }
}

#[test]
fn a_negative_offset_that_an_older_kernel_returns_as_a_large_one() {
    for (offset, expected_us) in [
        (500_000, 500_000),
        (500_001, 3_794_967),
        (3_794_968, 500_000),
        (4_294_618, 350),
        (4_294_967, 1),
        (4_294_968, 4_294_968),
    ] {
        let offset_ns = with(|answer| answer.timex.offset = offset)
            .timex
            .offset_ns();
        assert_eq!(offset_ns, expected_us * 1_000, "{offset}");
    }
}

/// Regression: 2^32 nanoseconds were taken for an offset.
#[test]
fn an_offset_over_half_a_second_is_none() {
    let nano = libc::STA_UNSYNC | libc::STA_NANO;
    for (status, offset) in [
        (nano, 500_000_001),
        (nano, 1 << 32),
        (nano, -(1 << 32)),
        (nano, i64::MIN),
        (libc::STA_UNSYNC, 500_001),
        (libc::STA_UNSYNC, -500_001),
        (libc::STA_UNSYNC, 4_294_968),
    ] {
        let answer = with(|answer| {
            answer.timex.status = status;
            answer.timex.offset = offset;
        });
        assert_eq!(bound_ns(&answer), None, "{status:#x} {offset}");
    }
}

#[test]
fn why_the_bound_is_unknown() {
    use BoundUnknown::{
        ClockError, ErrorAtCap, LeapSecond, MaxErrorAtCap, NoEstimate, PpsError, Slewing, Withheld,
    };
    for (what, answer, reason) in [
        (
            "timesyncd",
            with(|a| (a.timex.maxerror, a.timex.esterror) = (12_000, 0)),
            NoEstimate,
        ),
        ("ptpd", with(|a| a.timex.maxerror = -7), NoEstimate),
        // It clears `maxerror` alone, and the kernel starts both at their cap.
        (
            "phc2sys",
            with(|a| (a.timex.maxerror, a.timex.esterror) = (500, 16_000_000)),
            NoEstimate,
        ),
        (
            "esterror at its cap",
            with(|a| a.timex.esterror = 16_000_000),
            ErrorAtCap,
        ),
        ("chrony slews", with(|a| a.timex.tick = 10_100), Slewing),
        // timesyncd slews too, and will still write no estimate afterwards.
        (
            "both",
            with(|a| (a.timex.maxerror, a.timex.tick) = (500, 10_100)),
            NoEstimate,
        ),
        (
            "2^32 ns",
            with(|a| (a.timex.offset, a.timex.status) = (1 << 32, libc::STA_NANO)),
            Withheld,
        ),
        (
            "no time daemon",
            with(|a| (a.timex.maxerror, a.timex.esterror) = (16_000_000, 16_000_000)),
            MaxErrorAtCap,
        ),
        (
            "a leap second",
            with(|a| a.state = libc::TIME_OOP),
            LeapSecond,
        ),
        (
            "no pulse per second",
            with(|a| a.timex.status = libc::STA_PPSTIME),
            PpsError,
        ),
        (
            "a fault of the clock",
            with(|a| a.timex.status = libc::STA_CLOCKERR),
            ClockError,
        ),
    ] {
        let (_, bound) = interpret(&answer, NOON.parse().unwrap(), DriftRate::DEFAULT);
        assert_eq!(bound, Err(reason), "{what}");
    }
}

#[test]
fn maxerror_at_its_cap_is_no_synchronization() {
    for (maxerror, synchronized) in [
        (15_999_999, true),
        (16_000_000, false),
        (16_000_001, false),
        (i64::MAX, false),
    ] {
        for status in [0, libc::STA_UNSYNC, libc::STA_PLL] {
            let answer = with(|answer| {
                answer.timex.maxerror = maxerror;
                answer.timex.status = status;
            });
            let found = is_synchronized_at(&answer, NOON);
            assert_eq!(found, synchronized, "{maxerror} {status:#x}");
        }
    }
}

#[test]
fn a_maxerror_that_was_counted_from_zero_is_no_bound() {
    for (maxerror, is_bound) in [
        (0, false),
        (1, true),
        (499, true),
        (500, false),
        (501, true),
        (1_499, true),
        (1_500, false),
        (1_501, true),
        (15_999_500, false),
        (15_999_999, true),
        (-1, false),
        (-499, false),
        (-500, false),
        (i64::MIN, false),
    ] {
        let answer = with(|answer| answer.timex.maxerror = maxerror);
        assert_eq!(bound_ns(&answer).is_some(), is_bound, "{maxerror}");
    }
}

#[test]
fn a_rest_that_timesyncd_slews_has_no_bound_at_any_second() {
    for seconds in 0..32 {
        let answer = with(|answer| {
            answer.state = 0;
            answer.timex.offset = 350_000_000;
            answer.timex.status = libc::STA_PLL | libc::STA_NANO;
            answer.timex.maxerror = 500 * seconds;
            answer.timex.esterror = 0;
        });
        assert_eq!(bound_ns(&answer), None, "{seconds} s");
    }
}

#[test]
fn esterror_at_the_cap_is_no_estimate() {
    for (esterror, is_bound) in [
        (0, true),
        (15_999_999, true),
        (16_000_000, false),
        (i64::MAX, false),
        (-1, false),
    ] {
        let answer = with(|answer| answer.timex.esterror = esterror);
        assert_eq!(bound_ns(&answer).is_some(), is_bound, "{esterror}");
    }
}

#[test]
fn a_rate_over_500_ppm_slews_something_of_unknown_size() {
    const PPM: i64 = 1 << 16;
    for (tick, freq, is_bound) in [
        (10_000, 500 * PPM, true),
        (10_000, 500 * PPM + 1, false),
        (10_000, -500 * PPM, true),
        (10_000, -500 * PPM - 1, false),
        (10_005, 0, true),
        (10_005, 1, false),
        (10_006, -100 * PPM, true),
        (10_006, -100 * PPM + 1, false),
        (9_995, 0, true),
        (9_995, -1, false),
        (9_167, 0, false),
        (0, 0, false),
        (i64::MIN, i64::MIN, false),
    ] {
        let answer = with(|answer| {
            answer.timex.tick = tick;
            answer.timex.freq = freq;
        });
        assert_eq!(bound_ns(&answer).is_some(), is_bound, "{tick} {freq}");
    }
}

#[test]
fn every_status_flag_alone() {
    for (flag, synchronized) in [
        (0, true),
        (libc::STA_PLL, true),
        (libc::STA_PPSFREQ, false),
        (libc::STA_PPSTIME, false),
        (libc::STA_FLL, true),
        (libc::STA_INS, true),
        (libc::STA_DEL, true),
        (libc::STA_UNSYNC, true),
        (libc::STA_FREQHOLD, true),
        (libc::STA_PPSSIGNAL, true),
        (libc::STA_PPSJITTER, true),
        (libc::STA_PPSWANDER, true),
        (libc::STA_PPSERROR, true),
        (libc::STA_CLOCKERR, false),
        (libc::STA_NANO, true),
        (libc::STA_MODE, true),
        (libc::STA_CLK, true),
        (1 << 16, true),
    ] {
        for other in [0, libc::STA_UNSYNC, libc::STA_NANO | libc::STA_PLL] {
            let answer = with(|answer| answer.timex.status = flag | other);
            let found = is_synchronized_at(&answer, NOON);
            assert_eq!(found, synchronized, "{flag:#x} {other:#x}");
        }
    }
}

#[test]
fn a_pulse_per_second_that_is_missing_or_bad() {
    use libc::{
        STA_PPSERROR as ERROR, STA_PPSFREQ as FREQ, STA_PPSJITTER as JITTER,
        STA_PPSSIGNAL as SIGNAL, STA_PPSTIME as TIME, STA_PPSWANDER as WANDER,
    };
    for (status, synchronized) in [
        (FREQ | SIGNAL, true),
        (TIME | SIGNAL, true),
        (FREQ | TIME | SIGNAL, true),
        (FREQ | TIME, false),
        (TIME | SIGNAL | JITTER, false),
        (FREQ | SIGNAL | JITTER, true),
        (FREQ | SIGNAL | WANDER, false),
        (TIME | SIGNAL | WANDER, true),
        (FREQ | SIGNAL | ERROR, false),
        (TIME | SIGNAL | ERROR, true),
        (SIGNAL | JITTER | WANDER | ERROR, true),
    ] {
        let answer = with(|answer| answer.timex.status = status);
        let found = is_synchronized_at(&answer, NOON);
        assert_eq!(found, synchronized, "{status:#x}");
    }
}

#[test]
fn of_the_return_values_only_a_leap_second_in_progress_counts() {
    for (state, synchronized) in [
        (0, true),
        (1, true),
        (2, true),
        (3, false),
        (4, true),
        (5, true),
    ] {
        let answer = with(|answer| {
            answer.state = state;
            answer.timex.status = libc::STA_INS;
        });
        assert_eq!(is_synchronized_at(&answer, NOON), synchronized, "{state}");
    }
}

#[test]
fn a_leap_second_that_sta_unsync_hides() {
    use libc::{STA_DEL as DEL, STA_INS as INS, STA_UNSYNC as UNSYNC};
    for (status, wall, synchronized) in [
        (UNSYNC | INS, "2026-12-31T23:59:58.999999999Z", true),
        (UNSYNC | INS, "2026-12-31T23:59:59Z", false),
        (UNSYNC | INS, "2027-01-01T00:00:00Z", false),
        (UNSYNC | INS, "2027-01-01T00:00:02Z", false),
        (UNSYNC | INS, "2027-01-01T00:00:02.000000001Z", true),
        (UNSYNC | DEL, "2026-12-31T23:59:59.5Z", false),
        (UNSYNC | DEL, "2026-12-31T12:00:00Z", true),
        (UNSYNC, "2027-01-01T00:00:00Z", true),
        // Without STA_UNSYNC the return value says it.
        (INS, "2027-01-01T00:00:00Z", true),
        (UNSYNC | INS, "1969-12-31T23:59:59.5Z", false),
    ] {
        let answer = with(|answer| answer.timex.status = status);
        let found = is_synchronized_at(&answer, wall);
        assert_eq!(found, synchronized, "{status:#x} {wall}");
    }
}

proptest! {
    /// For any state of the kernel, nothing overflows, and a bound is at least each of its
    /// parts.
    #[test]
    fn no_answer_makes_it_panic_and_no_part_is_lost(
        (state, status) in (0..6i32, any::<i32>()),
        (offset, freq, tick) in (any::<i64>(), any::<i64>(), any::<i64>()),
        (maxerror, esterror, slew_left_us) in (any::<i64>(), any::<i64>(), any::<i64>()),
        usual_rate in any::<bool>(),
        small in any::<bool>(),
        seconds in -100_000_000_000i64..100_000_000_000,
    ) {
        let shrink = |value: i64| if small { value % 1_000_000 } else { value };
        let answer = Answer {
            state,
            timex: Timex {
                offset: shrink(offset),
                freq: if usual_rate { 0 } else { freq },
                maxerror: shrink(maxerror),
                esterror: shrink(esterror),
                status,
                tick: if usual_rate { 10_000 } else { tick },
            },
            slew_left_us: shrink(slew_left_us),
        };
        let wall = DateTime::from_timestamp(seconds, 0).unwrap();
        let (status, bound) = interpret(&answer, wall, DriftRate::DEFAULT);
        prop_assert!(bound.is_err() || status == SyncStatus::Synchronized);
        if let Ok(bound) = bound {
            let ns = i128::try_from(bound.as_duration().as_nanos()).unwrap();
            prop_assert!(ns >= i128::from(answer.timex.maxerror) * 1_000);
            prop_assert!(ns >= i128::from(answer.timex.esterror) * 1_000);
            prop_assert!(ns >= i128::from(answer.slew_left_us).abs() * 1_000);
        }
    }
}
