//! The sidecar's listener under load: how long answers take, what the endpoint is asked meanwhile, whether
//! memory stays constant, and whether each line of metrics arrives in time. Linux only.
//!
//! ```text
//! cargo bench --bench listen_load           # 60 s on kept connections, 60 s on new ones, then crowds
//! cargo bench --bench listen_load -- 10     # 10 s each
//! ```
//!
//! Meanwhile other clients misbehave: they connect and send nothing, or send heads that are too large. Ends with
//! exit code 1 if a request failed (except those of 500 callers of Node's fetch, which open over 1,000 connections), an
//! answer took too long, memory grew too much, the endpoint was asked for more than the samples, or a line was lost.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::panic,
    reason = "a measurement that cannot continue ends, and uses a part of the shared test code"
)]

mod full_speed;
#[path = "../support/load.rs"]
mod load;
#[path = "../support/mod.rs"]
mod support;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use endpoint::{Scenario, Server};
use full_speed::ask_at_full_speed;
use load::{Rate, Target, measure, resident_kb};
use support::Program;

const ADDRESS: &str = "127.27.80.1:2780";
/// How many connections are silent, and how long an answer may take beside them. The second are more than there can be:
/// they come at once, and the client is behind them in the kernel's queue.
const SILENT: [(usize, Duration); 2] = [
    (512, Duration::from_millis(100)),
    (1_600, Duration::from_secs(1)),
];
/// Clients that keep their connections, and the good answers a second that all of them get on an idle machine.
const KEPT: usize = 1_000;
const GOOD_A_SECOND: f64 = 27_000.0;
/// The memory that the sidecar may use with 500 connections.
const MOST_KB: u64 = 9_000;
/// The clients of other languages: how to run each, and how many callers. A caller of Node's fetch opens two connections.
const CALLERS: [(&str, &[&str], u32); 6] = [
    ("Go", &["go", "run", "callers.go"], 500),
    ("Python", &["python3", "callers.py"], 500),
    ("Java", &["java", "Callers.java"], 500),
    ("curl", &["./callers.sh"], 500),
    ("Node", &["node", "callers.mjs"], 250),
    ("Node", &["node", "callers.mjs"], 500),
];

fn main() -> ExitCode {
    let server = Server::start(Scenario::Good).unwrap();
    let arguments = [
        "--listen",
        ADDRESS,
        "--sample-interval=1s",
        "--emit-interval=1s",
        "--emit-jitter=0s",
    ];
    let environment = [("ECS_CONTAINER_METADATA_URI_V4", server.base())];
    let environment = environment
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    let mut program = Program::start(&arguments, &environment);
    let first = program.line();
    let began = Instant::now();
    // First, since memory of larger crowds may stay resident.
    let mut failures = u32::from(is_large(&program));
    failures += under_load(&program, &server);
    failures += u32::from(at_full_speed());
    failures += u32::from(SILENT.map(is_delayed).contains(&true));
    for (language, command, callers) in CALLERS {
        for way in ["kept", "new"] {
            failures += call(language, command, callers, way);
        }
    }
    let took = began.elapsed();
    let finished = program.stop();

    let lines = finished.lines();
    let last = lines.last().map_or(first.sequence, |line| line.sequence);
    let complete = last == first.sequence + lines.len() as u64;
    // On a busy machine, a reading may take longer than the interval.
    let enough = lines.len() as u64 + 3 >= took.as_secs();
    let errors: u64 = lines.iter().filter_map(|line| line.answer_errors).sum();
    println!(
        "{} lines in {} s, none missing: {complete}; errors counted: {errors}",
        lines.len(),
        took.as_secs(),
    );
    if !complete || !enough {
        println!("failed: no line may be lost");
        failures += 1;
    }
    ExitCode::from(u8::from(failures > 0))
}

/// Sends requests at a steady rate, on kept connections and then on new ones, while other clients misbehave.
fn under_load(program: &Program, server: &Server) -> u32 {
    let seconds = std::env::args().skip(1).find_map(|text| text.parse().ok());
    let seconds = seconds.unwrap_or(60);
    let rates = [("kept", 1_000, false), ("new", 300, true)];
    let failed = rates.map(|(which, a_second, is_new)| {
        println!("{a_second} requests a second on {which} connections:");
        let rate = Rate {
            a_second,
            seconds,
            is_new,
        };
        let target = Target {
            address: ADDRESS,
            process: program.id(),
            source: server,
        };
        u32::from(measure(target, rate, |load| besieged(load)).is_bad)
    });
    failed.iter().sum()
}

/// Does `work` while other clients misbehave: 30 connections are always silent or slow, and 10 heads a second are
/// too large.
fn besieged<T>(work: impl FnOnce() -> T) -> T {
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..30 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let Ok(mut silent) = TcpStream::connect(ADDRESS) else {
                        continue;
                    };
                    let _ = silent.write_all(b"GET /clock HT");
                    std::thread::sleep(Duration::from_secs(3));
                }
            });
        }
        scope.spawn(|| {
            let head = format!("GET /clock HTTP/1.1\r\nX: {}", "x".repeat(100_000));
            while !over.load(Ordering::Relaxed) {
                if let Ok(mut stream) = TcpStream::connect(ADDRESS) {
                    let _ = stream.write_all(head.as_bytes());
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let done = work();
        over.store(true, Ordering::Relaxed);
        done
    })
}

/// Whether a client of many that keep their connections is not answered. Too few answers are only stated, since a machine
/// may be busy.
fn at_full_speed() -> bool {
    let (a_second, failed) = ask_at_full_speed(ADDRESS, KEPT, Duration::from_secs(5));
    println!(
        "{KEPT} clients on kept connections: {a_second:.0} good answers a second (an idle machine gives \
         {GOOD_A_SECOND:.0}), {failed} failed"
    );
    failed > 0
}

/// Whether an answer takes longer than `most` beside so many silent connections.
fn is_delayed((silent, most): (usize, Duration)) -> bool {
    let connections: Vec<_> = (0..silent)
        .map(|_| TcpStream::connect(ADDRESS).unwrap())
        .collect();
    let times = (0..20).map(|_| {
        let began = Instant::now();
        ask(&mut TcpStream::connect(ADDRESS).unwrap());
        began.elapsed()
    });
    let longest = times.max().unwrap_or_default();
    drop(connections);
    println!(
        "the longest answer beside {silent} silent connections: {longest:?}, at most {most:?}"
    );
    longest > most
}

/// Whether the sidecar takes too much memory with 500 connections open after a request, most of them kept.
fn is_large(program: &Program) -> bool {
    let mut clients: Vec<_> = (0..500)
        .map(|_| TcpStream::connect(ADDRESS).unwrap())
        .collect();
    clients.iter_mut().for_each(ask);
    let resident = resident_kb(program.id());
    println!("resident memory with 500 connections: {resident} kB, at most {MOST_KB} kB");
    resident > MOST_KB
}

/// Sends a request and reads the beginning of the answer.
fn ask(stream: &mut TcpStream) {
    let request = b"GET /clock HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).unwrap();
    let read = stream.read(&mut [0; 4_096]).unwrap();
    assert!(read > 0, "no answer");
}

/// Lets many callers of another language ask ten times each. Returns how many requests failed, if none may.
fn call(language: &str, command: &[&str], callers: u32, way: &str) -> u32 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/bench/callers");
    let output = Command::new(command[0])
        .args(&command[1..])
        .args([ADDRESS, &callers.to_string(), "10", way])
        .current_dir(folder)
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            println!("{language}: not measured, {} is not installed", command[0]);
            return 0;
        }
        Err(error) => panic!("{}: {error}", command[0]),
    };
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.split_whitespace();
    let mut number = || words.next().and_then(|word| word.parse::<u32>().ok());
    let (Some(asked), Some(failed)) = (number(), number()) else {
        println!("{language}: {}", String::from_utf8_lossy(&output.stderr));
        return 1;
    };
    println!(
        "{language}, {callers} callers, {way} connections: {failed} of {asked} requests failed"
    );
    // A caller of fetch opens two connections, and more while the answers are slow.
    if language == "Node" && callers > 250 {
        return 0;
    }
    failed
}
