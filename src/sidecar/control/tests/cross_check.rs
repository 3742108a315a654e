//! Tests when an NTP server is asked for a cross-check, and what is reported about it.

use super::*;

/// An exchange that puts the clock right.
fn exchange(at: Moment) -> Exchange {
    Exchange {
        offset: TimeDelta::zero(),
        distance: Duration::from_micros(50),
        reference: None,
        is_near_leap_second: false,
        requested: at,
        taken: at,
    }
}

#[test]
fn a_cross_check_is_made_once_a_minute_right_after_a_reading() {
    let rules = Rules {
        cross_check: true,
        ..RULES
    };
    let mut world = World::start(&rules, 0.0, 1.0);
    world.answer_with(Err(ReadErrorKind::Timeout));
    world.run_with(130, |world| {
        world.answer();
        world.happens(Event::CrossChecked(Some(Err(ReadError::new(
            ReadErrorKind::NtpOrigin,
            "",
        )))));
    });
    assert_eq!(world.cross_checks, [10, 70, 130], "after readings alone");
    let errors: u64 = world.lines.iter().map(|line| line.errors).sum();
    assert_eq!(errors, 1, "its failure is no read error");
}

#[test]
fn a_server_that_does_not_answer_is_reported_once_and_so_is_its_return() {
    let rules = Rules {
        cross_check: true,
        ..RULES
    };
    let mut world = World::start(&rules, 0.0, 1.0);
    world.answer();
    let kinds = [
        Some(ReadErrorKind::Timeout),
        Some(ReadErrorKind::Timeout),
        Some(ReadErrorKind::NtpOrigin),
        Some(ReadErrorKind::NtpOrigin),
        None,
        None,
    ];
    for (minute, kind) in (0..).zip(kinds) {
        world.run_until(minute * 60 + 30);
        let outcome = match kind {
            Some(kind) => Err(ReadError::new(kind, "")),
            None => Ok(exchange(world.moment())),
        };
        world.happens(Event::CrossChecked(Some(outcome)));
    }
    let said: Vec<(u64, &str)> = world
        .notices
        .iter()
        .map(|(second, notice)| match notice {
            Notice::CrossCheckFailing(error) => (*second, error.kind.as_str()),
            Notice::CrossCheckRecovered => (*second, "again"),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(said, [(30, "timeout"), (150, "ntp_origin"), (270, "again")]);
}
