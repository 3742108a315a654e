//! Tests whether a source may have compared the clock before the last step, and not seen it.

use super::*;

/// Whether the reading at that second, of a source that compared the clock when it showed `reference`, may not know of
/// the last step.
fn is_unseen(world: &mut World, seconds: u64, reference: Option<i64>) -> bool {
    world.reading(seconds, reference).follows_an_unseen_step()
}

#[test]
fn a_step_is_unseen_until_a_comparison_that_is_certainly_younger() {
    let mut world = ecs();
    assert!(!is_unseen(&mut world, 10, Some(5)));
    world.step(20, 350);
    // The same comparison as before the step, however often it is reported.
    assert!(is_unseen(&mut world, 30, Some(5)));
    assert!(is_unseen(&mut world, 1_000, Some(5)));
    assert!(!is_unseen(&mut world, 1_010, Some(1_003)));
    assert!(!is_unseen(&mut world, 1_020, Some(1_003)));

    // At about the time of the step, the comparison may have been before or after it.
    let mut world = ecs();
    world.step(20, -6);
    assert!(is_unseen(&mut world, 30, Some(20)));
}

#[test]
fn an_answer_that_is_at_most_a_minute_old_was_compared_after_the_step() {
    let mut world = ecs();
    assert!(!is_unseen(&mut world, 100, Some(5)));
    world.step(110, -6);
    assert!(is_unseen(&mut world, 173, Some(5)));
    // Not compared before 113 s: at 173 s the reading was still the old one, and no cache is older than a minute.
    assert!(!is_unseen(&mut world, 200, Some(111)));
    assert!(!is_unseen(&mut world, 210, Some(111)));
}

#[test]
fn a_reading_requested_when_the_step_was_seen_may_have_been_compared_after_it() {
    let mut world = ecs();
    let _ = world.watch.observe(world.at(20));
    world.moved += TimeDelta::seconds(9);
    let _ = world.watch.observe(world.at(30));
    // At 28 s by the new clock.
    assert!(!is_unseen(&mut world, 30, Some(37)));
    assert!(!is_unseen(&mut world, 40, Some(37)));
}

#[test]
fn without_a_reference_time_a_step_is_unseen_for_an_hour() {
    let mut world = ecs();
    assert!(!is_unseen(&mut world, 10, None));
    world.step(20, 350);
    assert!(is_unseen(&mut world, 3_619, None));
    assert!(!is_unseen(&mut world, 3_620, None));

    let mut world = World::new(ClockSource::Kernel);
    world.step(20, 350);
    assert!(!is_unseen(&mut world, 30, None));
}
