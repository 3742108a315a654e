//! The report for programs: a JSON object for each data point, fault and warning.

use std::io;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::escape::write_line;
use crate::Position;
use crate::serialize::Members;

/// A finding or a point with its place.
struct Record<'a, T> {
    file: Option<&'a str>,
    position: Position,
    content: &'a T,
}

impl<T: Members> Serialize for Record<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(file) = self.file {
            map.serialize_entry("file", file)?;
        }
        self.position.write(&mut map)?;
        self.content.write(&mut map)?;
        map.end()
    }
}

/// Writes a finding or a point as a line.
pub(super) fn record(
    output: &mut Vec<u8>,
    file: Option<&str>,
    position: Position,
    content: &impl Members,
) -> io::Result<()> {
    let record = Record {
        file,
        position,
        content,
    };
    write_line(output, &record)
}
