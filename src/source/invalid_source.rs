//! Why a source cannot be set up.

use std::fmt;

/// Why a source cannot be set up. Its text names the expected and the given value.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSource {
    /// The endpoint's address cannot be parsed, for this reason.
    Address(String),
    /// The endpoint's address has this scheme instead of `http`.
    Scheme(String),
    /// The endpoint's address has a query or a fragment.
    QueryOrFragment,
    /// The HTTP client cannot be set up, for this reason.
    HttpClient(String),
    /// The kernel source exists on Linux only.
    NoKernel,
    /// The fallback of `auto` is itself an endpoint.
    Fallback,
}

impl fmt::Display for InvalidSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXPECTED: &str = "expected an address such as http://169.254.170.2/v4/id";
        match self {
            Self::Address(reason) => write!(f, "{EXPECTED}: {reason}"),
            Self::Scheme(scheme) => write!(f, "{EXPECTED}, got the scheme {scheme}"),
            Self::QueryOrFragment => write!(f, "{EXPECTED}, got one with a query or a fragment"),
            Self::HttpClient(reason) => write!(f, "the HTTP client cannot be set up: {reason}"),
            Self::NoKernel => f.write_str("the kernel source exists on Linux only"),
            Self::Fallback => {
                f.write_str("expected the kernel or an NTP server as fallback, got an endpoint")
            }
        }
    }
}

impl std::error::Error for InvalidSource {}
