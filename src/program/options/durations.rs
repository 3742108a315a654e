//! Rules for durations.

use std::time::Duration;

use humantime::format_duration;

use super::{Expected, expected};
use crate::clock::parse_duration;

/// A duration with its unit.
pub(super) fn duration(text: &str) -> Result<Duration, Expected> {
    parse_duration(text)
        .ok_or_else(|| expected("a number with a unit, such as 500ms, 10s or 2m", text))
}

/// A duration from `shortest` to `longest`, both included.
pub(super) fn within(
    text: &str,
    shortest: Duration,
    longest: Duration,
) -> Result<Duration, Expected> {
    let duration = duration(text)?;
    if duration < shortest || duration > longest {
        let [shortest, longest] = [shortest, longest].map(format_duration);
        return Err(expected(format!("{shortest} to {longest}"), text));
    }
    Ok(duration)
}

/// Whether a duration is at most the emit interval.
pub(crate) fn at_most(duration: Duration, emit_interval: Duration) -> Result<(), Expected> {
    if duration > emit_interval {
        let [emit_interval, duration] = [emit_interval, duration].map(format_duration);
        return Err(Expected::described(
            format!("at most {emit_interval} (the emit interval)"),
            duration.to_string(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_needs_its_unit() {
        for text in ["10 s", "10s", "500ms", "1m 30s", "0s", "0.5s", "5us"] {
            assert!(duration(text).is_ok(), "{text}");
        }
        for text in ["10", "0", "-1s", "1e3s", "s", "10sec ", ""] {
            assert_eq!(
                duration(text).unwrap_err().to_string(),
                format!("expected a number with a unit, such as 500ms, 10s or 2m, got {text:?}")
            );
        }
    }

    #[test]
    fn the_edges_of_a_range_are_in_it() {
        let [second, minute] = [1, 60].map(Duration::from_secs);
        for text in ["1s", "60s", "1m"] {
            assert!(within(text, second, minute).is_ok(), "{text}");
        }
        let error = within("61s", second, minute).unwrap_err();
        assert_eq!(error.to_string(), "expected 1s to 1m, got \"61s\"");
        assert_eq!(at_most(minute, minute), Ok(()));
        let error = at_most(minute, second).unwrap_err();
        assert_eq!(
            error.to_string(),
            "expected at most 1s (the emit interval), got 1m"
        );
    }
}
