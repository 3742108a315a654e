//! Every viewer, with every kind of event, in every mode.

use emf_explain::{Input, Kind, Rule};
use serde_json::{Value, json};

use super::form_list::csv;
use super::{Findings, NOW_MS, document, events_of};

/// A viewer.
struct Viewer {
    name: &'static str,
    /// How it shows events, each of which may have several lines.
    show: fn(&[String]) -> String,
    /// The findings about it in the mode auto.
    assumption: Option<Rule>,
    /// Whether it puts something before every line, so that a document over several lines was several events.
    is_by_line: bool,
    /// Whether documents can be recognized if the bytes are a container's output.
    is_seen_on_stdout: bool,
}

/// Texts, each with a prefix and as a line.
fn with_prefixes<'a>(
    texts: impl Iterator<Item = &'a str>,
    prefix: impl Fn(usize) -> String,
) -> String {
    let mut shown = String::new();
    for (at, text) in texts.enumerate() {
        shown.extend([&prefix(at), text, "\n"]);
    }
    shown
}

/// A prefix before every line of every event.
fn by_line(events: &[String], prefix: impl Fn(usize) -> String) -> String {
    let lines = events.iter().flat_map(|event| event.lines());
    with_prefixes(lines, prefix)
}

/// A prefix before every event.
fn by_event(events: &[String], prefix: impl Fn(usize) -> String) -> String {
    with_prefixes(events.iter().map(String::as_str), prefix)
}

const fn lines(name: &'static str, show: fn(&[String]) -> String) -> Viewer {
    Viewer {
        name,
        show,
        assumption: Some(Rule::ViewerPrefix),
        is_by_line: true,
        is_seen_on_stdout: true,
    }
}

const fn events(name: &'static str, show: fn(&[String]) -> String) -> Viewer {
    Viewer {
        is_by_line: false,
        ..lines(name, show)
    }
}

const fn export(name: &'static str, show: fn(&[String]) -> String) -> Viewer {
    Viewer {
        assumption: None,
        is_by_line: false,
        is_seen_on_stdout: false,
        ..lines(name, show)
    }
}

fn records(events: &[String], record: impl Fn(&str) -> Value) -> Value {
    events.iter().map(|event| record(event)).collect()
}

fn yaml(events: &[String]) -> String {
    let item = |event: &String| {
        format!(
            "- eventId: '0'\n  message: '{}'\n  timestamp: {NOW_MS}\n",
            event.replace('\'', "''").replace('\n', "\n\n    ")
        )
    };
    format!("events:\n{}", events.iter().map(item).collect::<String>())
}

const VIEWERS: &[Viewer] = &[
    lines("docker compose logs", |events| {
        by_line(events, |_| "web-1  | ".to_owned())
    }),
    lines("docker compose logs, two services, in colour", |events| {
        let names = [
            "\u{1b}[36mweb-1     | \u{1b}[0m",
            "\u{1b}[33mworker-1  | \u{1b}[0m",
        ];
        by_line(events, |at| names[at % 2].to_owned())
    }),
    lines("docker compose logs -t", |events| {
        by_line(events, |_| {
            "web-1  | 2026-11-22T12:00:00.123456789Z ".to_owned()
        })
    }),
    lines("kubectl logs --prefix", |events| {
        by_line(events, |_| "[pod/web-7d9f-abc/web] ".to_owned())
    }),
    lines("stern", |events| {
        by_line(events, |at| format!("web-7d9f-a{at} web "))
    }),
    lines("grep -n", |events| {
        by_line(events, |at| format!("app.log:{}:", at + 1))
    }),
    lines("grep -n, one file", |events| {
        by_line(events, |at| format!("{}:", at + 1))
    }),
    Viewer {
        assumption: Some(Rule::ViewerTime),
        ..lines("docker logs -t", |events| {
            by_line(events, |_| "2026-11-22T12:00:00.123456789Z ".to_owned())
        })
    },
    events("awslogs get", |events| {
        by_event(events, |at| format!("/ecs/app app/app/{at} "))
    }),
    events("awslogs get, in colour, with times", |events| {
        by_event(events, |_| {
            "\u{1b}[32m/ecs/app\u{1b}[0m \u{1b}[36mapp/1\u{1b}[0m \u{1b}[33m2026-11-22T12:00:00.123Z\u{1b}[0m ".to_owned()
        })
    }),
    events("sam logs", |events| {
        by_event(events, |_| {
            "2026/11/29/[$LATEST]0a1b2c3d 2026-11-22T12:00:00.123000 ".to_owned()
        })
    }),
    Viewer {
        assumption: Some(Rule::ViewerTime),
        ..events("aws logs tail --color on", |events| {
            by_event(events, |_| {
                "\u{1b}[32m2026-11-22T12:00:00.123000+00:00\u{1b}[0m \u{1b}[36ms/a/1\u{1b}[0m "
                    .to_owned()
            })
        })
    },
    Viewer {
        assumption: Some(Rule::ViewerTime),
        ..events("jq of timestamp and message", |events| {
            by_event(events, |at| {
                format!("{} ", NOW_MS + i64::try_from(at).unwrap())
            })
        })
    },
    Viewer {
        assumption: None,
        ..events("get-query-results, text", |events| {
            let shown = by_event(events, |_| "RESULTS\t@message\t".to_owned());
            format!("Complete\nRESULTS\t@ptr\t0\n{shown}")
        })
    },
    Viewer {
        assumption: Some(Rule::ExportAssumed),
        is_seen_on_stdout: true,
        ..export("jq without -r", |events| {
            by_event(
                &events
                    .iter()
                    .map(|event| json!(event).to_string())
                    .collect::<Vec<_>>(),
                |_| String::new(),
            )
        })
    },
    export("--query with other names", |events| {
        format!(
            "{:#}\n",
            records(events, |event| json!({"t": NOW_MS, "m": event}))
        )
    }),
    export("a subscription filter", |events| {
        let events = records(
            events,
            |event| json!({"id": "1", "timestamp": NOW_MS, "message": event}),
        );
        let one = json!({"messageType": "DATA_MESSAGE", "logStream": "s", "logEvents": events});
        one.to_string()
    }),
    export("Firehose", |events| {
        let of = |events: &[String]| {
            let events = records(
                events,
                |event| json!({"id": "1", "timestamp": NOW_MS, "message": event}),
            );
            json!({"messageType": "DATA_MESSAGE", "logEvents": events}).to_string()
        };
        let (left, right) = events.split_at(events.len() / 2);
        format!("{}{}", of(left), of(right))
    }),
    export("get-log-record", |events| {
        let record = |event: &String| {
            format!(
                "{:#}\n",
                json!({"logRecord": {"@message": event, "@ptr": "x"}})
            )
        };
        events.iter().map(record).collect()
    }),
    export("yaml", yaml),
    export("jq @csv", |events| {
        let fields: Vec<_> = events.iter().map(|event| csv(event)).collect();
        by_event(&fields, |_| format!("{NOW_MS},"))
    }),
    export("Excel", |events| {
        let fields: Vec<_> = events.iter().map(|event| csv(event) + "\r").collect();
        by_event(&fields, |_| "29/11/2026 05:30\t".to_owned())
    }),
    export("semicolons", |events| {
        let rows = events
            .iter()
            .map(|event| format!("29/11/2026 05:30;{}\n", csv(event)));
        format!("Zeit;Nachricht\n{}", rows.collect::<String>())
    }),
    export("Export-Csv", |events| {
        let rows = events
            .iter()
            .map(|event| format!("\"t\",{},\"t\"\n", csv(event)));
        format!(
            "\"IngestionTime\",\"Message\",\"Timestamp\"\n{}",
            rows.collect::<String>()
        )
    }),
];

/// A good document, as a line.
fn good() -> String {
    document().to_string()
}

/// A document with a metric that is not a number.
fn bad() -> String {
    good().replace("\"Hits\":3", "\"Hits\":\"three\"")
}

fn found(text: &str, mode: Input) -> (Findings, usize) {
    let events = events_of(text.as_bytes(), mode);
    let certain = events
        .iter()
        .flat_map(|event| &event.points)
        .filter(|point| point.certain);
    let certain = certain.count();
    (Findings::in_events(&events), certain)
}

#[test]
fn documents_and_plain_lines_are_judged_as_they_are() {
    let plain = "ready, listening on 8080".to_owned();
    let shown = [plain.clone(), good(), bad(), plain];
    for viewer in VIEWERS {
        let text = (viewer.show)(&shown);
        for mode in [Input::Auto, Input::Export] {
            let (found, certain) = found(&text, mode);
            let context = format!("{}, {mode}: {found:?}\n{text}", viewer.name);
            assert_eq!(found.faults, [Rule::MetricNotNumber], "{context}");
            assert_eq!(certain, 3, "{context}");
            let assumption = viewer.assumption.filter(|_| mode == Input::Auto);
            let mut warnings = found.warnings.clone();
            // A printed object is a separate assumption.
            warnings
                .retain(|rule| *rule != Rule::ExportAssumed || viewer.assumption == Some(*rule));
            assert_eq!(warnings, Vec::from_iter(assumption), "{context}");
        }
        let (found, certain) = found(&text, Input::Stdout);
        let context = format!("{}, stdout: {found:?}\n{text}", viewer.name);
        assert!(!found.faults.is_empty() && certain == 0, "{context}");
        if viewer.is_seen_on_stdout {
            assert!(found.faults.contains(&Rule::MetricNotNumber), "{context}");
        }
    }
}

#[test]
fn a_plain_line_alone_is_no_document() {
    for viewer in VIEWERS {
        let text = (viewer.show)(&["a member _aws is in no line".to_owned(), "ready".to_owned()]);
        for mode in Input::ALL {
            let (found, _) = found(&text, *mode);
            assert_eq!(
                found.faults,
                [Rule::NoEmf],
                "{}, {mode}: {found:?}",
                viewer.name
            );
        }
    }
}

#[test]
fn a_printed_document_is_one_event_unless_each_of_its_lines_was_shown_as_one() {
    let shown = ["ready".to_owned(), format!("{:#}", document())];
    for viewer in VIEWERS {
        let text = (viewer.show)(&shown);
        for mode in [Input::Auto, Input::Export] {
            let (found, certain) = found(&text, mode);
            let context = format!("{}, {mode}: {found:?}\n{text}", viewer.name);
            let faults = if viewer.is_by_line {
                vec![Rule::MultiLine]
            } else {
                vec![]
            };
            assert_eq!(found.faults, faults, "{context}");
            assert_eq!(
                (found.points.len(), certain > 0),
                (2, !viewer.is_by_line),
                "{context}"
            );
        }
        let (_, certain) = found(&text, Input::Stdout);
        assert_eq!(certain, 0, "{}", viewer.name);
    }
}

#[test]
fn an_event_of_several_lines_hides_no_document() {
    let trace = "java.lang.IllegalStateException: queue full\n\tat com.example.Worker.run(Worker.java:42)\nCaused by: java.io.IOException: broken pipe";
    let shown = [good(), trace.to_owned(), good()];
    for viewer in VIEWERS {
        let text = (viewer.show)(&shown);
        for mode in [Input::Auto, Input::Export] {
            let (found, certain) = found(&text, mode);
            let context = format!("{}, {mode}: {found:?}\n{text}", viewer.name);
            assert_eq!((found.faults.len(), certain), (0, 4), "{context}");
        }
    }
}

#[test]
fn a_prefix_before_some_lines_only_is_the_writers() {
    for prefix in [
        "web-1  | ",
        "[pod/web-7d9f-abc/web] ",
        "web-7d9f-abc web ",
        "app.log:1:",
        "2026-11-22T12:00:00Z ",
    ] {
        let before = format!("ready\n{prefix}{}\n{prefix}{}\n", good(), good());
        for mode in Input::ALL {
            let (found, certain) = found(&before, *mode);
            assert_eq!(
                (found.faults.as_slice(), certain),
                (&[Rule::Prefix; 2][..], 0),
                "{prefix}, {mode}"
            );
        }
        let between = format!("{prefix}{}\n{}\n{prefix}{}\n", good(), good(), good());
        for mode in [Input::Auto, Input::Export] {
            let (found, _) = found(&between, mode);
            assert_eq!(
                found.faults,
                [Rule::Prefix; 2],
                "{prefix}, {mode}: {found:?}"
            );
        }
    }
}

#[test]
fn what_the_user_calls_a_viewers_is_one() {
    let lines = |prefix: &str| format!("{prefix}ready\n{prefix}{}\n{prefix}{}\n", good(), bad());
    for prefix in ["host-1 app> ", "<web> ", "node3: ", "a/b@c  "] {
        let text = lines(prefix);
        let (auto, _) = found(&text, Input::Auto);
        assert_eq!(
            auto.faults[..2],
            [Rule::Prefix, Rule::Prefix],
            "{prefix}: {auto:?}"
        );
        let (export, certain) = found(&text, Input::Export);
        assert_eq!(
            (export.faults.as_slice(), certain),
            (&[Rule::MetricNotNumber][..], 3),
            "{prefix}: {export:?}"
        );
    }
    // A level shows that a logger wrote it.
    for prefix in ["INFO:root:", "[info] ", "2026-11-22T12:00:00Z WARN "] {
        let (export, certain) = found(&lines(prefix), Input::Export);
        assert_eq!((export.faults[0], certain), (Rule::Prefix, 0), "{prefix}");
    }
}

#[test]
fn the_reader_gives_the_text_of_each_event_and_its_stream() {
    let stream = json!({"events": [{"logStreamName": "s1", "timestamp": 1, "message": good(), "ingestionTime": 1}]});
    let text = format!("EVENTS\t0\t1795348800000\ts1\t{}\t1795348800000\n", good());
    let yaml = format!(
        "events:\n- eventId: '0'\n  logStreamName: s1\n  message: '{}'\n  timestamp: 1\n",
        good()
    );
    let tail = format!("2026-11-22T12:00:00.000000+00:00 s1 {}\n", good());
    let awslogs = format!("/ecs/shop s1 {}\n", good());
    for input in [stream.to_string(), text, yaml, tail, awslogs] {
        let events = emf_explain::input::read(input.as_bytes(), Input::Auto);
        let events = events.map(Result::unwrap);
        let events: Vec<_> = events
            .filter(|event| event.kind == Kind::Document)
            .collect();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].kind, &events[0].text), (Kind::Document, &good()));
        assert_eq!(events[0].log_stream.as_deref(), Some("s1"));
    }
    for viewer in VIEWERS {
        let text = (viewer.show)(&[good(), "plain".to_owned()]);
        let events = emf_explain::input::read(text.as_bytes(), Input::Auto);
        let documents = events
            .map(Result::unwrap)
            .filter(|event| event.kind == Kind::Document);
        let texts: Vec<_> = documents.map(|event| event.text).collect();
        assert_eq!(texts, [good()], "{}", viewer.name);
    }
}
