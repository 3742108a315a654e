//! CloudWatch's limits for the embedded metric format.

/// The largest log event that CloudWatch Logs accepts, in bytes (since April 2025).
pub const MAX_EVENT_BYTES: usize = 1024 * 1024;
/// The largest line that the awslogs driver sends in one piece, in bytes.
pub const AWSLOGS_SPLIT_BYTES: usize = 262_118;
/// Where `FireLens` and older log shims split a line, in bytes.
pub const SHIM_SPLIT_BYTES: usize = 16_384;
/// How old a timestamp may be, in milliseconds.
pub const MAX_PAST_MS: i64 = 14 * 24 * 60 * 60 * 1000;
/// How far ahead a timestamp may be, in milliseconds.
pub const MAX_AHEAD_MS: i64 = 2 * 60 * 60 * 1000;
/// Metric definitions of one directive.
pub const MAX_METRICS: usize = 100;
/// Values of one metric in one event.
pub const MAX_VALUES: usize = 100;
/// Keys of one dimension set.
pub const MAX_DIMENSIONS: usize = 30;
/// Characters of a name, by the schema.
pub const MAX_SCHEMA_NAME_CHARS: usize = 1024;
/// Characters of a namespace and of a metric's name that CloudWatch's metrics accept.
pub const MAX_NAME_CHARS: usize = 255;
/// Characters of a dimension's name.
pub const MAX_DIMENSION_NAME_CHARS: usize = 250;
/// Characters of a dimension's value.
pub const MAX_DIMENSION_VALUE_CHARS: usize = 1024;
/// The largest magnitude of a value: 2^360.
pub const MAX_MAGNITUDE: f64 =
    2_348_542_582_773_833_227_889_480_596_789_337_027_375_682_548_908_319_870_707_290_971_532_209_025_114_608_443_463_698_998_384_768_703_031_934_976.0;

/// The units of the schema.
pub const UNITS: &[&str] = &[
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];

/// Whether a namespace consists of characters that CloudWatch's metrics accept.
#[must_use]
pub fn is_namespace_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._#:/- ".contains(c)
}

/// Whether CloudWatch's metrics can hold a value: finite and within ±2^360.
#[must_use]
pub fn is_in_range(value: f64) -> bool {
    value.abs() <= MAX_MAGNITUDE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_reach_to_two_to_the_360() {
        assert_eq!(MAX_MAGNITUDE.to_bits(), 2_f64.powi(360).to_bits());
        for (value, good) in [
            (0.0, true),
            (-0.0, true),
            (f64::MIN_POSITIVE, true),
            (MAX_MAGNITUDE, true),
            (-MAX_MAGNITUDE, true),
            (MAX_MAGNITUDE.next_up(), false),
            ((-MAX_MAGNITUDE).next_down(), false),
            (f64::INFINITY, false),
            (f64::NAN, false),
        ] {
            assert_eq!(is_in_range(value), good, "{value}");
        }
    }
}
