//! Records of a container's log file: parts of a line, and what only looks like one.

use emf_explain::{Input, Rule};
use serde_json::{Value, json};

use super::{document, events_of, found};

/// Where the engine splits.
const SPLIT: usize = 16_384;

/// A document of about this many bytes, identified by its one metric value.
fn valued(hits: u32, padding: usize) -> String {
    let mut document = document();
    document["Hits"] = json!(hits);
    document["~"] = json!("p".repeat(padding));
    document.to_string()
}

fn record(log: &str, more: &Value) -> String {
    let mut record = json!({"log": log, "stream": "stdout", "time": "t"});
    let members = record.as_object_mut().unwrap();
    members.extend(more.as_object().unwrap().clone());
    record.to_string()
}

/// The metric values that identify documents, in the order of the events.
fn hits(input: &str) -> Vec<f64> {
    let points = found(input.as_bytes()).points;
    let hits = points.iter().filter(|point| point["metric"] == "Hits");
    hits.map(|point| point["values"][0].as_f64().unwrap())
        .collect()
}

/// The faults other than those of the form, and of the parts.
fn other_faults(input: &str) -> Vec<Rule> {
    let mut faults = found(input.as_bytes()).faults;
    faults.retain(|rule| !matches!(rule, Rule::DockerJson | Rule::PartialMessage));
    faults
}

/// An export of `filter-log-events` with streams and records.
fn export(events: &[(&str, String)]) -> String {
    let events: Vec<_> = events
        .iter()
        .map(|(stream, message)| json!({"logStreamName": stream, "timestamp": 1, "message": message}))
        .collect();
    json!({ "events": events }).to_string()
}

#[test]
fn a_document_between_the_parts_of_another_streams_line_is_kept() {
    let none = json!({});
    let long = valued(1, 20_000);
    let (first, last) = long.split_at(SPLIT);
    let last = format!("{last}\n");
    let whole = format!("{}\n", valued(2, 0));
    for streams in [["A", "B", "A"], ["A", "A", "A"]] {
        let records = [first, &whole, &last].map(|log| record(log, &none));
        let events: Vec<_> = streams.into_iter().zip(records).collect();
        let input = export(&events);
        assert_eq!(hits(&input), [2.0, 1.0], "{streams:?}");
        assert_eq!(other_faults(&input), [], "{streams:?}");
    }
}

#[test]
fn parts_of_two_streams_in_turn_make_two_lines() {
    let none = json!({});
    let (a, b) = (valued(1, 20_000), valued(2, 20_000));
    let end = |line: &str| record(&format!("{}\n", &line[SPLIT..]), &none);
    let events = [
        ("A", record(&a[..SPLIT], &none)),
        ("B", record(&b[..SPLIT], &none)),
        ("A", end(&a)),
        ("B", end(&b)),
    ];
    let rows: Vec<_> = events
        .iter()
        .map(|(stream, message)| {
            json!([{"field": "@logStream", "value": stream}, {"field": "@message", "value": message}])
        })
        .collect();
    let text = events.each_ref().map(|(stream, message)| {
        format!("EVENTS\t0\t1795348800000\t{stream}\t{message}\t1795348800000\n")
    });
    for input in [
        export(&events),
        json!({"results": rows}).to_string(),
        text.concat(),
    ] {
        assert_eq!(hits(&input), [1.0, 2.0]);
        assert_eq!(other_faults(&input), []);
    }
}

#[test]
fn a_whole_long_record_without_a_line_feed_is_not_a_part() {
    let tag = json!({"logtag": "F", "kubernetes": {"pod_name": "p"}});
    let exact = valued(1, SPLIT - valued(1, 0).len());
    assert_eq!(exact.len(), SPLIT);
    for more in [json!({}), tag] {
        for first in [valued(1, 20_000), exact.clone()] {
            let records = [first, valued(2, 0), "hello".to_owned(), valued(3, 20_000)];
            let lines = records.map(|log| record(&log, &more) + "\n");
            let input = lines.concat();
            assert_eq!(hits(&input), [1.0, 2.0, 3.0]);
            let found = found(input.as_bytes());
            // With the members of Kubernetes it is Fluent Bit's record.
            let is_fluent_bit = more.get("kubernetes").is_some();
            let rule = if is_fluent_bit {
                Rule::FireLens
            } else {
                Rule::DockerJson
            };
            assert_eq!(found.faults, [rule; 3]);
            assert_eq!(found.others, 1);
        }
    }
}

#[test]
fn a_long_text_that_is_not_a_document_does_not_taint_the_next_line() {
    let none = json!({});
    let input = format!(
        "{}\n{}\n",
        record(&"z".repeat(SPLIT), &none),
        record(&format!("{}\n", valued(2, 0)), &none)
    );
    let events = events_of(input.as_bytes(), Input::Auto);
    assert_eq!(super::rules(&events[1].problems), [Rule::DockerJson]);
    assert_eq!(hits(&input), [2.0]);
}

#[test]
fn parts_that_the_engine_cut_within_a_character_are_joined() {
    let none = json!({});
    let long = valued(1, 0).replacen("\"~\":\"", &format!("\"~\":\"{}", "é".repeat(9_000)), 1);
    // An odd shift puts the border within a character.
    let long = if long.is_char_boundary(SPLIT) {
        long.replacen("\"é", "\"xé", 1)
    } else {
        long
    };
    let (first, last) = long.as_bytes().split_at(SPLIT);
    let [first, last] = [first, last].map(|part| String::from_utf8_lossy(part).into_owned());
    assert!(first.ends_with('\u{fffd}') && last.starts_with('\u{fffd}'));
    let input = [record(&first, &none), record(&format!("{last}\n"), &none)].join("\n");
    assert_eq!(hits(&input), [1.0]);
    assert_eq!(other_faults(&input), []);
}

#[test]
fn the_last_part_of_a_document_whose_beginning_is_missing_is_named() {
    let mut late = document();
    let metadata = late.as_object_mut().unwrap().remove("_aws").unwrap();
    let padding = "p".repeat(20_000);
    let line = format!("{{\"~\":\"{padding}\",\"_aws\":{metadata},\"Hits\":3}}\n");
    let last = &line[SPLIT..];
    let firelens = json!({
        "log": last,
        "partial_message": "true",
        "partial_id": "a",
        "partial_ordinal": "2",
        "partial_last": "true",
    });
    for record in [record(last, &json!({})), firelens.to_string()] {
        let found = found(record.as_bytes());
        assert_eq!(found.faults, [Rule::PartialMessage], "{found:?}");
        assert!(found.sentences[0].contains("without the part"), "{found:?}");
        assert_eq!((found.documents, found.points.len()), (1, 0));
    }
    // Text about a document is not the end of one.
    for words in [
        "\"_aws\" and \"CloudWatchMetrics\"\n",
        "saw {\"_aws\":{}}\n",
    ] {
        let found = found(record(words, &json!({})).as_bytes());
        assert!(!found.faults.contains(&Rule::PartialMessage), "{found:?}");
    }
}
