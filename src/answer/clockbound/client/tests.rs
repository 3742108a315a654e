//! Tests the verdict on a segment, and reading its file.

use super::*;
use std::fs;
use tempfile::TempDir;

fn segment(status: Status) -> Segment {
    Segment {
        as_of: Duration::from_secs(1_000),
        void_after: Duration::from_secs(1_090),
        bound: Duration::from_millis(1),
        drift_ppb: 15_000,
        status,
        disruption_support: false,
    }
}

#[test]
fn a_segment_is_judged_as_a_client_sees_it() {
    use Status::{Disrupted, FreeRunning, Synchronized, Unknown};
    let lost = ["not_synchronized"].as_slice();
    let nothing = ["not_synchronized", "bound_unknown"].as_slice();
    for (what, written, at_ms, max_error_us, seen, codes) in [
        (
            "good",
            Synchronized,
            1_000_000,
            None,
            "SYNCHRONIZED",
            [].as_slice(),
        ),
        (
            "within the limit",
            Synchronized,
            1_002_000,
            Some(1_030),
            "SYNCHRONIZED",
            &[],
        ),
        (
            "over the limit",
            Synchronized,
            1_002_000,
            Some(1_029),
            "SYNCHRONIZED",
            &["bound_over_limit"],
        ),
        (
            "in the grace",
            Synchronized,
            1_004_999,
            None,
            "SYNCHRONIZED",
            &[],
        ),
        (
            "past the grace",
            Synchronized,
            1_005_000,
            None,
            "FREE_RUNNING",
            lost,
        ),
        ("expired", Synchronized, 1_090_000, None, "UNKNOWN", nothing),
        ("free", FreeRunning, 1_000_000, None, "FREE_RUNNING", lost),
        ("disrupted", Disrupted, 1_000_000, None, "DISRUPTED", lost),
        ("unknown", Unknown, 1_000_000, None, "UNKNOWN", nothing),
        (
            "of the future",
            Synchronized,
            999_999,
            None,
            "SYNCHRONIZED",
            lost,
        ),
    ] {
        let report = judge(
            Some(&segment(written)),
            Utc::now(),
            Duration::from_millis(at_ms),
            &max_error_us.map_or(Limits::any_error(), |limit| {
                Limits::default().with_max_error(Duration::from_micros(limit))
            }),
        );
        assert_eq!(
            (
                report.status.map(SyncStatus::as_str),
                report.codes().collect::<Vec<_>>()
            ),
            (Some(seen), codes.to_vec()),
            "{what}"
        );
        assert_eq!(report.is_good(), codes.is_empty(), "{what}");
        assert_eq!(report.reasons.len(), codes.len(), "{what}");
        let has_range = !codes.contains(&"not_synchronized");
        assert_eq!(report.interval.is_some(), has_range, "{what}");
    }
    // Clients let the coarse clock lag by a microsecond.
    for (ahead_ns, is_good) in [(0, true), (1_000, true), (1_001, false)] {
        let coarse = Duration::from_secs(1_000).saturating_sub(Duration::from_nanos(ahead_ns));
        let report = judge(
            Some(&segment(Synchronized)),
            Utc::now(),
            coarse,
            &Limits::any_error(),
        );
        assert_eq!(report.is_good(), is_good, "{ahead_ns}");
    }
    let torn = judge(
        None,
        Utc::now(),
        Duration::from_secs(1),
        &Limits::any_error(),
    );
    assert_eq!(torn.codes().collect::<Vec<_>>(), nothing);
}

#[test]
fn a_file_is_read_or_says_why_not() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(FILE_NAME);
    let unreadable = || read(directory.path()).unwrap_err();
    assert!(matches!(unreadable(), Unreadable::File(_)));
    fs::write(&path, "short").unwrap();
    assert!(matches!(unreadable(), Unreadable::File(_)));
    fs::write(&path, [7; 80]).unwrap();
    assert!(matches!(unreadable(), Unreadable::Foreign(_)));
    let written = segment(Status::Synchronized);
    fs::write(&path, written.to_bytes(0)).unwrap();
    assert!(matches!(unreadable(), Unreadable::NotInitialized));
    let with_support = Segment {
        disruption_support: true,
        ..written
    };
    fs::write(&path, with_support.to_bytes(2)).unwrap();
    assert!(matches!(unreadable(), Unreadable::NeedsVmClock));
    fs::write(&path, written.to_bytes(2)).unwrap();
    assert_eq!(read(directory.path()).unwrap().0, Some(written));
    fs::write(&path, written.to_bytes(3)).unwrap();
    assert_eq!(read(directory.path()).unwrap(), (None, None));
}

/// A client in another time namespace reads `CLOCK_MONOTONIC` with another offset.
#[test]
fn another_monotonic_clock_is_found_out_by_the_time_of_the_file() {
    let wall: DateTime<Utc> = "2026-11-29T10:00:00Z".parse().unwrap();
    for (what, file_age_s, coarse_s, by_s) in [
        ("fresh", 0, 1_000, None),
        ("30 s old", 30, 1_030, None),
        ("stepped by less", 59, 1_000, None),
        ("the writer is ahead", 10, 610, Some(400)),
        ("the writer is a day behind", 10, 87_410, Some(-86_400)),
        // Nothing is known about a file from before the start of the machine.
        ("restarted", 5_000, 600, None),
    ] {
        let written = wall - TimeDelta::seconds(file_age_s);
        let coarse = Duration::from_secs(coarse_s);
        let found = monotonic_difference(&segment(Status::Synchronized), written, wall, coarse);
        assert_eq!(found, by_s.map(TimeDelta::seconds), "{what}");
    }
}
