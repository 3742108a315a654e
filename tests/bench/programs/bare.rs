//! The minimum of a program with the sidecar's purpose: a request on a plain socket, and the value printed.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// Whether a connection serves more than one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Connection {
    Kept,
    New,
}

/// How the answer is parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parsing {
    /// All of it, into a `serde_json::Value`.
    Value,
    /// The two members that are needed; the others are skipped.
    Typed,
}

/// The typed answer.
#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Task {
    clock_drift: ClockDrift,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ClockDrift {
    clock_error_bound: f64,
}

/// Asks `base` every `interval`, `samples` times, and prints the error bound.
pub(crate) fn bare_loop(
    base: &str,
    connection: Connection,
    parsing: Parsing,
    interval: Duration,
    samples: u64,
) {
    let (address, path) = base
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let connect = || BufReader::new(TcpStream::connect(address).unwrap());
    let request = format!("GET /{path}/task HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n\r\n");
    let mut stream = None;
    for _ in 0..samples {
        if connection == Connection::New {
            stream = None;
        }
        let stream = stream.get_or_insert_with(connect);
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let body = read_chunked(stream);
        match parsing {
            Parsing::Value => {
                let document: serde_json::Value = serde_json::from_slice(&body).unwrap();
                println!("{}", document["ClockDrift"]["ClockErrorBound"]);
            }
            Parsing::Typed => {
                let task: Task = serde_json::from_slice(&body).unwrap();
                println!("{}", task.clock_drift.clock_error_bound);
            }
        }
        if connection == Connection::New {
            // Not held while it waits.
            let _ = stream.get_ref().shutdown(std::net::Shutdown::Both);
        }
        std::thread::sleep(interval);
    }
}

fn read_chunked(stream: &mut impl BufRead) -> Vec<u8> {
    let mut line = String::new();
    let mut next_line = |stream: &mut dyn BufRead| {
        line.clear();
        stream.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    };
    while !next_line(stream).is_empty() {}
    let mut body = Vec::new();
    loop {
        let size = u64::from_str_radix(&next_line(stream), 16).unwrap();
        stream.take(size).read_to_end(&mut body).unwrap();
        next_line(stream);
        if size == 0 {
            return body;
        }
    }
}
