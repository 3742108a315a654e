//! The report as JSON: one object for each data point, fault and warning.

use std::io::{self, Write as _};

use serde_json::Number;

use super::escape::write_string;
use crate::{Point, Position, Problem, Severity, Values};

/// Writes a problem; the members and their order are part of the interface.
pub(super) fn problem(
    output: &mut Vec<u8>,
    file: Option<&str>,
    position: Position,
    problem: &Problem,
) -> io::Result<()> {
    place(output, file, position)?;
    let kind = match problem.severity() {
        Severity::Fault => "fault",
        Severity::Warning => "warning",
    };
    text(output, kind, &problem.to_string())?;
    text(output, "rule", problem.rule().as_str())?;
    text(output, "confidence", &problem.confidence().to_string())?;
    match problem.counter() {
        Some(counter) => text(output, "counter", &counter.to_string())?,
        None => output.extend_from_slice(b",\"counter\":null"),
    }
    output.extend_from_slice(b"}\n");
    Ok(())
}

/// Writes a data point.
pub(super) fn point(
    output: &mut Vec<u8>,
    file: Option<&str>,
    position: Position,
    point: &Point,
) -> io::Result<()> {
    place(output, file, position)?;
    text(output, "namespace", &point.namespace)?;
    text(output, "metric", &point.metric)?;
    text(output, "unit", point.unit)?;
    write!(output, ",\"resolution\":{}", point.resolution)?;
    dimensions(output, &point.dimensions)?;
    write!(output, ",\"timestamp\":{}", point.timestamp)?;
    values(output, &point.values)?;
    if !point.certain {
        output.extend_from_slice(b",\"certain\":false");
    }
    output.extend_from_slice(b"}\n");
    Ok(())
}

/// The beginning of each object: where it was found.
fn place(output: &mut Vec<u8>, file: Option<&str>, position: Position) -> io::Result<()> {
    output.push(b'{');
    if let Some(file) = file {
        output.extend_from_slice(b"\"file\":");
        write_string(output, file)?;
        output.push(b',');
    }
    write!(output, "\"line\":{}", position.line)?;
    match position.event {
        Some(event) => write!(output, ",\"event\":{event}"),
        None => Ok(()),
    }
}

/// A member that is a text.
fn text(output: &mut Vec<u8>, name: &str, value: &str) -> io::Result<()> {
    output.extend_from_slice(b",\"");
    output.extend_from_slice(name.as_bytes());
    output.extend_from_slice(b"\":");
    write_string(output, value)
}

/// The dimensions as an object, in the order of their set.
fn dimensions(output: &mut Vec<u8>, pairs: &[(String, String)]) -> io::Result<()> {
    output.extend_from_slice(b",\"dimensions\":{");
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            output.push(b',');
        }
        write_string(output, name)?;
        output.push(b':');
        write_string(output, value)?;
    }
    output.push(b'}');
    Ok(())
}

fn values(output: &mut Vec<u8>, values: &Values) -> io::Result<()> {
    match values {
        Values::List(values) => numbers(output, "values", values),
        Values::Distribution { values, counts } => {
            numbers(output, "values", values)?;
            numbers(output, "counts", counts)
        }
        Values::Statistics {
            min,
            max,
            sum,
            count,
        } => write!(
            output,
            ",\"statistics\":{{\"min\":{min},\"max\":{max},\"sum\":{sum},\"count\":{count}}}"
        ),
    }
}

/// A member that is an array of numbers.
fn numbers(output: &mut Vec<u8>, name: &str, numbers: &[Number]) -> io::Result<()> {
    write!(output, ",\"{name}\":[")?;
    for (index, number) in numbers.iter().enumerate() {
        let comma = if index > 0 { "," } else { "" };
        write!(output, "{comma}{number}")?;
    }
    output.push(b']');
    Ok(())
}
