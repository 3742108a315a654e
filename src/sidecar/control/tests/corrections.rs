//! Tests what a correction in progress leads to: a time daemon slews the clock, and the source has not said so.

use super::*;

#[test]
fn the_source_is_read_early_during_a_correction_but_not_more_often_than_every_ten_seconds() {
    let rules = Rules {
        sample_interval: Duration::from_secs(60),
        ..RULES
    };
    let mut world = World::start(&rules, 0.5, 0.0);
    world.answer();
    world.run_until(70);
    assert_eq!(world.reads, [0, 60]);
    // The smallest of these may be the drift of the oscillator.
    for (second, slewed_us, read) in [
        (71, 100, false),
        (72, 5_000, true),
        (75, 10_000, false),
        (81, 19_000, false),
        (82, 20_000, true),
        (83, 20_000, false),
    ] {
        world.now = second;
        world.slewed = Duration::from_micros(slewed_us);
        let before = world.reads.len();
        world.happens(Event::Woken);
        assert_eq!(world.reads.len() > before, read, "at {second} s");
        if read {
            world.answer();
        }
    }
}
