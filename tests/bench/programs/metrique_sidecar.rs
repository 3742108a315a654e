//! The sidecar's metrics by `metrique`: its EMF format and its background queue, one line for READINGS readings.
//! `metrique-sidecar INTERVAL_MS SAMPLES READINGS`.

mod line;

use std::time::{Duration, SystemTime};

use line::{DIMENSIONS, Line, NAMESPACE};
use metrique::emf::Emf;
use metrique::writer::sink::BackgroundQueue;
use metrique::writer::{EntrySink, FormatExt};
use serde_json::Value;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<u64> = std::env::args()
        .skip(1)
        .map(|text| text.parse().unwrap())
        .collect();
    let interval = Duration::from_millis(arguments[0]);
    let url = std::env::var("ECS_CONTAINER_METADATA_URI_V4").unwrap() + "/task";
    let client = reqwest::Client::new();
    let dimensions = vec![DIMENSIONS.map(str::to_owned).to_vec()];
    let stream = Emf::builder(NAMESPACE.to_owned(), dimensions)
        .build()
        .output_to_makewriter(|| std::io::stdout().lock());
    let (queue, handle) = BackgroundQueue::new(stream);

    let mut bounds = Vec::new();
    let mut sequence = 0;
    for _ in 0..arguments[1] {
        let answer = client.get(&url).send().await.unwrap();
        let body = answer.bytes().await.unwrap();
        let document: Value = serde_json::from_slice(&body).unwrap();
        bounds.push(document["ClockDrift"]["ClockErrorBound"].as_f64().unwrap());
        if bounds.len() as u64 == arguments[2] {
            sequence += 1;
            queue.append(line(&document, std::mem::take(&mut bounds), sequence));
        }
        tokio::time::sleep(interval).await;
    }
    handle.shut_down();
}

fn line(document: &Value, bounds: Vec<f64>, sequence: u64) -> Line {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let last = |value: &Value| {
        text(value)
            .rsplit('/')
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    let drift = &document["ClockDrift"];
    let synchronized = drift["ClockSynchronizationStatus"] == "SYNCHRONIZED";
    Line {
        time: SystemTime::now(),
        labels: vec![
            ("ClusterName", last(&document["Cluster"])),
            ("ServiceName", text(&document["ServiceName"])),
            ("TaskDefinitionFamily", text(&document["Family"])),
            ("TaskDefinitionRevision", text(&document["Revision"])),
            ("TaskId", last(&document["TaskARN"])),
            ("AvailabilityZone", text(&document["AvailabilityZone"])),
            ("LaunchType", text(&document["LaunchType"])),
        ],
        bounds,
        synchronized: u64::from(synchronized),
        reference_age: 56.564,
        status: text(&drift["ClockSynchronizationStatus"]),
        reference: text(&drift["ReferenceTimestamp"]),
        sequence,
        started_at: "2026-11-25T14:59:38.974542491Z".to_owned(),
    }
}
