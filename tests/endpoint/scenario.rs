//! The scenarios that the endpoint can play, with names and explanations.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

macro_rules! scenarios {
    ($($variant:ident $name:literal $about:literal;)*) => {
        /// What the endpoint plays.
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[allow(clippy::doc_markdown, reason = "the lines of explanation are also printed, where backticks only disturb")]
        pub enum Scenario {
            $(#[doc = $about] $variant,)*
            /// The bytes of a file, verbatim; the connection then stays open.
            Replay {
                /// The path as it was given.
                path: Arc<str>,
                /// What the file held when the scenario was made.
                bytes: Arc<[u8]>,
            },
        }

        impl Scenario {
            /// All but `replay:FILE`, in the order of the list: name and one line of explanation.
            pub const NAMED: &[(Self, &'static str, &'static str)] = &[$((Self::$variant, $name, $about),)*];
        }
    };
}

scenarios! {
    Good "good" "synchronized, a steady error bound, a reference time 10 to 60 s old";
    Wandering "wandering" "good, with a bound that grows with the age of the reference, as a real one does";
    Drifting "drifting" "no reference update any more: the error bound and the age of the reference grow from the start of the scenario";
    Unsynchronized "unsynchronized" "status NOT_SYNCHRONIZED";
    Flipping "flipping" "SYNCHRONIZED and NOT_SYNCHRONIZED in turn, per request";
    Small "small" "good, in a document of less than 2048 bytes: Content-Length instead of chunks";
    OldReference "old-reference" "good, with a reference time 17 minutes old, as in normal operation";
    Fraction "fraction" "a reference time with nine fraction digits and an offset other than Z";
    Tiny "tiny" "an error bound of 1e-7 ms, written so";
    Zero "zero" "an error bound of exactly zero: the agent leaves the member out";
    NoBound "no-bound" "ClockErrorBound is absent";
    NoStatus "no-status" "ClockSynchronizationStatus is absent";
    NoReference "no-reference" "ReferenceTimestamp is absent";
    NullMembers "null-members" "every member of ClockDrift is null";
    UnknownStatusWord "unknown-status-word" "status DEGRADED, which no document mentions";
    ProseName "prose-name" "ReferenceTime, as the guide's prose has it, instead of ReferenceTimestamp";
    NumberForms "number-forms" "the bound in an unusual but valid notation, another one each request";
    NoClockDrift "no-clock-drift" "EC2 launch type: no ClockDrift";
    FargateNoClockDrift "fargate-no-clock-drift" "no ClockDrift although the launch type is FARGATE";
    LocalEndpoint "local-endpoint" "as the container of ECS Local Endpoints on a laptop: no ClockDrift and no LaunchType";
    NullClockDrift "null-clock-drift" "ClockDrift is null";
    EmptyClockDrift "empty-clock-drift" "ClockDrift is {}";
    NestedClockDrift "nested-clock-drift" "ClockDrift inside the container instead of the task, as in an old example";
    ManagedInstances "managed-instances" "good, with LaunchType MANAGED_INSTANCES";
    OtherTask "other-task" "good, but TaskARN is that of another task";
    NoTaskArn "no-task-arn" "TaskARN is absent";
    NoService "no-service" "a task outside a service: no ServiceName";
    ShortCluster "short-cluster" "Cluster is a short name, not an ARN";
    HostileNames "hostile-names" "markup, right-to-left override, quotes, control characters and a cluster name of 5000 characters";
    Slow "slow" "a good answer, but after 10 s (--delay)";
    SlowBody "slow-body" "a body that arrives a byte every 200 ms, for ever";
    Endless "endless" "a chunked body without end, at full speed";
    Huge "huge" "a good document, padded to 4 MiB, with Content-Length";
    TinyChunks "tiny-chunks" "a good document, padded to 128 KiB, in chunks of one byte";
    EndlessError "endless-error" "500 with a body without end, at full speed";
    Hang "hang" "takes the request, never answers";
    EmptyReply "empty-reply" "closes the connection instead of answering";
    Reset "reset" "resets the connection instead of answering";
    Truncated "truncated" "closes the connection 100 bytes before the promised Content-Length";
    TruncatedChunks "truncated-chunks" "closes the connection before the last chunk";
    Garbage "garbage" "bytes that are not HTTP";
    Throttled "throttled" "429, as the agent says it";
    Error404 "error-404" "404 with a JSON string";
    Error500 "error-500" "500 with a JSON string";
    Redirect "redirect" "301 and 302 in turn, to another path that would answer";
    RedirectHost "redirect-host" "302 to the same server under another host name, which would answer";
    Gzip "gzip" "a good document with Content-Encoding gzip, which was not requested";
    EmptyBody "empty-body" "200 with an empty body";
    NotJson "not-json" "200 with an HTML page";
    JsonString "json-string" "200 with a JSON string";
    JsonArray "json-array" "200 with a JSON array";
    JsonNull "json-null" "200 with null";
    EmptyObject "empty-object" "200 with {}, the agent's answer when it cannot marshal";
    CutJson "cut-json" "200 with the first half of a document, its length told truly";
    TrailingText "trailing-text" "a good document followed by a second one";
    DeepNesting "deep-nesting" "100000 opening brackets";
    DeepMember "deep-member" "a good document with an unknown member nested 100000 deep";
    BadUtf8 "bad-utf8" "bytes that are not UTF-8 inside ServiceName";
    DuplicateKeys "duplicate-keys" "ClockErrorBound and ServiceName appear twice with different values";
    NanToken "nan-token" "ClockErrorBound is NaN, which is not JSON";
    Overflow "overflow" "ClockErrorBound is 1e999";
    Negative "negative" "ClockErrorBound is -0.446931";
    Over24Hours "over-24-hours" "ClockErrorBound is one millisecond over 24 hours";
    StringBound "string-bound" "ClockErrorBound is a string";
    BoolBound "bool-bound" "ClockErrorBound is true";
    ObjectBound "object-bound" "ClockErrorBound is an object";
    NumericStatus "numeric-status" "ClockSynchronizationStatus is a number";
    NumericReference "numeric-reference" "ReferenceTimestamp is a number of seconds";
    BadReference "bad-reference" "ReferenceTimestamp is a string that is no time";
    FutureReference "future-reference" "ReferenceTimestamp is two hours ahead";
    ArrayClockDrift "array-clock-drift" "ClockDrift is an array";
    StringClockDrift "string-clock-drift" "ClockDrift is a string";
    WrongIdentity "wrong-identity" "Cluster, ServiceName, Family and Revision are not strings; TaskARN and ClockDrift are good";
    NumericTaskArn "numeric-task-arn" "TaskARN is a number";
    Down "down" "resets every connection that asks for metadata, and cuts open ones; the control paths still answer";
    Refused "refused" "stops listening: connections are refused, the control paths too, until a schedule or the program that started it moves on";
    Mixed "mixed" "every scenario of this list but good, wandering, down and refused, another one each request";
}

/// The prefix of a scenario that serves a recorded response.
const REPLAY: &str = "replay:";

impl Scenario {
    /// What `mixed` plays, in turn.
    pub fn mixture() -> impl Iterator<Item = &'static Self> {
        Self::NAMED
            .iter()
            .map(|(scenario, ..)| scenario)
            .filter(|scenario| {
                !matches!(
                    scenario,
                    Self::Good | Self::Wandering | Self::Down | Self::Refused | Self::Mixed
                )
            })
    }

    /// Every name with its line of explanation.
    #[must_use]
    pub fn list() -> String {
        let replay = (
            "replay:FILE",
            "the bytes of a file, verbatim, such as tests/data/agent-wire/task-tiny.http",
        );
        let named = Self::NAMED.iter().map(|(_, name, about)| (*name, *about));
        let lines: Vec<_> = named
            .chain([replay])
            .map(|(name, about)| format!("{name:<20} {about}\n"))
            .collect();
        lines.concat()
    }

    /// A scenario that serves the bytes of a file.
    ///
    /// # Errors
    /// A sentence with the path and the reason, when the file cannot be read.
    pub fn replay(path: impl AsRef<Path>) -> Result<Self, String> {
        let path = path.as_ref();
        match std::fs::read(path) {
            Ok(bytes) => Ok(Self::Replay {
                path: path.to_string_lossy().into(),
                bytes: bytes.into(),
            }),
            Err(error) => Err(format!("cannot read {}: {error}", path.display())),
        }
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Replay { path, .. } = self {
            return write!(f, "{REPLAY}{path}");
        }
        let name = Self::NAMED
            .iter()
            .find(|(scenario, ..)| scenario == self)
            .map_or("", |(_, name, _)| name);
        f.write_str(name)
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, String> {
        if let Some(path) = given.strip_prefix(REPLAY) {
            return Self::replay(path);
        }
        let found = Self::NAMED.iter().find(|(_, name, _)| *name == given);
        found.map(|(scenario, ..)| scenario.clone()).ok_or_else(|| {
            let names: Vec<_> = Self::NAMED.iter().map(|(_, name, _)| *name).collect();
            format!(
                "unknown scenario {given:?}; allowed: {}, {REPLAY}FILE",
                names.join(", ")
            )
        })
    }
}
