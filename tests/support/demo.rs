//! The demonstration application in a test or a measurement: started, asked, stopped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::bounded::end_of;

/// Longer than any step on a busy machine; only a failure waits so long.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running `clock-demo` on a free port of loopback.
#[derive(Debug)]
pub(crate) struct Demo {
    child: Child,
    stderr: BufReader<ChildStderr>,
    /// Where it listens.
    pub(crate) address: String,
}

/// An answer over HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

/// `clock-demo` without this process's environment.
pub(crate) fn command(endpoint: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_clock-demo"));
    command
        .env_clear()
        .env("ECS_CONTAINER_METADATA_URI_V4", endpoint)
        .args(arguments)
        .stdin(Stdio::null());
    command
}

impl Demo {
    /// Starts it, and waits until it listens.
    pub(crate) fn start(endpoint: &str, arguments: &[&str]) -> Self {
        let mut child = command(endpoint, arguments)
            .arg("--listen=127.0.0.1:0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        stderr.read_line(&mut line).unwrap();
        let event: serde_json::Value = serde_json::from_str(&line).unwrap();
        let address = event["address"].as_str().unwrap().to_owned();
        Self {
            child,
            stderr,
            address,
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends a request on a new connection.
    pub(crate) fn ask(&self, method: &str, path: &str, accept: &str) -> Answer {
        self.try_ask(method, path, accept).unwrap()
    }

    /// Like [`Demo::ask`], but the application may be too busy to answer.
    pub(crate) fn try_ask(&self, method: &str, path: &str, accept: &str) -> Option<Answer> {
        let mut stream = self.connect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: demo\r\naccept: {accept}\r\nconnection: close\r\n\r\n"
        );
        stream.write_all(request.as_bytes()).ok()?;
        read_answer(&mut stream)
    }

    /// Asks for the clock as JSON.
    pub(crate) fn clock(&self) -> Answer {
        self.ask("GET", "/clock", "application/json")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Stops it; returns its exit code and its remaining output.
    pub(crate) fn stop(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        let code = end_of(&mut self.child).code();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (code, said)
    }
}

impl Drop for Demo {
    /// Stops the process after a failed test too.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads to the end of the connection; `None` if it was closed without an answer.
pub(crate) fn read_answer(stream: &mut TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    })
}
