//! The parts of a sidecar's line that a statement needs.

use std::borrow::Cow;

use chrono::DateTime;

use super::window::Window;

/// What one line states.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line<'a> {
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
    pub window: Window,
    /// The steps of the clock in the window.
    pub steps: Option<Steps>,
}

/// The steps of the clock in a window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Steps {
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
    samples: usize,
    clock_synchronized: Option<f64>,
    max_clock_error_bound: Option<f64>,
    clock_error_bound: Option<Vec<f64>>,
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
            .map(|step| step.min(0.0))
            .sum::<f64>()
            .abs()
            .ceil() as i64;
        Some(Steps {
            // Lines of 0.1.0 name the step only in the metric.
            last_ms: self
                .last_clock_step
                .or(listed.last().copied())
                .unwrap_or_default(),
            back_ms: (listed.len() >= count).then_some(back),
        })
    }
}

impl<'a> Line<'a> {
    /// The line in a message, or `None` if another program wrote it.
    pub(super) fn parse(message: &'a str) -> Option<Self> {
        // Most lines of other programs end here.
        if !message.contains("\"StartedAt\"") {
            return None;
        }
        let members: Members<'a> = serde_json::from_str(message).ok()?;
        let started = DateTime::parse_from_rfc3339(&members.started_at).ok()?;
        let max = members.max_clock_error_bound;
        // Without the metric, the plain member holds the largest bound, and the number of bounds is not known.
        let lacks_bounds = match &members.clock_error_bound {
            Some(bounds) => bounds.len() < members.samples,
            None => max.is_none(),
        };
        let max = max.unwrap_or_default();
        let bounds = members.clock_error_bound.as_deref();
        let last = bounds.map_or(max, |bounds| bounds.last().copied().unwrap_or_default());
        let max = bounds
            .unwrap_or_default()
            .iter()
            .copied()
            .fold(max, f64::max);
        let steps = members.steps();
        let ends_synchronized =
            members.clock_synchronization_status.as_deref() == Some("SYNCHRONIZED");
        let is_synchronized = ends_synchronized
            && members.clock_synchronized.is_none_or(|all| all >= 1.0)
            && members.status_changes.unwrap_or(0) == 0;
        let disagrees = members.cross_check_disagreement.is_some_and(|n| n > 0.0);
        let window = Window::new(members.sequence, members.aws.timestamp)
            .with_flags([
                (Window::SYNCHRONIZED, is_synchronized),
                (Window::ENDS_SYNCHRONIZED, ends_synchronized),
                (Window::STEPPED, steps.is_some()),
                (Window::DISAGREES, disagrees),
                (Window::STOPPING, members.stopping),
                (Window::HAS_READINGS, members.samples > 0),
                (Window::LACKS_BOUNDS, lacks_bounds),
                (
                    Window::PROOF,
                    is_proof(&members.version, &members.clock_source),
                ),
            ])
            .with_pause(members.longest_pause)
            .with_bounds(max, last);
        Some(Self {
            task: members.task_id,
            cluster: members.cluster_name,
            service: members.service_name.or(members.task_definition_family),
            version: members.version,
            source: members.clock_source,
            started: members.started_at,
            started_ms: started.timestamp_millis(),
            window,
            steps,
        })
    }
}

/// Whether a line of this version can prove a bound. Lines of source `kernel` are estimates, and the ranges of 0.1 and
/// 0.2 have known faults.
fn is_proof(version: &str, source: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    let version = (parts.next(), parts.next());
    let is_old = matches!(version, (Some(Ok(0)), Some(Ok(minor))) if minor < 3);
    let is_version = matches!(version, (Some(Ok(_)), Some(Ok(_))));
    is_version && !is_old && source != "kernel"
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"_aws":{"Timestamp":1795618856563,"CloudWatchMetrics":[]},"ClusterName":"c","ServiceName":"s","TaskId":"t","ClockSynchronized":1,"MaxClockErrorBound":0.673183,"Samples":3,"ClockSource":"ecs","ClockSynchronizationStatus":"SYNCHRONIZED","Sequence":3,"StartedAt":"2026-11-25T14:59:38.974542491Z","Version":"0.3.0","ClockErrorBound":[0.67318,0.673183,0.59318]}"#;

    #[test]
    fn a_line_has_its_figures() {
        let line = Line::parse(LINE).unwrap();
        let window = line.window;
        assert_eq!((window.sequence, window.end_ms), (3, 1_795_618_856_563));
        assert_eq!(window, window.with_bounds(0.673_183, 0.593_18));
        for flag in [Window::SYNCHRONIZED, Window::PROOF, Window::HAS_READINGS] {
            assert!(window.has(flag), "{flag}");
        }
        for flag in [Window::STOPPING, Window::LACKS_BOUNDS] {
            assert!(!window.has(flag), "{flag}");
        }
        assert_eq!(line.started_ms, 1_795_618_778_974);
    }

    fn has(text: &str, flag: u16) -> bool {
        Line::parse(text).unwrap().window.has(flag)
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
            assert!(!has(&text, Window::PROOF), "{to}");
        }
        for version in ["0.3.1", "0.10.0", "1.0.0"] {
            let text = LINE.replace("0.3.0", version);
            assert!(has(&text, Window::PROOF), "{version}");
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
            assert!(!has(&text, Window::SYNCHRONIZED), "{to}");
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
            ("\"ClockStep\":7.5", steps(7.5, Some(0))),
            ("\"ClockStep\":-7.5", steps(-7.5, Some(8))),
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
