//! Steps of the clock, after which some time has two claims.

use super::*;

#[test]
fn a_step_lasts_until_the_bound_is_within_the_limit() {
    let step = json!({"Samples": 0, "ClockSynchronizationStatus": null, "ClockSynchronized": null,
        "MaxClockErrorBound": null, "ClockErrorBound": null, "ClockStep": [5000.0], "ClockSteps": 1,
        "LastClockStep": 5000.0});
    let enlarged = bounds(&[5000.5, 5000.5]);
    let members = [good(), step, enlarged.clone(), enlarged, good(), good()];
    let statement = statement(&minutes(&members), rules());
    assert_eq!(
        segments(&statement),
        [(0.0, 240.0, State::Stepped), (240.0, 300.0, State::Within),]
    );
    assert_eq!(statement.tasks[0].steps, [(START + 60_000, 5000.0)]);
}

/// The clock is set back by an hour: that hour has two claims, and the worse state counts.
#[test]
fn a_step_back_leaves_no_time_that_is_within_and_stepped() {
    let lines = [
        line(1, 0, &good()),
        line(2, 3600, &good()),
        line(
            3,
            10,
            &json!({"Samples": 0, "ClockStep": [-3_590_000.0], "ClockErrorBound": null,
            "MaxClockErrorBound": null, "ClockSynchronizationStatus": null, "ClockSynchronized": null}),
        ),
    ];
    let statement = statement(
        &lines,
        Rules {
            max_error_ms: 100.0,
            ..rules()
        },
    );
    assert_eq!(
        segments(&statement),
        [(0.0, 10.0, State::Within), (10.0, 3600.0, State::Stepped)]
    );
}

/// Where steps are frequent, one is on the line of the readings before it: the hour before it has two claims.
#[test]
fn a_step_back_after_the_last_reading_of_its_line_counts_too() {
    let stepped =
        json!({"ClockStep": [-3_590_000.0], "ClockSteps": 1, "LastClockStep": -3_590_000.0});
    let lines = [
        line(1, 0, &good()),
        line(2, 3600, &good()),
        line(3, 3610, &stepped),
        line(4, 30, &good()),
        line(5, 50, &good()),
    ];
    let rules = Rules {
        max_error_ms: 100.0,
        ..rules()
    };
    assert_eq!(
        segments(&statement(&lines, rules)),
        [(0.0, 10.0, State::Within), (10.0, 3610.0, State::Stepped)]
    );
}
