//! Many clients at a time.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::*;

/// Asks on a kept connection; opens another one if the last reply announced its end.
struct Client {
    address: String,
    connection: Option<TcpStream>,
}

impl Client {
    fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            connection: None,
        }
    }

    /// The status of the reply.
    fn ask(&mut self) -> u16 {
        let mut stream = self.connection.take().unwrap_or_else(|| {
            let stream = TcpStream::connect(&self.address).unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream
        });
        let request = format!("GET /clock HTTP/1.1\r\nHost: {}\r\n\r\n", self.address);
        stream.write_all(request.as_bytes()).unwrap();
        let mut reply = String::new();
        while !reply.ends_with("}\n") {
            let mut part = [0; 4_096];
            let read = stream.read(&mut part).unwrap();
            assert_ne!(read, 0, "closed without a reply: {reply}");
            reply += std::str::from_utf8(&part[..read]).unwrap();
        }
        if !reply.contains("\r\nconnection: close\r\n") {
            self.connection = Some(stream);
        }
        reply[9..12].parse().unwrap()
    }
}

/// Regression: the 65th connection was closed without a reply.
#[test]
fn five_hundred_clients_get_every_answer() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let program = start(&server, &address, &["--sample-interval=1s"]);
    ask_until(&address, "/clock", |status, _| status == 200);
    std::thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let mut clients: Vec<_> = (0..50).map(|_| Client::new(&address)).collect();
                for _ in 0..6 {
                    for client in &mut clients {
                        assert_eq!(client.ask(), 200);
                    }
                    // A new connection for each request, beside those that are kept.
                    assert_eq!(ask(&address, "/clock").unwrap().0, 200);
                }
            });
        }
    });
    let finished = program.stop();
    assert_eq!(finished.code, Some(0));
    for line in finished.lines() {
        assert_eq!(line.answer_errors, None);
    }
    let warned = finished
        .diagnostics()
        .into_iter()
        .find(|event| event["level"] == "WARN");
    assert_eq!(warned, None);
}

/// Regression: 64 silent connections kept all other clients out.
#[test]
fn silent_connections_keep_nobody_out_and_are_reported() {
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    let arguments = ["--listen", &address, "--source=ecs", "--sample-interval=1s"];
    // Half of them are for connections.
    let program = Program::start_with_descriptors(256, &arguments, &[(ENDPOINT, &server.base())]);
    ask_until(&address, "/clock", |status, _| status == 200);
    let silent: Vec<_> = (0..200)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    for _ in 0..20 {
        assert_eq!(ask(&address, "/clock").unwrap().0, 200);
    }
    drop(silent);
    let finished = program.stop();
    let events = finished.diagnostics();
    let crowded = events
        .iter()
        .find(|event| {
            event["message"]
                .as_str()
                .unwrap()
                .starts_with("too many connections")
        })
        .unwrap();
    // 200 and 20 came, and 128 could stay. Some may have ended by themselves.
    let closed = crowded["closed"].as_u64().unwrap();
    assert!((1..=92).contains(&closed), "{crowded}");
    assert_eq!(crowded["waited"], 0, "{crowded}");
}

/// Regression: the connections of clients used up the descriptors that readings need.
#[test]
fn with_few_descriptors_readings_continue() {
    // No connection is kept, so that each reading needs a descriptor.
    let options = endpoint::Options {
        idle: Duration::from_millis(20),
        ..endpoint::Options::default()
    };
    let server = Server::with(options).unwrap();
    let address = address();
    let directory = tempfile::tempdir().unwrap();
    let arguments = [
        "--listen",
        &address,
        "--clockbound-directory",
        directory.path().to_str().unwrap(),
        "--sample-interval=100ms",
        "--emit-interval=1s",
        "--emit-jitter=0s",
    ];
    let environment = [(ENDPOINT, server.base())];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut program = Program::start_with_descriptors(40, &arguments, &environment);
    ask_until(&address, "/clock", |status, _| status == 200);
    let mut clients: Vec<_> = (0..100)
        .map(|_| TcpStream::connect(&address).unwrap())
        .collect();
    let begin = program.line().sequence;
    while program.line().sequence < begin + 3 {
        clients.extend(TcpStream::connect(&address));
        assert_eq!(ask(&address, "/clock").unwrap().0, 200);
    }
    let finished = program.stop();
    assert_eq!(finished.code, Some(0));
    for line in finished.lines() {
        assert_eq!(
            (line.clock_read_errors, line.answer_errors),
            (None, None),
            "{line:?}"
        );
    }
}

/// Lets this process, and those that it starts, open so many descriptors.
fn allow_descriptors(count: u64) {
    let allowed = getrlimit(Resource::Nofile);
    if allowed.current.is_some_and(|current| current < count) {
        let more = Rlimit {
            current: Some(count),
            ..allowed
        };
        setrlimit(Resource::Nofile, more).unwrap();
    }
}

/// Regression: a thousand clients got 1,394 good answers and 10,480 refusals in two seconds.
#[test]
fn a_thousand_clients_keep_their_connections() {
    const CLIENTS: usize = 1_000;
    let server = Server::start(Scenario::Good).unwrap();
    let address = address();
    allow_descriptors(3_000);
    let program = start(&server, &address, &["--sample-interval=1s"]);
    ask_until(&address, "/clock", |status, _| status == 200);
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| Client::new(&address)).collect();
    for _ in 0..3 {
        for client in &mut clients {
            assert_eq!(client.ask(), 200);
            assert!(client.connection.is_some(), "its connection is kept");
        }
    }
    let finished = program.stop();
    assert_eq!(finished.code, Some(0));
    for line in finished.lines() {
        assert_eq!(line.answer_errors, None);
    }
}
