//! Renders the sidecar's line N times into memory: `write-lines metrique|metrics_cloudwatch_embedded READINGS N`.
//! The last one is printed, so that its members can be compared.

mod line;

use std::time::SystemTime;

use line::{DIMENSIONS, Line, NAMESPACE};
use metrique::emf::Emf;
use metrique::writer::format::Format;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let readings: usize = arguments[1].parse().unwrap();
    let count: u64 = arguments[2].parse().unwrap();
    let last = match arguments[0].as_str() {
        "metrique" => by_metrique(readings, count),
        "metrics_cloudwatch_embedded" => by_metrics(readings, count),
        other => panic!("unknown writer {other}"),
    };
    print!("{}", String::from_utf8(last).unwrap());
}

fn by_metrique(readings: usize, count: u64) -> Vec<u8> {
    let dimensions = vec![DIMENSIONS.map(str::to_owned).to_vec()];
    let mut format = Emf::builder(NAMESPACE.to_owned(), dimensions).build();
    let mut line = example(readings);
    let mut output = Vec::with_capacity(2048);
    for sequence in 1..=count {
        output.clear();
        line.sequence = sequence;
        format.format(&line, &mut output).unwrap();
    }
    output
}

fn by_metrics(readings: usize, count: u64) -> Vec<u8> {
    let line = example(readings);
    let mut builder = metrics_cloudwatch_embedded::Builder::new().cloudwatch_namespace(NAMESPACE);
    for (name, value) in &line.labels[..DIMENSIONS.len()] {
        builder = builder.with_dimension(*name, value.clone());
    }
    let collector = builder.init().unwrap();
    metrics::describe_histogram!("ClockErrorBound", metrics::Unit::Milliseconds, "");
    metrics::describe_gauge!("ClockSynchronized", metrics::Unit::Count, "");
    metrics::describe_gauge!("ClockReferenceAge", metrics::Unit::Seconds, "");
    let bounds = metrics::histogram!("ClockErrorBound");
    let synchronized = metrics::gauge!("ClockSynchronized");
    let age = metrics::gauge!("ClockReferenceAge");
    // Constant members are set once.
    for (name, value) in &line.labels[DIMENSIONS.len()..] {
        collector.set_property(*name, value.clone());
    }
    collector.set_property("ClockSource", "ecs");
    collector.set_property("StartedAt", line.started_at.clone());
    collector.set_property("Version", "0.0.0");
    let mut output = Vec::with_capacity(2048);
    for sequence in 1..=count {
        output.clear();
        for value in &line.bounds {
            bounds.record(*value);
        }
        synchronized.set(1.0);
        age.set(line.reference_age);
        let (largest, mean) = line.summary();
        collector
            .set_property("MaxClockErrorBound", largest)
            .set_property("MeanClockErrorBound", mean)
            .set_property("Samples", line.bounds.len())
            .set_property("ClockSynchronizationStatus", line.status.clone())
            .set_property("ReferenceTimestamp", line.reference.clone())
            .set_property("Sequence", sequence)
            .flush(&mut output)
            .unwrap();
    }
    output
}

fn example(readings: usize) -> Line {
    let labels = [
        ("ClusterName", "clockcluster"),
        ("ServiceName", "appservice"),
        ("TaskDefinitionFamily", "app"),
        ("TaskDefinitionRevision", "2"),
        ("TaskId", "cd189a933e5849daa93386466019ab50"),
        ("AvailabilityZone", "us-east-1d"),
        ("LaunchType", "FARGATE"),
    ];
    Line {
        time: SystemTime::now(),
        labels: labels
            .map(|(name, value)| (name, value.to_owned()))
            .to_vec(),
        bounds: (0..readings)
            .map(|at| 0.446_931 + 0.1 * at as f64)
            .collect(),
        synchronized: 1,
        reference_age: 56.564,
        status: "SYNCHRONIZED".to_owned(),
        reference: "2026-11-25T15:00:00Z".to_owned(),
        sequence: 1,
        started_at: "2026-11-25T14:59:38.974542491Z".to_owned(),
    }
}
