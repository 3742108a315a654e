//! CloudWatch can read every line, with any content.

use proptest::prelude::*;

use super::*;
use crate::sidecar::window::{MAX_CROSS_CHECKS, MAX_STEPS};
use emf_explain::{Input, Options, Rule, explain};

/// The problems that `explain` finds in a line.
fn problems(line: &[u8], now: DateTime<Utc>) -> Vec<String> {
    let input = Input::Stdout;
    explain(line, Options::new(input, now))
        .flat_map(|event| event.unwrap().problems)
        // The configuration may select no metric.
        .filter(|problem| problem.rule() != Rule::NoMetricNamed)
        .map(|problem| problem.to_string())
        .collect()
}

/// How many fields Logs Insights makes of a value.
pub(super) fn fields(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(fields).sum(),
        Value::Object(members) => members.values().map(fields).sum(),
        _ => 1,
    }
}

prop_compose! {
    fn any_identity()(names in proptest::collection::vec(proptest::option::of(".{0,80}"), 7)) -> TaskIdentity {
        let name = |index: usize| names[index].clone().filter(|name: &String| !name.is_empty());
        TaskIdentity {
            cluster: name(0),
            service: name(1),
            is_outside_service: names[1].is_none(),
            family: name(2),
            revision: name(3),
            task_id: name(4),
            availability_zone: name(5),
            launch_type: name(6),
            ..TaskIdentity::default()
        }
    }
}

prop_compose! {
    fn any_reading()(
        bound in proptest::option::of(0.0..86_400_000.0),
        age in proptest::option::of(-1_000i64..1_000_000_000),
        status in 0..3usize,
        offset in proptest::option::of((any::<i64>(), any::<u64>())),
        unknown in proptest::option::of(0..BoundUnknown::ALL.len()),
    ) -> Reading {
        let mut reading = reading("2026-11-22T10:00:10Z", bound);
        reading.reference = age.map(|age| reading.taken.wall - TimeDelta::milliseconds(age));
        reading.bound_unknown = unknown.map(|index| BoundUnknown::ALL[index]);
        reading.offset = offset.map(|(offset, error)| {
            ClockOffset::new(TimeDelta::nanoseconds(offset), Duration::from_nanos(error))
        });
        reading.status = [SyncStatus::Synchronized, SyncStatus::NotSynchronized, SyncStatus::Unknown][status];
        reading
    }
}

proptest! {
    #[test]
    fn every_line_is_one_valid_document(
        identity in proptest::option::of(any_identity()),
        readings in proptest::collection::vec(any_reading(), 0..=100),
        message in ".{0,300}",
        errors in 0u64..5,
        dropped in 0u64..5,
        steps in proptest::collection::vec(any::<i32>(), 0..=MAX_STEPS),
        changes in 0u64..5,
        offsets in proptest::collection::vec(any::<i64>(), 0..=MAX_CROSS_CHECKS),
        by_second in any::<bool>(),
        chosen in proptest::sample::subsequence(Metric::ALL.to_vec(), 0..=Metric::ALL.len()),
        cross_check_errors in 0u64..3,
        sets in proptest::option::of(proptest::collection::hash_set(
            proptest::sample::subsequence(LABELS.to_vec(), 1..=7), 1..4)),
    ) {
        let format = Format {
            metrics: chosen,
            resolution: if by_second { StorageResolution::Second } else { StorageResolution::Minute },
            dimensions: sets.map_or(Dimensions::Default, |sets| Dimensions::Sets(
                sets.into_iter().map(|set| set.into_iter().map(str::to_owned).collect()).collect())),
            ..format()
        };
        let window = Window {
            read_errors: errors,
            last_error: (errors > 0).then(|| ReadError::new(ReadErrorKind::HttpStatus, message)),
            status_changes: changes,
            disagreements: offsets.len() as u64,
            longest_pause: Duration::from_millis(100),
            stopping: true,
            cross_check_errors,
            cross_check_error: (cross_check_errors > 0).then_some("ntp_kiss_of_death"),
            cross_checks: offsets.into_iter().map(|ns| cross_check(TimeDelta::nanoseconds(ns))).collect(),
            step_count: steps.len() as u64,
            last_step: steps.last().map(|ms| TimeDelta::milliseconds((*ms).into())),
            steps: steps.into_iter().map(|ms| TimeDelta::milliseconds(ms.into())).collect(),
            ..window(readings.into_iter().take(format.capacity()).collect())
        };
        let mut origin = origin(identity.as_ref());
        origin.tally.lines_dropped = dropped;
        let line = render(&format, &window, &origin);

        let document: Value = serde_json::from_slice(&line).unwrap();
        prop_assert!(fields(&document) < 200, "Logs Insights sees no more");
        prop_assert!(line.len() < 16_384);
        prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        prop_assert!(line[..line.len() - 1].iter().all(|byte| (0x20..0x7f).contains(byte)));
        prop_assert_eq!(problems(&line, window.stamp), Vec::<String>::new());
    }
}
