//! The ECS task metadata endpoint v4 over HTTP. One request per read: no retry, no redirect, no proxy.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};

use super::body::{self, Body};
use crate::reading::{ReadError, ReadErrorKind};
use crate::source::invalid_source::InvalidSource;
use crate::source::lookup::Resolver;

/// The part of an error's body that becomes the message, in bytes.
const ERROR_BODY_LIMIT: usize = 1 << 10;
/// How long an idle connection is kept. The endpoint closes it after 5 s, and a request that crosses the close would
/// fail.
pub(super) const KEEP_CONNECTION: Duration = Duration::from_secs(3);

/// A task metadata endpoint.
#[derive(Debug, Clone)]
pub(in crate::source) struct Endpoint {
    client: Client,
    resolver: Resolver,
    task: Url,
    timeout: Duration,
}

impl Endpoint {
    /// The endpoint at `base`, the value of `ECS_CONTAINER_METADATA_URI_V4`. `timeout` limits each read.
    ///
    /// # Errors
    /// If `base` is not the address of an endpoint.
    pub(super) fn new(base: &str, timeout: Duration) -> Result<Self, InvalidSource> {
        let resolver = Resolver::default();
        let client = client(&resolver, 1);
        Ok(Self {
            task: task_url(base)?,
            client: client.map_err(|error| InvalidSource::HttpClient(error.to_string()))?,
            resolver,
            timeout,
        })
    }

    /// Expects a request every `interval`. A connection that would be closed before the next one is not kept, since
    /// keeping one costs a timer and memory.
    pub(in crate::source) fn expect_every(&mut self, interval: Duration) {
        let idle = usize::from(interval < KEEP_CONNECTION);
        // If the setup fails now although it succeeded before, the existing client still works.
        if let Ok(client) = client(&self.resolver, idle) {
            self.client = client;
        }
    }

    /// Fetches the body of the task document.
    ///
    /// # Errors
    /// If no complete answer arrives in time, the status is not 200, or the body is over 1 MiB.
    pub(super) async fn task_document(&self) -> Result<Vec<u8>, ReadError> {
        self.resolver.begin();
        tokio::time::timeout(self.timeout, self.fetch())
            .await
            .unwrap_or_else(|_| {
                let timeout = humantime::format_duration(self.timeout);
                let message = if self.resolver.is_pending() {
                    format!("the lookup of the endpoint's name did not end within {timeout}")
                } else {
                    format!("no complete answer within {timeout}")
                };
                Err(ReadError::new(ReadErrorKind::Timeout, message))
            })
    }

    async fn fetch(&self) -> Result<Vec<u8>, ReadError> {
        let request = self.client.get(self.task.clone());
        let failed = |error| connection_error(error, &self.task);
        let mut response = request.send().await.map_err(failed)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(status_error(status, &mut response).await);
        }
        let announced = response.content_length();
        if announced.is_some_and(|length| length > body::LIMIT as u64) {
            return Err(body::too_large());
        }
        let mut body = Body::default();
        while let Some(piece) = response.chunk().await.map_err(failed)? {
            body.push(&piece)?;
        }
        Ok(body.into_bytes())
    }
}

/// A client without proxies, redirects, and retries, which keeps so many idle connections.
fn client(resolver: &Resolver, idle: usize) -> reqwest::Result<Client> {
    let builder = Client::builder();
    // Keepalives cost five system calls per connection and find a dead peer within a minute. They are not needed:
    // each request has a time limit, and no connection is idle for more than 3 s.
    #[cfg(target_os = "linux")]
    let builder = builder.tcp_user_timeout(None);
    builder
        .tcp_keepalive(None)
        .tcp_keepalive_interval(None)
        .tcp_keepalive_retries(None)
        .no_proxy()
        .dns_resolver(resolver.clone())
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_idle_timeout(KEEP_CONNECTION)
        .pool_max_idle_per_host(idle)
        .user_agent(concat!("ecs-clock-emf/", env!("CARGO_PKG_VERSION")))
        .build()
}

/// `<base>/task`. A doubled slash would be answered with a redirect.
pub(in crate::source) fn task_url(base: &str) -> Result<Url, InvalidSource> {
    let invalid = |error: &dyn std::fmt::Display| InvalidSource::Address(error.to_string());
    let mut url = Url::parse(base).map_err(|error| invalid(&error))?;
    if url.scheme() != "http" {
        return Err(InvalidSource::Scheme(url.scheme().to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(InvalidSource::QueryOrFragment);
    }
    url.path_segments_mut()
        .map_err(|()| invalid(&"it has no path"))?
        .pop_if_empty()
        .push("task");
    Ok(url)
}

/// The error for a status other than 200, with the start of the body.
async fn status_error(status: StatusCode, response: &mut Response) -> ReadError {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > ERROR_BODY_LIMIT {
            body.truncate(ERROR_BODY_LIMIT);
            break;
        }
    }
    let said = String::from_utf8_lossy(&body);
    let said = said.trim().trim_matches('"');
    let message = if said.is_empty() {
        format!("status {status}")
    } else {
        format!("status {status}: {said}")
    };
    ReadError::new(ReadErrorKind::HttpStatus, message)
}

/// The innermost cause names the reason. Of the address, host and port are named: the path identifies the container.
fn connection_error(error: reqwest::Error, task: &Url) -> ReadError {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    let (host, port) = (
        task.host_str().unwrap_or_default(),
        task.port_or_known_default(),
    );
    let port = port.unwrap_or_default();
    ReadError::new(
        ReadErrorKind::Connection,
        format!("{host}:{port}: {innermost}"),
    )
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn only_status_200_brings_a_document() {
        for (status, brings_one) in [(200, true), (201, false), (203, false), (206, false)] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let base = format!("http://{}/v4/id", listener.local_addr().unwrap());
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1_024]).unwrap();
                let head = format!("HTTP/1.1 {status} X\r\nContent-Length: 2\r\n\r\n{{}}");
                stream.write_all(head.as_bytes()).unwrap();
            });
            let endpoint = Endpoint::new(&base, Duration::from_secs(60)).unwrap();
            match endpoint.task_document().await {
                Ok(body) => assert!(brings_one && body == b"{}", "{status}"),
                Err(error) => {
                    assert_eq!(error.kind, ReadErrorKind::HttpStatus, "{status}: {error}");
                    assert!(!brings_one, "{status}");
                }
            }
            server.join().unwrap();
        }
    }

    #[tokio::test]
    async fn impossible_dates_in_headers_are_ignored() {
        for date in [
            "Wed, 31 Dec 1969 23:59:59 GMT",
            "Mon, 01 Jan 0000 00:00:00 GMT",
            "Fri, 31 Dec 99999 23:59:59 GMT",
            "x",
        ] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let base = format!("http://{}/v4/id", listener.local_addr().unwrap());
            let server = std::thread::spawn(move || {
                let (mut stream, _) = listener.accept().unwrap();
                let _ = stream.read(&mut [0; 1_024]).unwrap();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nDate: {date}\r\nExpires: {date}\r\nRetry-After: {date}\r\n\
                     Content-Length: 2\r\n\r\n{{}}"
                );
                stream.write_all(head.as_bytes()).unwrap();
            });
            let endpoint = Endpoint::new(&base, Duration::from_secs(60)).unwrap();
            assert_eq!(endpoint.task_document().await.unwrap(), b"{}", "{date}");
            server.join().unwrap();
        }
    }

    #[test]
    fn the_address_of_the_task_document() {
        for (base, url) in [
            (
                "http://169.254.170.2/v4/id",
                "http://169.254.170.2/v4/id/task",
            ),
            (
                "http://169.254.170.2/v4/id/",
                "http://169.254.170.2/v4/id/task",
            ),
            (
                "http://[fd00:ec2::2]:80/v4/id",
                "http://[fd00:ec2::2]/v4/id/task",
            ),
        ] {
            assert_eq!(task_url(base).unwrap().as_str(), url);
        }
    }

    #[test]
    fn an_address_that_is_not_an_endpoints() {
        let scheme = |scheme: &str| Some(InvalidSource::Scheme(scheme.into()));
        for (base, expected) in [
            ("", None),
            ("169.254.170.2/v4/id", None),
            ("http://", None),
            ("https://h/v4/id", scheme("https")),
            ("file:///x", scheme("file")),
            ("http://h/?a=b", Some(InvalidSource::QueryOrFragment)),
            ("http://h/#f", Some(InvalidSource::QueryOrFragment)),
        ] {
            let fault = task_url(base).unwrap_err();
            match &expected {
                Some(expected) => assert_eq!(fault, *expected),
                None => assert!(
                    matches!(fault, InvalidSource::Address(_)),
                    "{base}: {fault:?}"
                ),
            }
            let text = fault.to_string();
            assert!(
                text.contains("http://169.254.170.2/v4/id"),
                "{base}: {text}"
            );
        }
    }
}
