//! The task document, in the agent's order of members and with the agent's forms of numbers, strings and times.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};

/// The identity of the task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// `Cluster`: an ARN or a short name.
    pub cluster: String,
    /// `TaskARN`.
    pub task_arn: String,
    /// `Family` of the task definition.
    pub family: String,
    /// `Revision` of the task definition.
    pub revision: String,
    /// `ServiceName`; absent for a task outside a service.
    pub service: Option<String>,
    /// `AvailabilityZone`, which can be absent.
    pub availability_zone: Option<String>,
    /// `LaunchType`.
    pub launch_type: String,
}

impl Default for Identity {
    fn default() -> Self {
        Self {
            cluster: "arn:aws:ecs:us-east-1:123456789012:cluster/clockcluster".into(),
            task_arn: "arn:aws:ecs:us-east-1:123456789012:task/clockcluster/cd189a933e5849daa93386466019ab50".into(),
            family: "app".into(),
            revision: "2".into(),
            service: Some("appservice".into()),
            availability_zone: Some("us-east-1d".into()),
            launch_type: "FARGATE".into(),
        }
    }
}

/// A JSON object as text: members in order, with duplicates and invalid values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Object(Vec<(String, String)>);

impl Object {
    /// Appends a member whose value is JSON already, or deliberately not.
    pub(crate) fn push(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    /// Changes the value of a member, or appends it.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value.into(),
            None => self.push(name, value),
        }
    }

    /// Removes a member.
    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    /// Changes the name of a member.
    pub(crate) fn rename(&mut self, from: &str, to: &str) {
        for (name, _) in &mut self.0 {
            if name == from {
                *name = to.into();
            }
        }
    }

    /// The object's text, without blanks.
    pub(crate) fn text(&self) -> String {
        let members: Vec<_> = self
            .0
            .iter()
            .map(|(name, value)| format!("{}:{value}", string(name)))
            .collect();
        format!("{{{}}}", members.join(","))
    }
}

/// The members of `ClockDrift`. `bound` is in milliseconds; a bound of zero is left out, as the agent does.
pub(crate) fn clock_drift(bound: f64, reference: DateTime<Utc>, status: &str) -> Object {
    let mut drift = Object::default();
    if bound != 0.0 {
        drift.push("ClockErrorBound", number(bound));
    }
    drift.push(
        "ReferenceTimestamp",
        string(&reference.to_rfc3339_opts(SecondsFormat::AutoSi, true)),
    );
    drift.push("ClockSynchronizationStatus", string(status));
    drift
}

/// A task document with one container, to be changed by a scenario and then written.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The root members.
    pub(crate) task: Object,
    /// The members of the container.
    pub(crate) container: Object,
}

impl Document {
    /// A complete document; `drift` is the value of `ClockDrift`, if it has one.
    pub(crate) fn new(identity: &Identity, drift: Option<&str>) -> Self {
        let mut task = task(identity);
        match drift {
            Some(drift) => task.set("ClockDrift", drift),
            None => task.remove("ClockDrift"),
        }
        Self {
            task,
            container: container(identity),
        }
    }

    /// Removes members of the container until the document is below 2,048 bytes.
    pub(crate) fn shorten(&mut self) {
        for name in ["Labels", "LogOptions", "Networks"] {
            self.container.remove(name);
        }
    }

    /// The document's text.
    pub(crate) fn text(&self) -> String {
        let mut task = self.task.clone();
        task.set("Containers", format!("[{}]", self.container.text()));
        task.text()
    }
}

fn task(identity: &Identity) -> Object {
    let mut task = Object::default();
    task.push("Cluster", string(&identity.cluster));
    task.push("TaskARN", string(&identity.task_arn));
    task.push("Family", string(&identity.family));
    task.push("Revision", string(&identity.revision));
    task.push("DesiredStatus", r#""RUNNING""#);
    task.push("KnownStatus", r#""RUNNING""#);
    task.push("Limits", r#"{"CPU":0.25,"Memory":512}"#);
    task.push("PullStartedAt", r#""2026-07-01T08:27:21.387Z""#);
    task.push("PullStoppedAt", r#""2026-07-01T08:27:29.910123456Z""#);
    if let Some(zone) = &identity.availability_zone {
        task.push("AvailabilityZone", string(zone));
    }
    task.push("LaunchType", string(&identity.launch_type));
    task.push("Containers", "[]");
    task.push("VPCID", r#""vpc-1234567890abcdef0""#);
    if let Some(service) = &identity.service {
        task.push("ServiceName", string(service));
    }
    let group = match &identity.service {
        Some(service) => format!("service:{service}"),
        None => format!("family:{}", identity.family),
    };
    task.push("Group", string(&group));
    task.push("ClockDrift", "{}");
    task.push(
        "EphemeralStorageMetrics",
        r#"{"Utilized":261,"Reserved":20496}"#,
    );
    task.push("FaultInjectionEnabled", "false");
    task
}

fn container(identity: &Identity) -> Object {
    let mut labels = Object::default();
    labels.push("com.amazonaws.ecs.cluster", string(&identity.cluster));
    labels.push("com.amazonaws.ecs.container-name", r#""app""#);
    labels.push("com.amazonaws.ecs.task-arn", string(&identity.task_arn));
    labels.push(
        "com.amazonaws.ecs.task-definition-family",
        string(&identity.family),
    );
    labels.push(
        "com.amazonaws.ecs.task-definition-version",
        string(&identity.revision),
    );

    let mut container = Object::default();
    container.push(
        "DockerId",
        r#""cd189a933e5849daa93386466019ab50-2495160603""#,
    );
    container.push("Name", r#""app""#);
    container.push("DockerName", r#""app""#);
    container.push(
        "Image",
        r#""123456789012.dkr.ecr.us-east-1.amazonaws.com/app:latest""#,
    );
    container.push(
        "ImageID",
        r#""sha256:25f3695bedfb454a50f12d127839a68ad3caf91e451c1da073db34c542c4d2cb""#,
    );
    container.push("Labels", labels.text());
    container.push("DesiredStatus", r#""RUNNING""#);
    container.push("KnownStatus", r#""RUNNING""#);
    container.push("Limits", r#"{"CPU":2,"Memory":512}"#);
    container.push("CreatedAt", r#""2026-07-01T08:27:31.387Z""#);
    container.push("StartedAt", r#""2026-07-01T08:27:31.387Z""#);
    container.push("Type", r#""NORMAL""#);
    container.push("LogDriver", r#""awslogs""#);
    let stream = r#""ecs/app/cd189a933e5849daa93386466019ab50""#;
    container.push("LogOptions", format!(r#"{{"awslogs-group":"/ecs/app","awslogs-region":"us-east-1","awslogs-stream":{stream}}}"#));
    let arn = r#""arn:aws:ecs:us-east-1:123456789012:container/clockcluster/cd189a933e5849daa93386466019ab50/05281997-e0e2-4a0f-9b0b-0b0f0b0f0b0f""#;
    container.push("ContainerARN", arn);
    let network = r#"{"NetworkMode":"awsvpc","IPv4Addresses":["192.0.2.3"],"AttachmentIndex":0,"MACAddress":"0a:de:f6:10:51:e5","IPv4SubnetCIDRBlock":"192.0.2.0/24","DomainNameServers":["192.0.2.2"],"DomainNameSearchList":["ec2.internal"],"PrivateDNSName":"ip-192-0-2-3.ec2.internal","SubnetGatewayIpv4Address":"192.0.2.1/24"}"#;
    container.push("Networks", format!("[{network}]"));
    container.push("Snapshotter", r#""overlayfs""#);
    container
}

/// A JSON string as Go's encoder writes it: markup characters and the two separators are escaped too.
pub(crate) fn string(text: &str) -> String {
    let escaped: String = text.chars().map(escape).collect();
    format!("\"{escaped}\"")
}

fn escape(character: char) -> String {
    match character {
        '"' | '\\' => format!("\\{character}"),
        '\n' => "\\n".into(),
        '\r' => "\\r".into(),
        '\t' => "\\t".into(),
        '\0'..'\u{20}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
            format!("\\u{:04x}", u32::from(character))
        }
        _ => character.into(),
    }
}

/// A JSON number as Go's encoder writes it: an exponent below 1e-6 and from 1e21 on.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-6..1e21).contains(&size) {
        let text = format!("{value:e}");
        if size < 1.0 {
            text
        } else {
            text.replace('e', "e+")
        }
    } else {
        value.to_string()
    }
}

/// A time with nine fraction digits, at an offset of five and a half hours.
pub(crate) fn fractional(time: DateTime<Utc>) -> String {
    let local = time.naive_utc() + TimeDelta::minutes(330);
    local.format("%Y-%m-%dT%H:%M:%S%.9f+05:30").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_strings_take_the_agents_forms() {
        for (value, text) in [
            (0.446_931, "0.446931"),
            (1e-7, "1e-7"),
            (1e-6, "0.000001"),
            (5.0, "5"),
            (1e21, "1e+21"),
        ] {
            assert_eq!(number(value), text);
        }
        assert_eq!(
            string("<a&b>\u{1}\n\"\\\u{2028}\u{202e}"),
            "\"\\u003ca\\u0026b\\u003e\\u0001\\n\\\"\\\\\\u2028\u{202e}\""
        );
    }

    /// The recorded document is what this module writes for the recorded values.
    #[test]
    fn a_document_equals_the_recorded_one() {
        let recorded = include_str!("../data/agent-wire/task-normal.http");
        let body = recorded
            .split("\r\n")
            .find(|line| line.starts_with('{'))
            .unwrap();
        let reference = "2026-11-22T10:35:50Z".parse().unwrap();
        let drift = clock_drift(0.545_388_897_099_918, reference, "SYNCHRONIZED").text();
        assert_eq!(
            Document::new(&Identity::default(), Some(&drift)).text(),
            body
        );
    }
}
