//! The verdict as a table, its JSON and its text.

mod generated;

use std::time::Instant;

use chrono::TimeDelta;

use super::*;
use crate::reading::BoundUnknown;
use crate::source::NotCompared;
use crate::time::ErrorBound;

const HOUR: Duration = Duration::from_secs(3_600);
const DRIFT: DriftRate = DriftRate::DEFAULT;

/// A reading with this status, bound and age of the reference.
fn reading(status: SyncStatus, bound_ms: Option<f64>, age: Option<Duration>) -> Reading {
    let now = Moment::new(
        DateTime::UNIX_EPOCH + TimeDelta::days(20_000),
        Instant::now(),
    );
    let mut reading = Reading::new(ClockSource::Ecs, now, now);
    reading.status = status;
    reading.bound = bound_ms.map(|bound| ErrorBound::from_millis(bound).unwrap());
    reading.reference = age.map(|age| now.wall - TimeDelta::from_std(age).unwrap());
    reading
}

fn judged(reading: &Reading, limits: &Limits) -> Report {
    Report::judge(reading, limits, &reading.taken, DRIFT)
}

fn codes(report: &Report) -> Vec<&'static str> {
    report.codes().collect()
}

/// The moment `seconds` after the reading was taken.
fn later_by(reading: &Reading, seconds: u64) -> Moment {
    let passed = Duration::from_secs(seconds);
    let wall = reading.taken.wall + TimeDelta::from_std(passed).unwrap();
    Moment::new(wall, reading.taken.monotonic + passed)
}

#[test]
fn what_is_not_known_is_not_good() {
    use SyncStatus::{NotSynchronized, Synchronized, Unknown};
    let old = HOUR + Duration::from_millis(1);
    let any = Limits::default();
    let off = any.with_max_age(AgeLimit::Off);
    let hour = any.with_max_age(HOUR);
    let adjusted = any.with_age_adjustment();
    let off_adjusted = off.with_age_adjustment();
    for (status, bound, age, limits, expected) in [
        (Synchronized, Some(0.4), Some(HOUR), any, &[][..]),
        (Synchronized, Some(0.0), None, any, &[]),
        (Synchronized, Some(0.4), Some(old), any, &["age_over_limit"]),
        (Synchronized, Some(0.4), Some(old), off, &[]),
        (Synchronized, Some(0.4), None, off, &[]),
        (Synchronized, Some(0.4), None, hour, &["age_unknown"]),
        (Synchronized, Some(0.4), Some(HOUR), hour, &[]),
        (Synchronized, None, Some(HOUR), any, &["bound_unknown"]),
        (Synchronized, None, None, off, &["bound_unknown"]),
        (Synchronized, Some(0.4), None, adjusted, &["age_unknown"]),
        (
            Synchronized,
            Some(0.4),
            None,
            off_adjusted,
            &["age_unknown"],
        ),
        (Synchronized, None, Some(HOUR), adjusted, &["bound_unknown"]),
        (
            Synchronized,
            None,
            None,
            adjusted,
            &["bound_unknown", "age_unknown"],
        ),
        (
            NotSynchronized,
            Some(0.4),
            Some(HOUR),
            any,
            &["not_synchronized"],
        ),
        (Unknown, Some(0.4), None, any, &["not_synchronized"]),
        (
            Unknown,
            None,
            None,
            hour,
            &["not_synchronized", "bound_unknown", "age_unknown"],
        ),
        (
            Unknown,
            None,
            Some(old),
            any,
            &["not_synchronized", "bound_unknown", "age_over_limit"],
        ),
    ] {
        let report = judged(&reading(status, bound, age), &limits);
        assert_eq!(
            codes(&report),
            expected,
            "{status} {bound:?} {age:?} {limits:?}"
        );
        assert_eq!(report.is_good(), expected.is_empty());
    }
}

#[test]
fn the_bound_is_compared_as_it_has_grown_by_now() {
    let reading = reading(
        SyncStatus::Synchronized,
        Some(4.0),
        Some(Duration::from_secs(900)),
    );
    let limits = Limits::default().with_max_error(Duration::from_micros(4_015));
    let at = |seconds, limits| Report::judge(&reading, limits, &later_by(&reading, seconds), DRIFT);
    assert!(at(1, &limits).is_good());
    let report = at(2, &limits);
    assert_eq!(
        report.reasons,
        [Reason::BoundOverLimit {
            bound: Duration::from_micros(4_030),
            limit: Duration::from_micros(4_015),
            age_adjusted: false,
        }]
    );
    assert_eq!(
        report.reasons[0].to_string(),
        "the error bound of 4.03 ms is over the limit of 4.015 ms"
    );
    // The source's figure does not change.
    assert_eq!(report.error_bound, Some(Duration::from_millis(4)));
}

#[test]
fn the_age_is_compared_as_it_is_by_now() {
    let reading = reading(
        SyncStatus::Synchronized,
        Some(4.0),
        Some(Duration::from_secs(50)),
    );
    let limits = Limits::default().with_max_age(Duration::from_secs(60));
    let at = |seconds| Report::judge(&reading, &limits, &later_by(&reading, seconds), DRIFT);
    assert!(at(10).is_good());
    assert_eq!(
        at(11).reasons,
        [Reason::AgeOverLimit {
            age: Duration::from_secs(61),
            limit: Duration::from_secs(60),
        }]
    );
}

#[test]
fn age_adjusted_puts_the_unknown_on_the_safe_side() {
    let reading = reading(
        SyncStatus::Synchronized,
        Some(0.5),
        Some(Duration::from_secs(900)),
    );
    let limits = Limits::default().with_max_error(Duration::from_millis(5));
    assert!(judged(&reading, &limits).is_good());
    let report = judged(&reading, &limits.with_age_adjustment());
    assert_eq!(
        report.reasons[0].to_string(),
        "the age-adjusted error bound of 14 ms is over the limit of 5 ms"
    );
    assert_eq!(report.error_bound, Some(Duration::from_micros(500)));
    let interval = report.interval.unwrap();
    assert_eq!(
        interval.latest - interval.earliest,
        TimeDelta::milliseconds(28)
    );
}

#[test]
fn only_what_is_before_the_earliest_time_is_certainly_past() {
    let reading = reading(SyncStatus::Synchronized, Some(1.0), None);
    let report = judged(&reading, &Limits::default());
    let earliest = report.interval.unwrap().earliest;
    for (offset_ns, is_past) in [(-1, true), (0, false), (1, false)] {
        let instant = earliest + TimeDelta::nanoseconds(offset_ns);
        assert_eq!(report.is_certainly_past(instant), is_past, "{offset_ns}");
    }
}

#[test]
fn a_range_is_only_given_for_a_synchronized_clock() {
    let age = Some(Duration::from_secs(9));
    for limits in [Limits::default(), Limits::default().with_age_adjustment()] {
        for (status, bound, age, has_range) in [
            (SyncStatus::Synchronized, Some(1.0), age, true),
            (SyncStatus::NotSynchronized, Some(1.0), age, false),
            (SyncStatus::Unknown, Some(1.0), age, false),
            (SyncStatus::Synchronized, None, age, false),
            (
                SyncStatus::Synchronized,
                Some(1.0),
                None,
                !limits.age_adjusted,
            ),
        ] {
            let report = judged(&reading(status, bound, age), &limits);
            assert_eq!(
                report.interval.is_some(),
                has_range,
                "{status} {bound:?} {age:?}"
            );
            assert_eq!(report.is_certainly_past(DateTime::UNIX_EPOCH), has_range);
        }
    }
}

#[test]
fn a_cross_check_that_disagrees_takes_the_range_and_one_that_failed_is_a_warning() {
    let good = reading(
        SyncStatus::Synchronized,
        Some(1.0),
        Some(Duration::from_secs(9)),
    );
    let check = |comparison| CrossCheck {
        offset: ClockOffset::new(TimeDelta::milliseconds(3), Duration::from_millis(1)),
        comparison,
    };
    let failed = ReadError::new(ReadErrorKind::Timeout, "no answer within 2s");
    let agree = Ok(check(Comparison::Agree));
    let disagree = Ok(check(Comparison::Disagree));
    let not_compared = Ok(check(Comparison::NotCompared(NotCompared::TooFarApart)));
    for (outcome, is_good, warning) in [
        (agree, true, None),
        (disagree, false, None),
        (
            not_compared,
            true,
            Some("no cross-check: the reading and the exchange are over 5 s apart"),
        ),
        (
            Err(failed),
            true,
            Some("no cross-check: no answer within 2s"),
        ),
    ] {
        let mut report = judged(&good, &Limits::default());
        let made = outcome.as_ref().ok().copied();
        report.add_cross_check(outcome);
        assert_eq!(report.cross_check, made);
        assert_eq!(
            (report.is_good(), report.interval.is_some()),
            (is_good, is_good)
        );
        let expected: &[&str] = if is_good {
            &[]
        } else {
            &["cross_check_disagrees"]
        };
        assert_eq!(codes(&report), expected);
        let warnings: Vec<_> = report.warnings.iter().map(ToString::to_string).collect();
        assert_eq!(warnings.first().map(String::as_str), warning);
    }
}

#[test]
fn what_a_reading_leaves_open_is_a_warning() {
    let good = reading(
        SyncStatus::Synchronized,
        Some(1.0),
        Some(Duration::from_secs(9)),
    );
    let warnings = |reading: &Reading| judged(reading, &Limits::default()).warnings;
    assert_eq!(warnings(&good), []);

    let offset = ClockOffset {
        is_near_leap_second: true,
        ..ClockOffset::new(TimeDelta::milliseconds(500), Duration::ZERO)
    };
    // The wall clock was stepped by 2 s while the source was asked.
    let taken = good.taken.moved(TimeDelta::seconds(2));
    let mut odd = Reading::new(ClockSource::Ecs, good.requested, taken);
    odd.bound_unknown = Some(BoundUnknown::Slewing);
    odd.offset = Some(offset);
    let by = Duration::from_secs(2);
    let expected = [
        Warning::BoundUnknown(BoundUnknown::Slewing),
        Warning::LeapSecond(offset),
        Warning::Enlarged { by },
    ];
    assert_eq!(warnings(&odd), expected);
}

/// An hour at 15 ppm is 54 ms.
#[test]
fn a_verdict_can_be_asked_for_some_time_to_come() {
    let age = Some(Duration::from_secs(60));
    let reading = reading(SyncStatus::Synchronized, Some(1.0), age);
    let limits = Limits::default().with_max_error(Duration::from_millis(55));
    for (valid_for_s, bound_us, expected) in [
        (0, 1_000, &[][..]),
        (3_540, 54_100, &[]),
        (3_541, 54_115, &["age_over_limit"]),
        (3_601, 55_015, &["bound_over_limit", "age_over_limit"]),
    ] {
        let limits = limits.with_valid_for(Duration::from_secs(valid_for_s));
        let report = judged(&reading, &limits);
        assert_eq!(codes(&report), expected, "{valid_for_s} s");
        let bound = Duration::from_micros(bound_us);
        assert_eq!(report.bound_now, Some(bound), "{valid_for_s} s");
        let range = TimeInterval::around(reading.taken.wall, bound);
        assert_eq!(report.interval, Some(range), "{valid_for_s} s");
    }
}

#[test]
fn members_and_their_forms() {
    let base = reading(
        SyncStatus::Synchronized,
        Some(0.446_931),
        Some(Duration::from_secs(9)),
    );
    let wall = base.taken.wall + TimeDelta::nanoseconds(1_999);
    let now = Moment::new(wall, base.taken.monotonic);
    let mut reading = Reading::new(ClockSource::Ecs, now, now);
    (reading.status, reading.bound) = (base.status, base.bound);
    reading.reference = base.reference;
    let sample = Sample {
        source: reading.source,
        at: reading.taken,
        outcome: Ok(reading.clone()),
        withheld: vec![ReadError::new(
            ReadErrorKind::InvalidMember,
            "the bound is negative",
        )],
        identity: None,
    };
    let report = Report::judge_sample(&sample, &Limits::default(), &reading.taken, DRIFT);
    assert_eq!(
        serde_json::to_string(&report).unwrap(),
        r#"{"verdict":"good","reasons":[],"codes":[],"warnings":["withheld: the bound is negative"],"#.to_owned()
            + r#""limits":{"max_error_ms":1000.0,"max_age_s":3600.0,"age_adjusted":false,"for":null},"#
            + r#""source":"ecs","status":"SYNCHRONIZED","error_bound_ms":0.446931,"offset_ms":null,"offset_error_ms":null,"#
            + r#""reference_timestamp":"2024-10-03T23:59:51.000000Z","reference_age_s":9.0,"#
            + r#""age_adjusted_bound_ms":0.581932,"max_drift_ppm":15,"read_at":"2024-10-04T00:00:00.000001Z","#
            + r#""earliest":"2024-10-03T23:59:59.999555Z","latest":"2024-10-04T00:00:00.000449Z"}"#
    );
    let text = report.to_string();
    for line in [
        "verdict             good\n",
        "warning             withheld: the bound is negative\n",
        "error bound         0.446931 ms (limit 1s)\n",
        "reference age       9 s (limit 1h where known)\n",
        "latest true time    2024-10-04T00:00:00.000449Z\n",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}

#[test]
fn a_limit_by_name_is_shown_beside_a_smaller_one_that_applies() {
    let preset = Limits::default().with_preset("etcd".parse().unwrap());
    let smaller = preset.with_max_error(Duration::from_millis(100));
    for (limits, shown) in [
        (preset, "(limit 500ms for etcd)\n"),
        (smaller, "(limit 100ms, below the 500ms for etcd)\n"),
    ] {
        let text = Report::empty(Vec::new(), &limits).to_string();
        assert!(text.contains(shown), "{shown} in {text}");
    }
}

#[test]
fn what_is_unknown_is_null() {
    let error = ReadError::new(ReadErrorKind::Timeout, "no complete answer within 2s");
    let report = Report::from_error(&error, &Limits::default());
    assert_eq!(
        serde_json::to_string(&report).unwrap(),
        r#"{"verdict":"not_good","reasons":["no reading: no complete answer within 2s"],"#
            .to_owned()
            + r#""codes":["no_reading"],"warnings":[],"#
            + r#""limits":{"max_error_ms":1000.0,"max_age_s":3600.0,"age_adjusted":false,"for":null},"#
            + r#""source":null,"status":null,"error_bound_ms":null,"offset_ms":null,"offset_error_ms":null,"#
            + r#""reference_timestamp":null,"reference_age_s":null,"age_adjusted_bound_ms":null,"#
            + r#""max_drift_ppm":null,"read_at":null,"earliest":null,"latest":null}"#
    );
    assert!(report.is_without_reading());
    assert!(
        report
            .to_string()
            .contains("\nearliest true time  unknown\n")
    );
}

#[test]
fn every_code_is_a_word_of_the_documentation() {
    let duration = Duration::from_secs(1);
    let reasons = [
        Reason::NotSynchronized(SyncStatus::Unknown),
        Reason::BoundUnknown,
        Reason::BoundOverLimit {
            bound: duration,
            limit: duration,
            age_adjusted: false,
        },
        Reason::AgeOverLimit {
            age: duration,
            limit: duration,
        },
        Reason::AgeUnknown,
        Reason::ClockStepping,
        Reason::NoReading(ReadError::new(ReadErrorKind::Timeout, "")),
    ];
    assert_eq!(
        reasons.map(|reason| reason.as_str()),
        [
            "not_synchronized",
            "bound_unknown",
            "bound_over_limit",
            "age_over_limit",
            "age_unknown",
            "clock_stepping",
            "no_reading",
        ]
    );
}
