//! The task document of the ECS task metadata endpoint v4: bytes in, facts out. No I/O.
//!
//! Only the members that are used are decoded, each on its own. An unexpected value then costs that member alone, and
//! members that AWS adds cost nothing.

use std::borrow::Cow;
use std::fmt;

use chrono::{DateTime, Utc};
use serde::de::{IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Deserializer as _};
use serde_json::value::RawValue;

use crate::reading::{Label, ReadError, ReadErrorKind, SyncStatus, TaskIdentity, short_name};
use crate::text::cut;
use crate::time::ErrorBound;

/// Go's zero time, the first second of the year 1, in seconds since the Unix epoch. The agent is written in Go and
/// sends it for a time that was never set.
const UNSET_TIME: i64 = -62_135_596_800;
/// The longest identity member kept, in bytes. ECS allows 255 characters in every name.
const NAME_LIMIT: usize = 255;

/// A decoded task document. Its identity is valid even if its clock is missing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TaskDocument {
    pub(crate) identity: TaskIdentity,
    pub(crate) clock: ClockMember,
    /// One error per member that was present but invalid.
    pub(crate) withheld: Vec<ReadError>,
}

/// The member `ClockDrift`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ClockMember {
    /// The member is absent or `null`: the endpoint does not report the clock, or not yet.
    Absent,
    /// The member is `{}`, which means the same.
    Empty,
    /// The member is not an object.
    NotAnObject,
    /// The member is an object that has members.
    Clock(ClockDrift),
}

/// The members of a `ClockDrift` that is not empty.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ClockDrift {
    pub(crate) status: SyncStatus,
    pub(crate) bound: Option<ErrorBound>,
    /// Whether there was a bound that cannot be right.
    pub(crate) is_bound_withheld: bool,
    pub(crate) reference: Option<DateTime<Utc>>,
}

/// The member of the document with the value of a label, plain or at the end of an ARN.
const fn member_of(label: Label) -> &'static str {
    match label {
        Label::ClusterName => "Cluster",
        Label::ServiceName => "ServiceName",
        Label::TaskDefinitionFamily => "Family",
        Label::TaskDefinitionRevision => "Revision",
        Label::TaskId => "TaskARN",
        Label::AvailabilityZone => "AvailabilityZone",
        Label::LaunchType => "LaunchType",
    }
}

/// The used members: those of the labels, and the clock.
const MEMBERS: [&str; Label::ALL.len() + 1] = {
    let mut members = ["ClockDrift"; Label::ALL.len() + 1];
    let mut index = 0;
    while index < Label::ALL.len() {
        members[index] = member_of(Label::ALL[index]);
        index += 1;
    }
    members
};

/// Decodes the body of `<base>/task`.
///
/// # Errors
/// [`ReadErrorKind::InvalidJson`] if it is not a JSON object, [`ReadErrorKind::NoTaskArn`] if it has no
/// `TaskARN`: such an answer does not describe a task.
pub(crate) fn parse(body: &[u8]) -> Result<TaskDocument, ReadError> {
    let not_an_object = |error| {
        let message = format!("expected a task document, got no JSON object: {error}");
        ReadError::new(ReadErrorKind::InvalidJson, message)
    };
    let ([labels @ .., clock], _) = members(body, MEMBERS).map_err(not_an_object)?;

    let mut withheld = Withheld::default();
    let mut identity = TaskIdentity::default();
    for (&label, raw) in Label::ALL.iter().zip(labels) {
        if label == Label::ServiceName {
            identity.is_outside_service =
                raw.is_none_or(|raw| is_null(raw) || raw.get() == r#""""#);
        }
        *identity.get_mut(label) = withheld.name(member_of(label), raw);
    }
    if identity.task_id.is_none() {
        let message = "the task document has no TaskARN";
        return Err(ReadError::new(ReadErrorKind::NoTaskArn, message));
    }
    let clock = match clock.filter(|raw| !is_null(raw)) {
        None => ClockMember::Absent,
        Some(raw) => clock_drift(raw, &mut withheld),
    };
    Ok(TaskDocument {
        identity,
        clock,
        withheld: withheld.0,
    })
}

fn clock_drift(raw: &RawValue, withheld: &mut Withheld) -> ClockMember {
    let names = [
        "ClockErrorBound",
        "ReferenceTimestamp",
        "ClockSynchronizationStatus",
    ];
    let [bound, reference, status] = match members(raw.get().as_bytes(), names) {
        Err(_) => return ClockMember::NotAnObject,
        Ok((_, 0)) => return ClockMember::Empty,
        Ok((found, _)) => found,
    };
    let before = withheld.0.len();
    let bound = withheld.member("ClockErrorBound", bound, error_bound);
    let is_bound_withheld = withheld.0.len() > before;
    let reference = withheld.member("ReferenceTimestamp", reference, reference_time);
    ClockMember::Clock(ClockDrift {
        bound,
        is_bound_withheld,
        reference: reference.filter(|time| time.timestamp() != UNSET_TIME),
        status: withheld
            .member("ClockSynchronizationStatus", status, status_word)
            .unwrap_or(SyncStatus::Unknown),
    })
}

fn error_bound(raw: &RawValue) -> Result<ErrorBound, &'static str> {
    let milliseconds = serde_json::from_str::<f64>(raw.get()).ok();
    milliseconds
        .and_then(|milliseconds| ErrorBound::from_millis(milliseconds).ok())
        .ok_or("a number of milliseconds from 0 to 86400000 (24 hours)")
}

fn reference_time(raw: &RawValue) -> Result<DateTime<Utc>, &'static str> {
    text(raw)
        .and_then(|text| DateTime::parse_from_rfc3339(&text).ok())
        .map(|time| without_leap_second(time.to_utc()))
        .ok_or("an RFC 3339 time")
}

/// The second after a leap second, such as 00:00:00 for 23:59:60: many readers of our lines reject a second 60.
fn without_leap_second(time: DateTime<Utc>) -> DateTime<Utc> {
    let past_second = time.timestamp_subsec_nanos().checked_sub(1_000_000_000);
    let next = past_second.and_then(|nanos| DateTime::from_timestamp(time.timestamp() + 1, nanos));
    next.unwrap_or(time)
}

fn status_word(raw: &RawValue) -> Result<SyncStatus, &'static str> {
    let word = text(raw).ok_or("a string")?;
    let Ok(status) = word.parse();
    Ok(status)
}

/// The text of a string. A string without escapes is borrowed; the parser has already validated it.
fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if quoted.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(quoted))
    }
}

/// The name of a member, borrowed unless it has escapes. Without the attribute serde would always copy it.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Reads members, and collects the errors of those that are withheld.
#[derive(Default)]
struct Withheld(Vec<ReadError>);

impl Withheld {
    /// Reads a member that is present and not `null`. If `read` fails with what it expected, the member is withheld.
    fn member<T>(
        &mut self,
        name: &str,
        raw: Option<&RawValue>,
        read: impl FnOnce(&RawValue) -> Result<T, &'static str>,
    ) -> Option<T> {
        let raw = raw.filter(|raw| !is_null(raw))?;
        read(raw)
            .map_err(|expected| {
                let given = cut(raw.get(), 40);
                let message = format!("{name}: expected {expected}, got {given}");
                self.0
                    .push(ReadError::new(ReadErrorKind::InvalidMember, message));
            })
            .ok()
    }

    /// Reads a name, or the last part of an ARN. A blank name counts as absent.
    fn name(&mut self, member: &str, raw: Option<&RawValue>) -> Option<String> {
        self.member(member, raw, |raw| {
            let text = text(raw).ok_or("a string")?;
            let name = short_name(&text);
            if name.len() > NAME_LIMIT {
                return Err("a name of at most 255 bytes");
            }
            Ok(name.to_owned())
        })
        .filter(|name| !name.trim().is_empty())
    }
}

fn is_null(raw: &RawValue) -> bool {
    raw.get() == "null"
}

/// Returns the named members of a JSON object, undecoded, and the number of all its members. If a member appears
/// twice, the last one counts, as in nearly every JSON reader.
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
            while let Some(Key(key)) = map.next_key()? {
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
