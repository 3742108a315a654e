//! Sends requests at a steady rate and measures the program that answers them.
//!
//! The time of an answer counts from the moment its request was due, so that a stall counts for every
//! request that it held up.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use endpoint::Server;

/// Connections that share the requests.
const CONNECTIONS: u32 = 20;

/// Rate and duration of the load.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    pub(crate) a_second: u32,
    pub(crate) seconds: u32,
    /// Whether each request uses a new connection.
    pub(crate) is_new: bool,
}

impl Rate {
    /// From the command line: requests a second, then seconds; by default 1000 and 30.
    pub(crate) fn of_arguments() -> Self {
        let numbers: Vec<u32> = std::env::args()
            .skip(1)
            .filter_map(|text| text.parse().ok())
            .collect();
        Self {
            a_second: numbers.first().copied().unwrap_or(1_000),
            seconds: numbers.get(1).copied().unwrap_or(30),
            is_new: false,
        }
    }
}

/// A program that answers `/clock`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'a> {
    /// Where it listens.
    pub(crate) address: &'a str,
    /// Its process id.
    pub(crate) process: u32,
    /// The endpoint that it reads, once a second.
    pub(crate) source: &'a Server,
}

/// The results of a load.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// How long it took in total.
    pub(crate) took: Duration,
    /// Whether a request failed, or the source was asked more than once a second.
    pub(crate) is_bad: bool,
}

/// Puts the target under load, with `around` called around it, and prints the results.
pub(crate) fn measure(
    target: Target<'_>,
    rate: Rate,
    around: impl FnOnce(&mut dyn FnMut()),
) -> Outcome {
    // After the first second, everything is initialized.
    load(target.address, Rate { seconds: 1, ..rate });
    let before = resident_kb(target.process);
    let asked_before = target.source.counters().task_requests;
    let start = Instant::now();
    let (mut times, mut failed) = (Vec::new(), 0);
    around(&mut || (times, failed) = load(target.address, rate));
    let took = start.elapsed();
    let asked = target.source.counters().task_requests - asked_before;
    let after = resident_kb(target.process);

    times.sort_unstable();
    let percentile = |share: usize| times[(times.len() - 1) * share / 100];
    println!(
        "{} answers in {:.1} s, {failed} failed; p50 {:?}, p99 {:?}, longest {:?}",
        times.len(),
        took.as_secs_f64(),
        percentile(50),
        percentile(99),
        percentile(100)
    );
    println!(
        "the endpoint was asked {asked} times, once a second; resident memory {before} kB before, {after} kB after"
    );
    let allowed = took.as_secs() + 2;
    let is_bad = failed > 0 || asked > allowed;
    if is_bad {
        println!(
            "failed: no request may fail, and the endpoint may be asked {allowed} times at most"
        );
    }
    Outcome { took, is_bad }
}

/// Requests `/clock` at even intervals; returns the answers' latencies and the number of failures.
fn load(address: &str, rate: Rate) -> (Vec<Duration>, u32) {
    let distance = Duration::from_secs(1) / rate.a_second;
    let start = Instant::now() + Duration::from_millis(100);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|first| {
            let address = address.to_owned();
            std::thread::spawn(move || {
                let due = (first..rate.a_second * rate.seconds)
                    .step_by(CONNECTIONS as usize)
                    .map(|number| start + distance * number);
                client(&address, due, rate.is_new)
            })
        })
        .collect();
    let results = clients.into_iter().map(|client| client.join().unwrap());
    results.fold((Vec::new(), 0), |(mut times, failed), (more, failures)| {
        times.extend(more);
        (times, failed + failures)
    })
}

fn client(address: &str, due: impl Iterator<Item = Instant>, is_new: bool) -> (Vec<Duration>, u32) {
    let connect = || BufReader::new(TcpStream::connect(address).unwrap());
    let mut connection = connect();
    let mut times = Vec::new();
    let mut failed = 0;
    for at in due {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        if is_new {
            connection = connect();
        }
        match ask(&mut connection) {
            Some(true) => times.push(at.elapsed()),
            // A connection closed between two requests is not a failure.
            None => {
                connection = connect();
                match ask(&mut connection) {
                    Some(true) => times.push(at.elapsed()),
                    _ => failed += 1,
                }
            }
            Some(false) => failed += 1,
        }
    }
    (times, failed)
}

/// Whether the answer was 200; `None` if the connection is closed.
fn ask(connection: &mut BufReader<TcpStream>) -> Option<bool> {
    let request = b"GET /clock HTTP/1.1\r\nhost: localhost\r\n\r\n";
    connection.get_mut().write_all(request).ok()?;
    let mut status = String::new();
    if connection.read_line(&mut status).ok()? == 0 {
        return None;
    }
    let mut length = 0;
    loop {
        let mut header = String::new();
        connection.read_line(&mut header).ok()?;
        if header == "\r\n" {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length: ") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).ok()?;
    Some(status.contains(" 200 ") && body.ends_with(b"\n"))
}

/// The memory of a process that is in use, in kB.
pub(crate) fn resident_kb(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
