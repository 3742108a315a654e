//! The strip of a task and the curve of its error.

use super::documents::{BROKEN, GOOD, UNKNOWN, fleet};
use super::*;
use crate::evidence::plot::{axis, curve, strip};
use crate::evidence::statement::Task;

fn task<'a>(statement: &'a Statement, name: &str) -> &'a Task {
    let mut tasks = statement.tasks.iter();
    tasks.find(|task| task.name == name).unwrap()
}

/// A rectangle of a strip: where it begins and ends, how high it is, and what it shows.
fn rect((from, to): (usize, usize), height: usize, class: &str, title: &str) -> String {
    format!(
        r#"<rect class="{class}" x="{from}" y="{}" width="{}" height="{height}"><title>{title}</title></rect>"#,
        10 - height,
        to - from,
    )
}

/// A strip has 1000 parts, here of 1.2 s.
#[test]
fn a_strip_shows_each_state_of_a_task() {
    let statement = fleet();
    let within = |span| rect(span, 6, "within", "within the limit");
    let unknown = |span, why| rect(span, 3, "unknown", &format!("unknown: {why}"));
    for (name, rects) in [
        (GOOD, vec![within((0, 150))]),
        (
            BROKEN,
            vec![
                within((0, 50)),
                rect((50, 100), 10, "over", "over the limit"),
                within((100, 150)),
                rect((150, 250), 10, "not_synchronized", "not synchronized"),
                within((250, 300)),
                rect((300, 400), 10, "stepped", "stepped"),
                within((400, 450)),
            ],
        ),
        (
            UNKNOWN,
            vec![
                unknown((0, 50), "before the first line"),
                within((50, 100)),
                unknown((100, 200), "lost line"),
                unknown((200, 250), "cross-check disagrees"),
                within((250, 300)),
                unknown((300, 400), "no bound"),
                // The part in which the state changes, after 644.666 s, shows the worse one.
                within((400, 537)),
                unknown((537, 600), "failed reads"),
                within((600, 650)),
                unknown((650, 700), "restart"),
                within((700, 750)),
                unknown((750, 1000), "after the last line"),
            ],
        ),
    ] {
        let strip = strip(&statement, task(&statement, name), "what it shows").into_string();
        let expected = format!(
            r#"<svg class="strip" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label="what it shows">{}</svg>"#,
            rects.concat()
        );
        assert_eq!(strip, expected, "{name}");
    }
}

/// The curve ends at the bottom wherever no error is known, and does not exceed the picture.
#[test]
fn a_curve_shows_the_errors_that_are_known() {
    let mut statement = fleet();
    let at = |task: &Task| task.name == GOOD;
    let at = statement.tasks.iter().position(at).unwrap();
    // The axis ends at 2.5 ms, 1.25 times the limit: a millisecond is 120 units of 300.
    statement.tasks[at].curve = vec![0.5, 2.0, f32::NAN, f32::NAN, 1.0, f32::NAN, 80.0];
    let curve = curve(&statement, &statement.tasks[at], "its errors").into_string();
    let expected = concat!(
        r#"<svg class="curve" viewBox="0 0 480 300" preserveAspectRatio="none" role="img" aria-label="its errors">"#,
        r#"<path d="M0 300L0 240.0H1L1 60.0H2L2 300Z"></path>"#,
        r#"<path d="M4 300L4 180.0H5L5 300Z"></path>"#,
        r#"<path d="M6 300L6 0.0H7L7 300Z"></path>"#,
        r#"<line class="limit" x1="0" x2="480" y1="60.0" y2="60.0"></line></svg>"#,
    );
    assert_eq!(curve, expected);
}

/// A curve has 480 points, here of 2.5 s.
#[test]
fn a_point_of_a_curve_has_the_largest_error_of_its_time() {
    let statement = fleet();
    let curve = &task(&statement, BROKEN).curve;
    assert_eq!(curve.len(), 480);
    let mut runs: Vec<(usize, f32)> = Vec::new();
    for error in curve {
        match runs.last_mut() {
            Some((length, last)) if last.total_cmp(error).is_eq() => *length += 1,
            _ => runs.push((1, *error)),
        }
    }
    let [none, good] = [f32::NAN, 1.43];
    let expected = [
        (24, good),
        (24, 4.93),
        (24, good),
        (48, none),
        (24, good),
        (48, none),
        (24, good),
        (264, none),
    ];
    let same = |((length, error), (other_length, other)): (&(usize, f32), &(usize, f32))| {
        length == other_length && error.total_cmp(other).is_eq()
    };
    assert!(
        runs.len() == expected.len() && runs.iter().zip(&expected).all(same),
        "{runs:?}"
    );
}

#[test]
fn the_axis_of_a_curve_fits_the_largest_error_up_to_fifty_limits() {
    for (largest, axis_ms) in [(1.0, 2.5), (2.5, 2.75), (90.0, 99.0), (1000.0, 100.0)] {
        let mut statement = fleet();
        let task = &mut statement.tasks[0];
        task.worst.as_mut().unwrap().error_ms = largest;
        let axis = axis(&statement, &statement.tasks[0]);
        assert!((axis - axis_ms).abs() < 1e-9, "{largest}: {axis}");
    }
}
