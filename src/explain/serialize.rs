//! Findings and points as JSON. Their members and order are part of the interface.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::finding::{Point, Position, Problem, Values};
use super::kind::Counter;

/// Writes its members into an object, which may have others.
pub(crate) trait Members {
    /// Writes the members.
    ///
    /// # Errors
    /// If they cannot be written.
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

impl Members for Position {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("line", &self.line)?;
        match self.event {
            Some(event) => map.serialize_entry("event", &event),
            None => Ok(()),
        }
    }
}

impl Members for Problem {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry(self.severity().as_str(), &self.to_string())?;
        map.serialize_entry("rule", self.rule().as_str())?;
        map.serialize_entry("confidence", self.confidence().as_str())?;
        let counter = self.counter().map(Counter::as_str);
        map.serialize_entry("counter", &counter)
    }
}

impl Members for Point {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("namespace", &*self.namespace)?;
        map.serialize_entry("metric", &*self.metric)?;
        map.serialize_entry("unit", self.unit)?;
        map.serialize_entry("resolution", &self.resolution)?;
        map.serialize_entry("dimensions", &Pairs(&self.dimensions))?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        self.values.write(map)?;
        if self.certain {
            return Ok(());
        }
        map.serialize_entry("certain", &false)
    }
}

impl Members for Values {
    fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        match self {
            Self::List(values) => map.serialize_entry("values", values),
            Self::Distribution { values, counts } => {
                map.serialize_entry("values", values)?;
                map.serialize_entry("counts", counts)
            }
            Self::Statistics {
                min,
                max,
                sum,
                count,
            } => {
                let statistics = [("min", min), ("max", max), ("sum", sum), ("count", count)];
                map.serialize_entry("statistics", &Pairs(&statistics))
            }
        }
    }
}

/// Members of an object, in their order.
struct Pairs<'a, N, T>(&'a [(N, T)]);

impl<N: Serialize, T: Serialize> Serialize for Pairs<'_, N, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

macro_rules! serialize {
    ($($type:ty)*) => {
        $(impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut map = serializer.serialize_map(None)?;
                self.write(&mut map)?;
                map.end()
            }
        })*
    };
}

serialize!(Position Problem Point Values);
