//! Inputs on which an earlier version was wrong, silent or misleading, each named after the fault.

use std::fs;
use std::path::Path;

use emf_explain::{Explained, Input, Options, Rule, explain, parse_now};

use super::{Findings, rules};

/// The events of a recorded input, judged at its time.
fn events_as(name: &str, form: Input) -> Vec<Explained> {
    let numbered = name.starts_with(|first: char| first.is_ascii_digit());
    let now = if numbered {
        "2027-01-15T08:00:00Z"
    } else {
        "2026-11-25T12:00:00Z"
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/data/explain/field")
        .join(name);
    let bytes = fs::read(path).unwrap();
    let options = Options::new(form, parse_now(now).unwrap());
    explain(bytes.as_slice(), options)
        .map(Result::unwrap)
        .collect()
}

fn events(name: &str) -> Vec<Explained> {
    events_as(name, Input::Auto)
}

/// Asserts faults, warnings, and the points that are certain and not.
fn assert_found(name: &str, faults: &[Rule], warnings: &[Rule], certain: usize, uncertain: usize) {
    let found = Findings::in_events(&events(name));
    assert_eq!(
        (&*found.faults, &*found.warnings),
        (faults, warnings),
        "{name}"
    );
    let count = found
        .points
        .iter()
        .filter(|point| point["certain"] == false)
        .count();
    assert_eq!(
        (found.points.len() - count, count),
        (certain, uncertain),
        "{name}"
    );
}

/// Asserts that the input is three events: a good document, a plain line, a document with a number as a dimension.
fn assert_three_events(name: &str, lines: [u64; 2], numbers: Option<[u64; 2]>, warnings: &[Rule]) {
    let events = events(name);
    let found = Findings::in_events(&events);
    assert_eq!(found.faults, [Rule::DimensionNotString], "{name}");
    assert_eq!(found.warnings, warnings, "{name}");
    let [first, second] = [0, 1].map(|index| {
        let with_points: Vec<_> = events
            .iter()
            .filter(|event| !event.points.is_empty())
            .collect();
        with_points[index].position
    });
    assert_eq!([first.line, second.line], lines, "{name}");
    assert_eq!(
        [first.event, second.event],
        numbers.map_or([None; 2], |n| n.map(Some)),
        "{name}"
    );
    assert!(
        found.points[0].get("certain").is_none() && found.points[0]["dimensions"]["Svc"] == "pay"
    );
}

#[test]
fn a_number_as_dimension_costs_the_dimensions_and_is_not_silent() {
    assert_found("01-dim-integer.log", &[Rule::DimensionNotString], &[], 0, 1);
}

#[test]
fn a_metric_that_is_also_a_dimension_is_named() {
    let fault = [Rule::DimensionNotString];
    assert_found(
        "04-metric-eq-dim.log",
        &fault,
        &[Rule::MetricIsDimension],
        0,
        1,
    );
}

#[test]
fn missing_dimensions_are_no_sure_loss() {
    assert_found("08-dims-missing.log", &[], &[Rule::DimensionsMissing], 0, 1);
}

#[test]
fn a_distribution_yields_its_points() {
    assert_found("12-values-counts.log", &[], &[Rule::Distribution], 1, 0);
    let found = Findings::in_events(&events("12-values-counts.log"));
    assert_eq!(found.points[0]["counts"], serde_json::json!([1, 2]));
}

#[test]
fn a_distribution_of_101_values_costs_the_event() {
    assert_found("14-values-101.log", &[Rule::DistributionTooLong], &[], 0, 0);
}

#[test]
fn lambdas_text_prefix_is_skipped() {
    assert_found("18-lambda-prefix.log", &[], &[Rule::LambdaPrefix], 1, 0);
}

#[test]
fn a_firelens_record_is_named_with_the_setting_that_cures_it() {
    assert_found("19-firelens.log", &[Rule::FireLens], &[], 0, 1);
    let found = Findings::in_events(&events("19-firelens.log"));
    assert!(found.sentences[0].contains("log_key"), "{found:?}");
}

#[test]
fn a_cri_line_is_named() {
    assert_found("21-cri.log", &[Rule::Cri], &[], 0, 1);
}

#[test]
fn a_printed_document_begins_with_a_brace() {
    assert_found("23-pretty.log", &[], &[Rule::ExportAssumed], 1, 0);
    let stdout = events_as("23-pretty.log", Input::Stdout);
    assert_eq!(rules(&stdout[0].problems), [Rule::MultiLine]);
    let export = Findings::in_events(&events_as("23-pretty.log", Input::Export));
    assert_eq!((export.points.len(), export.sentences.len()), (1, 0));
}

#[test]
fn version_zero_is_emf() {
    assert_found("32-v0.log", &[], &[Rule::VersionZero], 1, 0);
}

#[test]
fn a_unit_in_other_letters_is_no_sure_loss() {
    assert_found("33-unit-case.log", &[], &[Rule::UnitUnknown; 3], 0, 3);
}

#[test]
fn what_is_defined_twice_is_named() {
    let (metric, set) = (Rule::DuplicateMetric, Rule::DuplicateSet);
    assert_found("36-dup-metric-same.log", &[], &[metric, metric, set], 3, 3);
}

#[test]
fn lambdas_json_format_is_named() {
    assert_found("41b-lambda-json.log", &[Rule::LambdaJson], &[], 0, 1);
}

#[test]
fn a_line_that_only_has_the_word_is_not_emf() {
    assert_found("55-plain-log-with-aws-word.log", &[Rule::NoEmf], &[], 0, 0);
    assert_eq!(events("55-plain-log-with-aws-word.log")[2].position.line, 2);
}

#[test]
fn utf_16_is_named() {
    assert_found("69-utf16.log", &[Rule::Utf16], &[], 0, 0);
}

#[test]
fn the_parts_of_a_firelens_record_are_named_and_joined() {
    let faults = [Rule::PartialMessage, Rule::FireLens];
    assert_found("71-firelens-partial.log", &faults, &[], 0, 1);
}

#[test]
fn the_clis_default_output_is_read() {
    assert_three_events("cli-filter-json.log", [3, 17], Some([1, 3]), &[]);
    assert_three_events("cli-get-text.log", [2, 4], Some([1, 3]), &[]);
    assert_three_events(
        "cli-query-text.log",
        [1, 1],
        Some([1, 3]),
        &[Rule::ExportAssumed],
    );
}

#[test]
fn a_viewers_time_is_taken_off() {
    assert_three_events("docker-logs-t.log", [1, 3], None, &[Rule::ViewerTime]);
    assert_three_events("tail-detailed.log", [1, 3], None, &[Rule::ViewerTime]);
}

#[test]
fn the_csv_of_logs_insights_is_read() {
    assert_three_events("insights-csv.log", [2, 4], Some([1, 3]), &[]);
}
