//! Accepts connections, bounds them in number, size and time, and finishes them at the end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::Router;
use ecs_clock_emf::Moment;
use ecs_clock_emf::chrono::Datelike as _;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tracing::{debug, warn};

/// Connections at a time. A further one is closed at once.
const CONNECTIONS: u32 = 512;
/// How long a client may take to send a head, and pause between two requests.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a connection accepts requests.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// How long the last request of a connection may take.
const LAST_REQUEST: Duration = Duration::from_secs(5);
/// The largest head of a request, in bytes; a larger one is refused.
const HEAD_SIZE: usize = 16 * 1024;
/// How long open requests may take once the program is asked to end: it ends within a second.
const LAST_REQUESTS: Duration = Duration::from_millis(800);
/// The pause after accepting failed, as it does while no file descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `shutdown` is ready; then finishes the requests that it has accepted.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS as usize));
    let (stop, stopping) = watch::channel(false);
    let mut shutdown = pin!(shutdown);
    loop {
        let stream = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    warn!(%error, "no connection can be accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            },
        };
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            continue;
        };
        let connection = connection(stream, router.clone());
        let stopping = stopping.clone();
        tokio::spawn(async move {
            converse(connection, stopping).await;
            drop(place);
        });
    }
    // From here on no connection is accepted.
    drop(listener);
    stop.send_replace(true);
    // All connections have ended once every permit is free.
    let all = places.acquire_many(CONNECTIONS);
    if timeout(LAST_REQUESTS, all).await.is_err() {
        warn!("requests were still open at the end");
    }
}

/// Serves one connection to its end. When its time is over or the program ends, a request in
/// progress is still answered, but no other one is accepted.
async fn converse(connection: Connection, mut stopping: watch::Receiver<bool>) {
    let mut connection = pin!(connection);
    let over = async {
        // An error means that the server has ended, which ends the connection too.
        let _ = timeout(CONNECTION_TIME, stopping.wait_for(|stop| *stop)).await;
    };
    let outcome = tokio::select! {
        outcome = serve_one(connection.as_mut()) => Ok(outcome),
        () = over => {
            connection.as_mut().graceful_shutdown();
            timeout(LAST_REQUEST, serve_one(connection)).await
        }
    };
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "a connection broke"),
        Err(_) => debug!("a connection was open too long"),
    }
}

/// Serves a connection, which is closed if the clock is before 1970 or after 9999: hyper renders a date whenever it is
/// polled, even if no response has one, and then it would panic.
async fn serve_one(mut connection: Pin<&mut Connection>) -> hyper::Result<()> {
    poll_fn(|cx| {
        if (1970..=9999).contains(&Moment::now().wall.year()) {
            connection.as_mut().poll(cx)
        } else {
            debug!("a connection was closed, since the clock is before 1970 or after 9999");
            Poll::Ready(Ok(()))
        }
    })
    .await
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, router: Router) -> Connection {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        // A wrong clock is what this application shows.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
