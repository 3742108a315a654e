//! Events as JSON objects, for collectors of logs.

use std::fmt;

use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};
use tracing::Event;
use tracing::field::{Field, Visit};

use crate::time::{Moment, rfc3339};

/// An event as `{"timestamp":…,"level":…,"message":…,FIELDS}`, with a line feed.
pub(super) fn line(event: &Event<'_>) -> String {
    let now = Moment::now().wall;
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut bytes);
    // Writing JSON to memory fails only if a value refuses to be formatted; what is there then is of no use.
    let _ = serializer.serialize_map(None).and_then(|mut map| {
        map.serialize_entry("timestamp", &rfc3339(now))?;
        map.serialize_entry("level", event.metadata().level().as_str())?;
        let mut members = Members {
            map,
            outcome: Ok(()),
        };
        event.record(&mut members);
        members.outcome.and(members.map.end())
    });
    let mut line = String::from_utf8(bytes).unwrap_or_default();
    line.push('\n');
    line
}

/// Writes the fields of an event as members of an object.
struct Members<M: SerializeMap> {
    map: M,
    /// The first failure; later fields are left out.
    outcome: Result<(), M::Error>,
}

impl<M: SerializeMap> Members<M> {
    fn add(&mut self, field: &Field, value: &impl Serialize) {
        if self.outcome.is_ok() {
            self.outcome = self.map.serialize_entry(field.name(), value);
        }
    }
}

impl<M: SerializeMap> Visit for Members<M> {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, &value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, &value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, &value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.add(field, &format_args!("{value:?}"));
    }
}
