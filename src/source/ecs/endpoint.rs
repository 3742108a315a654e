//! The ECS task metadata endpoint v4 over HTTP. One request a read: no retry, no redirect, no proxy.

use std::time::Duration;

use reqwest::{Client, Response, StatusCode, Url};

use crate::reading::{ReadError, ReadErrorKind};

/// The largest body read.
const BODY_LIMIT: usize = 1 << 20;
/// How much of an error's body is looked at for its message.
const ERROR_BODY_LIMIT: usize = 1 << 10;
/// How long an idle connection is kept. The endpoint closes one after 5 s; a request that crosses
/// with the close would fail.
const KEEP_CONNECTION: Duration = Duration::from_secs(3);

/// A task metadata endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    client: Client,
    task: Url,
    timeout: Duration,
}

impl Endpoint {
    /// The endpoint at `base`, the value of `ECS_CONTAINER_METADATA_URI_V4`; each read may take
    /// `timeout`.
    ///
    /// # Errors
    /// Says what is allowed, if `base` is no such address.
    pub(crate) fn new(base: &str, timeout: Duration) -> Result<Self, String> {
        let task = task_url(base)?;
        let client = Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_idle_timeout(KEEP_CONNECTION)
            .pool_max_idle_per_host(1)
            .user_agent(concat!("ecs-clock-emf/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("the HTTP client cannot be set up: {error}"))?;
        Ok(Self {
            client,
            task,
            timeout,
        })
    }

    /// The body of the task document.
    ///
    /// # Errors
    /// If there is no complete answer in time, its status is not 200, or it is over 1 MiB.
    pub(crate) async fn task_document(&self) -> Result<Vec<u8>, ReadError> {
        tokio::time::timeout(self.timeout, self.fetch())
            .await
            .unwrap_or_else(|_| {
                let timeout = humantime::format_duration(self.timeout);
                let message = format!("no complete answer within {timeout}");
                Err(ReadError::new(ReadErrorKind::Timeout, message))
            })
    }

    async fn fetch(&self) -> Result<Vec<u8>, ReadError> {
        let request = self.client.get(self.task.clone());
        let mut response = request.send().await.map_err(connection_error)?;
        let status = response.status();
        if status != StatusCode::OK {
            return Err(status_error(status, &mut response).await);
        }
        let too_large = || {
            let message = format!("the answer is over {BODY_LIMIT} bytes");
            ReadError::new(ReadErrorKind::BodyTooLarge, message)
        };
        if response
            .content_length()
            .is_some_and(|length| length > BODY_LIMIT as u64)
        {
            return Err(too_large());
        }
        // In pieces as they come: one buffer grown to the limit would make the allocator keep as much
        // for good, after an answer that is then thrown away.
        let mut pieces = Vec::new();
        let mut length = 0;
        while let Some(piece) = response.chunk().await.map_err(connection_error)? {
            length += piece.len();
            if length > BODY_LIMIT {
                return Err(too_large());
            }
            pieces.push(piece);
        }
        Ok(pieces.concat())
    }
}

/// `<base>/task`. A doubled slash would be answered with a redirect.
fn task_url(base: &str) -> Result<Url, String> {
    let allowed = "allowed is an address such as http://169.254.170.2/v4/id";
    let mut url = Url::parse(base).map_err(|error| format!("{error}; {allowed}"))?;
    if url.scheme() != "http" {
        return Err(format!("the scheme is {}; {allowed}", url.scheme()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(format!("it has a query or fragment; {allowed}"));
    }
    match url.path_segments_mut() {
        Ok(mut segments) => segments.pop_if_empty().push("task"),
        Err(()) => return Err(format!("it has no path; {allowed}")),
    };
    Ok(url)
}

/// What an answer with another status than 200 means, with the start of what it says.
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

/// The innermost cause says what happened; the outer ones repeat it, and the address with it.
fn connection_error(error: reqwest::Error) -> ReadError {
    let error = error.without_url();
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    ReadError::new(ReadErrorKind::Connection, innermost.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for base in [
            "",
            "169.254.170.2/v4/id",
            "https://h/v4/id",
            "http://",
            "http://h/?a=b",
            "http://h/#f",
            "file:///x",
        ] {
            let fault = task_url(base).unwrap_err();
            assert!(
                fault.contains("http://169.254.170.2/v4/id"),
                "{base}: {fault}"
            );
        }
    }
}
