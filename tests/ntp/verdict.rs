//! What a user learns from the source `ntp` and from `check --cross-check ntp`: how far off the clock is, in which
//! direction, and whether that is too far. The cases are those of public reports.

use endpoint::{Scenario, Server};

use super::packet::{Packet, RECEIVE, REFERENCE, TRANSMIT, long, put};
use super::played::ScriptedServer;
use crate::support::{CheckAnswer, Finished, run};

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// The first byte of an answer: leap indicator 1, version 4, mode 4.
const LEAP_SECOND: u8 = 0x64;
/// More than the error of an exchange on loopback on any busy machine.
const ROOM_MS: f64 = 30_000.0;

/// A server whose clock is this far ahead, and whose first byte is this.
fn server(ahead_ms: i64, first: u8) -> ScriptedServer {
    ScriptedServer::answering(move |packet: &mut Packet| {
        packet[0] = first;
        for place in [REFERENCE, RECEIVE, TRANSMIT] {
            let ahead = (i128::from(ahead_ms) << 32) / 1_000;
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "modulo the era, as on the wire"
            )]
            let time = (i128::from(long(packet, place)) + ahead) as u64;
            put(packet, place, &time.to_be_bytes());
        }
    })
}

fn ahead_by(ahead_ms: i64) -> ScriptedServer {
    server(ahead_ms, 0x24)
}

/// The answer of `check` about the clock by this server.
fn check(server: &ScriptedServer, arguments: &[&str]) -> (Finished, CheckAnswer) {
    let address = format!("--ntp-server={}", server.address);
    let arguments = [
        &["check", "--json", "--source=ntp", "--request-timeout=60s"],
        arguments,
        &[address.as_str()],
    ];
    let finished = run(&arguments.concat(), &[]);
    let checked = serde_json::from_str(&finished.stdout).unwrap();
    (finished, checked)
}

/// Asserts that an offset is right up to its own error.
fn assert_offset(checked: &CheckAnswer, expected_ms: f64) {
    let (offset, error) = (checked.offset_ms.unwrap(), checked.offset_error_ms.unwrap());
    // The time between two reads of the clocks by the server counts too, on a busy machine.
    assert!((offset - expected_ms).abs() <= error + 1.0, "{checked:?}");
    assert!(error < ROOM_MS, "{checked:?}");
    let bound = checked.error_bound_ms.unwrap();
    assert!((bound - offset.abs() - error).abs() < 1e-3, "{checked:?}");
}

/// A vault with a clock 2 h 12 min off had been called good, and the direction of its error was unknown.
#[test]
fn a_clock_hours_off_is_not_synchronized_whatever_the_limits() {
    for (ahead_ms, side) in [(7_920_000, "behind"), (-7_920_000, "ahead of")] {
        let server = ahead_by(ahead_ms);
        for arguments in [&[][..], &["--max-error=off", "--max-age=off"]] {
            let (finished, checked) = check(&server, arguments);
            assert_eq!(finished.code, Some(1), "{finished:?}");
            assert_eq!(checked.status.as_deref(), Some("NOT_SYNCHRONIZED"));
            assert_eq!(checked.codes[..2], ["not_synchronized", "offset_too_large"]);
            assert!(checked.reasons[1].contains(side), "{checked:?}");
            assert_eq!(checked.warnings, [] as [&str; 0]);
            // The server compared its clock just now, by its own clock.
            assert!(!checked.codes.contains(&"age_over_limit".to_owned()));
            assert!(checked.reference_age_s.unwrap() < 60.0, "{checked:?}");
            assert_eq!((checked.earliest, checked.latest), (None, None));
            #[expect(clippy::cast_precision_loss, reason = "a few hours in milliseconds")]
            assert_offset(&checked, ahead_ms as f64);
        }
    }
}

/// A bound over 24 h had been withheld, and only a warning mentioned it.
#[test]
fn a_clock_months_off_is_a_reason_with_a_code_and_no_read_error() {
    let server = ahead_by(126 * 86_400_000);
    let (finished, checked) = check(&server, &[]);
    assert_eq!(finished.code, Some(1));
    assert!(checked.codes.contains(&"offset_too_large".to_owned()));
    assert!(checked.codes.contains(&"bound_over_limit".to_owned()));
    assert!(checked.reasons[1].contains("4months"), "{checked:?}");
    assert_offset(&checked, 126.0 * 86_400_000.0);

    let address = format!("--ntp-server={}", server.address);
    let line = run(
        &[
            "run",
            "--once",
            "--source=ntp",
            "--request-timeout=60s",
            &address,
        ],
        &[],
    )
    .line();
    assert_eq!(line.clock_synchronized, Some(0));
    assert_eq!(line.clock_read_errors, None);
    assert_eq!(line.clock_error_bound.len(), 1, "of any size");
    assert!(line.clock_offset.unwrap() > 125.0 * 86_400_000.0);
    assert!(line.clock_offset_error_bound.unwrap() < ROOM_MS);
}

#[test]
fn a_clock_that_may_be_in_step_is_judged_by_its_bound_alone() {
    // The dispersion of the server explains all of it: 2^-1 s, in 2^-16 s.
    let server = ScriptedServer::answering(|packet: &mut Packet| {
        for place in [REFERENCE, RECEIVE, TRANSMIT] {
            let time = long(packet, place) + (1 << 31);
            put(packet, place, &time.to_be_bytes());
        }
        put(packet, 8, &(1_u32 << 15).to_be_bytes());
    });
    let (_, checked) = check(&server, &["--max-error=60s"]);
    assert_eq!(
        checked.status.as_deref(),
        Some("SYNCHRONIZED"),
        "{checked:?}"
    );
    assert_eq!(checked.codes, [] as [&str; 0]);
    assert_offset(&checked, 500.0);
}

/// Amazon spreads leap seconds over a day, and servers that do not differ by up to half a second.
#[test]
fn near_a_leap_second_half_a_second_is_a_warning_and_hours_are_not() {
    let (_, checked) = check(&server(700, LEAP_SECOND), &["--max-error=60s"]);
    assert_eq!(checked.codes, [] as [&str; 0], "{checked:?}");
    let [warning] = &checked.warnings[..] else {
        panic!("{checked:?}");
    };
    assert!(warning.contains("leap second"), "{warning}");

    let (_, checked) = check(&server(7_920_000, LEAP_SECOND), &["--max-error=60s"]);
    assert_eq!(checked.codes[..2], ["not_synchronized", "offset_too_large"]);
}

/// The answer of `check` about this endpoint with a cross-check by this server.
fn cross_checked(scenario: Scenario, server: &str, arguments: &[&str]) -> (Finished, CheckAnswer) {
    let endpoint = Server::start(scenario).unwrap();
    let address = format!("--ntp-server={server}");
    let fixed = [
        "check",
        "--json",
        "--source=ecs",
        "--cross-check=ntp",
        &address,
    ];
    let finished = run(
        &[&fixed[..], arguments].concat(),
        &[(ENDPOINT, &endpoint.base())],
    );
    let checked = serde_json::from_str(&finished.stdout).unwrap();
    (finished, checked)
}

#[test]
fn a_cross_check_that_disagrees_is_not_good() {
    let patient = "--request-timeout=60s";
    let server = ahead_by(60_000);
    let address = server.address.to_string();
    let (finished, checked) = cross_checked(Scenario::Good, &address, &[patient]);
    assert_eq!(finished.code, Some(1));
    assert_eq!(checked.codes, ["cross_check_disagrees"]);
    let cross_check = checked.cross_check.as_ref().unwrap();
    assert_eq!(cross_check.agrees, Some(false));
    assert!((cross_check.offset_ms - 60_000.0).abs() < ROOM_MS);
    assert_eq!(checked.offset_ms, None, "the endpoint measured none");
    assert!(checked.reasons[0].contains("behind the second source"));
    // One of the two is wrong, so no range is certain to contain true time.
    assert_eq!((checked.earliest, checked.latest), (None, None));

    let (finished, checked) =
        cross_checked(Scenario::Good, &ahead_by(0).address.to_string(), &[patient]);
    assert_eq!((finished.code, checked.verdict.as_str()), (Some(0), "good"));
    assert_eq!(checked.cross_check.as_ref().unwrap().agrees, Some(true));

    // A clock that claims nothing cannot be contradicted; the offset is shown anyway.
    let (_, checked) = cross_checked(Scenario::Unsynchronized, &address, &[patient]);
    assert_eq!(checked.cross_check.as_ref().unwrap().agrees, None);
    assert!(
        checked.warnings[0].contains("no cross-check"),
        "{checked:?}"
    );
}

#[test]
fn a_cross_check_without_an_answer_is_a_warning() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let (finished, checked) = cross_checked(Scenario::Good, &address, &["--request-timeout=2s"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(checked.cross_check, None);
    assert_eq!(
        checked.warnings,
        [format!(
            "no cross-check: NTP server {address}: no answer within 2s"
        )]
    );
}

#[test]
fn a_server_cannot_cross_check_itself() {
    let finished = run(&["check", "--source=ntp", "--cross-check=ntp"], &[]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("--cross-check"), "{finished:?}");
}
