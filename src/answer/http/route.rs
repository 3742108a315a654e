//! Which requests are answered. Pure.
//!
//! An application of the same task names a loopback address. Requests that come from a web page under a foreign
//! name (DNS rebinding), or through a proxy, are refused: they come from outside the task.

use std::net::IpAddr;

use hyper::header::{HOST, HeaderName};
use hyper::http::uri::Authority;
use hyper::{Method, Request, header::HeaderValue};

/// How an answer about the clock is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// A JSON object.
    Json,
    /// A line of text, for programs without a JSON parser.
    Line,
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Route {
    /// `/clock` or `/clock.txt`, with its query.
    Clock(Format, Option<String>),
    /// `/healthz`.
    Health,
}

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It names no host, or one that is not on loopback.
    ForeignHost,
    /// It came through a proxy.
    Forwarded,
    /// Its path is unknown.
    NotFound,
    /// Its method is neither GET nor HEAD.
    Method,
}

impl Refusal {
    /// The status code, and a sentence.
    pub(super) fn response(self) -> (u16, &'static str) {
        match self {
            Self::ForeignHost => (
                421,
                "invalid Host: expected localhost or a loopback address, because only applications of the same task are answered",
            ),
            Self::Forwarded => (403, "requests with X-Forwarded-For are not answered"),
            Self::NotFound => (404, "not found: expected /clock, /clock.txt or /healthz"),
            Self::Method => (405, "invalid method: expected GET or HEAD"),
        }
    }
}

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Finds what a request asks for, or why it is refused.
pub(super) fn route<B>(request: &Request<B>) -> Result<Route, Refusal> {
    if !names_loopback(request) {
        return Err(Refusal::ForeignHost);
    }
    if request.headers().contains_key(X_FORWARDED_FOR) {
        return Err(Refusal::Forwarded);
    }
    let clock = |format| Route::Clock(format, request.uri().query().map(str::to_owned));
    let route = match request.uri().path() {
        "/clock" => clock(Format::Json),
        "/clock.txt" => clock(Format::Line),
        "/healthz" => Route::Health,
        _ => return Err(Refusal::NotFound),
    };
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        Ok(route)
    } else {
        Err(Refusal::Method)
    }
}

/// Whether the only `Host`, and the authority of an absolute request target, are on loopback.
fn names_loopback<B>(request: &Request<B>) -> bool {
    let mut hosts = request.headers().get_all(HOST).iter();
    let (Some(host), None) = (hosts.next(), hosts.next()) else {
        return false;
    };
    is_local(host) && request.uri().authority().is_none_or(is_local_authority)
}

fn is_local(host: &HeaderValue) -> bool {
    Authority::try_from(host.as_bytes()).is_ok_and(|authority| is_local_authority(&authority))
}

fn is_local_authority(authority: &Authority) -> bool {
    let host = authority.host();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    !authority.as_str().contains('@')
        && (host.eq_ignore_ascii_case("localhost")
            || address
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Route, Refusal> {
        let request = Request::builder().method(method).uri(target);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        route(&request.body(()).unwrap())
    }

    #[test]
    fn only_known_paths_and_methods_are_answered() {
        let host = [("host", "127.0.0.1:2780")];
        let clock = |query: Option<&str>| Ok(Route::Clock(Format::Json, query.map(str::to_owned)));
        let line = Ok(Route::Clock(Format::Line, Some("max_age=1h".to_owned())));
        for (method, target, expected) in [
            ("GET", "/clock", clock(None)),
            ("HEAD", "/clock?max_error=5ms", clock(Some("max_error=5ms"))),
            ("GET", "http://localhost:2780/clock", clock(None)),
            ("GET", "/clock.txt?max_age=1h", line),
            ("GET", "/clock.txt/", Err(Refusal::NotFound)),
            ("GET", "/healthz", Ok(Route::Health)),
            ("GET", "/healthz?verbose", Ok(Route::Health)),
            ("GET", "/", Err(Refusal::NotFound)),
            ("POST", "/metrics", Err(Refusal::NotFound)),
            ("GET", "/clock/", Err(Refusal::NotFound)),
            ("GET", "/Clock", Err(Refusal::NotFound)),
            ("POST", "/clock", Err(Refusal::Method)),
            ("OPTIONS", "/clock", Err(Refusal::Method)),
            ("DELETE", "/healthz", Err(Refusal::Method)),
            ("GET", "http://example.com/clock", Err(Refusal::ForeignHost)),
            ("GET", "http://a@localhost/clock", Err(Refusal::ForeignHost)),
        ] {
            assert_eq!(routed(method, target, &host), expected, "{method} {target}");
        }
    }

    #[test]
    fn a_host_is_on_loopback() {
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1",
            "127.0.0.1:2780",
            "127.1.2.3",
            "[::1]",
            "[::1]:2780",
        ] {
            assert!(routed("GET", "/clock", &[("host", host)]).is_ok(), "{host}");
        }
        for host in [
            "",
            "example.com",
            "localhost.example.com",
            "127.0.0.1.example.com",
            "10.0.0.1",
            "0.0.0.0",
            "[::]",
            "[::ffff:127.0.0.1]",
            "127.0.0.1@example.com",
            "example.com@127.0.0.1",
            "169.254.170.2",
            "127.0.0.1, example.com",
            "sidecar",
            "2130706433",
        ] {
            let refused = routed("GET", "/clock", &[("host", host)]);
            assert_eq!(refused, Err(Refusal::ForeignHost), "{host}");
        }
        assert_eq!(
            routed("GET", "/clock", &[]),
            Err(Refusal::ForeignHost),
            "none"
        );
        let two = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(
            routed("GET", "/clock", &two),
            Err(Refusal::ForeignHost),
            "two"
        );
    }

    #[test]
    fn a_proxied_request_is_refused() {
        let headers = [("host", "localhost"), ("X-Forwarded-For", "")];
        assert_eq!(routed("GET", "/clock", &headers), Err(Refusal::Forwarded));
    }
}
