//! Moves of the clock that are no steps.

use super::*;

#[test]
fn a_small_move_is_on_the_line_of_the_next_reading_and_on_those_without_one() {
    let moved = |window: &Window| window.bound_while_moved.map(|bound| bound.as_millis());
    let bound = Duration::from_millis;
    for reading_by_reading in [false, true] {
        let mut collector = collector(reading_by_reading);
        let first = collector.add(sample(moment(0), GOOD));
        assert_eq!(moved(&first[0].window), None);
        // The line that is open covers the time up to its last reading.
        let before = collector.add(sample(moment(59_000), GOOD));
        collector.note_move(bound(4));
        collector.note_move(bound(3));
        let before = before
            .into_iter()
            .chain(collector.close_if_over(&moment(60_000)));
        let before: Vec<_> = before.map(|closed| moved(&closed.window)).collect();
        assert_eq!(before, [None]);

        assert_eq!(collector.add(sample(moment(61_000), FAILED)), []);
        let failed = collector.close().unwrap();
        assert_eq!(moved(&failed.window), Some(4));
        assert_eq!(moved(&collector.bare(at(62_000))), Some(4));

        let mut next = collector.add(sample(moment(63_000), GOOD));
        next.extend(collector.close());
        assert_eq!(moved(&next[0].window), Some(4));
        let mut last = collector.add(sample(moment(64_000), GOOD));
        last.extend(collector.close());
        assert_eq!(moved(&last[0].window), None, "once");
    }
}
