//! The real program with an NTP server: as its source, and as a cross-check of an endpoint.

use endpoint::{Scenario, Server};

use super::packet::{Packet, RECEIVE, TRANSMIT, long, put};
use super::played::ScriptedServer;
use crate::support::{Finished, Line, Program, run};

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// Half a second in 2⁻³² s.
const HALF_A_SECOND: u64 = 1 << 31;

/// A server whose clock is ahead of this machine's.
fn ahead_by(by: u64) -> ScriptedServer {
    ScriptedServer::answering(move |packet: &mut Packet| {
        for place in [RECEIVE, TRANSMIT] {
            let time = long(packet, place).wrapping_add(by);
            put(packet, place, &time.to_be_bytes());
        }
    })
}

/// A sidecar that reads this endpoint and cross-checks with this server.
fn sidecar(endpoint: &Server, server: &ScriptedServer) -> Program {
    Program::start(
        &[
            "--source=ecs",
            "--cross-check=ntp",
            &format!("--ntp-server={}", server.address),
            "--sample-interval=100ms",
            "--emit-interval=1s",
            "--emit-jitter=0s",
            "--request-timeout=60s",
        ],
        &[(ENDPOINT, &endpoint.base())],
    )
}

/// The first line with a cross-check, of a sidecar whose endpoint reports a bound of half a millisecond.
fn line_with_cross_check(server: &ScriptedServer) -> Line {
    let endpoint = Server::start(Scenario::Good).unwrap();
    let mut program = sidecar(&endpoint, server);
    let line = program.line_where(|line| !line.cross_check_offset.is_empty());
    assert_eq!(program.stop().code, Some(0));
    line
}

#[test]
fn an_endpoint_that_claims_too_much_is_contradicted_within_one_exchange() {
    let line = line_with_cross_check(&ahead_by(HALF_A_SECOND));
    assert_eq!(line.cross_check_disagreement, Some(1));
    // A second may end between the exchange and the next reading, and then its line has none.
    assert_ne!(
        line.clock_synchronized,
        Some(0),
        "the endpoint is not doubted"
    );
    let [offset] = line.cross_check_offset[..] else {
        panic!("one exchange a minute: {line:?}");
    };
    let [distance] = line.cross_check_error_bound[..] else {
        panic!("one exchange a minute: {line:?}");
    };
    assert!(
        (offset - 500.0).abs() <= distance,
        "{offset} ms, within {distance} ms"
    );
    assert_eq!(line.clock_read_errors, None);
}

#[test]
fn a_server_that_agrees_is_not_counted() {
    let line = line_with_cross_check(&ahead_by(0));
    assert_eq!(line.cross_check_disagreement, None);
    assert_eq!(
        (
            line.cross_check_offset.len(),
            line.cross_check_error_bound.len()
        ),
        (1, 1)
    );
}

#[test]
fn a_server_that_is_of_no_use_is_reported_and_touches_nothing() {
    let server = ScriptedServer::answering(|packet: &mut Packet| packet[1] = 16);
    let endpoint = Server::start(Scenario::Good).unwrap();
    let mut program = sidecar(&endpoint, &server);
    let failed = program.line_where(|line| line.cross_check_errors.is_some());
    assert_eq!(failed.cross_check_errors, Some(1));
    assert_eq!(
        failed.cross_check_error_kind.as_deref(),
        Some("ntp_stratum")
    );
    let finished = program.stop();
    for line in finished.lines().iter().chain([&failed]) {
        assert_eq!(line.clock_read_errors, None, "{line:?}");
        assert!(line.cross_check_offset.is_empty());
    }
    let diagnostics = finished.diagnostics();
    let kinds: Vec<_> = diagnostics
        .iter()
        .filter(|event| event["message"] == "the cross-check failed")
        .map(|event| event["kind"].clone())
        .collect();
    assert_eq!(kinds, ["ntp_stratum"], "{diagnostics:?}");
}

/// One reading of this server.
fn once(server: &ScriptedServer) -> Finished {
    run(
        &[
            "run",
            "--once",
            "--source=ntp",
            &format!("--ntp-server={}", server.address),
            "--request-timeout=60s",
        ],
        &[],
    )
}

#[test]
fn the_source_ntp_gives_a_bound_a_reference_and_its_own_name() {
    let server = ahead_by(0);
    let finished = once(&server);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let line = finished.line();
    assert_eq!(line.clock_source, "ntp");
    assert_eq!(line.clock_synchronized, Some(1));
    assert_eq!(line.clock_error_bound.len(), 1);
    assert!(line.reference_timestamp.is_some());
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn each_misbehaviour_of_the_source_ntp_is_a_read_error_by_its_own_name() {
    for (byte, value, kind) in [(0, 0xE4, "ntp_unsynchronized"), (1, 16, "ntp_stratum")] {
        let server = ScriptedServer::answering(move |packet: &mut Packet| packet[byte] = value);
        let finished = once(&server);
        assert_eq!(finished.code, Some(3), "{finished:?}");
        let line = finished.line();
        assert_eq!(line.clock_read_errors, Some(1));
        assert_eq!(line.read_error_kind.as_deref(), Some(kind));
    }
}
