//! One connection: bounded in size and time, whatever its client does.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tracing::debug;

use super::{Clerk, Reply};

/// How long a client may take to send the head of a request, and be silent between two.
const HEAD_TIME: Duration = Duration::from_secs(5);
/// The largest head of a request, in bytes; a larger one is refused.
const HEAD_SIZE: usize = 8 * 1024;
/// How long a connection takes requests. A client that sends and never reads holds its place no longer.
const CONNECTION_TIME: Duration = Duration::from_secs(60);
/// How long the last request of a connection may take.
const LAST_REQUEST: Duration = Duration::from_secs(5);

/// Serves a connection to its end.
pub(super) async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    clerk: Arc<Clerk>,
) {
    let service = service_fn(move |request| {
        let answer = answer(&clerk, request);
        async { Ok::<_, Infallible>(answer) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_buf_size(HEAD_SIZE)
        // A client that has nothing more to say is still answered.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    let mut outcome = timeout(CONNECTION_TIME, connection.as_mut()).await;
    if outcome.is_err() {
        connection.as_mut().graceful_shutdown();
        outcome = timeout(LAST_REQUEST, connection).await;
    }
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => debug!(%error, "a connection broke"),
        Err(_) => debug!("a connection was open too long"),
    }
}

fn answer(clerk: &Clerk, request: Request<Incoming>) -> Response<Full<Bytes>> {
    // Nobody reads a body: the connection ends with the answer.
    let has_body = !request.body().is_end_stream();
    let (head, _) = request.into_parts();
    let (reply, is_refused) = clerk.answer(&head);
    let mut response = response(reply);
    if has_body || is_refused {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(reply.status);
    let mut response = Response::new(Full::new(reply.body.into()));
    if reply.status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
        let methods = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, methods);
    }
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in [
        (CONTENT_TYPE, "application/json"),
        // It is of this moment alone.
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
