//! Which changes are reported on stderr, and how often.

use super::*;
use crate::reading::{ClockSource, Reading};
use crate::time::Moment;
use proptest::prelude::*;

#[test]
fn an_offset_is_reported_when_it_becomes_too_large_and_when_it_is_tolerated() {
    let now = Moment::now();
    let mut changes = Changes::default();
    let mut notices = |offset_ms, is_near_leap_second| {
        let mut offset = ClockOffset::new(TimeDelta::milliseconds(offset_ms), Duration::ZERO);
        offset.is_near_leap_second = is_near_leap_second;
        let mut reading = Reading::new(ClockSource::Ntp, now, now);
        reading.offset = Some(offset);
        let sample = Sample::new(ClockSource::Ntp, now, Ok(reading));
        let found = changes.notices(&sample);
        found.iter().map(discriminant).collect::<Vec<_>>()
    };
    let some = ClockOffset::new(TimeDelta::zero(), Duration::ZERO);
    let too_large = discriminant(&Notice::OffsetTooLarge(some));
    let tolerated = discriminant(&Notice::LeapSecond(some));
    // The first reading counts too.
    assert_eq!(notices(300, true), [tolerated]);
    assert_eq!(notices(301, true), []);
    assert_eq!(notices(302, false), [too_large]);
    assert_eq!(notices(-303, false), []);
    assert_eq!(notices(100, false), []);
    assert_eq!(notices(200, false), [too_large]);
}

#[test]
fn three_times_a_minute_then_once_a_minute_with_the_count() {
    let start = Instant::now();
    let mut notices = Notices::default();
    let mut reported = Vec::new();
    for second in 0..200 {
        let now = start + Duration::from_secs(second);
        let notice = notices.take(Notice::Recovered, now);
        reported.extend(notice.map(|(_, times)| (second, times)));
    }
    assert_eq!(
        reported,
        [(0, 1), (1, 1), (2, 1), (60, 58), (120, 60), (180, 60)]
    );
}

#[test]
fn a_quiet_minute_resets_the_limit_and_the_count_is_still_reported() {
    let start = Instant::now();
    let at = |seconds| start + Duration::from_secs(seconds);
    let mut notices = Notices::default();
    for second in 0..5 {
        notices.take(Notice::Recovered, at(second));
    }
    assert!(notices.overdue(at(59)).is_empty());
    assert_eq!(
        notices.overdue(at(60)),
        [(Notice::Recovered, 2)],
        "the last two"
    );
    assert!(notices.rest(at(200)).is_empty());
    assert_eq!(
        notices.take(Notice::Recovered, at(200)),
        Some((Notice::Recovered, 1))
    );
}

proptest! {
    #[test]
    fn every_notice_is_reported_or_counted_and_few_a_minute(waits in proptest::collection::vec(0u64..40_000, 1..300)) {
        let start = Instant::now();
        let mut notices = Notices::default();
        let mut now = start;
        let mut times = 0;
        let mut reports: Vec<Instant> = Vec::new();
        for wait in &waits {
            now += Duration::from_millis(*wait);
            let overdue = notices.overdue(now);
            for (_, count) in overdue.into_iter().chain(notices.take(Notice::Recovered, now)) {
                times += count as usize;
                reports.push(now);
            }
        }
        times += notices.rest(now).iter().map(|(_, count)| *count as usize).sum::<usize>();
        prop_assert_eq!(times, waits.len());
        for (index, first) in reports.iter().enumerate() {
            let within = reports[index..].iter().filter(|report| **report - *first < MINUTE).count();
            prop_assert!(within <= 2 * REPORTED as usize, "{within} in a minute");
        }
    }
}
