//! Moments: the one given by `--now`, and timestamps for a person.

use std::fmt;

use chrono::{DateTime, Datelike, SecondsFormat, Utc};

/// A text that is not a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidTime(String);

impl fmt::Display for InvalidTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "expected RFC 3339 with an offset or Z, such as 2026-05-04T12:00:00Z, or milliseconds since 1970, \
             such as 1777896000000, got {:?}",
            self.0
        )
    }
}

impl std::error::Error for InvalidTime {}

/// Reads a moment: RFC 3339 (`2026-05-04T12:00:00Z`, offsets allowed), or milliseconds since 1970 as EMF writes them.
///
/// # Errors
/// [`InvalidTime`], which names what was given and what is expected.
///
/// # Example
/// ```
/// use emf_explain::{InvalidTime, parse_now};
///
/// assert_eq!(parse_now("1574109732004")?, parse_now("2019-11-18T21:42:12.004+01:00")?);
/// assert!(parse_now("yesterday").is_err());
/// # Ok::<(), InvalidTime>(())
/// ```
pub fn parse_now(text: &str) -> Result<DateTime<Utc>, InvalidTime> {
    let moment = match text.parse::<i64>() {
        Ok(milliseconds) => DateTime::from_timestamp_millis(milliseconds),
        Err(_) => DateTime::parse_from_rfc3339(text)
            .ok()
            .map(|moment| moment.to_utc()),
    };
    moment.ok_or_else(|| InvalidTime(text.to_owned()))
}

/// A timestamp in milliseconds for a person, if RFC 3339 can write it.
pub(crate) fn rfc3339(timestamp: i64) -> Option<String> {
    DateTime::from_timestamp_millis(timestamp)
        .filter(|moment| (0..=9999).contains(&moment.year()))
        .map(|moment| moment.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_rfc_3339_or_milliseconds() {
        for (given, milliseconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("1970-01-01T01:00:00.5+01:00", 500),
            ("2026-05-04T12:00:00Z", 1_777_896_000_000),
            ("1777896000000", 1_777_896_000_000),
            ("-1", -1),
        ] {
            assert_eq!(
                parse_now(given).unwrap().timestamp_millis(),
                milliseconds,
                "{given}"
            );
        }
    }

    #[test]
    fn a_wrong_moment_is_named_with_what_is_allowed() {
        for given in [
            "",
            "now",
            "2026-05-04",
            "2026-05-04T12:00:00",
            "1.5",
            "9223372036854775807",
            "2026-13-01T00:00:00Z",
        ] {
            let error = parse_now(given).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{given:?}")) && error.contains("RFC 3339"),
                "{error}"
            );
        }
    }

    #[test]
    fn only_years_of_four_digits_are_written_as_dates() {
        assert_eq!(rfc3339(0).unwrap(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339(253_402_300_799_999).unwrap(),
            "9999-12-31T23:59:59.999Z"
        );
        for timestamp in [253_402_300_800_000, -62_167_219_200_001, i64::MIN, i64::MAX] {
            assert_eq!(rfc3339(timestamp), None, "{timestamp}");
        }
    }
}
