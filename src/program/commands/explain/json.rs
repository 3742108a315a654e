//! The report as JSON: one object for each data point, fault and warning.

use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::escape::write_json;
use crate::emf::explain::{Point, Position, Problem, Severity, Values};

/// Writes a problem; the members and their order are part of the interface.
pub(super) fn problem(
    output: &mut Vec<u8>,
    file: Option<&str>,
    position: Position,
    problem: &Problem,
) -> io::Result<()> {
    write_json(
        output,
        &Record {
            file,
            position,
            problem,
        },
    )
}

/// Writes a data point.
pub(super) fn point(
    output: &mut Vec<u8>,
    file: Option<&str>,
    position: Position,
    point: &Point,
) -> io::Result<()> {
    write_json(
        output,
        &PointRecord {
            file,
            position,
            point,
        },
    )
}

struct Record<'a> {
    file: Option<&'a str>,
    position: Position,
    problem: &'a Problem,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut record = serializer.serialize_map(None)?;
        place::<S>(&mut record, self.file, self.position)?;
        let kind = match self.problem.severity() {
            Severity::Fault => "fault",
            Severity::Warning => "warning",
        };
        record.serialize_entry(kind, &self.problem.to_string())?;
        record.serialize_entry("rule", self.problem.rule().as_str())?;
        record.serialize_entry("confidence", &self.problem.confidence().to_string())?;
        let counter = self.problem.counter().map(|counter| counter.to_string());
        record.serialize_entry("counter", &counter)?;
        record.end()
    }
}

struct PointRecord<'a> {
    file: Option<&'a str>,
    position: Position,
    point: &'a Point,
}

impl Serialize for PointRecord<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let point = self.point;
        let mut record = serializer.serialize_map(None)?;
        place::<S>(&mut record, self.file, self.position)?;
        record.serialize_entry("namespace", &*point.namespace)?;
        record.serialize_entry("metric", &*point.metric)?;
        record.serialize_entry("unit", point.unit)?;
        record.serialize_entry("resolution", &point.resolution)?;
        record.serialize_entry("dimensions", &Dimensions(&point.dimensions))?;
        record.serialize_entry("timestamp", &point.timestamp)?;
        match &*point.values {
            Values::List(values) => record.serialize_entry("values", values)?,
            Values::Distribution { values, counts } => {
                record.serialize_entry("values", values)?;
                record.serialize_entry("counts", counts)?;
            }
            Values::Statistics {
                min,
                max,
                sum,
                count,
            } => {
                let statistics = Statistics {
                    min,
                    max,
                    sum,
                    count,
                };
                record.serialize_entry("statistics", &statistics)?;
            }
        }
        if !point.certain {
            record.serialize_entry("certain", &false)?;
        }
        record.end()
    }
}

fn place<S: Serializer>(
    record: &mut S::SerializeMap,
    file: Option<&str>,
    position: Position,
) -> Result<(), S::Error> {
    if let Some(file) = file {
        record.serialize_entry("file", file)?;
    }
    record.serialize_entry("line", &position.line)?;
    match position.event {
        Some(event) => record.serialize_entry("event", &event),
        None => Ok(()),
    }
}

#[derive(serde::Serialize)]
struct Statistics<'a> {
    min: &'a serde_json::Number,
    max: &'a serde_json::Number,
    sum: &'a serde_json::Number,
    count: &'a serde_json::Number,
}

/// The dimensions as an object, in the order of their set.
struct Dimensions<'a>(&'a [(String, String)]);

impl Serialize for Dimensions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}
