//! `check --ask`: the verdict of a running sidecar.

use super::*;
use crate::support::Finished;

fn check(arguments: &[&str]) -> Finished {
    run(&[&["check"], arguments].concat(), &[])
}

/// The JSON that it prints.
fn json(finished: &Finished) -> Value {
    serde_json::from_str(&finished.stdout).unwrap()
}

#[test]
fn the_verdict_is_that_of_the_sidecar() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let _program = start(&server, &address, &["--sample-interval=60s"]);
    let waited = check(&["--ask", &address, "--wait=60s", "--json"]);
    assert_eq!(waited.code, Some(0), "{waited:?}");
    schema().validate(&json(&waited)).unwrap();
    assert_eq!(waited.stdout.matches('\n').count(), 1);

    // A source that it would ask if it took a reading of its own.
    let source = Server::start(Scenario::Good).unwrap();
    let base = source.base();
    for (arguments, code, limit) in [
        // If it has no limits, those of the sidecar apply.
        (&[][..], 0, 1_000.0),
        (&["--max-error=5ms"], 0, 5.0),
        (&["--max-error=1us"], 1, 0.001),
        (&["--for=cockroachdb"], 0, 200.0),
        (&["--for=cockroachdb", "--max-error=5ms"], 0, 5.0),
        (&["--max-age=1s"], 1, 1_000.0),
        (&["--max-age=off", "--age-adjusted"], 0, 1_000.0),
    ] {
        let arguments = [&["check", "--ask", &address, "--json"], arguments].concat();
        let asked = run(&arguments, &[(ENDPOINT, &base)]);
        assert_eq!(asked.code, Some(code), "{arguments:?}: {asked:?}");
        assert_eq!(
            json(&asked)["limits"]["max_error_ms"],
            limit,
            "{arguments:?}"
        );
        assert_eq!(asked.stderr, "");
    }
    assert_eq!(
        source.counters().task_requests,
        0,
        "it asks the sidecar only"
    );

    let variables = [
        ("CLOCK_EMF_ASK", address.as_str()),
        ("CLOCK_EMF_SOURCE", "ntp"),
    ];
    let prose = run(&["check", "--max-error=1us"], &variables);
    assert_eq!(prose.code, Some(1), "{prose:?}");
    for line in [
        "verdict             not good\n",
        "error bound         0.446931 ms (limit 0.001 ms)\n",
        "source              ecs\n",
    ] {
        assert!(prose.stdout.contains(line), "{line}: {}", prose.stdout);
    }
}

#[test]
fn without_an_answer_or_a_reading_it_is_3() {
    let refused = Server::start(Scenario::Refused).unwrap();
    let (with, without) = (address(), address());
    let _program = start(&refused, &with, &["--sample-interval=100ms"]);
    ask_until(&with, "/clock", |status, _| status == 503);
    // Another server, which answers every request with 200.
    let other = Server::start(Scenario::Good).unwrap();
    let other = other.base();
    let other = other
        .trim_start_matches("http://")
        .split('/')
        .next()
        .unwrap();
    // A listener that never answers.
    let silent = TcpListener::bind(address()).unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    for (address, said) in [
        (with.as_str(), "no reading"),
        (&without, &format!("{without}: Connection refused")),
        (other, "not the answer of a sidecar"),
        (&silent, "within 2s"),
    ] {
        let asked = check(&["--ask", address, "--request-timeout=2s", "--json"]);
        assert_eq!(asked.code, Some(3), "{address}: {asked:?}");
        let answer = json(&asked);
        assert_eq!(
            answer["codes"],
            serde_json::json!(["no_reading"]),
            "{answer}"
        );
        assert!(
            answer["reasons"][0].as_str().unwrap().contains(said),
            "{said}: {answer}"
        );
    }
}

#[test]
fn it_waits_for_the_sidecar_to_be_good() {
    let server = Server::start(Scenario::Unsynchronized).unwrap();
    let address = address();
    let asking = std::thread::scope(|scope| {
        let asking = scope.spawn(|| check(&["--ask", &address, "--wait=60s", "--json"]));
        let program = start(&server, &address, &["--sample-interval=100ms"]);
        ask_until(&address, "/clock", |_, body| {
            body["codes"][0] == "not_synchronized"
        });
        server.switch(Scenario::Good);
        let asking = asking.join().unwrap();
        drop(program);
        asking
    });
    assert_eq!(asking.code, Some(0), "{asking:?}");
    assert_eq!(json(&asking)["verdict"], "good");
}

#[test]
fn another_clock_together_with_it_is_a_fault() {
    for (arguments, variables) in [
        (&["--ask=127.0.0.1:2780", "--source=kernel"][..], &[][..]),
        (&["--ask=127.0.0.1:2780", "--clockbound=/run"], &[]),
        (&["--ask=10.0.0.1:2780"], &[]),
        (&["--ask="], &[]),
        (&["--source=kernel"], &[("CLOCK_EMF_ASK", "127.0.0.1:2780")]),
        (
            &["--clockbound=/run"],
            &[("CLOCK_EMF_ASK", "127.0.0.1:2780")],
        ),
        (&["--ask=127.0.0.1:2780", "--max-error=5m"], &[]),
    ] {
        let finished = run(&[&["check"], arguments].concat(), variables);
        assert_eq!(finished.code, Some(2), "{arguments:?}: {finished:?}");
        assert_eq!(finished.stdout, "");
    }
}
