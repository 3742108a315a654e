//! Why a source cannot be set up.

use std::fmt;

/// Why a source cannot be set up. Its text names the expected and the given value. Its `Debug` equals its `Display`, so
/// that `main` can return it and print a sentence.
#[derive(Clone, PartialEq, Eq)]
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
        const EXPECTED: &str =
            "expected the address of a task metadata endpoint, such as http://169.254.170.2/v4/id";
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

impl fmt::Debug for InvalidSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for InvalidSource {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn main_prints_a_sentence_that_names_the_endpoint() {
        let printed = format!("{:?}", InvalidSource::Address("empty host".to_owned()));
        assert!(printed.contains("task metadata endpoint") && printed.ends_with(": empty host"));
    }
}
