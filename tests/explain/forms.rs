//! Documents, valid and invalid, in every form. The findings are the same as for the bare document.

use emf_explain::{Explained, Input, Kind, Rule};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use super::documents::{SPOILS, document};
use super::events_of;
use super::form_list::{Form, VIEWERS, WRAPPERS, csv, exported};
use super::tables::TABLES;

/// What is reported of an event, without its position.
fn verdict(event: &Explained, of_form: &[Rule], certain: bool) -> (Vec<Value>, Vec<String>) {
    let mut points: Vec<_> = event.points.iter().map(super::point).collect();
    if !certain {
        for point in &mut points {
            point["certain"] = json!(false);
        }
    }
    let problems = event
        .problems
        .iter()
        .filter(|problem| !of_form.contains(&problem.rule()));
    (points, problems.map(ToString::to_string).collect())
}

/// The findings of each event alone.
fn alone(events: &[String]) -> Vec<Explained> {
    let each = events
        .iter()
        .map(|event| events_of(format!("{event}\n").as_bytes(), Input::Auto));
    each.map(|mut explained| explained.remove(0)).collect()
}

/// Asserts that each event in a form is judged as it is alone.
fn assert_same(form: &Form, events: &[String], alone: &[Explained]) {
    let text = (form.wrap)(events);
    let judged = events_of(text.as_bytes(), form.input);
    let documents: Vec<_> = judged
        .iter()
        .filter(|event| event.kind == Kind::Document)
        .collect();
    assert_eq!(documents.len(), events.len(), "{}: {text}", form.name);
    for (event, alone) in documents.iter().zip(alone) {
        assert_eq!(
            verdict(event, form.rules, true),
            verdict(alone, &[], form.certain),
            "{}: {text}",
            form.name
        );
    }
    let said = judged.iter().flat_map(|event| &event.problems);
    let said: Vec<_> = said.map(emf_explain::Problem::rule).collect();
    assert!(
        form.rules.iter().all(|rule| said.contains(rule)),
        "{}: {said:?}",
        form.name
    );
}

/// A document as a line, valid or with one fault.
fn line() -> impl Strategy<Value = String> {
    let spoil = prop::option::of(select((0..SPOILS.len()).collect::<Vec<_>>()));
    (document(true), spoil).prop_map(|(document, spoil)| {
        let mut json = document.to_json();
        // One fault is a wrapper, which the form then wraps again.
        if let Some((name, spoil)) = spoil.map(|index| SPOILS[index])
            && name != "metadata nested"
        {
            spoil(&document, &mut json);
        }
        json.to_string()
    })
}

proptest! {
    // Each case is ten documents in each form: over a thousand documents for every form.
    #![proptest_config(ProptestConfig::with_cases(105))]

    #[test]
    fn in_every_form_of_a_viewer_a_document_is_judged_as_it_is_alone(events in prop::collection::vec(line(), 10)) {
        let alone = alone(&events);
        for form in VIEWERS.iter().chain(TABLES) { assert_same(form, &events, &alone); }
    }

    #[test]
    fn in_every_wrapper_a_document_is_judged_as_it_is_alone(events in prop::collection::vec(line(), 10)) {
        let alone = alone(&events);
        for form in WRAPPERS { assert_same(form, &events, &alone); }
    }
}

#[test]
fn a_document_that_is_not_json_is_judged_in_every_form_that_can_hold_it() {
    let good = super::document().to_string();
    let broken = good.replacen("\"Hits\":3", "\"Hits\":NaN", 1);
    let events = [good, broken];
    for form in VIEWERS
        .iter()
        .chain(WRAPPERS)
        .chain(TABLES)
        .filter(|form| !form.name.contains("printed") && form.name != "tail, json")
    {
        assert_same(form, &events, &alone(&events));
    }
}

#[test]
fn plain_events_between_documents_are_counted() {
    let events = [
        "plain line".to_owned(),
        super::document().to_string(),
        "{\"level\":\"info\"}".to_owned(),
    ];
    for form in VIEWERS.iter().chain(TABLES) {
        let judged = events_of((form.wrap)(&events).as_bytes(), Input::Auto);
        let kinds = |kind| judged.iter().filter(|event| event.kind == kind).count();
        assert_eq!(kinds(Kind::Document), 1, "{}", form.name);
        assert!(kinds(Kind::Other) >= 2, "{}: {judged:?}", form.name);
        let at = judged
            .iter()
            .find(|event| event.kind == Kind::Document)
            .unwrap();
        assert!(
            at.position.event.is_none_or(|event| event == 2),
            "{}: {}",
            form.name,
            at.position
        );
    }
}

#[test]
fn a_time_before_some_documents_only_is_the_writers() {
    let document = super::document();
    let timed = format!("2026-11-22T12:00:00Z {document}");
    for (lines, expected, certain) in [
        (
            vec![document.to_string(), timed.clone()],
            vec![vec![], vec![Rule::Prefix]],
            vec![true, false],
        ),
        (
            vec![timed.clone(), document.to_string(), timed.clone()],
            vec![
                vec![Rule::ViewerTime],
                vec![Rule::Prefix],
                vec![Rule::Prefix],
            ],
            vec![true, true, false],
        ),
    ] {
        let events = events_of(lines.join("\n").as_bytes(), Input::Auto);
        let is_certain = |event: &Explained| event.points.iter().all(|point| point.certain);
        let found: Vec<_> = events.iter().map(is_certain).collect();
        assert_eq!(found, certain);
        let said: Vec<_> = events
            .iter()
            .map(|event| super::rules(&event.problems))
            .collect();
        assert_eq!(said, expected);
    }
}

#[test]
fn documents_without_a_line_feed_between_them_are_a_fault_and_judged_each() {
    let document = super::document();
    for between in ["", " "] {
        let input = format!("{document}{between}{document}\n");
        let events = events_of(input.as_bytes(), Input::Auto);
        assert_eq!(super::rules(&events[0].problems), [Rule::SeveralDocuments]);
        assert_eq!(events.len(), 2);
        assert!(
            events
                .iter()
                .all(|event| event.points.len() == 2 && !event.points[0].certain)
        );
        let export = events_of(input.as_bytes(), Input::Export);
        assert!(
            export
                .iter()
                .all(|event| event.problems.is_empty() && event.points[0].certain)
        );
    }
}

#[test]
fn compressed_input_is_named() {
    let events = events_of(b"\x1f\x8b\x08\x00rest", Input::Auto);
    assert_eq!(super::rules(&events[0].problems), [Rule::Gzip]);
    assert_eq!(events.len(), 1);
    assert!(events[0].problems[0].to_string().contains("gunzip"));
}

#[test]
fn a_byte_order_mark_is_taken_off() {
    for text in [
        super::document().to_string(),
        format!(
            "timestamp,message\n1,{}\n",
            csv(&super::document().to_string())
        ),
    ] {
        let events = events_of(format!("\u{feff}{text}").as_bytes(), Input::Auto);
        assert_eq!(super::rules(&events[0].problems), [Rule::ByteOrderMark]);
        assert_eq!(events[0].points.len(), 2);
    }
}

#[test]
fn a_stray_brace_or_bracket_swallows_no_document() {
    let document = super::document();
    for stray in [
        "{",
        "[",
        "[\"a\" b",
        "{\"x\":[",
        "{\"a\":1,",
        "{\n  a: 1,\n  b: 'x\"y'\n}",
        "[{\"a\":",
        "Config {",
    ] {
        let input = format!("{stray}\n{document}\n{document}\n");
        let found = super::found(input.as_bytes());
        assert_eq!(found.points.len(), 4, "{stray:?}: {found:?}");
    }
}

#[test]
fn an_export_that_breaks_off_says_so() {
    let exported = format!(
        "{:#}\n",
        json!({"events": exported(&vec![super::document().to_string(); 3])})
    );
    let cut = exported.len() - 120;
    let found = super::found(&exported.as_bytes()[..cut]);
    assert_eq!(found.faults, [Rule::Cut]);
    assert_eq!(found.points.len(), 4);
}

#[test]
fn events_of_one_line_exports_that_are_longer_than_any_event_are_all_judged() {
    let count = 5_000;
    let export = json!({"events": exported(&vec![super::document().to_string(); count])});
    let events = events_of(export.to_string().as_bytes(), Input::Auto);
    assert_eq!(events.len(), count);
    assert!(
        events
            .iter()
            .all(|event| event.points.len() == 2 && event.problems.is_empty())
    );
    assert_eq!(events[count - 1].position.event, Some(count as u64));
}
