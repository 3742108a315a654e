//! Connections: accepted, bounded in number, size and time, and finished at the end.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tracing::{debug, warn};

/// Connections at a time. One more is closed at once, so that those that are open go on.
const CONNECTIONS: usize = 512;
/// How long a client may take to send the head of a request, and be silent between two.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// How long a connection lives, whatever its client does.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// The largest head of a request, in bytes; a larger one is refused.
const HEAD_SIZE: usize = 16 * 1024;
/// How long open requests may take once the program is asked to end: it is gone within a second.
const LAST_REQUESTS: Duration = Duration::from_millis(800);
/// How long to leave accepting alone after it failed, as it does while no file descriptor is free.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` until `shutdown` is ready; then finishes the requests that it has accepted.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let graceful = GracefulShutdown::new();
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
        let connection = graceful.watch(connection(stream, router.clone()));
        tokio::spawn(async move {
            match timeout(CONNECTION_TIME, connection).await {
                Ok(Err(error)) => debug!(%error, "a connection broke"),
                Ok(Ok(())) => {}
                Err(_) => debug!("a connection was open too long"),
            }
            drop(place);
        });
    }
    // From here on no connection is accepted.
    drop(listener);
    if timeout(LAST_REQUESTS, graceful.shutdown()).await.is_err() {
        warn!("requests were still open at the end");
    }
}

type Connection = http1::Connection<TokioIo<TcpStream>, TowerToHyperService<Router>>;

fn connection(stream: TcpStream, router: Router) -> Connection {
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router))
}
