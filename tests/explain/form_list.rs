//! The forms in which people have lines. Those of programs that are not run here follow their documentation and source,
//! and are marked as such.

use emf_explain::{Input, Rule};
use serde_json::{Value, json};

use super::NOW_MS;

/// A form: how it wraps events, the findings about the wrapping, and whether points are certain.
pub(super) struct Form {
    pub(super) name: &'static str,
    pub(super) wrap: fn(&[String]) -> String,
    /// Findings about the form, not about its content.
    pub(super) rules: &'static [Rule],
    pub(super) certain: bool,
    pub(super) input: Input,
}

pub(super) const fn viewer(
    name: &'static str,
    wrap: fn(&[String]) -> String,
    rules: &'static [Rule],
) -> Form {
    Form {
        name,
        wrap,
        rules,
        certain: true,
        input: Input::Auto,
    }
}

const fn wrapper(
    name: &'static str,
    wrap: fn(&[String]) -> String,
    rules: &'static [Rule],
) -> Form {
    Form {
        certain: false,
        ..viewer(name, wrap, rules)
    }
}

fn each(events: &[String], line: impl Fn(&str) -> String) -> String {
    events.iter().map(|event| line(event) + "\n").collect()
}

pub(super) fn exported(events: &[String]) -> Value {
    let events: Vec<_> = events
        .iter()
        .enumerate()
        .map(|(index, event)| {
            json!({"logStreamName": "s", "timestamp": NOW_MS, "message": event, "ingestionTime": NOW_MS, "eventId": index.to_string()})
        })
        .collect();
    json!(events)
}

fn rows(events: &[String]) -> Value {
    let rows: Vec<_> = events
        .iter()
        .map(|event| {
            json!([
                {"field": "@timestamp", "value": "2026-11-22 12:00:00.000"},
                {"field": "@message", "value": event},
                {"field": "@ptr", "value": "x"},
            ])
        })
        .collect();
    json!(rows)
}

pub(super) fn csv(event: &str) -> String {
    format!("\"{}\"", event.replace('"', "\"\""))
}

fn printed(event: &str) -> String {
    // Only JSON can be printed over several lines.
    serde_json::from_str::<Value>(event)
        .map_or_else(|_| event.to_owned(), |value| format!("{value:#}"))
}

/// The records of a line that Docker's log driver for Fluentd has split into three.
fn parts(id: usize, event: &str) -> Vec<Value> {
    let characters: Vec<_> = event.chars().collect();
    let size = characters.len().div_ceil(3);
    let parts: Vec<_> = characters.chunks(size).collect();
    let record = |(index, part): (usize, &&[char])| {
        json!({
            "log": part.iter().collect::<String>(),
            "partial_message": "true",
            "partial_id": id.to_string(),
            "partial_ordinal": (index + 1).to_string(),
            "partial_last": (index + 1 == parts.len()).to_string(),
        })
    };
    parts.iter().enumerate().map(record).collect()
}

const ID: &str = "11111111-2222-4333-8444-555555555555";

/// The forms of viewers: the event is what is inside.
pub(super) const VIEWERS: &[Form] = &[
    viewer("one a line", |events| each(events, str::to_owned), &[]),
    viewer(
        "carriage returns",
        |events| each(events, |event| format!("{event}\r")),
        &[],
    ),
    // After the AWS CLI's behaviour, recorded against moto in `field/`.
    viewer(
        "filter-log-events",
        |events| {
            format!(
                "{:#}\n",
                json!({"events": exported(events), "searchedLogStreams": []})
            )
        },
        &[],
    ),
    viewer(
        "filter-log-events, compact",
        |events| format!("{}\n", json!({"events": exported(events)})),
        &[],
    ),
    viewer(
        "get-log-events",
        |events| {
            format!(
                "{:#}\n",
                json!({"events": exported(events), "nextForwardToken": "f/0"})
            )
        },
        &[],
    ),
    viewer(
        "--query events[]",
        |events| format!("{:#}\n", exported(events)),
        &[],
    ),
    viewer(
        "--query events[].message",
        |events| format!("{:#}\n", json!(events)),
        &[],
    ),
    viewer(
        "--query events[].[timestamp,message]",
        |events| {
            let rows: Vec<_> = events.iter().map(|event| json!([NOW_MS, event])).collect();
            format!("{:#}\n", json!(rows))
        },
        &[],
    ),
    viewer(
        "--query events[].[timestamp,message], text",
        |events| each(events, |event| format!("{NOW_MS}\t{event}")),
        &[Rule::ViewerTime],
    ),
    viewer(
        "jq -c .events[]",
        |events| {
            let exported = exported(events);
            let lines: Vec<_> = exported
                .as_array()
                .unwrap()
                .iter()
                .map(ToString::to_string)
                .collect();
            lines.join("\n") + "\n"
        },
        &[],
    ),
    viewer(
        "get-log-events, text",
        |events| {
            format!(
                "b/0\tf/0\n{}",
                each(events, |event| format!(
                    "EVENTS\t{NOW_MS}\t{event}\t{NOW_MS}"
                ))
            )
        },
        &[],
    ),
    viewer(
        "filter-log-events, text",
        |events| {
            each(events, |event| {
                format!("EVENTS\t0\t{NOW_MS}\ts1\t{event}\t{NOW_MS}")
            })
        },
        &[],
    ),
    viewer(
        "filter-log-events, table",
        |events| {
            let cells =
                |event: &str| format!("||  0 |  {NOW_MS} |  s1  |  {event}  |  {NOW_MS}  ||");
            format!(
                "-----\n|  FilterLogEvents  |\n+----+\n{}+----+\n",
                each(events, cells)
            )
        },
        &[],
    ),
    viewer(
        "filter-log-events, table, printed",
        |events| {
            let cells =
                |event: &str| format!("||  0 |  s1  |  {}  |  {NOW_MS}  ||", printed(event));
            format!("-----\n{}+----+\n", each(events, cells))
        },
        &[],
    ),
    viewer(
        "--query events[].message, table",
        |events| each(events, |event| format!("|  {event}   |")),
        &[Rule::ExportAssumed],
    ),
    viewer(
        "--query events[].[timestamp,message], text, printed",
        |events| each(events, |event| format!("{NOW_MS}\t{}", printed(event))),
        &[Rule::ExportAssumed],
    ),
    viewer(
        "--query events[].message, text",
        |events| format!("{}\n", events.join("\t")),
        &[Rule::ExportAssumed],
    ),
    // After the source of the AWS CLI, version 2.
    viewer(
        "tail, short",
        |events| each(events, |event| format!("2026-11-22T12:00:00 {event}")),
        &[Rule::ViewerTime],
    ),
    viewer(
        "tail, detailed",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00.123000+00:00 s/a/1 {event}")
            })
        },
        &[Rule::ViewerTime],
    ),
    viewer(
        "tail, json",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00.123000+00:00 s1\n{}", printed(event))
            })
        },
        &[Rule::ExportAssumed],
    ),
    // After Docker's documents.
    viewer(
        "docker logs -t",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00.123456789Z {event}")
            })
        },
        &[Rule::ViewerTime],
    ),
    // After the documents of CloudWatch Logs.
    viewer(
        "S3 export",
        |events| each(events, |event| format!("2026-11-22T12:00:00.123Z {event}")),
        &[Rule::ViewerTime],
    ),
    viewer(
        "get-query-results",
        |events| {
            format!(
                "{:#}\n",
                json!({"results": rows(events), "status": "Complete"})
            )
        },
        &[],
    ),
    viewer(
        "Logs Insights, JSON",
        |events| {
            let rows: Vec<_> = events
                .iter()
                .map(|event| json!({"@timestamp": "t", "@message": event}))
                .collect();
            format!("{:#}\n", json!(rows))
        },
        &[],
    ),
    viewer(
        "Logs Insights, CSV",
        |events| {
            format!(
                "@timestamp,@message\r\n{}",
                each(events, |event| format!(
                    "2026-11-22 12:00:00.000,{}\r",
                    csv(event)
                ))
            )
        },
        &[],
    ),
    viewer(
        "console, CSV",
        |events| {
            format!(
                "timestamp,message\n{}",
                each(events, |event| format!("{NOW_MS},{}", csv(event)))
            )
        },
        &[],
    ),
    viewer(
        "printed",
        |events| each(events, printed),
        &[Rule::ExportAssumed],
    ),
    viewer(
        "jq without -r",
        |events| each(events, |event| json!(event).to_string()),
        &[Rule::ExportAssumed],
    ),
    viewer(
        "indented",
        |events| each(events, |event| format!("  {event}")),
        &[Rule::LeadingBlank],
    ),
    viewer(
        "Lambda, text",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00.000Z\t{ID}\tINFO\t{event}")
            })
        },
        &[Rule::LambdaPrefix],
    ),
    viewer(
        "Lambda, text, tail",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00 2026-11-22T12:00:00.000Z\t{ID}\tINFO\t{event}")
            })
        },
        &[Rule::LambdaPrefix, Rule::ViewerTime],
    ),
];

/// The forms that CloudWatch itself would have.
pub(super) const WRAPPERS: &[Form] = &[
    wrapper(
        "FireLens",
        |events| {
            each(events, |event| {
                json!({"container_id": "a", "log": event}).to_string()
            })
        },
        &[Rule::FireLens],
    ),
    wrapper(
        "docker json-file",
        |events| {
            each(events, |event| {
                json!({"log": format!("{event}\n"), "stream": "stdout", "time": "2026-11-22T12:00:00Z"}).to_string()
            })
        },
        &[Rule::DockerJson],
    ),
    wrapper(
        "FireLens, in parts",
        |events| {
            let parts = events
                .iter()
                .enumerate()
                .flat_map(|(id, event)| parts(id, event));
            parts.map(|record| record.to_string() + "\n").collect()
        },
        &[Rule::FireLens, Rule::PartialMessage],
    ),
    wrapper(
        "CRI",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00.000000000Z stdout F {event}")
            })
        },
        &[Rule::Cri],
    ),
    wrapper(
        "syslog",
        |events| {
            each(events, |event| {
                format!("<14>1 2026-11-22T12:00:00Z h a 1 - - {event}")
            })
        },
        &[Rule::Syslog],
    ),
    wrapper(
        "logger",
        |events| each(events, |event| format!("INFO:root:{event}")),
        &[Rule::Prefix],
    ),
    wrapper(
        "logger with a time",
        |events| each(events, |event| format!("2026-11-22T12:00:00Z INFO {event}")),
        &[Rule::Prefix],
    ),
    wrapper(
        "Lambda, JSON",
        |events| {
            each(events, |event| {
                json!({"timestamp": "2026-11-22T12:00:00Z", "level": "INFO", "requestId": "r", "message": event}).to_string()
            })
        },
        &[Rule::LambdaJson],
    ),
    wrapper(
        "another object",
        |events| {
            each(events, |event| {
                json!({"severity": 1, "body": event}).to_string()
            })
        },
        &[Rule::JsonWrapper],
    ),
    wrapper(
        "FireLens, seen by tail",
        |events| {
            each(events, |event| {
                format!("2026-11-22T12:00:00 s1 {}", json!({"log": event}))
            })
        },
        &[Rule::FireLens, Rule::ViewerTime],
    ),
    wrapper(
        "FireLens, exported",
        |events| {
            let records: Vec<_> = events
                .iter()
                .map(|event| json!({"log": event}).to_string())
                .collect();
            format!("{:#}\n", json!({"events": exported(&records)}))
        },
        &[Rule::FireLens],
    ),
    Form {
        input: Input::Stdout,
        ..wrapper(
            "printed on stdout",
            |events| each(events, printed),
            &[Rule::MultiLine],
        )
    },
    Form {
        input: Input::Stdout,
        ..wrapper(
            "encoded twice",
            |events| each(events, |event| json!(event).to_string()),
            &[Rule::JsonString],
        )
    },
    Form {
        input: Input::Stdout,
        ..wrapper(
            "a time on stdout",
            |events| each(events, |event| format!("2026-11-22T12:00:00Z {event}")),
            &[Rule::Prefix],
        )
    },
];
