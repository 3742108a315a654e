//! Tests what steps and moves of the wall clock lead to.

use super::*;

#[test]
fn a_step_is_written_at_once_in_the_new_time_line_and_the_next_sample_comes_at_once() {
    let mut world = World::start(&RULES, 0.5, 0.0);
    world.moved = TimeDelta::hours(3);
    let base = world.moment();
    world.control = Control::start(
        &RULES,
        RandomFractions {
            delay: 0.5,
            offset: 0.0,
        },
        world.base,
        &base,
    )
    .0;
    world.answer();
    world.run_until(34);
    // The clock that was three hours ahead is corrected; the next look finds it.
    world.moved = TimeDelta::zero();
    world.happens(Event::Woken);
    let hours = 3 * 3_600;
    assert_eq!(
        world.lines[1..],
        [
            line(34, hours + 30, 3),
            Line {
                step_ms: Some(-hours * 1_000),
                ..line(34, 34, 0)
            }
        ]
    );
    assert_eq!(world.reads.last(), Some(&34));
    world.answer();
    world.run_until(60);
    assert_eq!(world.reads[world.reads.len() - 3..], [34, 44, 54]);
    assert!(matches!(world.notices[..], [(34, Notice::Stepped { .. })]));
}

#[test]
fn after_a_step_readings_are_enlarged_until_the_source_has_seen_it() {
    let mut world = World::start(&RULES, 0.5, 0.0);
    world.answer();
    world.moved = TimeDelta::milliseconds(350);
    world.now = 5;
    world.answer();
    let Some(reading) = world.control.open_readings().last() else {
        panic!("a reading is in the window");
    };
    assert_eq!(
        reading.bound_when_taken(),
        Some(Duration::from_micros(350_500))
    );
}

/// A coarse monotonic clock may show the same time for a step and for the request that follows it at once.
#[test]
fn a_move_after_the_reading_that_follows_a_step_is_noted_though_it_is_taken_back() {
    let mut world = World::start(&RULES, 0.5, 0.0);
    world.answer();
    world.now = 4;
    let step = TimeDelta::milliseconds(100);
    world.moved = step;
    world.happens(Event::Woken);
    assert_eq!(world.reads, [0, 4]);
    world.answer();
    let noted = |world: &World| {
        let window = world.control.collector.bare(DateTime::UNIX_EPOCH);
        window.bound_while_moved
    };
    assert_eq!(noted(&world), None, "the step has its own line");
    world.now = 6;
    for moved in [step + TimeDelta::milliseconds(3), step] {
        world.moved = moved;
        world.happens(Event::Woken);
    }
    assert_eq!(noted(&world), Some(Duration::from_micros(103_500)));
}

/// The step is seen while the source is asked, or with its answer.
#[test]
fn a_move_after_a_reading_during_which_the_clock_was_stepped_is_noted_though_it_is_taken_back() {
    let step = TimeDelta::milliseconds(100);
    for seen_with_answer in [false, true] {
        let mut world = World::start(&RULES, 0.0, 0.0);
        world.answer();
        world.now = 10;
        world.happens(Event::Woken);
        assert_eq!(world.reads, [0, 10]);
        let requested = world.moment();
        world.now = 11;
        let mut taken = world.moment();
        world.moved = step;
        if !seen_with_answer {
            world.happens(Event::Woken);
            taken = world.moment();
        }
        world.now = 12;
        world.answer_of([requested, taken], Ok(SyncStatus::Synchronized));
        for moved in [step + TimeDelta::milliseconds(3), step] {
            world.now += 1;
            world.moved = moved;
            world.happens(Event::Woken);
        }
        let noted = world.control.collector.bare(DateTime::UNIX_EPOCH);
        let expected = Duration::from_micros(103_500);
        assert_eq!(
            noted.bound_while_moved,
            Some(expected),
            "{seen_with_answer}"
        );
    }
}
