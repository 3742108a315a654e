//! A format and a task, for tests of lines and of their writers.

use crate::reading::TaskIdentity;
use crate::sidecar::line::Metric;
use crate::sidecar::line::{Dimensions, Format, StorageResolution};
use crate::time::DriftRate;

/// The format of the defaults.
pub(in crate::sidecar) fn format() -> Format {
    Format {
        namespace: "ECS/ClockAccuracy".to_owned(),
        dimensions: Dimensions::Default,
        properties: Vec::new(),
        metrics: Metric::ALL
            .iter()
            .copied()
            .filter(|metric| metric.is_default())
            .collect(),
        resolution: StorageResolution::Minute,
        drift: DriftRate::DEFAULT,
    }
}

/// A Fargate task in a service.
pub(in crate::sidecar) fn identity() -> TaskIdentity {
    TaskIdentity {
        cluster: Some("orders".into()),
        service: Some("ledger".into()),
        is_outside_service: false,
        family: Some("ledger-task".into()),
        revision: Some("7".into()),
        task_id: Some("bfa2636268144d039771334145e490c5".into()),
        availability_zone: Some("us-east-1d".into()),
        launch_type: Some("FARGATE".into()),
        ..TaskIdentity::default()
    }
}
