//! Limits as text: what is read, what is refused, and what is shown.

use super::*;
use proptest::prelude::*;

#[test]
fn an_error_limit_is_one_number_with_a_small_unit() {
    for (text, nanoseconds) in [
        ("5ms", 5_000_000),
        ("5 ms", 5_000_000),
        ("0.5ms", 500_000),
        ("446us", 446_000),
        ("1ns", 1),
        ("0s", 0),
        ("60s", 60_000_000_000),
        ("60000ms", 60_000_000_000),
        ("0060.000s", 60_000_000_000),
        ("1.9ns", 1),
        ("0.0000000019s", 1),
        ("1.23456789ms", 1_234_567),
    ] {
        let limit: ErrorLimit = text.parse().unwrap();
        assert_eq!(
            limit.as_duration(),
            Duration::from_nanos(nanoseconds),
            "{text}"
        );
    }
    for text in [
        "", "5", "ms", ".5ms", "5.ms", "1.2.3ms", "-5ms", "+5ms", "1e3ms", "5ms 1us", "1,5ms",
        "5MS", "5h", "5min", "5msec", "5ms ", " 5ms", "infs",
    ] {
        let error = text.parse::<ErrorLimit>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected a number and one of ns, us, ms and s, such as 5ms, got {text:?}")
        );
    }
}

#[test]
fn a_likely_slip_is_named() {
    for (text, hint) in [
        ("5m", "5ms"),
        ("0.5m", "0.5ms"),
        ("5\u{b5}s", "5us"),
        ("5\u{3bc}s", "5us"),
    ] {
        let error = text.parse::<ErrorLimit>().unwrap_err().to_string();
        assert!(
            error.ends_with(&format!("got {text:?}; did you mean {hint}?")),
            "{error}"
        );
    }
}

#[test]
fn an_error_limit_over_a_minute_is_too_large() {
    for text in [
        "60.000000001s",
        "61s",
        "60001ms",
        "99999999999999999999ns",
        "18446744073709551615s",
    ] {
        let error = text.parse::<ErrorLimit>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("expected at most 60s, got {text:?}")
        );
    }
}

#[test]
fn an_error_limit_is_shown_with_its_largest_unit() {
    for text in [
        "0ns",
        "999ns",
        "1us",
        "1.5us",
        "446.931us",
        "5ms",
        "1.000001ms",
        "60s",
    ] {
        assert_eq!(text.parse::<ErrorLimit>().unwrap().to_string(), text);
    }
}

#[test]
fn an_age_limit_is_a_duration_or_off() {
    for (text, limit) in [
        ("1h", AgeLimit::Required(Duration::from_secs(3_600))),
        ("1m 30s", AgeLimit::Required(Duration::from_secs(90))),
        ("0s", AgeLimit::Required(Duration::ZERO)),
        ("off", AgeLimit::Off),
    ] {
        assert_eq!(text.parse(), Ok(limit), "{text}");
    }
    for text in ["", "1", "0", "OFF", "none", "-1h", "1h x"] {
        let error = text.parse::<AgeLimit>().unwrap_err();
        assert!(error.to_string().contains("or off, got"), "{error}");
    }
}

proptest! {
    #[test]
    fn what_a_limit_allows_is_never_more_than_the_text(
        whole in 0..70_000_u64, decimals in "[0-9]{1,12}", unit in 0..4_usize,
    ) {
        let (name, size) = [("ns", 1e-9), ("us", 1e-6), ("ms", 1e-3), ("s", 1.0)][unit];
        let text = format!("{whole}.{decimals}{name}");
        let exact: f64 = format!("{whole}.{decimals}").parse().unwrap();
        if let Ok(limit) = text.parse::<ErrorLimit>() {
            let seconds = limit.as_duration().as_secs_f64();
            prop_assert!(seconds <= exact * size * (1.0 + 1e-12));
            prop_assert!(seconds >= exact * size * (1.0 - 1e-12) - 1e-9);
        } else {
            prop_assert!(exact * size > 60.0);
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again(nanoseconds in 0..=60_000_000_000_u64, zeros in 0..10_u32) {
        let nanoseconds = nanoseconds / 10_u64.pow(zeros) * 10_u64.pow(zeros);
        let limit = ErrorLimit(Duration::from_nanos(nanoseconds));
        prop_assert_eq!(limit.to_string().parse(), Ok(limit));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = text.parse::<ErrorLimit>();
        let _ = text.parse::<AgeLimit>();
    }
}
