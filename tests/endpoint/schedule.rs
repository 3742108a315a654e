//! Scenarios in turn, each for a time: `good:60s,drifting:120s,down:30s`.

use std::str::FromStr;
use std::time::Duration;

use super::Scenario;

/// One scenario and how long it is played.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What is played.
    pub scenario: Scenario,
    /// How long it is played.
    pub duration: Duration,
}

/// Steps to play in turn. After the last one its scenario stays, unless the schedule repeats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(pub(crate) Vec<Step>);

impl FromStr for Schedule {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        given
            .split(',')
            .map(step)
            .collect::<Result<_, _>>()
            .map(Self)
    }
}

fn step(given: &str) -> Result<Step, String> {
    // The last colon, since `replay:FILE` contains one itself.
    let Some((scenario, duration)) = given.rsplit_once(':') else {
        return Err(format!(
            "a step of a schedule is SCENARIO:DURATION, such as good:60s, not {given:?}"
        ));
    };
    let duration = humantime::parse_duration(duration).map_err(|error| {
        format!(
            "the duration of the step {given:?}: {error}; it needs a unit, such as 60s or 500ms"
        )
    })?;
    if duration.is_zero() {
        return Err(format!(
            "the duration of the step {given:?} must be over zero"
        ));
    }
    Ok(Step {
        scenario: scenario.parse()?,
        duration,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_names_scenarios_and_durations() {
        let schedule: Schedule = "good:60s,drifting:2m,down:250ms".parse().unwrap();
        let expected = [
            (Scenario::Good, 60_000),
            (Scenario::Drifting, 120_000),
            (Scenario::Down, 250),
        ]
        .map(|(scenario, ms)| Step {
            scenario,
            duration: Duration::from_millis(ms),
        });
        assert_eq!(schedule.0, expected);
    }

    #[test]
    fn a_wrong_schedule_is_refused_with_what_was_wrong() {
        for (given, part) in [
            ("", "SCENARIO:DURATION"),
            ("good", "\"good\""),
            ("good:60", "unit"),
            ("good:0s", "over zero"),
            ("goood:1s", "allowed: good, wandering"),
            ("good:1s,", "SCENARIO:DURATION"),
        ] {
            let error = given.parse::<Schedule>().unwrap_err();
            assert!(error.contains(part), "{given}: {error}");
        }
    }
}
