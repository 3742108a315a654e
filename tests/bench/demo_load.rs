//! The demonstration application under load: how long answers take, what the endpoint is asked
//! meanwhile, and whether memory stays where it was. Linux only.
//!
//! ```text
//! cargo bench --features demo --bench demo_load             # 1000 requests a second for 30 s
//! cargo bench --features demo --bench demo_load -- 500 10   # 500 a second for 10 s
//! ```
//!
//! The time of an answer counts from the moment its request was due, so that a stall counts for every
//! request that it held up. Ends with exit code 1 if a request failed or the endpoint was asked too often.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot go on ends, and uses a part of what the tests share"
)]

#[path = "../support/demo.rs"]
mod demo;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use demo::Demo;
use endpoint::{Scenario, Server};

/// Connections that share the requests.
const CONNECTIONS: u32 = 20;

fn main() -> ExitCode {
    let numbers: Vec<u32> = std::env::args()
        .skip(1)
        .filter_map(|text| text.parse().ok())
        .collect();
    let rate = numbers.first().copied().unwrap_or(1_000);
    let seconds = numbers.get(1).copied().unwrap_or(30);

    let server = Server::start(Scenario::Good).unwrap();
    let demo = Demo::start(&server.base(), &[]);
    // The first second has everything in place.
    load(&demo.address, rate, 1);
    let before = resident_kb(&demo);
    let asked_before = server.counters().task_requests;
    let start = Instant::now();
    let (mut times, failed) = load(&demo.address, rate, seconds);
    let took = start.elapsed();
    let asked = server.counters().task_requests - asked_before;
    let after = resident_kb(&demo);

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
        "the endpoint was asked {asked} times (refresh interval 1s); resident memory {before} kB before, {after} kB after"
    );
    let allowed = took.as_secs() + 2;
    if failed > 0 || asked > allowed {
        println!(
            "failed: no request may fail, and the endpoint may be asked {allowed} times at most"
        );
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// Sends requests at even distances; how long each answer took, and how many requests failed.
fn load(address: &str, rate: u32, seconds: u32) -> (Vec<Duration>, u32) {
    let distance = Duration::from_secs(1) / rate;
    let start = Instant::now() + Duration::from_millis(100);
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|first| {
            let address = address.to_owned();
            std::thread::spawn(move || {
                let due = (first..rate * seconds)
                    .step_by(CONNECTIONS as usize)
                    .map(|number| start + distance * number);
                client(&address, due)
            })
        })
        .collect();
    let results = clients.into_iter().map(|client| client.join().unwrap());
    results.fold((Vec::new(), 0), |(mut times, failed), (more, failures)| {
        times.extend(more);
        (times, failed + failures)
    })
}

fn client(address: &str, due: impl Iterator<Item = Instant>) -> (Vec<Duration>, u32) {
    let connect = || BufReader::new(TcpStream::connect(address).unwrap());
    let mut connection = connect();
    let mut times = Vec::new();
    let mut failed = 0;
    for at in due {
        std::thread::sleep(at.saturating_duration_since(Instant::now()));
        match ask(&mut connection) {
            Some(true) => times.push(at.elapsed()),
            // A connection lives for a minute at most; one that was closed between two requests is no failure.
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

/// Whether the answer was 200; nothing where the connection is closed.
fn ask(connection: &mut BufReader<TcpStream>) -> Option<bool> {
    let request = b"GET /clock HTTP/1.1\r\nhost: demo\r\n\r\n";
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

fn resident_kb(demo: &Demo) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", demo.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
