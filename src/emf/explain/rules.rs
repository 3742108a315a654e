//! The limits of the format and of CloudWatch, and the checks of single values against them.

use serde_json::Number;

use super::finding::quoted;

/// What makes a line that begins with `{` an EMF line.
pub(super) const MARKER: &str = "\"_aws\"";
/// The same inside a JSON string.
pub(super) const ESCAPED_MARKER: &str = "\\\"_aws\\\"";
/// The largest log event the awslogs driver sends in one piece, in bytes.
pub(super) const MAX_EVENT_BYTES: usize = 262_118;
/// Where `FireLens` and older log shims split a line, in bytes.
pub(super) const SHIM_SPLIT_BYTES: usize = 16_384;
/// How old a timestamp may be, in milliseconds.
pub(super) const MAX_PAST_MS: i64 = 14 * 24 * 60 * 60 * 1000;
/// How far ahead a timestamp may be, in milliseconds.
pub(super) const MAX_AHEAD_MS: i64 = 2 * 60 * 60 * 1000;
/// Metric definitions of one directive.
pub(super) const MAX_METRICS: usize = 100;
/// Values of one metric.
pub(super) const MAX_VALUES: usize = 100;
/// Keys of one dimension set.
pub(super) const MAX_KEYS: usize = 30;
/// Characters of a name, by the schema.
pub(super) const MAX_NAME_CHARS: usize = 1024;
/// Characters of a dimension's key, by the schema.
pub(super) const MAX_KEY_CHARS: usize = 250;
/// Characters of a namespace and of a metric's name that CloudWatch's metrics accept.
pub(super) const MAX_SAFE_CHARS: usize = 255;
/// Characters of a dimension's value.
pub(super) const MAX_DIMENSION_VALUE_CHARS: usize = 1024;

/// The units of the schema.
pub(super) const UNITS: [&str; 27] = [
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

/// Why the schema refuses a name, if it does.
pub(super) fn name_against_schema(name: &str, most: usize) -> Option<String> {
    let count = name.chars().count();
    if count == 0 || count > most {
        return Some(format!("has {count} characters, allowed are 1 to {most}"));
    }
    if name.contains(['\n', '\r', '\u{2028}', '\u{2029}']) {
        return Some(format!(
            "is {}, allowed are names without line breaks",
            quoted(name)
        ));
    }
    None
}

/// Why CloudWatch refuses a namespace that the schema lets through, if it does.
pub(super) fn namespace(name: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._#:/- ".contains(c);
    let count = name.chars().count();
    if count > MAX_SAFE_CHARS {
        Some(format!(
            "has {count} characters, allowed are 1 to {MAX_SAFE_CHARS}"
        ))
    } else if let Some(wrong) = name.chars().find(|&c| !allowed(c)) {
        Some(format!(
            "is {}, with {wrong:?}, allowed are A-Z a-z 0-9 . _ # : / - and the space",
            quoted(name)
        ))
    } else if name.trim().is_empty() {
        Some(format!(
            "is {}, allowed are names that are not blank",
            quoted(name)
        ))
    } else if name.starts_with("AWS/") || name.starts_with(':') {
        Some(format!(
            "is {}, allowed are names that begin neither with \"AWS/\" nor with \":\"",
            quoted(name)
        ))
    } else {
        None
    }
}

/// Why CloudWatch refuses a dimension's key that the schema lets through, if it does.
pub(super) fn dimension_key(key: &str) -> Option<String> {
    if key.starts_with(':') {
        return Some("begins with \":\", which is not allowed".to_owned());
    }
    printable_ascii(key)
}

/// Why CloudWatch refuses a dimension's value, if it does. An empty one is another matter.
pub(super) fn dimension_value(value: &str) -> Option<String> {
    let count = value.chars().count();
    if count > MAX_DIMENSION_VALUE_CHARS {
        return Some(format!(
            "has {count} characters, allowed are 1 to {MAX_DIMENSION_VALUE_CHARS}"
        ));
    }
    printable_ascii(value)
}

fn printable_ascii(text: &str) -> Option<String> {
    if let Some(wrong) = text.chars().find(|c| !c.is_ascii() || c.is_ascii_control()) {
        let name = wrong.escape_unicode();
        return Some(format!(
            "is {}, with {name}, allowed are printable ASCII characters",
            quoted(text)
        ));
    }
    text.trim()
        .is_empty()
        .then(|| format!("is {}, allowed is what is not blank", quoted(text)))
}

/// Whether CloudWatch's metrics can hold a value: within ±2^360.
pub(super) fn is_in_range(number: &Number) -> bool {
    number
        .as_f64()
        .is_some_and(|value| value.abs() <= 2_f64.powi(360))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn namespaces_at_their_edges() {
        let long = "n".repeat(255);
        for good in [
            "N",
            "a.b_c#d:e/f-g",
            "My App",
            "AWS",
            "aws/x",
            "AWSx/",
            &long,
        ] {
            assert_eq!(namespace(good), None, "{good}");
        }
        let longer = "n".repeat(256);
        for bad in [
            "AWS/ECS", ":a", " ", "a\tb", "a(b)", "Zürich", "a\u{7f}", &longer,
        ] {
            assert!(namespace(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn names_at_the_edges_of_the_schema() {
        assert_eq!(name_against_schema("n", 250), None);
        assert_eq!(name_against_schema(&"ü".repeat(250), 250), None);
        for bad in ["", "a\nb", "a\r", "a\u{2028}b", &"n".repeat(251)] {
            assert!(name_against_schema(bad, 250).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn dimension_keys_and_values_at_their_edges() {
        let long = "v".repeat(1024);
        for good in ["v", " v ", "~", "a:b", &long] {
            assert_eq!(dimension_value(good), None, "{good}");
        }
        let longer = "v".repeat(1025);
        for bad in [" ", "a\tb", "\u{7f}", "é", "日本", &longer] {
            assert!(dimension_value(bad).is_some(), "{bad}");
        }
        assert_eq!(dimension_value(":v"), None);
        assert_eq!(dimension_key("k:"), None);
        for bad in [":k", " ", "é", "a\u{0}"] {
            assert!(dimension_key(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn values_reach_to_two_to_the_360() {
        let most = 2_f64.powi(360);
        for (value, good) in [
            (0.0, true),
            (-0.0, true),
            (f64::MIN_POSITIVE, true),
            (most, true),
            (-most, true),
            (most.next_up(), false),
            ((-most).next_down(), false),
            (f64::MAX, false),
        ] {
            assert_eq!(
                is_in_range(&Number::from_f64(value).unwrap()),
                good,
                "{value}"
            );
        }
        assert!(is_in_range(&u64::MAX.into()) && is_in_range(&i64::MIN.into()));
    }
}
