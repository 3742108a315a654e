//! The parts of a sidecar's line that a statement needs.

use std::borrow::Cow;
use std::fmt;

use chrono::DateTime;
use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};

/// What one line states.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a separate fact")]
pub(crate) struct Line<'a> {
    pub task: Option<Cow<'a, str>>,
    /// Cluster and service, or cluster and family outside a service; as far as the line names them.
    pub cluster: Option<Cow<'a, str>>,
    pub service: Option<Cow<'a, str>>,
    pub version: Cow<'a, str>,
    pub source: Cow<'a, str>,
    /// The start of the process, as it is written: it identifies the process.
    pub started: Cow<'a, str>,
    /// The same, in milliseconds since 1970.
    pub started_ms: i64,
    pub sequence: u32,
    /// The time of the last reading, or of the last attempt if all failed, in milliseconds since 1970.
    pub end_ms: i64,
    pub samples: u32,
    /// How many readings had a bound.
    pub bounds: u32,
    /// The largest bound and that of the last reading, in milliseconds. 0 if no reading had a bound.
    pub max_bound: f64,
    pub last_bound: f64,
    pub is_synchronized: bool,
    /// Whether the last reading was synchronized.
    pub ends_synchronized: bool,
    /// The steps of the clock in the window.
    pub steps: Option<Steps>,
    pub disagrees: bool,
    /// The longest pause of the process, in milliseconds.
    pub pause_ms: u32,
    pub is_stopping: bool,
}

/// The steps of the clock in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Steps {
    /// The last one, in milliseconds, signed; 0 if the line does not say.
    pub last_ms: f64,
    /// How far back all of them went together, in milliseconds, rounded up; `None` if the line does not list them all.
    pub back_ms: Option<i64>,
}

/// The members that are read. Every other one is skipped.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Members<'a> {
    #[serde(rename = "_aws")]
    aws: Metadata,
    #[serde(borrow)]
    task_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    cluster_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    service_name: Option<Cow<'a, str>>,
    #[serde(borrow)]
    task_definition_family: Option<Cow<'a, str>>,
    #[serde(borrow)]
    clock_source: Cow<'a, str>,
    #[serde(borrow)]
    clock_synchronization_status: Option<Cow<'a, str>>,
    #[serde(borrow)]
    started_at: Cow<'a, str>,
    #[serde(borrow)]
    version: Cow<'a, str>,
    sequence: u32,
    #[serde(default)]
    samples: u32,
    clock_synchronized: Option<f64>,
    max_clock_error_bound: Option<f64>,
    clock_error_bound: Option<Bounds>,
    status_changes: Option<u32>,
    last_clock_step: Option<f64>,
    clock_step: Option<ListedSteps>,
    clock_steps: Option<u32>,
    cross_check_disagreement: Option<f64>,
    #[serde(default)]
    longest_pause: f64,
    #[serde(default)]
    stopping: bool,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    timestamp: i64,
}

/// The bounds of a line. Only the last one is needed: the metric has the maximum.
struct Bounds {
    count: u32,
    max: f64,
    last: f64,
}

impl<'de> Deserialize<'de> for Bounds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(BoundsVisitor)
    }
}

/// The steps that a line lists; a number in lines of 0.1.0.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum ListedSteps {
    Several(Vec<f64>),
    One(f64),
}

impl Members<'_> {
    fn steps(&self) -> Option<Steps> {
        let listed = match &self.clock_step {
            Some(ListedSteps::Several(steps)) => steps.as_slice(),
            Some(ListedSteps::One(step)) => std::slice::from_ref(step),
            None => self.last_clock_step.as_slice(),
        };
        let count = self
            .clock_steps
            .map_or(listed.len(), |count| count as usize);
        if count == 0 {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "a cast from a float saturates"
        )]
        let back = listed
            .iter()
            .filter(|step| **step < 0.0)
            .sum::<f64>()
            .abs()
            .ceil() as i64;
        Some(Steps {
            last_ms: self.last_clock_step.unwrap_or_default(),
            back_ms: (listed.len() >= count).then_some(back),
        })
    }
}

struct BoundsVisitor;

impl<'de> Visitor<'de> for BoundsVisitor {
    type Value = Bounds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of bounds in milliseconds")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Bounds, A::Error> {
        let mut bounds = Bounds {
            count: 0,
            max: 0.0,
            last: 0.0,
        };
        while let Some(bound) = sequence.next_element::<f64>()? {
            bounds.count += 1;
            bounds.max = bounds.max.max(bound);
            bounds.last = bound;
        }
        Ok(bounds)
    }
}

impl<'a> Line<'a> {
    /// The line in a message, or `None` if another program wrote it.
    pub(crate) fn parse(message: &'a str) -> Option<Self> {
        // Most lines of other programs end here.
        if !message.contains("\"StartedAt\"") {
            return None;
        }
        let members: Members<'a> = serde_json::from_str(message).ok()?;
        let started = DateTime::parse_from_rfc3339(&members.started_at).ok()?;
        let steps = members.steps();
        let max = members.max_clock_error_bound;
        // Without the metric, the plain member holds the largest bound, and the number of bounds is not known.
        let bounds = members.clock_error_bound.unwrap_or(Bounds {
            count: if max.is_some() { members.samples } else { 0 },
            max: 0.0,
            last: max.unwrap_or_default(),
        });
        let ends_synchronized =
            members.clock_synchronization_status.as_deref() == Some("SYNCHRONIZED");
        Some(Self {
            task: members.task_id,
            cluster: members.cluster_name,
            service: members.service_name.or(members.task_definition_family),
            version: members.version,
            source: members.clock_source,
            started: members.started_at,
            started_ms: started.timestamp_millis(),
            sequence: members.sequence,
            end_ms: members.aws.timestamp,
            samples: members.samples,
            bounds: bounds.count,
            max_bound: bounds.max.max(max.unwrap_or_default()),
            last_bound: bounds.last,
            is_synchronized: ends_synchronized
                && members.clock_synchronized.is_none_or(|all| all >= 1.0)
                && members.status_changes.unwrap_or(0) == 0,
            ends_synchronized,
            steps,
            disagrees: members.cross_check_disagreement.is_some_and(|n| n > 0.0),
            pause_ms: milliseconds(members.longest_pause),
            is_stopping: members.stopping,
        })
    }

    /// Whether the line can prove a bound. Lines of source `kernel` are estimates, and the ranges of 0.1 and 0.2 have
    /// known faults.
    pub(crate) fn is_proof(&self) -> bool {
        let mut parts = self.version.split('.').map(str::parse::<u32>);
        let version = (parts.next(), parts.next());
        let is_old = matches!(version, (Some(Ok(0)), Some(Ok(minor))) if minor < 3);
        let is_version = matches!(version, (Some(Ok(_)), Some(Ok(_))));
        is_version && !is_old && self.source != "kernel"
    }
}

/// Whole milliseconds, rounded up.
fn milliseconds(value: f64) -> u32 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a cast from a float saturates"
    )]
    let rounded = value.ceil() as u32;
    rounded
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"_aws":{"Timestamp":1795618856563,"CloudWatchMetrics":[]},"ClusterName":"c","ServiceName":"s","TaskId":"t","ClockSynchronized":1,"MaxClockErrorBound":0.673183,"Samples":3,"ClockSource":"ecs","ClockSynchronizationStatus":"SYNCHRONIZED","Sequence":3,"StartedAt":"2026-11-25T14:59:38.974542491Z","Version":"0.3.0","ClockErrorBound":[0.67318,0.673183,0.59318]}"#;

    #[test]
    fn a_line_has_its_figures() {
        let line = Line::parse(LINE).unwrap();
        assert_eq!(
            (line.sequence, line.samples, line.bounds, line.end_ms),
            (3, 3, 3, 1_795_618_856_563)
        );
        assert_eq!((line.max_bound, line.last_bound), (0.673_183, 0.593_18));
        assert!(line.is_synchronized && line.is_proof() && !line.is_stopping);
        assert_eq!(line.started_ms, 1_795_618_778_974);
    }

    #[test]
    fn what_makes_a_line_no_proof() {
        for (from, to) in [
            ("\"0.3.0\"", "\"0.2.0\""),
            ("\"0.3.0\"", "\"0.1.9\""),
            ("\"0.3.0\"", "\"x\""),
            ("\"ecs\"", "\"kernel\""),
        ] {
            let text = LINE.replace(from, to);
            assert!(!Line::parse(&text).unwrap().is_proof(), "{to}");
        }
        for version in ["0.3.1", "0.10.0", "1.0.0"] {
            let text = LINE.replace("0.3.0", version);
            assert!(Line::parse(&text).unwrap().is_proof(), "{version}");
        }
    }

    #[test]
    fn a_loss_of_synchronization_is_seen_wherever_the_line_shows_it() {
        for (from, to) in [
            ("\"ClockSynchronized\":1", "\"ClockSynchronized\":0"),
            ("\"SYNCHRONIZED\"", "\"NOT_SYNCHRONIZED\""),
            ("\"Samples\":3", "\"Samples\":3,\"StatusChanges\":2"),
        ] {
            let text = LINE.replace(from, to);
            assert!(!Line::parse(&text).unwrap().is_synchronized, "{to}");
        }
    }

    #[test]
    fn steps_of_every_version_are_seen() {
        let steps = |last_ms, back_ms| Some(Steps { last_ms, back_ms });
        for (member, step) in [
            (
                "\"ClockStep\":[7,-12.5,-3],\"ClockSteps\":3,\"LastClockStep\":-3",
                steps(-3.0, Some(16)),
            ),
            (
                "\"ClockStep\":[-8],\"ClockSteps\":2,\"LastClockStep\":7",
                steps(7.0, None),
            ),
            ("\"ClockStep\":7.5", steps(0.0, Some(0))),
            ("\"ClockStep\":-7.5", steps(0.0, Some(8))),
            (
                "\"ClockSteps\":1,\"LastClockStep\":-3",
                steps(-3.0, Some(3)),
            ),
            ("\"ClockSteps\":3", steps(0.0, None)),
            ("\"ClockSteps\":0", None),
        ] {
            let text = LINE.replace("\"Samples\"", &format!("{member},\"Samples\""));
            assert_eq!(Line::parse(&text).unwrap().steps, step, "{member}");
        }
    }

    #[test]
    fn lines_of_other_programs_are_none() {
        for text in [
            "",
            "plain",
            "{}",
            r#"{"StartedAt":"x"}"#,
            r#"{"message":"started","StartedAt":"2026-11-25T14:59:38Z"}"#,
        ] {
            assert_eq!(Line::parse(text), None, "{text}");
        }
    }
}
