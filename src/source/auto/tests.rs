//! What a fallback's sample takes over from the endpoint's answer.

use super::*;
use crate::reading::{ClockSource, ReadError, ReadErrorKind, TaskIdentity};
use crate::time::Moment;

fn sample(source: ClockSource, withheld: &str) -> Sample {
    let error = |kind, message: &str| ReadError::new(kind, message);
    Sample {
        source,
        at: Moment::now(),
        outcome: Err(error(ReadErrorKind::NoClockDrift, source.as_str())),
        withheld: vec![error(ReadErrorKind::InvalidMember, withheld)],
        identity: None,
    }
}

#[test]
fn the_task_and_what_was_withheld_of_it_are_kept() {
    let identity = TaskIdentity {
        cluster: Some("c".into()),
        ..TaskIdentity::default()
    };
    let answer = Sample {
        identity: Some(identity.clone()),
        ..sample(ClockSource::Ecs, "of the task")
    };
    let fallback = sample(ClockSource::Kernel, "of the clock");
    let merged = with_identity_of(Some(answer), fallback.clone());
    assert_eq!(merged.identity, Some(identity));
    assert_eq!(merged.source, ClockSource::Kernel);
    assert_eq!(merged.outcome, fallback.outcome);
    let withheld: Vec<_> = merged.withheld.iter().map(|error| &error.message).collect();
    assert_eq!(withheld, ["of the task", "of the clock"]);
    assert_eq!(with_identity_of(None, fallback.clone()), fallback);
}
