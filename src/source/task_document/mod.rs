//! The task document of the ECS task metadata endpoint v4: bytes in, facts out. No I/O.
//!
//! Only the members that are used are decoded, each for itself, so that a surprise in one of them
//! costs that one alone, and members added in the future cost nothing.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserializer as _;
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::reading::{ReadError, ReadErrorKind, SyncStatus, TaskIdentity};
use crate::text::cut;
use crate::time::ErrorBound;

/// How far in the future a reference time may lie and still be believed.
const FUTURE_TOLERANCE: TimeDelta = TimeDelta::seconds(1);
/// How Go, the agent's language, writes a time that was never set.
const UNSET_TIME: &str = r#""0001-01-01T00:00:00Z""#;
/// The longest identity member kept, in bytes. ECS allows 255 characters in every name.
const NAME_LIMIT: usize = 255;

/// What a task document says. Its identity stands even where its clock is missing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TaskDocument {
    pub(crate) identity: TaskIdentity,
    pub(crate) clock: ClockMember,
    /// One for each member that was there but could not be believed.
    pub(crate) withheld: Vec<ReadError>,
}

/// The member `ClockDrift`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ClockMember {
    /// The member is absent or `null`: this endpoint does not know the clock (EC2 launch type).
    Absent,
    /// The member is there and says nothing: `{}`, or no object at all.
    Unusable(ReadError),
    /// What it says.
    Told(ClockDrift),
}

/// The members of a `ClockDrift` that says something.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClockDrift {
    pub(crate) status: SyncStatus,
    pub(crate) bound: Option<ErrorBound>,
    pub(crate) reference: Option<DateTime<Utc>>,
}

/// Decodes the body of `<base>/task`, complete at `read_at`.
///
/// # Errors
/// [`ReadErrorKind::InvalidJson`] if it is no JSON object, [`ReadErrorKind::NoTaskArn`] if it has no
/// `TaskARN`: such an answer is about no task at all.
pub(crate) fn parse(body: &[u8], read_at: DateTime<Utc>) -> Result<TaskDocument, ReadError> {
    let (
        [
            arn,
            cluster,
            service,
            family,
            revision,
            zone,
            launch_type,
            clock,
        ],
        _,
    ) = members(
        body,
        [
            "TaskARN",
            "Cluster",
            "ServiceName",
            "Family",
            "Revision",
            "AvailabilityZone",
            "LaunchType",
            "ClockDrift",
        ],
    )
    .map_err(|error| {
        let message = format!("the task document is no JSON object: {error}");
        ReadError::new(ReadErrorKind::InvalidJson, message)
    })?;

    let mut withheld = Withheld::default();
    let Some(task_id) = withheld.name("TaskARN", arn) else {
        let message = "the task document has no TaskARN";
        return Err(ReadError::new(ReadErrorKind::NoTaskArn, message));
    };
    let identity = TaskIdentity {
        cluster: withheld.name("Cluster", cluster),
        is_outside_service: service.is_none_or(|raw| is_null(raw) || raw.get() == r#""""#),
        service: withheld.name("ServiceName", service),
        family: withheld.name("Family", family),
        revision: withheld.name("Revision", revision),
        task_id: Some(task_id),
        availability_zone: withheld.name("AvailabilityZone", zone),
        launch_type: withheld.name("LaunchType", launch_type),
    };
    let clock = match clock.filter(|raw| !is_null(raw)) {
        None => ClockMember::Absent,
        Some(raw) => clock_drift(raw, read_at, &mut withheld),
    };
    Ok(TaskDocument {
        identity,
        clock,
        withheld: withheld.0,
    })
}

fn clock_drift(raw: &RawValue, read_at: DateTime<Utc>, withheld: &mut Withheld) -> ClockMember {
    let names = [
        "ClockErrorBound",
        "ReferenceTimestamp",
        "ClockSynchronizationStatus",
    ];
    let unusable =
        |message: &str| ClockMember::Unusable(ReadError::new(ReadErrorKind::NoClockDrift, message));
    let [bound, reference, status] = match members(raw.get().as_bytes(), names) {
        Err(_) => return unusable("ClockDrift is no object"),
        Ok((_, 0)) => return unusable("ClockDrift is empty"),
        Ok((found, _)) => found,
    };
    let bound = withheld.member("ClockErrorBound", bound, |raw| {
        let milliseconds: f64 = serde_json::from_str(raw.get())
            .map_err(|_| format!("{} is no number of milliseconds", Shown(raw)))?;
        ErrorBound::from_millis(milliseconds).map_err(|error| format!("{}: {error}", Shown(raw)))
    });
    let reference = reference.filter(|raw| raw.get() != UNSET_TIME);
    let reference = withheld.member("ReferenceTimestamp", reference, |raw| {
        let time = serde_json::from_str::<Cow<'_, str>>(raw.get())
            .ok()
            .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
            .ok_or_else(|| format!("{} is no RFC 3339 time", Shown(raw)))?
            .to_utc();
        if time.signed_duration_since(read_at) > FUTURE_TOLERANCE {
            return Err(format!("{} lies in the future", Shown(raw)));
        }
        Ok(time)
    });
    let status = withheld.member("ClockSynchronizationStatus", status, |raw| {
        serde_json::from_str::<Cow<'_, str>>(raw.get())
            .map(|word| SyncStatus::from_word(&word))
            .map_err(|_| format!("{} is no string", Shown(raw)))
    });
    ClockMember::Told(ClockDrift {
        status: status.unwrap_or(SyncStatus::Unknown),
        bound,
        reference,
    })
}

/// Collects what had to be withheld while members are read.
#[derive(Default)]
struct Withheld(Vec<ReadError>);

impl Withheld {
    /// The value of a member, if it is there, not `null`, and `read` believes it.
    fn member<T>(
        &mut self,
        name: &str,
        raw: Option<&RawValue>,
        read: impl FnOnce(&RawValue) -> Result<T, String>,
    ) -> Option<T> {
        let raw = raw.filter(|raw| !is_null(raw))?;
        read(raw)
            .map_err(|why| {
                let message = format!("{name} {why}");
                self.0
                    .push(ReadError::new(ReadErrorKind::InvalidMember, message));
            })
            .ok()
    }

    /// A name, or the one at the end of an ARN; an empty one is as good as absent.
    fn name(&mut self, name: &str, raw: Option<&RawValue>) -> Option<String> {
        self.member(name, raw, |raw| {
            let text: String = serde_json::from_str(raw.get())
                .map_err(|_| format!("{} is no string", Shown(raw)))?;
            let name = last_part_of_arn(&text);
            if name.len() > NAME_LIMIT {
                return Err(format!("has {} bytes, over {NAME_LIMIT}", name.len()));
            }
            Ok(name.to_owned())
        })
        .filter(|text| !text.is_empty())
    }
}

/// The start of a value as it was given, for a message.
struct Shown<'a>(&'a RawValue);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&cut(self.0.get(), 40))
    }
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// `a/b/c` → `c`, for an ARN; anything else as it is.
fn last_part_of_arn(text: &str) -> &str {
    match text.rsplit_once('/') {
        Some((_, name)) if text.starts_with("arn:") => name,
        _ => text,
    }
}

/// The named members of a JSON object, as yet undecoded, and how many members it has in all. Of a
/// member that is there twice the last counts, as nearly every JSON reader has it.
fn members<'a, const N: usize>(
    json: &'a [u8],
    names: [&str; N],
) -> Result<([Option<&'a RawValue>; N], usize), serde_json::Error> {
    struct Members<'n, const N: usize>([&'n str; N]);

    impl<'de, const N: usize> Visitor<'de> for Members<'_, N> {
        type Value = ([Option<&'de RawValue>; N], usize);

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut found = [None; N];
            let mut count = 0;
            while let Some(key) = map.next_key::<Cow<'de, str>>()? {
                count += 1;
                match self.0.iter().position(|name| *name == key) {
                    Some(index) => found[index] = Some(map.next_value()?),
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok((found, count))
        }
    }

    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let found = deserializer.deserialize_map(Members(names))?;
    deserializer.end()?;
    Ok(found)
}

#[cfg(test)]
mod tests;
