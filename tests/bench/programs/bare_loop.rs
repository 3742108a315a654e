//! The least that a program with the sidecar's purpose can cost: a request on a plain socket, the one needed member parsed,
//! and the value printed. `bare-loop kept|new INTERVAL_MS SAMPLES`.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

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

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let is_kept = match arguments[0].as_str() {
        "kept" => true,
        "new" => false,
        other => panic!("expected kept or new, got {other}"),
    };
    let interval = Duration::from_millis(arguments[1].parse().unwrap());
    let samples: u64 = arguments[2].parse().unwrap();
    let base = std::env::var("ECS_CONTAINER_METADATA_URI_V4").unwrap();
    let (address, path) = base
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let connect = || BufReader::new(TcpStream::connect(address).unwrap());
    let request = format!("GET /{path}/task HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\n\r\n");
    let mut stream = None;
    for _ in 0..samples {
        if !is_kept {
            stream = None;
        }
        let stream = stream.get_or_insert_with(connect);
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let body = read_chunked(stream);
        let task: Task = serde_json::from_slice(&body).unwrap();
        println!("{}", task.clock_drift.clock_error_bound);
        if !is_kept {
            // Not held while it waits.
            let _ = stream.get_ref().shutdown(Shutdown::Both);
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
