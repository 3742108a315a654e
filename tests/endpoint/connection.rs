//! One connection: requests in, answers out, until one side ends it.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use chrono::Utc;
use socket2::SockRef;

use super::answer::{After, Answer, ELSEWHERE, Moment, answer, throttled, unknown_id};
use super::document::{Document, clock_drift};
use super::server::{ID, Shared};
use super::wire::{CHUNKED, Parsed, Reply, Request, chunk, parse};
use super::{Scenario, control};

/// A client that reads nothing for this long is dropped.
const WRITE_TIMEOUT: Duration = Duration::from_secs(5);
/// The pause between the bytes of `slow-body`.
const DRIP: Duration = Duration::from_millis(200);
/// How many of the announced bytes `truncated` omits.
const MISSING: usize = 100;

/// Serves a connection to its end; the caller closes it.
pub(crate) fn serve(shared: &Shared, stream: &TcpStream, peer: SocketAddr, number: u64) {
    let link = Link { stream, peer };
    let mut received = Vec::new();
    let mut first = true;
    // Any error ends the connection; there is no one to report it to.
    let _ = stream
        .set_nodelay(true)
        .and_then(|()| stream.set_write_timeout(Some(WRITE_TIMEOUT)));
    while let Some(request) = link.receive(&mut received, shared.options.idle) {
        let Ok(request) = request else {
            let _ = link.write(b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n400 Bad Request");
            return;
        };
        let is_control = control::is_control(&request.path);
        if is_control && first {
            shared.mark_control(number);
        }
        first = false;
        let answer = if is_control {
            let trusted = stream
                .local_addr()
                .is_ok_and(|address| address.ip().to_canonical().is_loopback());
            Answer::Whole(control::reply(shared, &request, trusted))
        } else {
            route(shared, &request, peer)
        };
        match link.perform(answer, &request, shared.options.delay) {
            Ok(After::Keep) if !request.close => {}
            Ok(After::Hold) => return link.pause(Duration::MAX),
            Ok(After::Reset) => return reset_on_close(stream),
            _ => return,
        }
    }
}

/// Makes the coming close of the connection a reset.
pub(crate) fn reset_on_close(stream: &TcpStream) {
    // If this fails, the connection is closed normally.
    let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
}

/// Finds the answer for a path that is not a control path.
fn route(shared: &Shared, request: &Request, peer: SocketAddr) -> Answer {
    if request.path.contains("//") {
        let mut clean = request.path.clone();
        while clean.contains("//") {
            clean = clean.replace("//", "/");
        }
        return Answer::Whole(Reply::redirect(301, clean));
    }
    if let Some(path) = request.path.strip_prefix(ELSEWHERE) {
        shared.lock().counters.redirects_followed += 1;
        let known = path == format!("/{ID}/task");
        return if known {
            task(shared, Some(&Scenario::Good))
        } else {
            Answer::Whole(Reply::not_found())
        };
    }
    let parts: Vec<_> = request.path.split('/').collect();
    let (id, wants_task) = match parts[..] {
        ["", "v4", id] => (id, false),
        ["", "v4", id, "task"] => (id, true),
        _ => return Answer::Whole(Reply::not_found()),
    };
    if shared.options.limit {
        let mut limiter = shared
            .limiter
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !limiter.admits(peer.ip(), &request.path, Instant::now()) {
            let mut state = shared.lock();
            state.counters.rate_limited += 1;
            state.counters.task_requests += u64::from(wants_task && id == ID);
            return Answer::Whole(throttled());
        }
    }
    if id != ID {
        return Answer::Whole(unknown_id(id));
    }
    if wants_task {
        task(shared, None)
    } else {
        container(shared)
    }
}

/// The answer for the task document, in the current scenario or a given one.
fn task(shared: &Shared, instead: Option<&Scenario>) -> Answer {
    let mut state = shared.lock();
    let moment = Moment {
        now: Utc::now(),
        elapsed: state.began.elapsed(),
        turn: state.turn,
        identity: &shared.options.identity,
        error_bound: state.error_bound,
        drift_rate: shared.options.drift_rate,
        id: ID,
        port: shared.address.port(),
    };
    let (answer, clock_drift) = answer(instead.unwrap_or(&state.scenario), &moment);
    if instead.is_none() {
        state.turn += 1;
        state.counters.task_requests += 1;
    }
    if let Some(clock_drift) = clock_drift {
        state.remember(clock_drift);
    }
    answer
}

/// The container document, which only scenarios without an endpoint change.
fn container(shared: &Shared) -> Answer {
    if matches!(shared.lock().scenario, Scenario::Down | Scenario::Refused) {
        return Answer::Raw([].into(), After::Reset);
    }
    let drift = clock_drift(0.0, Utc::now(), "").text();
    let document = Document::new(&shared.options.identity, Some(&drift));
    Answer::Whole(Reply::json(200, document.container.text()))
}

/// The two ends of a connection.
struct Link<'a> {
    stream: &'a TcpStream,
    peer: SocketAddr,
}

impl Link<'_> {
    /// The next request: `None` at the end of the connection, `Err` if the bytes are not a request.
    fn receive(&self, received: &mut Vec<u8>, idle: Duration) -> Option<Result<Request, ()>> {
        let mut deadline = Instant::now() + idle;
        loop {
            match parse(received) {
                Parsed::Whole(request, length) => {
                    received.drain(..length);
                    return Some(Ok(request));
                }
                Parsed::Broken => return Some(Err(())),
                Parsed::Partial => {}
            }
            let left = deadline
                .checked_duration_since(Instant::now())
                .filter(|left| !left.is_zero())?;
            self.stream.set_read_timeout(Some(share(left))).ok()?;
            let mut piece = [0; 4096];
            let mut stream = self.stream;
            match stream.read(&mut piece) {
                Ok(0) => return None,
                Ok(count) => {
                    if received.is_empty() {
                        deadline = Instant::now() + idle;
                    }
                    received.extend(&piece[..count]);
                }
                Err(error) if is_passing(&error) => {}
                Err(_) => return None,
            }
        }
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let mut stream = self.stream;
        stream.write_all(bytes)
    }

    fn perform(&self, answer: Answer, request: &Request, delay: Duration) -> io::Result<After> {
        let now = Utc::now();
        let head = |reply: &Reply, framing: &str| reply.head(framing, request, self.peer, now);
        match answer {
            Answer::Whole(reply) => self.write(&reply.bytes(request, self.peer, now))?,
            Answer::Late(reply) => {
                self.pause(delay);
                self.write(&reply.bytes(request, self.peer, Utc::now()))?;
            }
            Answer::Unchunked(reply) => {
                let mut bytes = head(&reply, &format!("Content-Length: {}", reply.body.len()));
                bytes.extend(reply.body);
                self.write(&bytes)?;
            }
            Answer::Cut(reply) => {
                let mut bytes = head(
                    &reply,
                    &format!("Content-Length: {}", reply.body.len() + MISSING),
                );
                bytes.extend(reply.body);
                self.write(&bytes)?;
                return Ok(After::Close);
            }
            Answer::CutChunks(reply) => {
                let mut bytes = head(&reply, CHUNKED);
                bytes.extend(chunk(&reply.body));
                self.write(&bytes)?;
                return Ok(After::Close);
            }
            Answer::Drip(reply) => {
                self.write(&head(&reply, CHUNKED))?;
                for byte in reply.body.into_iter().chain(std::iter::repeat(b' ')) {
                    self.write(&chunk(&[byte]))?;
                    self.pause(DRIP);
                }
            }
            Answer::Endless(reply) => {
                self.write(&head(&reply, CHUNKED))?;
                self.write(&chunk(&reply.body))?;
                let blanks = chunk(&vec![b' '; 64 * 1024]);
                loop {
                    self.write(&blanks)?;
                }
            }
            Answer::TinyChunks(reply) => {
                let mut bytes = head(&reply, CHUNKED);
                for byte in reply.body {
                    bytes.extend(chunk(&[byte]));
                }
                bytes.extend(chunk(&[]));
                self.write(&bytes)?;
            }
            Answer::Raw(bytes, after) => {
                self.write(&bytes)?;
                return Ok(after);
            }
        }
        Ok(After::Keep)
    }

    /// Waits; ends early when the other side has closed, or this server stops.
    fn pause(&self, duration: Duration) {
        let start = Instant::now();
        while let Some(left) = duration
            .checked_sub(start.elapsed())
            .filter(|left| !left.is_zero())
        {
            let tick = share(left.min(Duration::from_secs(60)));
            if self.stream.set_read_timeout(Some(tick)).is_err() {
                return;
            }
            match self.stream.peek(&mut [0]) {
                Ok(0) => return,
                // The next request has already arrived, so this would return at once.
                Ok(_) => std::thread::sleep(tick.min(Duration::from_millis(50))),
                Err(error) if is_passing(&error) => {}
                Err(_) => return,
            }
        }
    }
}

/// How long to wait at once. The timeout of a socket may come late by a sixteenth of its length, while the agent's five
/// seconds are exact, so the last part is waited for in ever shorter pieces.
fn share(left: Duration) -> Duration {
    if left > Duration::from_millis(20) {
        left * 7 / 8
    } else {
        left
    }
}

/// Whether a failed read should be retried.
fn is_passing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted
    )
}
