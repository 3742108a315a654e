//! One connection, bounded in size and time against any client.

use std::cell::Cell;
use std::convert::Infallible;
use std::error::Error;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Poll, ready};
use std::time::Duration;

use chrono::Datelike as _;
use http_body_util::Full;
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, X_CONTENT_TYPE_OPTIONS,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode, Version};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::time::sleep;
use tracing::debug;

use super::activity::{Activity, AfterReply, IDLE_TIME, Phase};
use super::handler::Handler;
use super::reply::Reply;
use super::stream::Tracked;
use crate::time::Moment;

/// The largest head of a request, in bytes; a larger one is refused.
const HEAD_SIZE: usize = 8 * 1024;
/// After so many requests of a connection, which may arrive in a row, the others have their turn.
const TURN: u32 = 16;
const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");

/// The bytes of a head that are read before hyper takes over: the whole head of most clients.
const FIRST_BYTES: usize = 1024;

/// The reply to every request while the clock is so wrong that hyper cannot be used: clients treat it as a clock that is not
/// good.
const NO_DATE: &str = "HTTP/1.1 503 Service Unavailable\r\n\
    content-type: application/json\r\n\
    cache-control: no-store\r\n\
    x-content-type-options: nosniff\r\n\
    connection: close\r\n\
    content-length: 51\r\n\r\n\
    {\"error\":\"the clock is before 1970 or after 9999\"}\n";

/// Serves a connection to its end. After each request, `policy` decides whether to keep it alive.
///
/// hyper's buffers take 16 kB. They exist during a request only, so that an idle connection costs little.
pub(super) async fn serve<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stream: S,
    activity: Rc<Activity>,
    handler: Rc<Handler>,
    policy: impl Fn() -> AfterReply,
) {
    let answer = |request: &Request<Incoming>| {
        let (response, after) = respond(&handler, request, policy());
        activity.begin_reply(after);
        response
    };
    let requests = async {
        let turn = Cell::new(TURN);
        let mut next = Some((stream, Bytes::new()));
        while let Some((mut stream, mut received)) = next {
            if received.is_empty() {
                received = first_bytes(&mut stream, &turn).await?;
                if received.is_empty() {
                    break;
                }
            }
            activity.begin_head();
            if !is_dated(&Moment::now()) {
                activity.begin_reply(AfterReply::Close);
                stream.write_all(NO_DATE.as_bytes()).await?;
                stream.shutdown().await?;
                break;
            }
            let tracked = Tracked::new(stream, received, Rc::clone(&activity));
            // On the heap, so that it takes no room in a connection that is idle.
            next = Box::pin(exchange(tracked, &activity, &turn, &answer)).await?;
        }
        Ok::<_, Box<dyn Error>>(())
    };
    tokio::select! {
        // Polled first, because progress moves the deadline.
        biased;
        outcome = requests => if let Err(error) = outcome {
            debug!(%error, "a connection broke");
        },
        () = Rc::clone(&activity).over() => debug!("a connection was closed"),
    }
}

/// Whether hyper may be polled. It renders a date each time, even if no reply has one, and panics for a clock before
/// 1970 or after 9999. That would end the process, since the program aborts at a panic.
fn is_dated(now: &Moment) -> bool {
    (1970..=9999).contains(&now.wall.year())
}

/// The first bytes of a head; empty at the end of the stream. While the client has sent none, others have their turn.
async fn first_bytes(stream: &mut (impl AsyncRead + Unpin), turn: &Cell<u32>) -> io::Result<Bytes> {
    poll_fn(|cx| {
        // On the stack: while it waits, a connection needs no buffer.
        let mut bytes = [0; FIRST_BYTES];
        let mut buffer = ReadBuf::new(&mut bytes);
        let read = Pin::new(&mut *stream).poll_read(cx, &mut buffer);
        if read.is_pending() {
            turn.set(TURN);
        }
        ready!(read)?;
        Poll::Ready(Ok(Bytes::copy_from_slice(buffer.filled())))
    })
    .await
}

/// How far hyper has come with a connection.
enum Progress {
    Ended(hyper::Result<()>),
    /// All requests are answered.
    Idle,
    /// There may be more requests, but it is the turn of others.
    TurnOver,
}

/// Answers requests until the client sends no more for now; `turn` is how many more until others have theirs. Returns the stream and the bytes of an incomplete head;
/// `None` if the connection has ended.
async fn exchange<S: AsyncRead + AsyncWrite + Unpin + 'static>(
    stream: Tracked<S>,
    activity: &Activity,
    turn: &Cell<u32>,
    answer: &impl Fn(&Request<Incoming>) -> Response<Full<Bytes>>,
) -> hyper::Result<Option<(S, Bytes)>> {
    let service = service_fn(|request| {
        // Not idle, although replies before this one may be flushed meanwhile.
        activity.begin_reply(AfterReply::Close);
        async move {
            // However often hyper polls within this turn.
            poll_fn(|_| {
                if turn.get() == 0 {
                    Poll::Pending
                } else {
                    Poll::Ready(())
                }
            })
            .await;
            turn.set(turn.get() - 1);
            Ok::<_, Infallible>(answer(&request))
        }
    });
    let mut connection = http1::Builder::new()
        // `Activity` has the deadlines.
        .header_read_timeout(None)
        .max_buf_size(HEAD_SIZE)
        // No `Date` header: a wrong clock is what this server reports.
        .auto_date_header(false)
        // A client that has nothing more to send still gets its reply.
        .half_close(true)
        .serve_connection(TokioIo::new(stream), service);
    loop {
        let progress = poll_fn(|cx| {
            if !is_dated(&Moment::now()) {
                return Poll::Ready(Progress::Ended(Ok(())));
            }
            match Pin::new(&mut connection).poll(cx) {
                Poll::Ready(outcome) => Poll::Ready(Progress::Ended(outcome)),
                Poll::Pending if turn.get() == 0 => Poll::Ready(Progress::TurnOver),
                Poll::Pending if activity.phase().0 == Phase::Idle => Poll::Ready(Progress::Idle),
                Poll::Pending => Poll::Pending,
            }
        });
        match progress.await {
            Progress::Ended(outcome) => return outcome.map(|()| None),
            Progress::Idle => break,
            Progress::TurnOver => {
                // Not `yield_now`: hyper wakes this task by itself, which would end that at once.
                sleep(Duration::ZERO).await;
                turn.set(TURN);
            }
        }
    }
    let parts = connection.into_parts();
    Ok(Some((parts.io.into_inner().into_inner(), parts.read_buf)))
}

/// The response to a request, and whether the connection continues after it.
fn respond(
    handler: &Handler,
    request: &Request<Incoming>,
    policy: AfterReply,
) -> (Response<Full<Bytes>>, AfterReply) {
    // A body is never read, so the connection cannot continue after it.
    let has_body = !request.body().is_end_stream();
    let (reply, after) = handler.answer(request);
    let mut response = response(reply);
    let headers = response.headers_mut();
    if has_body || after == AfterReply::Close || policy == AfterReply::Close {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        return (response, AfterReply::Close);
    }
    if !keeps_alive(request) {
        return (response, AfterReply::Close);
    }
    let timeout = format!("timeout={}", IDLE_TIME.as_secs());
    if let Ok(timeout) = HeaderValue::from_str(&timeout) {
        headers.insert(KEEP_ALIVE, timeout);
    }
    (response, AfterReply::KeepAlive)
}

/// Whether the client keeps the connection. hyper decides the same way, but does not expose it.
fn keeps_alive<B>(request: &Request<B>) -> bool {
    let mut tokens = request
        .headers()
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim);
    match request.version() {
        Version::HTTP_11 => !tokens.any(|token| token.eq_ignore_ascii_case("close")),
        _ => tokens.any(|token| token.eq_ignore_ascii_case("keep-alive")),
    }
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    let status = StatusCode::from_u16(reply.status);
    let media = reply.media;
    let mut response = Response::new(Full::new(reply.body.into()));
    if reply.status == StatusCode::METHOD_NOT_ALLOWED.as_u16() {
        let methods = HeaderValue::from_static("GET, HEAD");
        response.headers_mut().insert(ALLOW, methods);
    }
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in [
        (CONTENT_TYPE, media),
        // Not cached: a verdict is true only at its moment.
        (CACHE_CONTROL, "no-store"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
