//! The address to listen on, always on loopback.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// An address on loopback, such as `127.0.0.1:2780`, `[::1]:2780` or `localhost:2780`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LoopbackAddress {
    text: String,
    /// The socket addresses to try, in this order.
    candidates: Vec<SocketAddr>,
}

impl LoopbackAddress {
    /// The socket addresses to try in order. `localhost` means IPv4, or IPv6 where there is no IPv4.
    pub(super) fn candidates(&self) -> &[SocketAddr] {
        &self.candidates
    }
}

impl fmt::Display for LoopbackAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for LoopbackAddress {
    type Err = NotLoopback;

    fn from_str(text: &str) -> Result<Self, NotLoopback> {
        let candidates = if let Some(port) = text.strip_prefix("localhost:") {
            let port = port.parse().map_err(|_| NotLoopback)?;
            vec![
                (Ipv4Addr::LOCALHOST, port).into(),
                (Ipv6Addr::LOCALHOST, port).into(),
            ]
        } else {
            let address: SocketAddr = text.parse().map_err(|_| NotLoopback)?;
            // Not one that is only mapped to loopback: a route could lead elsewhere.
            if !address.ip().is_loopback() {
                return Err(NotLoopback);
            }
            vec![address]
        };
        Ok(Self {
            text: text.to_owned(),
            candidates,
        })
    }
}

/// The error for a text that is not a loopback address with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotLoopback;

impl NotLoopback {
    /// The accepted forms.
    pub(crate) const EXPECTED: &str =
        "a loopback address with a port, such as 127.0.0.1:2780, [::1]:2780 or localhost:2780";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_loopback_address_with_a_port_is_accepted() {
        for (text, first) in [
            ("127.0.0.1:2780", "127.0.0.1:2780"),
            ("127.8.9.1:1", "127.8.9.1:1"),
            ("[::1]:2780", "[::1]:2780"),
            ("localhost:2780", "127.0.0.1:2780"),
            ("localhost:0", "127.0.0.1:0"),
        ] {
            let address: LoopbackAddress = text.parse().unwrap();
            assert_eq!(address.candidates()[0].to_string(), first);
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            "2780",
            ":2780",
            "127.0.0.1",
            "localhost",
            "localhost:",
            "localhost:65536",
            "::1:2780",
            "0.0.0.0:2780",
            "[::]:2780",
            "10.0.0.1:2780",
            "[::ffff:127.0.0.1]:2780",
            "example.com:2780",
            "LOCALHOST.example:2780",
            "127.0.0.1:2780/",
            " 127.0.0.1:2780",
        ] {
            assert_eq!(text.parse::<LoopbackAddress>(), Err(NotLoopback), "{text}");
        }
    }
}
