//! Generated documents, valid and invalid.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Map, Number, Value, json};

use super::NOW_MS;

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
pub(super) struct Document {
    timestamp: i64,
    targets: BTreeMap<String, Target>,
    dimensions: BTreeMap<String, String>,
    directives: Vec<Directive>,
    others: BTreeMap<String, Value>,
}

impl Document {
    pub(super) fn to_json(&self) -> Value {
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

    pub(super) fn points(&self) -> Vec<Value> {
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

pub(super) fn number() -> impl Strategy<Value = Value> {
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
pub(super) fn document(full: bool) -> impl Strategy<Value = Document> {
    let least = usize::from(full);
    // The prefixes keep metrics, dimensions and other members apart. The schema allows no line break in a name, and
    // these two line breaks are not control characters.
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

/// One way to invalidate a document: changes its JSON, or its text.
pub(super) type Spoil = fn(&Document, &mut Value);

pub(super) const SPOILS: [(&str, Spoil); 21] = [
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
