//! JSON over HTTP on loopback: `/clock` with the verdict, `/healthz`. Every language can ask.

mod address;
mod connection;
mod reply;
mod route;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use hyper::http::request::Parts;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tracing::info;

use self::route::{Route, route};
#[allow(unused_imports, reason = "the demonstration is a feature")]
pub(crate) use self::{
    address::{LoopbackAddress, NotLoopback},
    reply::Reply,
};
use super::freshness;
use super::trouble::{RETRY, Trouble};
use crate::clock::{Limits, Report};
use crate::reading::{ReadError, ReadErrorKind};
use crate::sidecar::Observed;
use crate::time::{DriftRate, Moment};

/// Connections at a time. One more is accepted and closed, so that its client need not wait to be refused.
const CONNECTIONS: usize = 64;
/// How long to leave accepting alone after it failed, as it does while no descriptor is free.
const PAUSE: Duration = Duration::from_secs(1);
/// The loop of the sidecar does not stand still for longer while it waits for an answer.
const LONGEST_REQUEST: Duration = Duration::from_secs(60);

/// Where to listen, and how a clock is judged.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// Where to listen.
    pub address: LoopbackAddress,
    /// The limits that hold unless a query names others.
    pub limits: Limits,
    /// How fast a bound grows.
    pub drift: DriftRate,
    /// From one reading to the next.
    pub sample_interval: Duration,
}

/// Listens until the sender of `observed` is gone.
pub(super) async fn serve(
    settings: Settings,
    observed: watch::Receiver<Observed>,
    mut trouble: Trouble,
) {
    let mut over = observed.clone();
    let clerk = Arc::new(Clerk { settings, observed });
    tokio::select! {
        () = listen(&clerk, &mut trouble) => {}
        // Never true: it ends with an error once the sender is gone.
        _ = over.wait_for(|_| false) => {}
    }
}

async fn listen(clerk: &Arc<Clerk>, trouble: &mut Trouble) {
    let listener = loop {
        match bind(&clerk.settings.address).await {
            Ok(listener) => break listener,
            Err(error) => trouble.failed(&format!(
                "cannot listen at {}: {error}",
                clerk.settings.address
            )),
        }
        tokio::time::sleep(RETRY).await;
    };
    if let Ok(address) = listener.local_addr() {
        info!(%address, "listening");
    }
    accept(&listener, clerk, trouble).await;
}

async fn accept(listener: &TcpListener, clerk: &Arc<Clerk>, trouble: &mut Trouble) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                trouble.works();
                admit(stream, clerk, &places);
            }
            Err(error) => {
                trouble.failed(&format!("cannot accept a connection: {error}"));
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "other programs ask here")]
async fn bind(address: &LoopbackAddress) -> io::Result<TcpListener> {
    let mut first = None;
    for candidate in address.candidates() {
        match TcpListener::bind(candidate).await {
            Ok(listener) => return Ok(listener),
            // IPv6 in its place only where there is no IPv4: a port in use is to be reported.
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {
                first.get_or_insert(error);
            }
            Err(error) => return Err(error),
        }
    }
    Err(first.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into()))
}

/// Serves a connection if there is a place; otherwise closes it.
fn admit(stream: TcpStream, clerk: &Arc<Clerk>, places: &Arc<Semaphore>) {
    if let Ok(place) = Arc::clone(places).try_acquire_owned() {
        let clerk = Arc::clone(clerk);
        tokio::spawn(async move {
            connection::converse(stream, clerk).await;
            drop(place);
        });
    }
}

/// Answers requests from what the sidecar has observed.
#[derive(Debug)]
struct Clerk {
    settings: Settings,
    observed: watch::Receiver<Observed>,
}

impl Clerk {
    /// The answer to a request, and whether its connection is to be closed.
    fn answer(&self, request: &Parts) -> (Reply, bool) {
        match route(request) {
            Ok(Route::Clock(query)) => (self.clock(query.as_deref()), false),
            Ok(Route::Health) => (self.health(), false),
            Err(refusal) => {
                let (status, sentence) = refusal.says();
                (Reply::error(status, sentence), true)
            }
        }
    }

    fn clock(&self, query: Option<&str>) -> Reply {
        match Limits::from_query(query.unwrap_or_default(), &self.settings.limits) {
            Ok(query) => {
                let observed = self.observed.borrow().clone();
                // Now, and not when the reading was taken: the bound has grown since.
                let report = judged(&observed, &query.limits, &Moment::now(), &self.settings);
                Reply::judged(&report, &query)
            }
            Err(invalid) => Reply::invalid(&invalid),
        }
    }

    fn health(&self) -> Reply {
        let stands_still = self.observed.borrow().beat.elapsed();
        if stands_still <= freshness(self.settings.sample_interval) + LONGEST_REQUEST {
            Reply::json(200, &serde_json::json!({ "status": "running" }))
        } else {
            let seconds = stands_still.as_secs();
            Reply::error(503, &format!("the sidecar has stood still for {seconds} s"))
        }
    }
}

/// Serves a connection to its end, with the usual settings, from what was observed.
#[cfg(feature = "fuzzing")]
pub(crate) async fn converse(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
    observed: Observed,
) {
    let Ok(address) = "localhost:0".parse() else {
        return;
    };
    let settings = Settings {
        address,
        limits: Limits::default(),
        drift: DriftRate::DEFAULT,
        sample_interval: Duration::from_secs(10),
    };
    let (_, observed) = watch::channel(observed);
    connection::converse(stream, Arc::new(Clerk { settings, observed })).await;
}

/// What the last reading says at `now`, held against limits. A reading that is too old is none.
fn judged(observed: &Observed, limits: &Limits, now: &Moment, settings: &Settings) -> Report {
    let longest = freshness(settings.sample_interval);
    match &observed.last {
        Some(reading) if now.since(&reading.requested) <= longest => {
            Report::judge(reading, limits, now, settings.drift)
        }
        last => {
            let age = last.as_ref().map(|reading| now.since(&reading.requested));
            Report::from_error(&no_reading(age, observed.failure.as_ref()), limits)
        }
    }
}

/// Why there is no reading to judge, given the age of the last one and the failure since.
fn no_reading(age: Option<Duration>, failure: Option<&ReadError>) -> ReadError {
    let what = match age {
        None => "the clock was not read yet".to_owned(),
        Some(age) => format!("the last one is {} s old", age.as_secs()),
    };
    match failure {
        None => ReadError::new(ReadErrorKind::Timeout, what),
        Some(failure) => ReadError::new(failure.kind, format!("{what}; {}", failure.message)),
    }
}

#[cfg(test)]
mod tests;
