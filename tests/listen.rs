//! The real program with `--listen`: the answers to applications of the task, and their cost.

mod ask;
mod crowd;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use crate::support::{Program, run};
use endpoint::{Scenario, Server};
use serde_json::Value;

const ENDPOINT: &str = "ECS_CONTAINER_METADATA_URI_V4";
/// A deadline that no busy machine exceeds.
const PATIENCE: Duration = Duration::from_secs(60);

/// A loopback address of this test alone.
fn address() -> String {
    static COUNT: AtomicU8 = AtomicU8::new(1);
    let [_, _, high, low] = std::process::id().to_be_bytes();
    format!(
        "127.{high}.{low}.{}:2780",
        COUNT.fetch_add(1, Ordering::Relaxed)
    )
}

/// The status and the JSON of an answer; `None` while nothing answers.
fn ask(address: &str, target: &str) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    // A listener that ends may reset the connection.
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    Some((
        head[9..12].parse().unwrap(),
        serde_json::from_str(body).unwrap(),
    ))
}

/// Asks until the answer is as wanted.
fn ask_until(address: &str, target: &str, wanted: impl Fn(u16, &Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = ask(address, target);
        if let Some((status, body)) = &answer
            && wanted(*status, body)
        {
            return body.clone();
        }
        assert!(Instant::now() < deadline, "{target}: {answer:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn start(server: &Server, address: &str, more: &[&str]) -> Program {
    let mut arguments = vec!["--listen", address, "--source=ecs", "--emit-jitter=0s"];
    arguments.extend(more);
    Program::start(&arguments, &[(ENDPOINT, &server.base())])
}

fn schema() -> jsonschema::Validator {
    let schema = include_str!("../src/clock/report.schema.json");
    jsonschema::validator_for(&serde_json::from_str(schema).unwrap()).unwrap()
}

#[test]
fn the_answer_follows_the_readings() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let program = start(
        &server,
        &address,
        &[
            "--sample-interval=100ms",
            "--emit-interval=1s",
            "--max-drift-ppm=20",
        ],
    );
    let good = ask_until(&address, "/clock?max_error=5ms", |status, _| status == 200);
    assert_eq!(good["error_bound_ms"], 0.446_931);
    // Clients that keep an answer let its range grow at this rate.
    assert_eq!(good["max_drift_ppm"], 20);
    schema().validate(&good).unwrap();
    let late = ask_until(&address, "/clock?after=2020-01-01T00:00:00Z", |_, _| true);
    assert_eq!(late["certainly_past"], true);
    ask_until(&address, "/healthz", |status, _| status == 200);

    server.switch(Scenario::Unsynchronized);
    let lost = ask_until(&address, "/clock", |status, _| status == 503);
    assert_eq!(lost["codes"][0], "not_synchronized");
    schema().validate(&lost).unwrap();
    server.switch(Scenario::Good);
    ask_until(&address, "/clock", |status, _| status == 200);
    // When reads fail, the last reading stays and ages.
    server.switch(Scenario::Down);
    let first = ask_until(&address, "/clock", |_, _| true);
    let later = ask_until(&address, "/clock", |_, body| {
        body["latest"] != first["latest"]
    });
    assert_eq!(later["verdict"], "good");
    // A verdict from before a failed read says so.
    ask_until(&address, "/clock", |_, body| {
        let warning = body["warnings"][0].as_str().unwrap_or_default();
        warning.starts_with("the last read failed ")
    });
    let finished = program.stop();
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn without_a_reading_nothing_is_good() {
    let server = Server::start(Scenario::Refused).unwrap();
    let address = address();
    let _program = start(&server, &address, &["--sample-interval=100ms"]);
    let answer = ask_until(&address, "/clock", |status, _| status == 503);
    assert_eq!(answer["codes"], serde_json::json!(["no_reading"]));
    assert!(answer["earliest"].is_null() && answer["latest"].is_null());
    schema().validate(&answer).unwrap();
}

#[test]
fn asking_sends_no_request_to_the_endpoint() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let begin = Instant::now();
    let _program = start(&server, &address, &["--sample-interval=60s"]);
    ask_until(&address, "/clock", |status, _| status == 200);
    for _ in 0..300 {
        assert_eq!(ask(&address, "/clock?max_error=5ms").unwrap().0, 200);
    }
    // The first reading, and those taken since.
    let readings = 2 + begin.elapsed().as_secs() / 60;
    assert!(
        server.counters().task_requests <= readings,
        "{:?}",
        server.counters()
    );
}

#[test]
fn a_port_in_use_leaves_the_metrics_alone() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let taken = TcpListener::bind(&address).unwrap();
    let mut program = start(
        &server,
        &address,
        &["--sample-interval=100ms", "--emit-interval=1s"],
    );
    // The first attempt fails at once, and the next a second later.
    let line = program.line_where(|line| line.answer_errors.is_some());
    assert_eq!(line.answer_errors, Some(1));
    program.line_where(|line| line.answer_errors.is_some());
    drop(taken);
    ask_until(&address, "/clock", |status, _| status == 200);
    let finished = program.stop();
    assert_eq!(finished.code, Some(0));
    let reported: Vec<_> = finished
        .diagnostics()
        .into_iter()
        .filter(|event| event["level"] == "WARN")
        .collect();
    assert_eq!(reported.len(), 1, "{reported:?}");
    let error = reported[0]["error"].as_str().unwrap();
    assert!(
        error.contains(&address) && error.contains("in use"),
        "{error}"
    );
}

#[test]
fn once_ignores_it_and_says_so() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let variables = [
        (ENDPOINT, server.base()),
        ("CLOCK_EMF_LISTEN", address.clone()),
        ("CLOCK_EMF_CLOCKBOUND_DIRECTORY", "/nonexistent".to_owned()),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let finished = run(&["--once"], &variables);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.line().answer_errors, None);
    let warned = finished
        .diagnostics()
        .into_iter()
        .filter(|event| event["level"] == "WARN");
    let warned: Vec<Value> = warned.collect();
    assert_eq!(warned.len(), 1, "{warned:?}");
    assert!(
        warned[0]["message"]
            .as_str()
            .unwrap()
            .contains("no effect with --once")
    );
}

#[test]
fn any_other_address_is_an_invalid_configuration() {
    for address in ["0.0.0.0:2780", "10.0.0.1:2780", "127.0.0.1", "2780"] {
        let finished = run(&["--listen", address], &[]);
        assert_eq!(finished.code, Some(2), "{address}");
        assert!(
            finished.stderr.contains("a loopback address with a port"),
            "{}",
            finished.stderr
        );
    }
}

/// The threads and open files of a process.
fn belongings(program: &Program) -> (usize, usize) {
    let count = |what: &str| {
        let folder = format!("/proc/{}/{what}", program.id());
        std::fs::read_dir(folder).unwrap().count()
    };
    (count("task"), count("fd"))
}

#[test]
fn an_interface_that_is_off_has_no_thread_and_no_file() {
    let server = Server::start(Scenario::Good).unwrap();
    let plain = || {
        let arguments = ["--sample-interval=60s", "--source=ecs"];
        let mut program = Program::start(&arguments, &[(ENDPOINT, &server.base())]);
        program.line();
        program
    };
    let off = plain();
    let address = address();
    let mut on = start(&server, &address, &["--sample-interval=60s"]);
    on.line();
    ask_until(&address, "/clock", |status, _| status == 200);
    let deadline = Instant::now() + PATIENCE;
    // The connection to the endpoint is closed at some time.
    while belongings(&off).1 + 3 > belongings(&on).1 {
        assert!(
            Instant::now() < deadline,
            "{:?} {:?}",
            belongings(&off),
            belongings(&on)
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(belongings(&off).0 + 1, belongings(&on).0);
}
