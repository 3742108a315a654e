//! Histories of lines, and what they prove.

mod documents;
mod limits;
mod pictures;
mod steps;
mod world;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::state::{State, Unknown};
use super::{History, Rules, Statement};

/// The start of all processes, 2026-11-28T00:00:00Z.
const START: i64 = 1_795_824_000_000;
const TASK: &str = "cd189a933e5849daa93386466019ab50";

/// A line: when it ends, in seconds after the start, and its other members.
fn line(sequence: u32, end_s: i64, members: &Value) -> String {
    let mut line = json!({
        "_aws": {"Timestamp": START + end_s * 1000, "CloudWatchMetrics": []},
        "ClusterName": "production",
        "ServiceName": "ledger",
        "TaskId": TASK,
        "Samples": 2,
        "ClockSource": "ecs",
        "ClockSynchronizationStatus": "SYNCHRONIZED",
        "ClockSynchronized": 1,
        "MaxClockErrorBound": 0.5,
        "ClockErrorBound": [0.5, 0.4],
        "Sequence": sequence,
        "StartedAt": "2026-11-28T00:00:00Z",
        "Version": "0.3.0",
    });
    for (name, value) in members.as_object().unwrap() {
        if value.is_null() {
            line.as_object_mut().unwrap().remove(name);
        } else {
            line[name] = value.clone();
        }
    }
    line.to_string()
}

/// Members of a line whose reads all failed.
fn failed() -> Value {
    json!({"Samples": 0, "ClockSynchronizationStatus": null, "ClockSynchronized": null, "MaxClockErrorBound": null,
        "ClockErrorBound": null, "ReadErrorKind": "timeout"})
}

fn bounds(bounds: &[f64]) -> Value {
    let max = bounds.iter().copied().fold(0.0, f64::max);
    json!({"ClockErrorBound": bounds, "MaxClockErrorBound": max, "Samples": bounds.len()})
}

fn rules() -> Rules {
    Rules {
        max_error_ms: 2.0,
        drift: 15e-6,
        from_ms: None,
        to_ms: None,
    }
}

fn statement(lines: &[String], rules: Rules) -> Statement {
    let mut history = History::default();
    for line in lines {
        history.add(line, None);
    }
    Statement::from_history(history, rules, Vec::new())
}

/// The segments of the only task, each as seconds after the start and its state.
fn segments(statement: &Statement) -> Vec<(f64, f64, State)> {
    let [task] = statement.tasks.as_slice() else {
        panic!("{:?}", statement.tasks);
    };
    #[expect(clippy::cast_precision_loss, reason = "small numbers")]
    let seconds = |at: i64| (at - START) as f64 / 1000.0;
    let segments = task.timeline.segments.iter();
    segments
        .map(|segment| {
            (
                seconds(segment.from_ms),
                seconds(segment.to_ms),
                segment.state,
            )
        })
        .collect()
}

/// Lines a minute apart with these members.
fn minutes(members: &[Value]) -> Vec<String> {
    let lines = members.iter().zip(0..);
    lines
        .map(|(members, at)| line(at + 1, i64::from(at) * 60, members))
        .collect()
}

fn good() -> Value {
    json!({})
}

fn unknown(why: Unknown) -> State {
    State::Unknown(why)
}

#[test]
fn the_task_with_the_smallest_proven_share_comes_first() {
    let of_task = |task: &str, windows: &[Value]| {
        let named = |members: &Value| {
            let mut members = members.clone();
            members["TaskId"] = json!(task);
            members
        };
        minutes(&windows.iter().map(named).collect::<Vec<_>>())
    };
    let over = || bounds(&[5.0, 5.0]);
    // Over the limit for longer, but proven for a larger share of a longer time.
    let long = [vec![good(); 6], vec![over(); 2], vec![good(); 8]].concat();
    let unknown = [
        vec![good(); 2],
        vec![failed(); 12],
        vec![over()],
        vec![good()],
    ]
    .concat();
    let lines = [
        of_task("long", &long),
        of_task("quiet", &vec![good(); 16]),
        of_task("unknown", &unknown),
    ];
    let statement = statement(&lines.concat(), rules());
    let names = statement.tasks.iter().map(|task| task.name.as_str());
    assert_eq!(names.collect::<Vec<_>>(), ["unknown", "long", "quiet"]);
}

#[test]
fn each_kind_of_line_gives_its_state() {
    let lost = json!({"ClockSynchronizationStatus": "NOT_SYNCHRONIZED", "ClockSynchronized": 0});
    for (members, state) in [
        (good(), State::Within),
        (bounds(&[0.1, 1.06]), State::Within),
        // 0.9 ms of growth in a minute, and 0.03 ms during the read before.
        (bounds(&[1.08, 0.1]), State::Over),
        (lost, State::NotSynchronized),
        (
            json!({"StatusChanges": 2, "ClockSynchronized": 0}),
            State::NotSynchronized,
        ),
        (json!({"StatusChanges": 2}), State::NotSynchronized),
        (
            json!({"CrossCheckDisagreement": 1}),
            unknown(Unknown::CrossCheck),
        ),
        (json!({"ClockErrorBound": [0.5]}), unknown(Unknown::NoBound)),
        (
            json!({"ClockErrorBound": null, "MaxClockErrorBound": null}),
            unknown(Unknown::NoBound),
        ),
        // Without the metric, the plain member has the largest bound.
        (json!({"ClockErrorBound": null}), State::Within),
        (json!({"ClockSynchronized": null}), State::Within),
        (json!({"ClockSource": "kernel"}), State::ReportedWithin),
        (json!({"Version": "0.2.0"}), State::ReportedWithin),
        (json!({"LongestPause": 30_000}), State::Within),
        // A pause of 100 s more, in which the clock may have drifted.
        (json!({"LongestPause": 100_000}), State::Over),
        (failed(), State::Within),
    ] {
        let statement = statement(&minutes(&[good(), members.clone()]), rules());
        assert_eq!(segments(&statement), [(0.0, 60.0, state)], "{members}");
    }
}

#[test]
fn what_the_previous_line_ended_with_counts_until_the_next_reading() {
    let lost = json!({"ClockSynchronizationStatus": "NOT_SYNCHRONIZED", "ClockSynchronized": 0});
    for (before, state) in [
        (lost, State::NotSynchronized),
        (bounds(&[0.1, 1.2]), State::Over),
        (json!({"ClockErrorBound": [0.1]}), unknown(Unknown::NoBound)),
        (bounds(&[1.9, 0.1]), State::Within),
        (json!({"ClockSource": "kernel"}), State::ReportedWithin),
    ] {
        let statement = statement(&minutes(&[before.clone(), good()]), rules());
        assert_eq!(segments(&statement), [(0.0, 60.0, state)], "{before}");
    }
}

#[test]
fn failed_reads_are_covered_while_the_last_bound_holds() {
    let mut members = vec![good()];
    members.extend(std::iter::repeat_with(failed).take(3));
    members.push(good());
    let statement = statement(&minutes(&members), rules());
    // 0.4 ms reach 2 ms after 106.667 s at 15 ppm, of which 2 s may have been the read; the window in which reads begin
    // again had none before it.
    let until = 104.666;
    assert_eq!(
        segments(&statement),
        [
            (0.0, until, State::Within),
            (until, 240.0, unknown(Unknown::ReadsFailed)),
        ]
    );
}

#[test]
fn a_lost_line_hides_its_window_and_the_next_one() {
    let mut lines = minutes(&[good(), good(), good(), good(), good()]);
    lines.remove(2);
    let statement = statement(&lines, rules());
    assert_eq!(
        segments(&statement),
        [
            (0.0, 60.0, State::Within),
            (60.0, 180.0, unknown(Unknown::LostLine)),
            (180.0, 240.0, State::Within),
        ]
    );
}

/// The lost line may have been that of a step.
#[test]
fn the_bound_before_a_lost_line_proves_nothing_after_it() {
    let mut lines = minutes(&[good(), good(), good(), failed(), failed(), good()]);
    lines.remove(2);
    let statement = statement(&lines, rules());
    assert_eq!(
        segments(&statement),
        [
            (0.0, 60.0, State::Within),
            (60.0, 180.0, unknown(Unknown::LostLine)),
            (180.0, 240.0, unknown(Unknown::ReadsFailed)),
            (240.0, 300.0, unknown(Unknown::NoBound)),
        ]
    );
}

#[test]
fn time_after_the_last_line_is_unknown_unless_the_process_stopped() {
    let to = Rules {
        to_ms: Some(START + 300_000),
        ..rules()
    };
    let lines = minutes(&[good(), good()]);
    assert_eq!(
        segments(&statement(&lines, to.clone())),
        [
            (0.0, 60.0, State::Within),
            (60.0, 300.0, unknown(Unknown::AfterLastLine)),
        ]
    );
    let lines = minutes(&[good(), json!({"Stopping": true})]);
    assert_eq!(
        segments(&statement(&lines, to)),
        [(0.0, 60.0, State::Within)]
    );
}

#[test]
fn a_restart_and_a_missing_beginning_are_unknown() {
    let again = json!({"StartedAt": "2026-11-28T00:01:30Z"});
    let lines = [
        line(1, 0, &good()),
        line(2, 60, &json!({"Stopping": true})),
        line(1, 95, &again),
        line(2, 120, &again),
    ];
    assert_eq!(
        segments(&statement(&lines, rules())),
        [
            (0.0, 60.0, State::Within),
            (60.0, 95.0, unknown(Unknown::Restart)),
            (95.0, 120.0, State::Within),
        ]
    );
    let from = Rules {
        from_ms: Some(START - 30_000),
        ..rules()
    };
    let lines = [line(7, 60, &good()), line(8, 120, &good())];
    assert_eq!(
        segments(&statement(&lines, from)),
        [
            (0.0, 60.0, unknown(Unknown::BeforeFirstLine)),
            (60.0, 120.0, State::Within),
        ]
    );
}

#[test]
fn the_end_is_that_of_the_tasks_that_were_still_running() {
    let other = |members: Value| {
        let mut members = members;
        members["TaskId"] = json!("00000000000000000000000000000000");
        members["StartedAt"] = json!("2026-11-28T00:00:01Z");
        members
    };
    let mut lines = minutes(&[good(), good(), good()]);
    // It ended 20 s before the newest line: the time after that belongs to no process.
    lines.push(line(1, 10, &other(good())));
    lines.push(line(2, 100, &other(good())));
    let statement = statement(&lines, rules());
    assert_eq!(statement.to_ms, START + 100_000);
    assert!(statement.is_proven(), "{:?}", statement.totals);
}

#[test]
fn lines_without_a_task_belong_to_the_process_that_names_it_later() {
    let lines = [
        line(1, 0, &json!({"TaskId": null})),
        line(2, 60, &good()),
        line(3, 120, &json!({"TaskId": null})),
    ];
    let statement = statement(&lines, rules());
    assert_eq!(statement.tasks[0].name, TASK);
    assert_eq!(segments(&statement), [(0.0, 120.0, State::Within)]);
}

#[test]
fn other_lines_are_counted() {
    let mut lines = minutes(&[good(), good()]);
    lines.extend(["plain text".to_owned(), "{}".to_owned()]);
    let statement = statement(&lines, rules());
    let counts = &statement.counts;
    assert_eq!((counts.lines(), counts.others), (2, 2));
}

/// Any line of any process: its content, the time since the line before, and whether it is lost.
#[derive(Debug, Clone)]
struct Step {
    members: Value,
    after_ms: i64,
    is_lost: bool,
    restarts: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let members = prop_oneof![
        4 => (0.0..3.0_f64, 0.0..3.0_f64).prop_map(|(one, other)| bounds(&[one, other])),
        1 => Just(failed()),
        1 => Just(json!({"ClockSynchronizationStatus": "NOT_SYNCHRONIZED", "ClockSynchronized": 0})),
        1 => Just(json!({"StatusChanges": 1, "ClockSynchronized": 0})),
        1 => (-5e6..5e6_f64).prop_map(|by| json!({"ClockStep": [by], "ClockSteps": 1, "LastClockStep": by})),
        1 => Just(json!({"CrossCheckDisagreement": 2})),
        1 => Just(json!({"Version": "0.1.0", "ClockStep": 7.0})),
        1 => Just(json!({"ClockSource": "kernel"})),
        1 => Just(json!({"LongestPause": 3_000_000_000_u64})),
        1 => Just(json!({"Stopping": true})),
    ];
    // If the clock jumps back, a line ends before the previous one.
    let after = prop_oneof![8 => 0..90_000_i64, 1 => -4_000_000..4_000_000_i64];
    let step = (
        members,
        after,
        prop::bool::weighted(0.1),
        prop::bool::weighted(0.05),
    );
    let step = step.prop_map(|(members, after_ms, is_lost, restarts)| Step {
        members,
        after_ms,
        is_lost,
        restarts,
    });
    prop::collection::vec(step, 1..40)
}

/// The lines of a task that lives through these steps.
fn lines_of(steps: &[Step], task: usize) -> Vec<String> {
    let mut at_ms = 0;
    let (mut sequence, mut process) = (0, 0);
    let mut lines = Vec::new();
    for step in steps {
        at_ms += step.after_ms;
        if step.restarts {
            (sequence, process) = (0, process + 1);
        }
        sequence += 1;
        if step.is_lost {
            continue;
        }
        let mut members = step.members.clone();
        members["TaskId"] = json!(format!("{task:032x}"));
        members["StartedAt"] = json!(format!(
            "2026-11-27T{:02}:{:02}:00.{task:09}Z",
            process / 60,
            process % 60
        ));
        members["_aws"] = json!({"Timestamp": START + at_ms});
        lines.push(line(sequence, 0, &members));
    }
    lines
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// Every moment of a task is in exactly one state, from its first to its last one; and neither the order of the
    /// lines nor duplicates change the statement.
    #[test]
    fn states_add_up_and_the_order_does_not_matter(
        histories in prop::collection::vec(steps(), 1..4),
        seed in any::<u64>(),
        from in prop::option::of(-100_000..400_000_i64),
        length in prop::option::of(1..4_000_000_i64),
    ) {
        let from_ms = from.map(|from| START + from);
        let to_ms = length.map(|length| from_ms.unwrap_or(START) + length);
        let rules = Rules { from_ms, to_ms, ..rules() };
        let lines: Vec<String> =
            histories.iter().enumerate().flat_map(|(task, steps)| lines_of(steps, task)).collect();
        let one = statement(&lines, rules.clone());
        for task in &one.tasks {
            let segments = &task.timeline.segments;
            prop_assert!(segments.iter().all(|segment| segment.from_ms < segment.to_ms));
            prop_assert!(segments.windows(2).all(|pair| pair[0].to_ms == pair[1].from_ms && pair[0].state != pair[1].state));
            let span = segments.last().unwrap().to_ms - segments.first().unwrap().from_ms;
            prop_assert_eq!(task.totals.span_ms(), span);
            prop_assert!(segments.first().unwrap().from_ms >= one.from_ms && segments.last().unwrap().to_ms <= one.to_ms);
        }
        let sum: i64 = one.tasks.iter().map(|task| task.totals.span_ms()).sum();
        prop_assert_eq!(one.totals.span_ms(), sum);

        // Shuffled and doubled.
        let mut others: Vec<&String> = lines.iter().chain(&lines).collect();
        let mut state = seed | 1;
        for at in (1..others.len()).rev() {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            #[expect(clippy::cast_possible_truncation, reason = "an index")]
            others.swap(at, (state as usize) % (at + 1));
        }
        let others: Vec<String> = others.into_iter().cloned().collect();
        let other = statement(&others, rules);
        prop_assert_eq!(&one.totals, &other.totals);
        let page = super::html::html(&Statement { counts: one.counts.clone(), ..other });
        prop_assert_eq!(super::html::html(&one), page);
    }
}
