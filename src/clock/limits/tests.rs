//! Tests limits at their edges, and from any text.

use super::*;
use chrono::{DateTime, Utc};
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
        let limit = ErrorLimit::AtMost(Duration::from_nanos(nanoseconds));
        assert_eq!(text.parse(), Ok(limit), "{text}");
    }
    for text in [
        "", "5", "ms", ".5ms", "5.ms", "1.2.3ms", "-5ms", "+5ms", "1e3ms", "5ms 1us", "1,5ms",
        "5MS", "5h", "5min", "5msec", "5ms ", " 5ms", "infs",
    ] {
        let error = text.parse::<ErrorLimit>().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "expected a number and one of ns, us, ms and s, such as 5ms, or off, got {text:?}"
            )
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
            format!("expected at most 60s, or off, got {text:?}")
        );
    }
}

#[test]
fn an_error_limit_is_shown_with_its_largest_unit() {
    for text in [
        "0ms",
        "999ns",
        "1us",
        "1.5us",
        "446.931us",
        "5ms",
        "1.000001ms",
        "60s",
        "off",
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
        if let Ok(ErrorLimit::AtMost(limit)) = text.parse::<ErrorLimit>() {
            let seconds = limit.as_secs_f64();
            prop_assert!(seconds <= exact * size * (1.0 + 1e-12));
            prop_assert!(seconds >= exact * size * (1.0 - 1e-12) - 1e-9);
        } else {
            prop_assert!(exact * size > 60.0);
        }
    }

    #[test]
    fn what_is_shown_can_be_read_again(nanoseconds in 0..=60_000_000_000_u64, zeros in 0..10_u32) {
        let nanoseconds = nanoseconds / 10_u64.pow(zeros) * 10_u64.pow(zeros);
        let limit = ErrorLimit::AtMost(Duration::from_nanos(nanoseconds));
        prop_assert_eq!(limit.to_string().parse(), Ok(limit));
    }

    #[test]
    fn no_text_makes_it_panic(text in ".*") {
        let _ = text.parse::<ErrorLimit>();
        let _ = text.parse::<AgeLimit>();
    }
}

#[test]
fn the_default_error_limit_depends_on_the_source() {
    let limits = Limits::default();
    for (source, seconds) in [
        (None, 1),
        (Some(ClockSource::Ecs), 1),
        (Some(ClockSource::Ntp), 1),
        (Some(ClockSource::Kernel), 2),
    ] {
        let limit = Duration::from_secs(seconds);
        assert_eq!(limits.max_error_for(source), Some(limit), "{source:?}");
    }
    assert_eq!(Limits::any_error().max_error_for(None), None);
}

#[test]
fn each_limit_is_set_by_itself() {
    let limits = Limits::default();
    let second = Duration::from_secs(1);
    let valid_for = Limits {
        valid_for: second,
        ..limits
    };
    assert_eq!(limits.with_valid_for(second), valid_for);
    let age_adjusted = Limits {
        age_adjusted: true,
        ..limits
    };
    assert_eq!(limits.with_age_adjustment(), age_adjusted);
    assert_eq!(valid_for.with_max_error(second).valid_for, second);
    assert_eq!(valid_for.with_max_age(second).valid_for, second);
}

#[test]
fn the_smaller_of_a_preset_and_a_given_limit_applies() {
    let preset: Preset = "sigv4".parse().unwrap();
    let limits = Limits::default().with_preset(preset);
    let minutes = Duration::from_secs(300);
    // The default limit is not a given one.
    assert_eq!(limits.max_error_for(None), Some(minutes));
    let second = Duration::from_secs(1);
    assert_eq!(
        limits.with_max_error(second).max_error_for(None),
        Some(second)
    );
    let off = limits.with_max_error(ErrorLimit::Off);
    assert_eq!(off.max_error_for(None), Some(minutes));
}

#[test]
fn a_query_overrides_the_limit_and_the_preset_together() {
    let preset = |name: &str| name.parse::<Preset>().unwrap();
    let configured = Limits::default()
        .with_preset(preset("cockroachdb"))
        .with_max_error(Duration::from_millis(5));
    for (query, millis) in [
        ("", Some(5)),
        ("max_age=off", Some(5)),
        ("max_error=7ms", Some(7)),
        ("for=etcd", Some(500)),
        ("for=etcd&max_error=7ms", Some(7)),
        ("max_error=700ms&for=etcd", Some(500)),
        ("max_error=off", None),
        ("max_error=off&for=etcd", Some(500)),
    ] {
        let parsed = Limits::from_query(query, &configured).unwrap();
        let expected = millis.map(Duration::from_millis);
        assert_eq!(parsed.limits.max_error_for(None), expected, "{query}");
    }
    let invalid = Limits::from_query("for=postgresql", &configured).unwrap_err();
    let message = invalid.to_string();
    assert!(
        message.starts_with("for: expected one of cockroachdb, ")
            && message.ends_with("got \"postgresql\""),
        "{message}"
    );
}

#[test]
fn each_parameter_of_a_query_sets_one_thing() {
    let defaults = Limits::default();
    let asked = |limits| {
        Ok(ClockQuery {
            limits,
            after: None,
        })
    };
    let adjusted = defaults.with_age_adjustment();
    let minute = defaults.with_valid_for(Duration::from_secs(60));
    let time: DateTime<Utc> = "2026-01-31T12:00:00.5Z".parse().unwrap();
    let after = ClockQuery {
        limits: defaults,
        after: Some(time),
    };
    for (query, expected) in [
        ("", asked(defaults)),
        ("max_age=off", asked(defaults.with_max_age(AgeLimit::Off))),
        ("age_adjusted=true", asked(adjusted)),
        ("age_adjusted=1", asked(adjusted)),
        ("valid_for=60s", asked(minute)),
        ("after=2026-01-31T12:00:00.5Z", Ok(after)),
        ("after=2026-01-31T13:00:00.5+01:00", Ok(after)),
    ] {
        assert_eq!(Limits::from_query(query, &defaults), expected, "{query}");
    }
    for query in ["age_adjusted=false", "age_adjusted=0"] {
        assert_eq!(
            Limits::from_query(query, &adjusted),
            asked(defaults),
            "{query}"
        );
    }
    for (query, message) in [
        (
            "age_adjusted=yes",
            "age_adjusted: expected true or false, got \"yes\"",
        ),
        (
            "valid_for=60001ms",
            "valid_for: expected a duration of at most 60s, such as 500ms, got \"60001ms\"",
        ),
        (
            "after=noon",
            "after: expected a time such as 2026-01-31T12:00:00.5Z, got \"noon\"",
        ),
        ("max_age=1h&max_age=2h", "max_age is given twice"),
    ] {
        let invalid = Limits::from_query(query, &defaults).unwrap_err();
        assert_eq!(invalid.to_string(), message);
    }
}

#[test]
fn a_preset_has_one_name() {
    for preset in Preset::ALL {
        assert_eq!(preset.as_str().parse(), Ok(*preset));
        assert!(preset.max_error() > Duration::ZERO);
    }
}
