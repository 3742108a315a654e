//! Bytes of HTTP/1.1: requests in, responses out, framed as Go's server frames them.

use std::net::SocketAddr;

use chrono::{DateTime, Utc};

/// Bodies over this size are sent in chunks, smaller ones with their length.
const BUFFER: usize = 2048;
/// A request head over this size is refused.
const HEAD_LIMIT: usize = 16 * 1024;
/// A request body over this size is refused; no handler uses one.
const BODY_LIMIT: usize = 64 * 1024;

/// A request, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The target without its query.
    pub(crate) path: String,
    /// Whether the connection ends with the response.
    pub(crate) close: bool,
    /// The response must not be chunked.
    pub(crate) http_1_0: bool,
}

/// The content at the beginning of the received bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Parsed {
    /// A whole request, and the number of its bytes.
    Whole(Request, usize),
    /// The beginning of a request.
    Partial,
    /// Not a request, or too large a one.
    Broken,
}

/// Looks for a request at the beginning of `bytes`.
pub(crate) fn parse(bytes: &[u8]) -> Parsed {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
        return if bytes.len() > HEAD_LIMIT {
            Parsed::Broken
        } else {
            Parsed::Partial
        };
    };
    let Ok(head) = str::from_utf8(&bytes[..end]) else {
        return Parsed::Broken;
    };
    let mut lines = head.split("\r\n");
    let parts: Vec<_> = lines.next().unwrap_or_default().split(' ').collect();
    let [method, target, version @ ("HTTP/1.1" | "HTTP/1.0")] = parts[..] else {
        return Parsed::Broken;
    };

    let http_1_0 = version == "HTTP/1.0";
    let mut close = http_1_0;
    let mut length = 0;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            return Parsed::Broken;
        };
        match (name.to_ascii_lowercase().as_str(), value.trim()) {
            ("connection", value) => close |= value.eq_ignore_ascii_case("close"),
            ("content-length", value) => match value.parse() {
                Ok(value) if value <= BODY_LIMIT => length = value,
                _ => return Parsed::Broken,
            },
            ("transfer-encoding", _) => return Parsed::Broken,
            _ => {}
        }
    }
    let whole = end + 4 + length;
    if bytes.len() < whole {
        return Parsed::Partial;
    }
    let path = target.split('?').next().unwrap_or_default().to_owned();
    Parsed::Whole(
        Request {
            method: method.to_owned(),
            path,
            close,
            http_1_0,
        },
        whole,
    )
}

/// A response before it is framed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// The additional headers, in the order in which they are sent.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// Whether the limiter's headers belong to it.
    pub(crate) rate: bool,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A response of the agent's handlers.
    pub(crate) fn json(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json".into())],
            rate: true,
            body: body.into(),
        }
    }

    /// A response of the server around the handlers.
    pub(crate) fn text(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "text/plain; charset=utf-8".into())],
            rate: true,
            body: body.into(),
        }
    }

    /// 404 for a path without a handler.
    pub(crate) fn not_found() -> Self {
        let mut reply = Self::text(404, "404 page not found\n");
        reply
            .headers
            .push(("X-Content-Type-Options", "nosniff".into()));
        reply
    }

    /// A redirect without a body.
    pub(crate) fn redirect(status: u16, location: String) -> Self {
        Self {
            status,
            headers: vec![("Location", location)],
            rate: false,
            body: Vec::new(),
        }
    }

    /// Whether it goes out in chunks.
    pub(crate) fn is_chunked(&self, request: &Request) -> bool {
        self.body.len() > BUFFER && !request.http_1_0
    }

    /// Everything before the body; `framing` is the header that says where the body ends.
    pub(crate) fn head(
        &self,
        framing: &str,
        request: &Request,
        peer: SocketAddr,
        now: DateTime<Utc>,
    ) -> Vec<u8> {
        let mut lines = vec![format!("HTTP/1.1 {} {}", self.status, reason(self.status))];
        lines.extend(
            self.headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        if self.rate {
            lines.push("X-Rate-Limit-Duration: 1".into());
            lines.push("X-Rate-Limit-Limit: 40.00".into());
            lines.push("X-Rate-Limit-Request-Forwarded-For: ".into());
            lines.push(format!("X-Rate-Limit-Request-Remote-Addr: {peer}"));
        }
        lines.push(now.format("Date: %a, %d %b %Y %H:%M:%S GMT").to_string());
        lines.push(framing.into());
        if request.close {
            // Go's server writes this one after the length, but before the encoding.
            let place = lines.len() - usize::from(framing == CHUNKED);
            lines.insert(place, "Connection: close".into());
        }
        lines.extend([String::new(), String::new()]);
        lines.join("\r\n").into_bytes()
    }

    /// The whole response.
    pub(crate) fn bytes(&self, request: &Request, peer: SocketAddr, now: DateTime<Utc>) -> Vec<u8> {
        let chunked = self.is_chunked(request);
        let length = format!("Content-Length: {}", self.body.len());
        let mut bytes = self.head(if chunked { CHUNKED } else { &length }, request, peer, now);
        if request.method == "HEAD" {
            return bytes;
        }
        if chunked {
            bytes.extend(chunk(&self.body));
            bytes.extend(LAST_CHUNK);
        } else {
            bytes.extend(&self.body);
        }
        bytes
    }
}

/// The header of a body in chunks.
pub(crate) const CHUNKED: &str = "Transfer-Encoding: chunked";
/// The end of a body in chunks.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// One chunk.
pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", data.len()).into_bytes();
    chunk.extend(data);
    chunk.extend(b"\r\n");
    chunk
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        404 => "Not Found",
        405 => "Method Not Allowed",
        429 => "Too Many Requests",
        _ => "Internal Server Error",
    }
}

/// `data` as a gzip file of stored blocks: valid, though not smaller.
pub(crate) fn gzip(data: &[u8]) -> Vec<u8> {
    let mut file = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    let blocks: Vec<_> = data.chunks(usize::from(u16::MAX)).collect();
    for (index, block) in blocks.iter().enumerate() {
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        file.push(u8::from(index + 1 == blocks.len()));
        file.extend(length.to_le_bytes());
        file.extend((!length).to_le_bytes());
        file.extend(*block);
    }
    file.extend(crc32(data).to_le_bytes());
    file.extend(u32::try_from(data.len()).unwrap_or(u32::MAX).to_le_bytes());
    file
}

/// The checksum of gzip, bit by bit.
fn crc32(data: &[u8]) -> u32 {
    !data.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_found_whole_partial_or_broken() {
        let whole = b"GET /v4/x/task?y HTTP/1.1\r\nHost: h\r\n\r\n";
        let Parsed::Whole(request, length) = parse(whole) else {
            panic!("no request in {whole:?}")
        };
        assert_eq!(
            (
                request.method.as_str(),
                request.path.as_str(),
                request.close,
                length
            ),
            ("GET", "/v4/x/task", false, whole.len())
        );
        for partial in [
            &b""[..],
            b"GET /",
            b"PUT /a HTTP/1.1\r\nContent-Length: 5\r\n\r\n1234",
        ] {
            assert_eq!(parse(partial), Parsed::Partial);
        }
        for broken in [
            &b"GET /\r\n\r\n"[..],
            b"\xff / HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        ] {
            assert_eq!(parse(broken), Parsed::Broken);
        }
    }

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
