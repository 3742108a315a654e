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

use crate::bound::ErrorBound;
use crate::identity::TaskIdentity;
use crate::read_error::{ReadError, ReadErrorKind};
use crate::reading::SyncStatus;

/// How far in the future a reference time may lie and still be believed.
const FUTURE_TOLERANCE: TimeDelta = TimeDelta::seconds(1);
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
        const LIMIT: usize = 40;
        let text = self.0.get();
        match text.char_indices().nth(LIMIT) {
            None => f.write_str(text),
            Some((end, _)) => write!(f, "{}...", &text[..end]),
        }
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
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_at() -> DateTime<Utc> {
        "2026-11-22T10:36:10Z".parse().unwrap()
    }

    fn document(clock: &str) -> String {
        format!(r#"{{"TaskARN":"arn:aws:ecs:us-east-1:1:task/c/t1","ClockDrift":{clock}}}"#)
    }

    fn told(clock: &str) -> (ClockDrift, Vec<String>) {
        let parsed = parse(document(clock).as_bytes(), read_at()).unwrap();
        let ClockMember::Told(drift) = parsed.clock else {
            panic!("{clock} tells nothing: {:?}", parsed.clock);
        };
        let faults = parsed.withheld.into_iter().map(|error| {
            assert_eq!(error.kind, ReadErrorKind::InvalidMember);
            error.message
        });
        (drift, faults.collect())
    }

    #[test]
    fn the_documented_example() {
        let body = include_bytes!("../../tests/data/fargate-two-containers.json");
        let parsed = parse(body, read_at()).unwrap();
        assert_eq!(
            parsed.identity,
            TaskIdentity {
                cluster: Some("MyEmptyCluster".into()),
                service: None,
                family: Some("sample-fargate".into()),
                revision: Some("5".into()),
                task_id: Some("bfa2636268144d039771334145e490c5".into()),
                availability_zone: Some("us-east-1d".into()),
                launch_type: Some("FARGATE".into()),
            }
        );
        assert_eq!(
            parsed.clock,
            ClockMember::Told(ClockDrift {
                status: SyncStatus::Synchronized,
                bound: Some(ErrorBound::from_millis(0.446_931).unwrap()),
                reference: Some("2023-07-21T16:09:17Z".parse().unwrap()),
            })
        );
        assert_eq!(parsed.withheld, []);
    }

    #[test]
    fn a_member_that_is_absent_or_null_is_unknown_and_no_error() {
        for clock in [
            r#"{"ClockErrorBound":null,"ReferenceTimestamp":null,"ClockSynchronizationStatus":null}"#,
            r#"{"SomethingNew":[1,{"a":2}]}"#,
        ] {
            let nothing = ClockDrift {
                status: SyncStatus::Unknown,
                bound: None,
                reference: None,
            };
            assert_eq!(told(clock), (nothing, vec![]), "{clock}");
        }
    }

    #[test]
    fn bounds() {
        for (given, milliseconds, faults) in [
            ("0.446931", Some(0.446_931), 0),
            ("1e-7", Some(0.0), 0),
            ("0", Some(0.0), 0),
            ("-0.0", Some(0.0), 0),
            ("5", Some(5.0), 0),
            ("86400000", Some(86_400_000.0), 0),
            ("86400001", None, 1),
            ("-0.1", None, 1),
            ("1e999", None, 1),
            (r#""0.4""#, None, 1),
            ("true", None, 1),
            ("[0.4]", None, 1),
            ("{}", None, 1),
            ("null", None, 0),
        ] {
            let (drift, withheld) = told(&format!(
                r#"{{"ClockErrorBound":{given},"ClockSynchronizationStatus":"SYNCHRONIZED"}}"#
            ));
            let expected = milliseconds.map(|ms| ErrorBound::from_millis(ms).unwrap());
            assert_eq!(drift.bound, expected, "{given}");
            assert_eq!(withheld.len(), faults, "{given}: {withheld:?}");
            assert_eq!(drift.status, SyncStatus::Synchronized, "the rest stands");
        }
    }

    #[test]
    fn reference_times() {
        for (given, expected) in [
            (r#""2026-11-22T10:36:00Z""#, Some("2026-11-22T10:36:00Z")),
            (
                r#""2026-11-22T11:36:00.123456789+01:00""#,
                Some("2026-11-22T10:36:00.123456789Z"),
            ),
            (r#""2026-11-22T10:36:11Z""#, Some("2026-11-22T10:36:11Z")),
            (r#""2026-11-22T10:36:11.001Z""#, None),
            (r#""2026-11-22 10:36""#, None),
            (r#""""#, None),
            ("1700000000", None),
        ] {
            let (drift, withheld) = told(&format!(r#"{{"ReferenceTimestamp":{given}}}"#));
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(drift.reference, expected, "{given}");
            assert_eq!(withheld.len(), usize::from(expected.is_none()), "{given}");
        }
    }

    #[test]
    fn status_words() {
        for (given, expected, faults) in [
            (r#""SYNCHRONIZED""#, SyncStatus::Synchronized, 0),
            (r#""NOT_SYNCHRONIZED""#, SyncStatus::NotSynchronized, 0),
            (r#""synchronized""#, SyncStatus::Unknown, 0),
            ("1", SyncStatus::Unknown, 1),
        ] {
            let (drift, withheld) = told(&format!(r#"{{"ClockSynchronizationStatus":{given}}}"#));
            assert_eq!(
                (drift.status, withheld.len()),
                (expected, faults),
                "{given}"
            );
        }
    }

    #[test]
    fn a_clock_that_tells_nothing() {
        let clock_of = |text: &str| parse(text.as_bytes(), read_at()).unwrap().clock;
        assert_eq!(clock_of(r#"{"TaskARN":"t"}"#), ClockMember::Absent);
        assert_eq!(clock_of(&document("null")), ClockMember::Absent);
        for clock in ["{}", "{ }", "[]", "3", r#""SYNCHRONIZED""#] {
            let parsed = clock_of(&document(clock));
            assert!(matches!(parsed, ClockMember::Unusable(_)), "{clock}");
        }
    }

    #[test]
    fn an_answer_about_no_task_is_an_error() {
        let deep = "[".repeat(100_000);
        for (body, kind) in [
            ("", ReadErrorKind::InvalidJson),
            ("{", ReadErrorKind::InvalidJson),
            ("[]", ReadErrorKind::InvalidJson),
            (
                r#""V4 task metadata handler: unable""#,
                ReadErrorKind::InvalidJson,
            ),
            (r#"{"TaskARN":"a"} x"#, ReadErrorKind::InvalidJson),
            (
                r#"{"TaskARN":"a","ClockErrorBound":NaN}"#,
                ReadErrorKind::InvalidJson,
            ),
            (&deep, ReadErrorKind::InvalidJson),
            ("{}", ReadErrorKind::NoTaskArn),
            (r#"{"TaskARN":null}"#, ReadErrorKind::NoTaskArn),
            (r#"{"TaskARN":""}"#, ReadErrorKind::NoTaskArn),
            (r#"{"TaskARN":7}"#, ReadErrorKind::NoTaskArn),
        ] {
            let error = parse(body.as_bytes(), read_at()).unwrap_err();
            assert_eq!(error.kind, kind, "{body:.60}");
        }
        assert!(parse(b"{\"TaskARN\":\"\xff\"}", read_at()).is_err());
    }

    #[test]
    fn names_too_long_are_withheld_and_the_rest_stands() {
        let body = format!(
            r#"{{"TaskARN":"t","Cluster":"{}","ServiceName":"","Family":3,"LaunchType":"EC2"}}"#,
            "c".repeat(256)
        );
        let parsed = parse(body.as_bytes(), read_at()).unwrap();
        assert_eq!(parsed.withheld.len(), 2);
        assert_eq!(parsed.identity.cluster, None);
        assert_eq!(parsed.identity.service, None);
        assert_eq!(parsed.identity.launch_type.as_deref(), Some("EC2"));
    }

    #[test]
    fn of_a_member_given_twice_the_last_counts() {
        let (drift, _) = told(r#"{"ClockErrorBound":1,"ClockErrorBound":2}"#);
        assert_eq!(drift.bound, Some(ErrorBound::from_millis(2.0).unwrap()));
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&body, read_at());
        }

        #[test]
        fn no_member_makes_it_panic(bound in "[-+0-9.eE\"a-z{}\\[\\],:]{0,20}", time in ".{0,40}") {
            let time = serde_json::to_string(&time).unwrap();
            let _ = parse(
                document(&format!(r#"{{"ClockErrorBound":{bound},"ReferenceTimestamp":{time}}}"#)).as_bytes(),
                read_at(),
            );
        }
    }
}
