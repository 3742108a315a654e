//! Tests what a fallback's sample takes from the endpoint's answer, and when it may be read.

use super::*;
use crate::reading::{ClockSource, ReadError, ReadErrorKind, TaskIdentity};
use crate::source::{NtpClient, NtpSettings};
use crate::time::Moment;

fn sample(source: ClockSource, withheld: &str) -> Sample {
    let error = |kind, message: &str| ReadError::new(kind, message);
    Sample {
        source,
        at: Moment::now(),
        outcome: Err(error(ReadErrorKind::NoClockDrift, source.as_str())),
        withheld: vec![error(ReadErrorKind::InvalidMember, withheld)],
        identity: None,
    }
}

#[test]
fn the_identity_and_withheld_members_are_kept() {
    let identity = TaskIdentity {
        cluster: Some("c".into()),
        ..TaskIdentity::default()
    };
    let answer = Sample {
        identity: Some(identity.clone()),
        ..sample(ClockSource::Ecs, "of the task")
    };
    let fallback = sample(ClockSource::Kernel, "of the clock");
    let merged = with_identity_of(Some(answer), fallback.clone());
    assert_eq!(merged.identity, Some(identity));
    assert_eq!(merged.source, ClockSource::Kernel);
    assert_eq!(merged.outcome, fallback.outcome);
    let withheld: Vec<_> = merged.withheld.iter().map(|error| &error.message).collect();
    assert_eq!(withheld, ["of the task", "of the clock"]);
    assert_eq!(with_identity_of(None, fallback.clone()), fallback);
}

#[test]
fn while_the_fallback_is_read_it_decides_when_a_read_is_due() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let fallback = DirectSource::Ntp(Box::new(NtpClient::new(NtpSettings {
        server: address.to_string().parse().unwrap(),
        interval: Duration::from_secs(3_600),
        timeout: Duration::from_millis(50),
        ..NtpSettings::default()
    })));
    // Never asked: the state skips it.
    let endpoint = EcsClient::new("http://127.0.0.1:1/v4/x", Duration::from_secs(1)).unwrap();
    let auto = Auto::new(endpoint, fallback);
    *auto.state() = State::Fallback { skipped: 2 };
    assert_eq!(auto.due_in(), Duration::ZERO);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    assert!(runtime.block_on(auto.read_if_due()).is_some());
    assert!(auto.due_in() > Duration::from_secs(60));
    assert_eq!(runtime.block_on(auto.read_if_due()), None);
    *auto.state() = State::Endpoint;
    assert_eq!(auto.due_in(), Duration::ZERO);
}
