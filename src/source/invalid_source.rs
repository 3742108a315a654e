//! Why a source cannot be set up.

use std::fmt;

/// Why a source cannot be set up. Its text says what is allowed and what was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidSource {
    /// The address of the endpoint cannot be parsed, for this reason.
    Address(String),
    /// The address of the endpoint has this scheme instead of `http`.
    Scheme(String),
    /// The address of the endpoint has a query or a fragment.
    QueryOrFragment,
    /// The HTTP client cannot be set up, for this reason.
    HttpClient(String),
    /// The kernel source exists on Linux only.
    NoKernel,
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
        }
    }
}

impl std::error::Error for InvalidSource {}
