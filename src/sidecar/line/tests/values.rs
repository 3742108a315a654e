//! Members with several candidates for their value, and the capacity of a line.

use super::*;

#[test]
fn the_age_is_the_largest_of_the_window_wherever_it_stands() {
    let aged = |seconds: i64| {
        let mut reading = reading("2026-11-22T10:00:50Z", None);
        let reference = reading.taken.wall - TimeDelta::seconds(seconds);
        reading.reference = Some(reference);
        reading
    };
    for ages in [[20, 900, 4], [900, 20, 4], [4, 20, 900]] {
        let window = window(ages.map(aged).to_vec());
        let line = parsed(&format(), &window, &origin(None));
        assert_eq!(line["ClockReferenceAge"], 900.0, "{ages:?}");
    }
}

#[test]
fn a_line_holds_as_many_readings_as_its_fields_leave_room_for() {
    assert_eq!(
        format().capacity(),
        100,
        "as many values as CloudWatch takes"
    );
    let both = Format {
        metrics: Metric::ALL.to_vec(),
        ..format()
    };
    assert!(both.capacity() >= 60, "a minute of readings every second");
    let crowded = |properties: usize| Format {
        properties: vec![property("Name", "value"); properties],
        ..format()
    };
    assert_eq!(crowded(123).capacity(), 2);
    assert_eq!(crowded(1_000).capacity(), 0);
    // Also where no metric has a value per reading.
    let plain = |properties: usize| Format {
        metrics: vec![Metric::ClockSynchronized],
        ..crowded(properties)
    };
    assert_eq!(plain(1).capacity(), 100);
    assert_eq!(plain(200).capacity(), 0);
}

#[test]
fn the_largest_bound_need_not_be_the_last() {
    for bounds in [[0.25, 0.5, 0.375], [0.5, 0.375, 0.25], [0.25, 0.375, 0.5]] {
        let readings = bounds.map(|bound| reading("2026-11-22T10:00:10Z", Some(bound)));
        let line = parsed(&format(), &window(readings.to_vec()), &origin(None));
        assert_eq!(line["ClockErrorBound"], serde_json::json!(bounds));
        assert_eq!(line["MaxClockErrorBound"], 0.5, "{bounds:?}");
        assert_eq!(line["MeanClockErrorBound"], 0.375, "{bounds:?}");
    }
}

#[test]
fn a_property_with_the_name_of_a_label_is_a_fallback() {
    let format = Format {
        properties: vec![property("ServiceName", "mine"), property("Stage", "prod")],
        ..format()
    };
    let outside = TaskIdentity {
        service: None,
        is_outside_service: true,
        ..identity()
    };
    for (identity, documents, service) in [
        (None, 0, Some("mine")),
        (Some(identity()), 1, Some("ledger")),
        // One document without a service may be incomplete.
        (Some(outside.clone()), 1, Some("mine")),
        (Some(outside), 2, None),
    ] {
        let origin = Origin {
            documents,
            ..origin(identity.as_ref())
        };
        let line = line(&format, &window(Vec::new()), &origin);
        assert_eq!(
            line.matches(r#""ServiceName":"#).count(),
            usize::from(service.is_some()),
            "{line}"
        );
        if let Some(service) = service {
            assert!(
                line.contains(&format!(r#""ServiceName":"{service}""#)),
                "{line}"
            );
        }
        assert_eq!(line.matches(r#""Stage":"prod""#).count(), 1, "{line}");
    }
}

#[test]
fn the_largest_bound_includes_moves_between_two_readings() {
    let moved = |readings: Vec<Reading>, ms: u64| {
        let mut window = window(readings);
        window.bound_while_moved = Some(Duration::from_millis(ms));
        parsed(&format(), &window, &origin(None))
    };
    let readings = vec![reading("2026-11-22T10:00:10Z", Some(2.5))];
    for (ms, max) in [(4, 4.0), (1, 2.5)] {
        let line = moved(readings.clone(), ms);
        assert_eq!(line["ClockErrorBound"], serde_json::json!([2.5]));
        assert_eq!(line["MaxClockErrorBound"], max);
        assert_eq!(line["MeanClockErrorBound"], 2.5);
    }
    let line = moved(Vec::new(), 3);
    assert_eq!(line["MaxClockErrorBound"], 3.0);
    assert_eq!(line.get("MeanClockErrorBound"), None);
}
