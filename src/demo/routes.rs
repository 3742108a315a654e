//! The routes of the application.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::history::History;
use super::limits::{Requested, stricter};
use super::page::{LIMIT_LABEL, LastReading, Limit, View, page};
use super::transaction::{Outcome, commit};
use ecs_clock_emf::{Clock, Limits, Moment, Report};
use serde::Serialize;

/// Nothing but this application's own style, script and image; no frames, no other target for forms.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; \
     connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// What the handlers share.
#[derive(Debug, Clone)]
pub(super) struct App {
    pub(super) clock: Clock,
    pub(super) history: Arc<Mutex<History>>,
    /// The limits that hold unless a request names others.
    pub(super) limits: Limits,
}

/// The answer of `/clock`, the same as the sidecar's.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    certainly_past: Option<bool>,
}

/// The application's paths.
pub(super) fn router(app: App) -> Router {
    Router::new()
        .route("/", get(show_page))
        .route("/clock", get(show_clock))
        .route("/transaction", post(run_transaction))
        .route(
            "/page.css",
            get(|| async { asset("text/css; charset=utf-8", include_str!("page.css")) }),
        )
        .route(
            "/page.js",
            get(|| async { asset("text/javascript; charset=utf-8", include_str!("page.js")) }),
        )
        .route("/icon.svg", get(icon))
        // A browser that shows /clock asks for this icon, since JSON names none.
        .route("/favicon.ico", get(icon))
        .fallback(|| async {
            (
                StatusCode::NOT_FOUND,
                "not found; there are /, /clock and POST /transaction\n",
            )
        })
        .layer(map_response(with_policies))
        .with_state(app)
}

async fn show_page(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    let requested = Requested::new(&app.limits, query.as_deref());
    let status = if requested.query.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::BAD_REQUEST
    };
    render(&app, &requested, status, None).await
}

async fn show_clock(State(app): State<App>, RawQuery(query): RawQuery) -> Response {
    match Requested::new(&app.limits, query.as_deref()).query {
        Ok(query) => {
            let report = app.clock.report(&query.limits).await;
            let certainly_past = query.after.map(|after| report.is_certainly_past(after));
            let status = if report.is_good() {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            json(
                status,
                &Body {
                    report: &report,
                    certainly_past,
                },
            )
        }
        Err(invalid) => {
            let error = invalid.to_string();
            json(
                StatusCode::BAD_REQUEST,
                &serde_json::json!({ "error": error }),
            )
        }
    }
}

async fn run_transaction(
    State(app): State<App>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let requested = Requested::new(&app.limits, query.as_deref());
    let outcome = match &requested.query {
        Ok(query) => commit(&app.clock, &stricter(&app.limits, &query.limits)).await,
        Err(invalid) => Outcome::Refused {
            reasons: vec![labelled(&invalid.to_string())],
        },
    };
    let status = match (&requested.query, outcome.is_committed()) {
        (Err(_), _) => StatusCode::BAD_REQUEST,
        (Ok(_), true) => StatusCode::OK,
        (Ok(_), false) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut answer = if accepts_html(&headers) {
        render(&app, &requested, status, Some(&outcome)).await
    } else {
        json(status, &outcome.answer())
    };
    if status == StatusCode::SERVICE_UNAVAILABLE {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}

async fn render(
    app: &App,
    requested: &Requested,
    status: StatusCode,
    transaction: Option<&Outcome>,
) -> Response {
    let query = requested.query.as_ref();
    let limits = query.map_or(&app.limits, |query| &query.limits);
    let fault = query.err().map(|invalid| labelled(&invalid.to_string()));
    let usual_text = app.limits.max_error.to_string();
    let report = app.clock.report(limits).await;
    let now = Moment::now();
    let identity = app.clock.identity().await;
    // Also after a panic elsewhere, every point is complete.
    let history = app
        .history
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let last = history.last().filter(|_| report.read_at.is_none());
    let last = last.map(|reading| LastReading::new(reading, limits, &now));
    let view = View {
        report: &report,
        last: last.as_ref(),
        identity: identity.as_ref(),
        history: &history,
        now: now.monotonic,
        limit: Limit {
            value: limits.max_error_for(report.source),
            text: requested.max_error.as_deref().unwrap_or(&usual_text),
            fault: fault.as_deref(),
        },
        transaction,
    };
    let html = page(&view).into_string();
    (
        status,
        [(header::CONTENT_TYPE, "text/html; charset=utf-8")],
        html,
    )
        .into_response()
}

/// A fault of the query in the words of the page, which has labels where the query has names.
fn labelled(fault: &str) -> String {
    match fault.strip_prefix("max_error") {
        Some(rest) => format!("{LIMIT_LABEL}{rest}"),
        None => fault.to_owned(),
    }
}

/// Whether the client names HTML among what it takes, as a browser does.
fn accepts_html(headers: &HeaderMap) -> bool {
    let accept = headers
        .get(header::ACCEPT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_ascii_lowercase();
    let named = |kind: &str| {
        let mut parts = kind.split(';').map(str::trim);
        parts.next() == Some("text/html") && !parts.any(|part| part == "q=0")
    };
    accept.split(',').any(named)
}

fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match serde_json::to_string(value) {
        Ok(text) => {
            let kind = [(header::CONTENT_TYPE, "application/json")];
            (status, kind, text + "\n").into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn icon() -> Response {
    asset("image/svg+xml", include_str!("icon.svg"))
}

fn asset(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// Headers of every answer: what a browser may trust, and not to store it.
async fn with_policies(mut response: Response) -> Response {
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
    ] {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
