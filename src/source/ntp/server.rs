//! The address of an NTP server, as users write it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

use crate::source::lookup::lookup;
use crate::text::cut;

const PORT: u16 = 123;
/// The link-local addresses of the Amazon Time Sync Service. The IPv6 address serves tasks without IPv4.
const AMAZON_TIME_SYNC: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(169, 254, 169, 123)),
    IpAddr::V6(Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x123)),
];
/// The longest name in DNS, in characters.
const NAME_LIMIT: usize = 253;

/// An NTP server: a host name or an address, and a port.
///
/// ```
/// use ecs_clock_emf::NtpServer;
/// let server: NtpServer = "time.example.org".parse()?;
/// assert_eq!(server.to_string(), "time.example.org:123");
/// let server: NtpServer = "[fd00:ec2::123]:1123".parse()?;
/// assert_eq!(server.to_string(), "[fd00:ec2::123]:1123");
/// assert!("time.example.org:0".parse::<NtpServer>().is_err());
/// # Ok::<(), ecs_clock_emf::InvalidNtpServer>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NtpServer(Host);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Host {
    AmazonTimeSync,
    Address(SocketAddr),
    Name { name: String, port: u16 },
}

impl Default for NtpServer {
    /// The Amazon Time Sync Service at `169.254.169.123`. If that cannot be reached or does not answer, as in an
    /// IPv6-only task, `fd00:ec2::123`.
    fn default() -> Self {
        Self(Host::AmazonTimeSync)
    }
}

impl NtpServer {
    /// The current addresses. Only a name needs a lookup.
    pub(super) async fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        match &self.0 {
            Host::AmazonTimeSync => Ok(AMAZON_TIME_SYNC
                .iter()
                .map(|address| SocketAddr::new(*address, PORT))
                .collect()),
            Host::Address(address) => Ok(vec![*address]),
            Host::Name { name, port } => lookup(name.clone(), *port).await,
        }
    }
}

impl fmt::Display for NtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Host::AmazonTimeSync => SocketAddr::new(AMAZON_TIME_SYNC[0], PORT).fmt(f),
            Host::Address(address) => address.fmt(f),
            Host::Name { name, port } => write!(f, "{name}:{port}"),
        }
    }
}

impl FromStr for NtpServer {
    type Err = InvalidNtpServer;

    /// `host`, `host:port`, an IPv6 address, or `[IPv6 address]:port`; without a port it is 123.
    fn from_str(given: &str) -> Result<Self, InvalidNtpServer> {
        let invalid = |problem| InvalidNtpServer {
            given: cut(given, NAME_LIMIT),
            problem,
        };
        let (host, port) = parts(given).map_err(invalid)?;
        let host = match host.parse::<IpAddr>() {
            Ok(address) if address.is_unspecified() || address.is_multicast() => {
                return Err(invalid(Problem::NotOneHost));
            }
            Ok(address) => Host::Address(SocketAddr::new(address, port)),
            Err(_) if is_name(host) => Host::Name {
                name: host.to_owned(),
                port,
            },
            Err(_) => return Err(invalid(Problem::NoHost)),
        };
        Ok(Self(host))
    }
}

/// Host and port.
fn parts(given: &str) -> Result<(&str, u16), Problem> {
    // A bare IPv6 address cannot be mistaken for host:port.
    if given.parse::<Ipv6Addr>().is_ok() {
        return Ok((given, PORT));
    }
    if let Some(bracketed) = given.strip_prefix('[') {
        let (address, rest) = bracketed.split_once(']').ok_or(Problem::NoHost)?;
        if address.parse::<Ipv6Addr>().is_err() {
            return Err(Problem::NoHost);
        }
        return match rest.strip_prefix(':') {
            Some(digits) => Ok((address, port(digits)?)),
            None if rest.is_empty() => Ok((address, PORT)),
            None => Err(Problem::NoHost),
        };
    }
    match given.split_once(':') {
        None => Ok((given, PORT)),
        // More than one port, or a URL.
        Some((_, more)) if more.contains([':', '/']) => Err(Problem::NoHost),
        Some((host, digits)) => Ok((host, port(digits)?)),
    }
}

fn port(digits: &str) -> Result<u16, Problem> {
    match digits.parse() {
        // `parse` accepts a sign too.
        Ok(port) if port > 0 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port),
        _ => Err(Problem::Port),
    }
}

/// Whether this may be a host name. A last label of digits alone would make it an invalid IPv4 address.
fn is_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_number = |label: &str| label.bytes().all(|byte| byte.is_ascii_digit());
    text.len() <= NAME_LIMIT
        && text.split('.').all(is_label)
        && !text.rsplit('.').next().is_some_and(is_number)
}

/// A text that does not name an NTP server. Its `Display` quotes the text and the expected form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidNtpServer {
    given: String,
    problem: Problem,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Problem {
    NoHost,
    Port,
    NotOneHost,
}

impl InvalidNtpServer {
    /// The expected form, such as "a port from 1 to 65535 after the host".
    #[must_use]
    pub fn expected(&self) -> &'static str {
        match self.problem {
            Problem::NoHost => {
                "host, host:port or [IPv6 address]:port, such as 169.254.169.123 or time.example.org:123"
            }
            Problem::Port => "a port from 1 to 65535 after the host",
            Problem::NotOneHost => "the address of one host",
        }
    }
}

impl fmt::Display for InvalidNtpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}, got {:?}", self.expected(), self.given)
    }
}

impl std::error::Error for InvalidNtpServer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names() {
        for (given, server) in [
            ("169.254.169.123", "169.254.169.123:123"),
            ("169.254.169.123:1123", "169.254.169.123:1123"),
            ("fd00:ec2::123", "[fd00:ec2::123]:123"),
            ("[fd00:ec2::123]", "[fd00:ec2::123]:123"),
            ("[fd00:ec2::123]:1123", "[fd00:ec2::123]:1123"),
            ("localhost", "localhost:123"),
            ("time.aws.com:65535", "time.aws.com:65535"),
            ("0.amazon.pool.ntp.org.", "0.amazon.pool.ntp.org.:123"),
        ] {
            let parsed: NtpServer = given.parse().unwrap();
            assert_eq!(parsed.to_string(), server, "{given}");
        }
        assert_eq!(NtpServer::default().to_string(), "169.254.169.123:123");
    }

    #[test]
    fn an_error_quotes_the_text_and_the_expected_form() {
        use Problem::{NoHost, NotOneHost, Port};
        for (given, problem) in [
            ("", NoHost),
            (":123", NoHost),
            ("time example", NoHost),
            ("ntp://time.example.org", NoHost),
            ("time..example.org", NoHost),
            ("-time.example.org", NoHost),
            ("169.254.169", NoHost),
            ("169.254.169.256", NoHost),
            ("169.254.169.123.4:123", NoHost),
            ("[169.254.169.123]:123", NoHost),
            ("[fd00:ec2::123", NoHost),
            ("[fd00:ec2::123]123", NoHost),
            ("fd00:ec2::123:99999", NoHost),
            ("time.example.org:", Port),
            ("time.example.org:0", Port),
            ("time.example.org:+5", Port),
            ("time.example.org:65536", Port),
            ("time.example.org:ntp", Port),
            ("0.0.0.0", NotOneHost),
            ("[::]:123", NotOneHost),
            ("224.0.1.1", NotOneHost),
        ] {
            let error = given.parse::<NtpServer>().unwrap_err();
            assert_eq!(error.problem, problem, "{given}");
            let text = error.to_string();
            assert!(text.starts_with("expected "), "{text}");
            assert!(text.ends_with(&format!("got {given:?}")), "{text}");
        }
        let long = "a.".repeat(1_000);
        assert!(long.parse::<NtpServer>().unwrap_err().to_string().len() < 500);
    }

    #[tokio::test]
    async fn the_default_has_an_address_of_each_family() {
        let addresses = NtpServer::default().addresses().await.unwrap();
        let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
        assert_eq!(addresses, ["169.254.169.123:123", "[fd00:ec2::123]:123"]);
    }
}
