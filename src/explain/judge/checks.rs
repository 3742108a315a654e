//! The checks of single values against CloudWatch's limits.

use crate::finding::quoted;
use crate::limits::{MAX_DIMENSION_VALUE_CHARS, MAX_NAME_CHARS, UNITS, is_namespace_char};
use crate::rule::Rule;

/// What is wrong with a value: the rule, what was given, and what is expected.
pub(super) type ValueProblem = (Rule, String, String);

pub(super) fn wrong(
    rule: Rule,
    given: impl Into<String>,
    expected: impl Into<String>,
) -> ValueProblem {
    (rule, given.into(), expected.into())
}

/// Why the schema refuses a name, if it does.
pub(super) fn name_against_schema(name: &str, most: usize) -> Option<String> {
    if name.is_empty() || is_longer(name, most) {
        return Some(format!("{} characters", name.chars().count()));
    }
    let breaks = ['\n', '\r', '\u{2028}', '\u{2029}'];
    (!is_graphic(name) && name.contains(breaks)).then(|| quoted(name))
}

/// Whether a text has more characters than `most`. They are counted only if the number of bytes does not decide.
pub(super) fn is_longer(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().nth(most).is_some()
}

/// Whether a text consists of printable ASCII characters, as nearly all names and values do.
fn is_graphic(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte == b' ' || byte.is_ascii_graphic())
}

/// Why CloudWatch refuses a namespace that the schema lets through, if it does.
pub(super) fn namespace(name: &str) -> Option<ValueProblem> {
    let count = name.chars().count();
    if count > MAX_NAME_CHARS {
        let expected = format!("1 to {MAX_NAME_CHARS} characters");
        let rule = Rule::NamespaceTooLong;
        return Some(wrong(rule, format!("{count} characters"), expected));
    }
    let (rule, expected) = if let Some(other) = name.chars().find(|&c| !is_namespace_char(c)) {
        let given = format!("{} with {other:?}", quoted(name));
        let allowed = "characters of A-Z a-z 0-9 . _ # : / - and the space";
        return Some(wrong(Rule::NamespaceInvalid, given, allowed));
    } else if name.trim().is_empty() || name.starts_with(':') {
        let expected = "a name that is not blank and does not begin with \":\"";
        (Rule::NamespaceInvalid, expected)
    } else if name.starts_with("AWS/") {
        let expected = "a name that does not begin with \"AWS/\"";
        (Rule::NamespaceReserved, expected)
    } else {
        return None;
    };
    Some(wrong(rule, quoted(name), expected))
}

/// Why CloudWatch may refuse a metric's name, if there is a reason. The specification sets no limits; the API for
/// metrics and AWS's own libraries do.
pub(super) fn metric_name(name: &str) -> Option<ValueProblem> {
    let expected = if name.starts_with(':') {
        "a name that does not begin with \":\""
    } else if name.trim().len() < name.len() {
        "a name without blanks at its ends"
    } else if !is_graphic(name) {
        "a name of printable ASCII characters"
    } else {
        return None;
    };
    Some(wrong(Rule::MetricNameUnusual, quoted(name), expected))
}

/// Why CloudWatch refuses a dimension's name that the schema lets through, if it does.
pub(super) fn dimension_name(name: &str) -> Option<ValueProblem> {
    if name.starts_with(':') {
        let expected = "a name that does not begin with \":\"";
        return Some(wrong(Rule::DimensionInvalid, quoted(name), expected));
    }
    printable(name, "a name")
}

/// Why CloudWatch refuses a dimension's value, if it does. An empty one is judged elsewhere.
pub(super) fn dimension_value(value: &str) -> Option<ValueProblem> {
    let count = value.chars().count();
    if count > MAX_DIMENSION_VALUE_CHARS {
        let expected = format!("1 to {MAX_DIMENSION_VALUE_CHARS} characters");
        let rule = Rule::DimensionValueTooLong;
        return Some(wrong(rule, format!("{count} characters"), expected));
    }
    printable(value, "a value")
}

fn printable(text: &str, what: &str) -> Option<ValueProblem> {
    let rule = Rule::DimensionInvalid;
    if is_graphic(text) && !text.trim().is_empty() {
        return None;
    }
    if text.chars().any(|c| c.is_ascii_control()) {
        let expected = format!("{what} without control characters");
        return Some(wrong(rule, quoted(text), expected));
    }
    if text.trim().is_empty() {
        let expected = format!("{what} that is not blank");
        return Some(wrong(rule, quoted(text), expected));
    }
    let other = text.chars().find(|c| !c.is_ascii())?;
    let given = format!("{} with {}", quoted(text), other.escape_unicode());
    let expected = format!("{what} of ASCII characters");
    Some(wrong(Rule::DimensionNotAscii, given, expected))
}

/// The unit that was probably meant.
pub(super) fn nearest_unit(given: &str) -> Option<&'static str> {
    // Only a short text can be near, and computing the distance takes the product of the lengths.
    let given = (given.len() <= 32).then(|| given.to_ascii_lowercase())?;
    let abbreviated = match given.as_str() {
        "s" | "sec" | "secs" => Some("Seconds"),
        "ms" | "msec" | "millis" => Some("Milliseconds"),
        "us" | "µs" | "μs" | "micros" => Some("Microseconds"),
        "b" => Some("Bytes"),
        "kb" => Some("Kilobytes"),
        "mb" => Some("Megabytes"),
        "gb" => Some("Gigabytes"),
        "%" => Some("Percent"),
        "1" | "" => Some("None"),
        _ => None,
    };
    let distance = |unit: &&'static str| strsim::levenshtein(&given, &unit.to_ascii_lowercase());
    let near = || UNITS.iter().copied().min_by_key(distance);
    abbreviated.or_else(|| near().filter(|unit| distance(unit) <= 2 && given.len() > 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(wrong: Option<ValueProblem>) -> Option<Rule> {
        wrong.map(|(rule, ..)| rule)
    }

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
        for (bad, expected) in [
            ("AWS/ECS", Rule::NamespaceReserved),
            (":a", Rule::NamespaceInvalid),
            (" ", Rule::NamespaceInvalid),
            ("a\tb", Rule::NamespaceInvalid),
            ("Zürich", Rule::NamespaceInvalid),
            (&longer, Rule::NamespaceTooLong),
        ] {
            assert_eq!(rule(namespace(bad)), Some(expected), "{bad}");
        }
    }

    #[test]
    fn names_at_the_edges_of_the_schema() {
        assert_eq!(name_against_schema("n", 250), None);
        assert_eq!(name_against_schema(&"ü".repeat(250), 250), None);
        for bad in [
            "",
            "a\nb",
            "a\r",
            "a\u{2028}b",
            &"n".repeat(251),
            &"ü".repeat(251),
        ] {
            assert!(name_against_schema(bad, 250).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn dimension_names_and_values_at_their_edges() {
        let long = "v".repeat(1024);
        for good in ["v", " v ", "~", "a:b", ":v", &long] {
            assert_eq!(dimension_value(good), None, "{good}");
        }
        let longer = "v".repeat(1025);
        for (bad, expected) in [
            (" ", Rule::DimensionInvalid),
            ("a\tb", Rule::DimensionInvalid),
            ("\u{7f}", Rule::DimensionInvalid),
            ("é", Rule::DimensionNotAscii),
            (&longer, Rule::DimensionValueTooLong),
        ] {
            assert_eq!(rule(dimension_value(bad)), Some(expected), "{bad}");
        }
        assert_eq!(dimension_name("k:"), None);
        for (bad, expected) in [
            (":k", Rule::DimensionInvalid),
            (" ", Rule::DimensionInvalid),
            ("é", Rule::DimensionNotAscii),
            ("é\u{0}", Rule::DimensionInvalid),
        ] {
            assert_eq!(rule(dimension_name(bad)), Some(expected), "{bad:?}");
        }
    }

    #[test]
    fn the_unit_that_was_meant_is_named_only_when_it_is_near() {
        for (given, meant) in [
            ("milliseconds", Some("Milliseconds")),
            ("NONE", Some("None")),
            ("ms", Some("Milliseconds")),
            ("Bytes/second", Some("Bytes/Second")),
            ("Nanoseconds", None),
            ("Fortnights", None),
            ("zz", None),
            ("no", None),
            ("sec", Some("Seconds")),
            ("us", Some("Microseconds")),
            ("µs", Some("Microseconds")),
            ("b", Some("Bytes")),
            ("KB", Some("Kilobytes")),
            ("MB", Some("Megabytes")),
            ("GB", Some("Gigabytes")),
            ("%", Some("Percent")),
            ("1", Some("None")),
            ("", Some("None")),
            ("Btes", Some("Bytes")),
            ("Bes", Some("Bytes")),
            ("by", None),
        ] {
            assert_eq!(nearest_unit(given), meant, "{given}");
        }
    }
}
