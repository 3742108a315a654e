//! Properties over generated documents and arbitrary bytes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};
use serde_json::{Map, Number, Value, json};

use super::{NOW_MS, findings, report};

const UNITS: [&str; 6] = [
    "Seconds",
    "Milliseconds",
    "Terabytes/Second",
    "Bits",
    "Percent",
    "None",
];

/// A metric at the root, and how every directive defines it.
#[derive(Debug, Clone)]
struct Target {
    value: Value,
    unit: Option<&'static str>,
    resolution: Option<u8>,
}

#[derive(Debug, Clone)]
struct Directive {
    namespace: String,
    sets: Vec<Vec<String>>,
    metrics: Vec<String>,
}

#[derive(Debug, Clone)]
struct Document {
    timestamp: i64,
    targets: BTreeMap<String, Target>,
    dimensions: BTreeMap<String, String>,
    directives: Vec<Directive>,
    others: BTreeMap<String, Value>,
}

impl Document {
    fn to_json(&self) -> Value {
        let directives = self.directives.iter().map(|directive| {
            let metrics = directive.metrics.iter().map(|name| {
                let target = &self.targets[name];
                let mut definition = Map::from_iter([("Name".to_owned(), json!(name))]);
                definition.extend(target.unit.map(|unit| ("Unit".to_owned(), json!(unit))));
                definition.extend(
                    target
                        .resolution
                        .map(|seconds| ("StorageResolution".to_owned(), json!(seconds))),
                );
                Value::Object(definition)
            });
            json!({
                "Namespace": directive.namespace,
                "Dimensions": directive.sets,
                "Metrics": metrics.collect::<Vec<_>>(),
            })
        });
        let aws = json!({"Timestamp": self.timestamp, "CloudWatchMetrics": directives.collect::<Vec<_>>()});
        let mut root = Map::from_iter([("_aws".to_owned(), aws)]);
        root.extend(
            self.targets
                .iter()
                .map(|(name, target)| (name.clone(), target.value.clone())),
        );
        root.extend(
            self.dimensions
                .iter()
                .map(|(name, value)| (name.clone(), json!(value))),
        );
        root.extend(self.others.clone());
        Value::Object(root)
    }

    fn points(&self) -> Vec<Value> {
        let mut points = Vec::new();
        for directive in &self.directives {
            for set in &directive.sets {
                let dimensions: Map<_, _> = set
                    .iter()
                    .map(|key| (key.clone(), json!(self.dimensions[key])))
                    .collect();
                for metric in &directive.metrics {
                    let target = &self.targets[metric];
                    let values = if target.value.is_array() {
                        target.value.clone()
                    } else {
                        json!([target.value])
                    };
                    points.push(json!({
                        "line": 1,
                        "namespace": directive.namespace,
                        "metric": metric,
                        "unit": target.unit.unwrap_or("None"),
                        "resolution": target.resolution.unwrap_or(60),
                        "dimensions": dimensions,
                        "timestamp": self.timestamp,
                        "values": values,
                    }));
                }
            }
        }
        points
    }
}

fn number() -> impl Strategy<Value = Value> {
    let most = 2_f64.powi(360);
    prop_oneof![
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-most..=most).prop_map(|value| json!(value)),
        (-1000.0..1000.0).prop_map(|value: f64| json!(value)),
        any::<f64>().prop_filter_map("in range", move |value| {
            Number::from_f64(value)
                .filter(|_| value.abs() <= most)
                .map(Value::Number)
        }),
    ]
}

fn target() -> impl Strategy<Value = Target> {
    let values = prop_oneof![
        number(),
        prop::collection::vec(number(), 1..6).prop_map(Value::from),
        prop::collection::vec(number(), 100).prop_map(Value::from),
    ];
    (
        values,
        prop::option::of(select(UNITS.to_vec())),
        prop::option::of(select(vec![1_u8, 60])),
    )
        .prop_map(|(value, unit, resolution)| Target {
            value,
            unit,
            resolution,
        })
}

/// Valid documents; with `full`, each has a directive with a metric and a set with a key.
fn document(full: bool) -> impl Strategy<Value = Document> {
    let least = usize::from(full);
    // The prefixes keep metrics, dimensions and other members apart. The schema lets no line break stand in a name, and
    // these two are the ones that are no control characters.
    let targets = prop::collection::btree_map("m[\\PC--\\x{2028}\\x{2029}]{0,30}", target(), 1..5);
    let dimensions = prop::collection::btree_map(
        "[k:][!-~ ]{1,30}".prop_map(|key| format!("d{key}")),
        "[!-~][ -~]{0,60}",
        1..5,
    );
    let others = prop::collection::btree_map(
        "o\\PC{0,10}",
        prop_oneof![
            Just(json!(null)),
            Just(json!({"a": [1, {}]})),
            Just(json!("\u{1}é"))
        ],
        0..3,
    );
    (
        targets,
        dimensions,
        others,
        NOW_MS - 1_209_600_000..=NOW_MS + 7_200_000,
    )
        .prop_flat_map(move |(targets, dimensions, others, timestamp)| {
            let names: Vec<_> = targets.keys().cloned().collect();
            let keys: Vec<_> = dimensions.keys().cloned().collect();
            let metrics = subsequence(names.clone(), least..=names.len()).prop_shuffle();
            let sets = prop::collection::vec(
                subsequence(keys.clone(), least..=keys.len()).prop_shuffle(),
                1..4,
            );
            let directive = ("[B-Za-z0-9._#/-][A-Za-z0-9._#:/-]{0,40}", sets, metrics).prop_map(
                |(namespace, sets, metrics)| Directive {
                    namespace,
                    sets,
                    metrics,
                },
            );
            prop::collection::vec(directive, least..4).prop_map(move |directives| Document {
                timestamp,
                targets: targets.clone(),
                dimensions: dimensions.clone(),
                others: others.clone(),
                directives,
            })
        })
}

/// One way to spoil a document: changes its JSON, or its text.
type Spoil = fn(&Document, &mut Value);

const SPOILS: [(&str, Spoil); 23] = [
    ("no timestamp", |_, json| {
        json["_aws"].as_object_mut().unwrap().remove("Timestamp");
    }),
    ("old", |_, json| {
        json["_aws"]["Timestamp"] = json!(NOW_MS - 1_209_600_001);
    }),
    ("ahead", |_, json| {
        json["_aws"]["Timestamp"] = json!(NOW_MS + 7_200_001);
    }),
    ("seconds", |_, json| {
        json["_aws"]["Timestamp"] = json!(NOW_MS / 1000);
    }),
    ("metadata nested", |_, json| {
        *json = json!({ "log": json.clone() });
    }),
    ("metadata no object", |_, json| {
        json["_aws"] = json!([json["_aws"]]);
    }),
    ("directives no array", |_, json| {
        json["_aws"]["CloudWatchMetrics"] = json!({});
    }),
    ("namespace missing", |_, json| {
        directive(json).remove("Namespace");
    }),
    ("namespace of AWS", |_, json| {
        directive(json).insert("Namespace".into(), json!("AWS/ECS"));
    }),
    ("dimensions missing", |_, json| {
        directive(json).remove("Dimensions");
    }),
    ("dimensions flat", |_, json| {
        directive(json).insert("Dimensions".into(), json!(["a"]));
    }),
    ("31 keys", |_, json| {
        directive(json).insert("Dimensions".into(), json!([vec!["a"; 31]]));
    }),
    ("metrics missing", |_, json| {
        directive(json).remove("Metrics");
    }),
    ("101 metrics", |document, json| {
        let name = &document.directives[0].metrics[0];
        directive(json).insert("Metrics".into(), json!(vec![json!({ "Name": name }); 101]));
    }),
    ("unit", |_, json| {
        directive(json)["Metrics"][0]["Unit"] = json!("Nanoseconds");
    }),
    ("line break in a name", |_, json| {
        directive(json)["Metrics"][0]["Name"] = json!("m\u{2028}");
    }),
    ("resolution", |_, json| {
        directive(json)["Metrics"][0]["StorageResolution"] = json!(10);
    }),
    ("value missing", |document, json| {
        json.as_object_mut()
            .unwrap()
            .remove(&document.directives[0].metrics[0]);
    }),
    ("value a string", |document, json| {
        json[&document.directives[0].metrics[0]] = json!("1");
    }),
    ("101 values", |document, json| {
        json[&document.directives[0].metrics[0]] = json!(vec![1; 101]);
    }),
    ("value too large", |document, json| {
        json[&document.directives[0].metrics[0]] = json!(1e109);
    }),
    ("dimension missing", |document, json| {
        json.as_object_mut()
            .unwrap()
            .remove(&document.directives[0].sets[0][0]);
    }),
    ("dimension empty", |document, json| {
        json[&document.directives[0].sets[0][0]] = json!("");
    }),
];

fn directive(json: &mut Value) -> &mut Map<String, Value> {
    json["_aws"]["CloudWatchMetrics"][0]
        .as_object_mut()
        .unwrap()
}

proptest! {
    #[test]
    fn a_valid_document_yields_exactly_its_points(document in document(false)) {
        let (points, faults) = findings(document.to_json().to_string().as_bytes());
        prop_assert_eq!(faults, Vec::<String>::new());
        prop_assert_eq!(points, document.points());
    }

    #[test]
    fn every_spoilt_document_has_a_fault_and_no_point_that_was_not_there(document in document(true)) {
        let (good, _) = findings(document.to_json().to_string().as_bytes());
        for (name, spoil) in SPOILS {
            let mut json = document.to_json();
            spoil(&document, &mut json);
            let (points, faults) = findings(json.to_string().as_bytes());
            prop_assert!(!faults.is_empty(), "{name}: {json}");
            // A point loses its dimensions with an empty value, and nothing else ever changes.
            let known = |point: &Value| good.contains(point) || (name == "dimension empty" && point["dimensions"] == json!({}));
            prop_assert!(points.iter().all(known), "{name}: {points:?}");
            prop_assert!(points.len() < good.len() || name == "dimension empty", "{name}: {points:?}");
        }
    }

    #[test]
    fn every_spoilt_text_is_one_fault_and_no_point(document in document(true), at in any::<Index>(), pick in 0..5) {
        let text = document.to_json().to_string();
        let spoilt = match pick {
            0 => format!("{text}{text}"),
            1 => format!("{text} done"),
            2 => text[..text.len() - 1].to_owned(),
            3 => text.replacen("\"Timestamp\":", "\"Timestamp\":NaN,\"x\":", 1),
            _ => {
                // A quotation mark that the text does not have, anywhere after `_aws`.
                let ends: Vec<_> = text.char_indices().map(|(at, _)| at).filter(|&at| at > 7).collect();
                let at = ends[at.index(ends.len())];
                format!("{}\n{}", &text[..at], &text[at..])
            }
        };
        let (points, faults) = findings(format!("{spoilt}\n").as_bytes());
        prop_assert_eq!(points.len(), 0, "{}", spoilt);
        prop_assert!(!faults.is_empty(), "{}", spoilt);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check_bytes(&bytes);
        check_bytes(&[b"{\"_aws\"".as_slice(), &bytes].concat());
    }

    #[test]
    fn arbitrary_changes_of_a_document_never_panic(
        document in document(true),
        changes in prop::collection::vec((any::<Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = document.to_json().to_string().into_bytes();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        check_bytes(&bytes);
    }

    #[test]
    fn json_of_any_shape_where_metadata_belongs_never_panics(aws in any_json()) {
        check_bytes(json!({ "_aws": aws }).to_string().as_bytes());
        let directives = json!({"Timestamp": NOW_MS, "CloudWatchMetrics": [aws]});
        check_bytes(json!({ "_aws": directives }).to_string().as_bytes());
    }
}

/// JSON made of the names that EMF knows.
fn any_json() -> impl Strategy<Value = Value> {
    let names = select(vec![
        "Timestamp",
        "CloudWatchMetrics",
        "Namespace",
        "Dimensions",
        "Metrics",
        "Name",
        "Unit",
        "_aws",
    ]);
    let leaf = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        number(),
        names.clone().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..5).prop_map(|members| members
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()),
        ]
    })
}

fn check_bytes(bytes: &[u8]) {
    let feeds = bytes
        .iter()
        .fold(0, |count, &byte| count + u64::from(byte == b'\n'));
    let rest = u64::from(bytes.last().is_some_and(|&byte| byte != b'\n'));
    let (text, _) = report(bytes, false);
    assert_eq!(text.lines, feeds + rest);
    let (json, _) = report(bytes, true);
    assert_eq!(json, text);
    findings(bytes);
}
