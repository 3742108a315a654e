//! Requests at a steady rate, and what they do to the program that answers them.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Connections that share the requests.
const CONNECTIONS: u32 = 20;

/// Asks `/clock` at even distances; how long each answer took, and how many requests failed.
pub(crate) fn load(address: &str, rate: u32, seconds: u32) -> (Vec<Duration>, u32) {
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
