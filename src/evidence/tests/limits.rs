//! What holds exactly at a limit, and just beyond it.

use super::*;
use crate::evidence::incidents::incidents;
use crate::evidence::json::ppm;
use crate::evidence::statement::part;
use crate::evidence::text::{milliseconds, text};
use crate::evidence::window::round_up;

/// A drift, and with it a growth, without rounding errors: 1 ms in 65.536 s, of which 2 s are the read.
fn exact() -> Rules {
    Rules {
        max_error_ms: 1.5,
        drift: 1.0 / 65_536.0,
        ..rules()
    }
}

fn ends_at(sequence: u32, at_ms: i64, members: &Value) -> String {
    let mut members = members.clone();
    members["_aws"] = json!({"Timestamp": START + at_ms});
    line(sequence, 0, &members)
}

#[test]
fn an_error_that_equals_the_limit_is_within_it() {
    for (after_ms, state) in [(63_536, State::Within), (63_537, State::Over)] {
        let lines = [ends_at(1, 0, &good()), ends_at(2, after_ms, &good())];
        let statement = statement(&lines, exact());
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        let to = after_ms as f64 / 1000.0;
        assert_eq!(segments(&statement), [(0.0, to, state)]);
    }
}

#[test]
fn failed_reads_are_covered_until_the_error_equals_the_limit() {
    let last = bounds(&[0.5, 0.5]);
    for (after_ms, covered) in [(63_536, 63.536), (63_537, 63.536)] {
        let lines = [ends_at(1, 0, &last), ends_at(2, after_ms, &failed())];
        let statement = statement(&lines, exact());
        let (from, to, state) = segments(&statement)[0];
        assert_eq!((from, to, state), (0.0, covered, State::Within));
    }
}

/// The sidecar noticed that the clock was moved, and no read succeeded since. 1.5 ms, with 0.03 ms of growth during the
/// read, reach 2 ms after 31.333 s.
#[test]
fn a_bound_that_was_enlarged_without_a_reading_counts() {
    let mut enlarged = failed();
    enlarged["MaxClockErrorBound"] = json!(1.5);
    assert_eq!(
        segments(&statement(&minutes(&[good(), enlarged]), rules())),
        [
            (0.0, 31.333, State::Within),
            (31.333, 60.0, unknown(Unknown::ReadsFailed)),
        ]
    );
}

#[test]
fn only_a_first_line_with_a_later_number_hides_a_beginning() {
    let from = Rules {
        from_ms: Some(START),
        ..rules()
    };
    for (first, before) in [
        (1, None),
        (2, Some((0.0, 60.0, unknown(Unknown::BeforeFirstLine)))),
    ] {
        let lines = [line(first, 60, &good()), line(first + 1, 120, &good())];
        let mut expected = Vec::from_iter(before);
        expected.push((60.0, 120.0, State::Within));
        assert_eq!(segments(&statement(&lines, from.clone())), expected);
    }
}

/// The clock ran ahead when the process started, and was set back before the first line that is left.
#[test]
fn a_process_that_started_later_than_its_first_line_hides_no_beginning() {
    let from = Rules {
        from_ms: Some(START),
        ..rules()
    };
    let ahead = json!({"StartedAt": "2026-11-28T01:00:00Z"});
    let lines = [line(3, 60, &ahead), line(4, 120, &ahead)];
    assert_eq!(
        segments(&statement(&lines, from)),
        [(60.0, 120.0, State::Within)]
    );
}

/// A second line of the same moment, and one that ends where the report begins, state errors of no time.
#[test]
fn lines_without_length_count_for_nothing() {
    let large = bounds(&[50.0, 0.4]);
    let from = Rules {
        from_ms: Some(START + 60_000),
        ..rules()
    };
    let lines = [
        line(1, 0, &good()),
        line(2, 60, &large),
        line(3, 120, &good()),
        line(4, 120, &large),
    ];
    let statement = statement(&lines, from);
    assert_eq!(segments(&statement), [(60.0, 120.0, State::Within)]);
    let worst = statement.worst().unwrap().1;
    assert!((worst.error_ms - 1.43).abs() < 1e-6, "{worst:?}");
}

#[test]
fn a_cross_check_that_agreed_is_no_disagreement() {
    let agrees = json!({"CrossCheckDisagreement": 0});
    let statement = statement(&minutes(&[good(), agrees]), rules());
    assert_eq!(segments(&statement), [(0.0, 60.0, State::Within)]);
}

#[test]
fn a_log_stream_names_a_task_by_an_id_of_32_hexadecimal_digits() {
    let id = "0123456789abcdefABCDEF9876543210";
    let unnamed = "started 2026-11-28T00:00:00Z";
    for (stream, name) in [
        (Some(format!("clock/sidecar/{id}")), id),
        (Some(format!("/{id}")), id),
        (Some(id.to_owned()), unnamed),
        (Some(format!("clock/{}", &id[1..])), unnamed),
        (Some(format!("clock/0{id}")), unnamed),
        (Some(format!("clock/{}g", &id[1..])), unnamed),
        (Some(format!("clock/{id}/")), unnamed),
        (None, unnamed),
    ] {
        let mut history = History::default();
        for line in minutes(&[json!({"TaskId": null}), json!({"TaskId": null})]) {
            history.add(&line, stream.as_deref());
        }
        let statement = Statement::from_history(history, rules(), Vec::new());
        assert_eq!(statement.tasks[0].name, name, "{stream:?}");
    }
}

/// Two tasks lose synchronization for a minute each, the second one so long after the first.
#[test]
fn stretches_at_most_two_minutes_apart_are_one_incident() {
    let lost = json!({"ClockSynchronizationStatus": "NOT_SYNCHRONIZED", "ClockSynchronized": 0});
    for (apart_ms, expected) in [
        (-30_000, vec![(0, 90_000, 120_000)]),
        (120_000, vec![(0, 240_000, 120_000)]),
        (
            120_001,
            vec![(0, 60_000, 60_000), (180_001, 240_001, 60_000)],
        ),
    ] {
        let mut lines = Vec::new();
        for (task, from_ms) in [("one", 0), ("other", 60_000 + apart_ms)] {
            let mut members = lost.clone();
            members["TaskId"] = json!(task);
            members["StartedAt"] = json!(format!("2026-11-27T00:00:{:02}Z", task.len()));
            members["Stopping"] = json!(true);
            lines.push(ends_at(1, from_ms, &members));
            lines.push(ends_at(2, from_ms + 60_000, &members));
        }
        let to_ms = Some(START + 3_600_000);
        let statement = statement(&lines, Rules { to_ms, ..rules() });
        let spans = incidents(&statement).into_iter().map(|incident| {
            let span = (incident.from_ms - START, incident.to_ms - START);
            (span.0, span.1, incident.task_time_ms)
        });
        assert_eq!(spans.collect::<Vec<_>>(), expected, "{apart_ms}");
    }
}

/// Every task has a good minute. The text lists a thousand of them.
#[test]
fn tasks_beyond_a_thousand_are_counted() {
    for (tasks, end) in [
        (1_000, None),
        (1_001, Some("and 1 better task")),
        (1_002, Some("and 2 better tasks")),
    ] {
        let of_task = |task: usize| {
            let common = json!({"TaskId": format!("{task:032}"), "Stopping": true});
            minutes(&[common.clone(), common])
        };
        let lines: Vec<String> = (0..tasks).flat_map(of_task).collect();
        let text = text(&statement(&lines, rules()));
        let end_of_text = text.lines().last().filter(|line| line.starts_with("and"));
        assert_eq!(end_of_text, end);
        let hours = text.contains(&format!(
            "In 100.00 % of 16.{} task hours",
            if tasks < 1_002 { 6 } else { 7 }
        ));
        assert!(hours, "{}", &text[..300]);
    }
}

#[test]
fn services_are_named_up_to_three() {
    for (services, words) in [
        (vec!["a"], "1 task of production/a."),
        (vec!["b", "a", "b"], "1 task of production/a, production/b."),
        (
            vec!["a", "b", "c"],
            "1 task of production/a, production/b, production/c.",
        ),
        (
            vec!["d", "b", "c", "a"],
            "1 task of production/a, production/b and 2 other services.",
        ),
        (vec![], "1 task of an unnamed service."),
    ] {
        let named = services.iter().map(|name| json!({"ServiceName": name}));
        let mut members: Vec<Value> = named.collect();
        members.resize_with(5, || json!({"ServiceName": null}));
        let text = text(&statement(&minutes(&members), rules()));
        let first = text.lines().next().unwrap();
        assert!(first.ends_with(words), "{first}");
    }
}

#[test]
fn the_statement_names_who_reports_the_error() {
    for (source, words) in [
        ("ecs", "as Amazon Time Sync reports it."),
        ("kernel", "as the time daemon of the host estimates it."),
        ("ntp", "as the NTP server reports it."),
        ("other", "as their sources report it."),
    ] {
        let members = json!({"ClockSource": source});
        let text = text(&statement(&minutes(&[members.clone(), members]), rules()));
        let second = text.lines().nth(1).unwrap();
        assert!(second.ends_with(words), "{second}");
    }
}

#[test]
fn figures_are_rounded_to_the_safe_side() {
    for (value, text) in [
        (2.0, "2"),
        (0.0, "0"),
        (1.43 + 1e-15, "1.43"),
        (2.015, "2.015"),
        (1.430_001, "1.431"),
        (1.430_000_001, "1.431"),
        (0.000_1, "0.001"),
        (1_234.5, "1234.5"),
    ] {
        assert_eq!(milliseconds(value), text);
    }
    for (value, rounded) in [(0.5, 0.5), (0.3, 0.3), (0.7, 0.700_000_05), (0.0, 0.0)] {
        assert!(round_up(value).total_cmp(&rounded).is_eq(), "{value}");
    }
    for (drift, parts) in [(15e-6, 15.0), (1e-6, 1.0), (0.1e-6, 0.1), (2.5e-4, 250.0)] {
        assert!(ppm(drift).total_cmp(&parts).is_eq(), "{drift}");
    }
}

#[test]
fn a_moment_falls_into_one_of_the_parts_of_a_time() {
    for (at, expected) in [(100, 0), (103, 0), (104, 1), (119, 4), (120, 4), (99, 0)] {
        assert_eq!(part(at, (100, 120), 5), expected, "{at}");
    }
    assert_eq!(part(100, (100, 100), 5), 0);
}

/// The words of a legend.
#[test]
fn each_kind_of_state_has_a_name_and_words() {
    let names = State::KINDS.map(|kind| (kind.as_str(), kind.kind()));
    let expected = [
        ("within", "within the limit"),
        ("reported_within", "within the limit as reported"),
        ("over", "over the limit"),
        ("stepped", "stepped"),
        ("not_synchronized", "not synchronized"),
        ("unknown", "unknown"),
    ];
    assert_eq!(
        names,
        expected.map(|(name, words)| (name, words.to_owned()))
    );
}

/// In a time in which no clock was certainly bad, nothing is broken.
#[test]
fn time_that_is_unknown_or_reported_is_not_broken() {
    let kernel = json!({"ClockSource": "kernel"});
    let unbound = json!({"ClockErrorBound": [0.5]});
    let members = [
        kernel.clone(),
        kernel,
        good(),
        unbound,
        good(),
        good(),
        bounds(&[9.0, 0.4]),
    ];
    let totals = statement(&minutes(&members), rules()).totals;
    assert_eq!((totals.span_ms(), totals.unknown_ms()), (360_000, 120_000));
    assert_eq!(totals.ms(State::ReportedWithin), 120_000);
    assert_eq!(
        (totals.not_proven_ms(), totals.broken_ms()),
        (300_000, 60_000)
    );
}
