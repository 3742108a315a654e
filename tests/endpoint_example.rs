//! Compares the example endpoint on the wire with what the open-source ECS agent sent.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use endpoint::{Counters, Options, Scenario, Server};
use serde_json::Value;

/// A deadline that only a broken endpoint exceeds.
const LONG: Duration = Duration::from_secs(20);

fn connect(server: &Server) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&server.address(), LONG)?;
    stream.set_read_timeout(Some(LONG))?;
    Ok(stream)
}

fn path(server: &Server) -> String {
    let base = server.base();
    base[base.find("/v4/").unwrap()..].to_owned()
}

fn send(stream: &mut TcpStream, method: &str, path: &str) -> io::Result<()> {
    stream.write_all(format!("{method} {path} HTTP/1.1\r\nHost: endpoint\r\n\r\n").as_bytes())
}

/// A response as received, and its parts.
struct Response {
    bytes: Vec<u8>,
    head: String,
    body: Vec<u8>,
}

impl Response {
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }
}

/// Reads to the end given by the framing, so that it works on open connections and on recorded bytes alike.
fn receive(from: &mut impl Read) -> io::Result<Response> {
    let mut bytes = Vec::new();
    let mut more = |bytes: &mut Vec<u8>| {
        let mut byte = [0];
        from.read_exact(&mut byte).map(|()| bytes.extend(byte))
    };
    while !bytes.ends_with(b"\r\n\r\n") {
        more(&mut bytes)?;
    }
    let start = bytes.len();
    let head = String::from_utf8(bytes.clone()).unwrap();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "));
    let body = if let Some(length) = length {
        let end = start + length.parse::<usize>().unwrap();
        while bytes.len() < end {
            more(&mut bytes)?;
        }
        bytes[start..].to_vec()
    } else {
        let mut body = Vec::new();
        loop {
            let line = bytes.len();
            while !bytes[line..].ends_with(b"\r\n") {
                more(&mut bytes)?;
            }
            let size = str::from_utf8(&bytes[line..]).unwrap().trim().to_owned();
            let size = usize::from_str_radix(&size, 16).unwrap();
            let chunk = bytes.len();
            while bytes.len() < chunk + size + 2 {
                more(&mut bytes)?;
            }
            body.extend(&bytes[chunk..chunk + size]);
            if size == 0 {
                break body;
            }
        }
    };
    Ok(Response { bytes, head, body })
}

fn ask(server: &Server, method: &str, path: &str) -> io::Result<Response> {
    let mut stream = connect(server)?;
    send(&mut stream, method, path)?;
    receive(&mut stream)
}

fn ask_task(server: &Server) -> io::Result<Response> {
    ask(server, "GET", &format!("{}/task", path(server)))
}

fn recorded(name: &str) -> Vec<u8> {
    std::fs::read(recording(name)).unwrap()
}

fn recording(name: &str) -> String {
    format!(
        "{}/tests/data/agent-wire/{name}.http",
        env!("CARGO_MANIFEST_DIR")
    )
}

/// The head's lines, without the values that differ from one response to the next.
fn comparable(head: &str) -> Vec<String> {
    const VARYING: [&str; 4] = [
        "Date",
        "Content-Length",
        "Location",
        "X-Rate-Limit-Request-Remote-Addr",
    ];
    let name = |line: &str| line.split(':').next().map(ToOwned::to_owned);
    head.lines()
        .map(|line| {
            name(line)
                .filter(|name| VARYING.contains(&name.as_str()))
                .unwrap_or_else(|| line.to_owned())
        })
        .collect()
}

/// The document with the values of the clock replaced; its members and their form are kept.
fn without_values(mut document: Value) -> Value {
    if let Some(Value::Object(drift)) = document.get_mut("ClockDrift") {
        for (name, value) in drift {
            assert!(name != "ClockErrorBound" || value.is_number());
            if name != "ClockSynchronizationStatus" {
                *value = Value::Null;
            }
        }
    }
    document
}

#[test]
fn documents_are_framed_and_filled_as_the_agent_does() {
    let server = Server::start(Scenario::Good).unwrap();
    for (scenario, name) in [
        (Scenario::Good, "task-normal"),
        (Scenario::Unsynchronized, "task-notsync"),
        (Scenario::EmptyClockDrift, "task-empty"),
        (Scenario::NoStatus, "task-nostatus"),
        (Scenario::NoReference, "task-refnil"),
        (Scenario::Tiny, "task-tiny"),
        (Scenario::Zero, "task-zero"),
    ] {
        server.switch(scenario);
        let (ours, theirs) = (
            ask_task(&server).unwrap(),
            receive(&mut &recorded(name)[..]).unwrap(),
        );
        assert_eq!(comparable(&ours.head), comparable(&theirs.head), "{name}");
        assert_eq!(
            without_values(ours.json()),
            without_values(theirs.json()),
            "{name}"
        );
    }
}

#[test]
fn errors_are_the_agents_but_for_what_varies() {
    let server = Server::start(Scenario::Good).unwrap();
    let base = path(&server);
    let task = format!("{base}/task");
    for (scenario, path, name) in [
        (Scenario::Good, format!("{base}//task"), "301-doubled-slash"),
        (
            Scenario::Good,
            format!("{base}/task/"),
            "404-trailing-slash",
        ),
        (
            Scenario::Good,
            "/v4/deadbeef/task".to_owned(),
            "404-unknown-id",
        ),
        (Scenario::Throttled, task.clone(), "429-too-many"),
        (Scenario::Error500, task, "500-fetch"),
    ] {
        server.switch(scenario);
        let (ours, theirs) = (
            ask(&server, "GET", &path).unwrap(),
            receive(&mut &recorded(name)[..]).unwrap(),
        );
        assert_eq!(comparable(&ours.head), comparable(&theirs.head), "{name}");
        assert_eq!(ours.body, theirs.body, "{name}");
    }
}

#[test]
fn bodies_up_to_2048_bytes_have_a_length_and_longer_ones_are_chunked() {
    // The length of the zone determines that of the document.
    let document = |zone: usize| {
        let mut options = Options {
            scenario: Scenario::EmptyClockDrift,
            ..Options::default()
        };
        options.identity.service = None;
        options.identity.family.clear();
        options.identity.availability_zone = Some("z".repeat(zone));
        ask_task(&Server::with(options).unwrap()).unwrap()
    };
    let rest = document(0).body.len();
    for (size, framing) in [
        (2048, "Content-Length: 2048"),
        (2049, "Transfer-Encoding: chunked"),
    ] {
        let response = document(size - rest);
        assert_eq!(response.body.len(), size);
        assert!(
            response.head.lines().any(|line| line == framing),
            "{}",
            response.head
        );
    }
}

#[test]
fn a_replayed_recording_arrives_byte_for_byte() {
    for name in [
        "task-nil",
        "task-normal",
        "301-doubled-slash",
        "429-too-many",
    ] {
        let server = Server::start(Scenario::replay(recording(name)).unwrap()).unwrap();
        assert_eq!(ask_task(&server).unwrap().bytes, recorded(name), "{name}");
    }
    let error = Scenario::replay(Path::new("no/such/file")).unwrap_err();
    assert!(error.contains("no/such/file"), "{error}");
}

#[test]
fn a_connection_serves_many_requests_and_is_closed_when_idle() {
    assert_eq!(Options::default().idle, Duration::from_secs(5));
    let idle = Duration::from_millis(300);
    let server = Server::with(Options {
        idle,
        ..Options::default()
    })
    .unwrap();
    let mut stream = connect(&server).unwrap();
    for _ in 0..3 {
        send(&mut stream, "GET", &format!("{}/task", path(&server))).unwrap();
        assert_eq!(receive(&mut stream).unwrap().status(), "200");
    }
    let start = Instant::now();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0);
    // The server's wait may have begun before ours, by the time it took to receive, so half of it is enough.
    assert!(start.elapsed() >= idle / 2, "{:?}", start.elapsed());
    let expected = Counters {
        task_requests: 3,
        connections_accepted: 1,
        ..Counters::default()
    };
    assert_eq!(settled(&server), expected);
}

/// The counters once every connection has ended.
fn settled(server: &Server) -> Counters {
    let deadline = Instant::now() + LONG;
    while server.counters().connections_open > 0 && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    server.counters()
}

#[test]
fn the_control_paths_switch_and_count_without_being_counted() {
    let server = Server::start(Scenario::Good).unwrap();
    assert_eq!(
        ask(&server, "PUT", "/scenario/unsynchronized")
            .unwrap()
            .status(),
        "200"
    );
    assert_eq!(
        ask(&server, "GET", "/scenario").unwrap().body,
        b"unsynchronized\n"
    );
    assert_eq!(
        ask(&server, "PUT", "/error-bound/1.5").unwrap().status(),
        "200"
    );
    let document = ask_task(&server).unwrap().json();
    assert_eq!(document["ClockDrift"]["ClockErrorBound"], 1.5);
    assert_eq!(
        document["ClockDrift"]["ClockSynchronizationStatus"],
        "NOT_SYNCHRONIZED"
    );

    settled(&server);
    let counters = ask(&server, "GET", "/requests").unwrap().json();
    assert_eq!(counters["task_requests"], 1);
    assert_eq!(counters["connections_accepted"], 1);
    assert_eq!(counters["connections_open"], 0);
    let clock_drifts = ask(&server, "GET", "/served").unwrap().json();
    assert_eq!(clock_drifts, serde_json::json!(server.served()));
    assert_eq!(
        clock_drifts[0].as_str().unwrap().parse::<Value>().unwrap(),
        document["ClockDrift"]
    );

    let refusal = ask(&server, "PUT", "/scenario/goood").unwrap();
    assert_eq!(refusal.status(), "400");
    let message = String::from_utf8(refusal.body).unwrap();
    assert!(
        message.contains("\"goood\"") && message.contains("good, wandering"),
        "{message}"
    );
    assert_eq!(server.scenario(), Scenario::Unsynchronized);
}

#[test]
fn down_resets_and_refused_refuses_until_the_next_switch() {
    let server = Server::start(Scenario::Good).unwrap();
    let mut kept = connect(&server).unwrap();
    send(&mut kept, "GET", &format!("{}/task", path(&server))).unwrap();
    receive(&mut kept).unwrap();

    server.switch(Scenario::Down);
    assert_eq!(kept.read(&mut [0]).unwrap(), 0, "an open connection is cut");
    assert_eq!(
        ask_task(&server).err().unwrap().kind(),
        ErrorKind::ConnectionReset
    );
    assert_eq!(ask(&server, "GET", "/scenario").unwrap().body, b"down\n");

    for _ in 0..20 {
        server.switch(Scenario::Refused);
        assert_eq!(
            connect(&server).err().unwrap().kind(),
            ErrorKind::ConnectionRefused
        );
        server.switch(Scenario::Good);
        assert_eq!(ask_task(&server).unwrap().status(), "200");
    }
}

#[test]
fn a_schedule_moves_on_by_itself_even_from_refused() {
    let server = Server::start(Scenario::Good).unwrap();
    server.play("refused:100ms,unsynchronized:1h".parse().unwrap(), false);
    let deadline = Instant::now() + LONG;
    let document = loop {
        match ask_task(&server) {
            Ok(response) => break response.json(),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
        thread::sleep(Duration::from_millis(10));
    };
    assert_eq!(
        document["ClockDrift"]["ClockSynchronizationStatus"],
        "NOT_SYNCHRONIZED"
    );
}

#[test]
fn the_limiter_refuses_beyond_its_burst_and_leaves_the_connection_open() {
    let server = Server::with(Options {
        limit: true,
        ..Options::default()
    })
    .unwrap();
    let mut stream = connect(&server).unwrap();
    // All at once and without waiting: at 40 a second these would take ten seconds to be admitted.
    let requests = 460;
    stream
        .write_all(
            "GET /v4/nobody/task HTTP/1.1\r\nHost: h\r\n\r\n"
                .repeat(requests)
                .as_bytes(),
        )
        .unwrap();
    let statuses: Vec<_> = (0..requests)
        .map(|_| receive(&mut stream).unwrap().status().to_owned())
        .collect();
    assert!(
        statuses[..60].iter().all(|status| status == "404"),
        "{statuses:?}"
    );
    let refused = statuses.iter().filter(|status| *status == "429").count();
    assert!(refused > 0);
    assert_eq!(server.counters().rate_limited, refused as u64);
}

#[test]
fn stopping_ends_connections_that_wait_for_an_answer() {
    for scenario in [
        Scenario::Hang,
        Scenario::Slow,
        Scenario::SlowBody,
        Scenario::Endless,
    ] {
        let server = Server::with(Options {
            delay: LONG * 10,
            scenario: scenario.clone(),
            ..Options::default()
        })
        .unwrap();
        let mut stream = connect(&server).unwrap();
        send(&mut stream, "GET", &format!("{}/task", path(&server))).unwrap();
        server.await_requests(1).unwrap();
        let address = server.address();
        drop(server);
        // The bytes before the end, then the end: possibly an error, but no timeout.
        match stream.read_to_end(&mut Vec::new()) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{scenario}"),
        }
        assert!(TcpStream::connect(address).is_err(), "{scenario}");
    }
}

#[test]
fn redirects_lead_to_an_answer_that_is_counted() {
    let server = Server::start(Scenario::Redirect).unwrap();
    for expected in ["301", "302", "301"] {
        let response = ask_task(&server).unwrap();
        assert_eq!(response.status(), expected);
        let location = response
            .head
            .lines()
            .find_map(|line| line.strip_prefix("Location: "))
            .unwrap()
            .to_owned();
        assert!(ask(&server, "GET", &location).unwrap().json()["ClockDrift"].is_object());
    }
    assert_eq!(server.counters().redirects_followed, 3);
}

#[test]
fn mixed_plays_the_others_in_turn() {
    let server = Server::start(Scenario::Mixed).unwrap();
    let turns: Vec<_> = Scenario::mixture().collect();
    for (turn, scenario) in turns.iter().enumerate() {
        let mut stream = connect(&server).unwrap();
        send(&mut stream, "GET", &format!("{}/task", path(&server))).unwrap();
        // With any answer, the request has been taken before the next one is sent.
        server.await_requests(turn as u64 + 1).unwrap();
        match scenario {
            Scenario::Throttled => assert_eq!(receive(&mut stream).unwrap().status(), "429"),
            Scenario::NotJson => {
                let body = receive(&mut stream).unwrap().body;
                assert!(body.starts_with(b"<!DOCTYPE"));
            }
            Scenario::Huge => assert_eq!(
                receive(&mut io::BufReader::new(stream)).unwrap().body.len(),
                4 << 20
            ),
            Scenario::Reset => {
                assert_eq!(
                    stream.read(&mut [0]).unwrap_err().kind(),
                    ErrorKind::ConnectionReset
                );
            }
            _ => {}
        }
    }
    assert!(turns.len() > 50);
}

#[test]
fn every_name_is_unique_and_leads_back_to_its_scenario() {
    for (scenario, name, about) in Scenario::NAMED {
        assert_eq!(name.parse::<Scenario>().as_ref(), Ok(scenario));
        assert_eq!(scenario.to_string(), *name);
        assert!(!about.is_empty());
    }
}

#[test]
fn it_listens_on_ipv6_where_there_is_one() {
    let listen: SocketAddr = "[::1]:0".parse().unwrap();
    // A machine without IPv6 cannot test it.
    if TcpListener::bind(listen).is_ok() {
        let server = Server::with(Options {
            listen,
            ..Options::default()
        })
        .unwrap();
        assert!(
            server.base().starts_with("http://[::1]:"),
            "{}",
            server.base()
        );
        assert_eq!(ask_task(&server).unwrap().status(), "200");
    }
}
