//! Rules for what identifies a metric: namespace, properties, dimensions and the metrics
//! themselves.

use super::{Expected, expected};
use crate::reading::short_name;
use crate::sidecar::line::Metric;
use crate::sidecar::line::{self, LABELS, Property};
use emf_explain::limits::{MAX_DIMENSIONS, MAX_NAME_CHARS};

/// The size limit of a list on each line, in bytes of JSON. It keeps the largest line below 16,384
/// bytes, where some log routers cut.
const LIST_LIMIT: usize = 3 * 1024;

pub(super) fn namespace(text: &str) -> Result<String, Expected> {
    let safe = |c: char| c.is_ascii_alphanumeric() || "._#:/-".contains(c);
    if !(1..=MAX_NAME_CHARS).contains(&text.len()) || !text.chars().all(safe) {
        return Err(expected(
            "1 to 255 of the characters A-Z a-z 0-9 . _ # : / -",
            text,
        ));
    }
    if text.starts_with("AWS/") || text.starts_with(':') {
        return Err(expected(
            "a namespace that does not begin with AWS/ or a colon",
            text,
        ));
    }
    Ok(text.to_owned())
}

/// `Name=value,…`.
pub(super) fn properties(text: &str) -> Result<Vec<Property>, Expected> {
    let mut properties: Vec<Property> = Vec::new();
    for item in text.split(',').filter(|_| !text.is_empty()) {
        let property = property(item)?;
        if properties.iter().any(|other| other.name == property.name) {
            return Err(twice(&property.name));
        }
        properties.push(property);
    }
    let sizes = properties
        .iter()
        .map(|property| json_size(&property.name) + json_size(&property.value) + 2);
    within_list_limit(sizes.sum())?;
    Ok(properties)
}

fn property(item: &str) -> Result<Property, Expected> {
    let (name, value) = item
        .split_once('=')
        .ok_or_else(|| expected("Name=value,Name=value", item))?;
    if !line::is_dimension_name(name) {
        let allowed =
            "a name of 1 to 250 printable ASCII characters that does not begin with a colon";
        return Err(expected(allowed, name));
    }
    let value = if LABELS.contains(&name) {
        // The endpoint's names are shortened in the same way, so that the two can be compared.
        short_name(value)
    } else {
        value
    };
    if !line::is_dimension_value(value) {
        let allowed = "1 to 1024 printable ASCII characters that are not all spaces";
        return Err(expected(format!("{allowed} as the value of {name}"), value));
    }
    if line::is_reserved_member(name) {
        let labels = LABELS.join(", ");
        let allowed = format!("a new name or one of {labels}");
        return Err(Expected::described(
            allowed,
            format!("{name}, which the program sets itself"),
        ));
    }
    Ok(Property {
        name: name.to_owned(),
        value: value.to_owned(),
    })
}

/// `Name,Name;Name`: sets of names, which [`known_names`] checks.
pub(super) fn dimensions(text: &str) -> Result<Vec<Vec<String>>, Expected> {
    let mut sets: Vec<Vec<String>> = Vec::new();
    for given in text.split(';') {
        let set = dimension_set(given)?;
        // Order does not matter: CloudWatch treats both as the same set.
        let same = |other: &Vec<String>| {
            other.len() == set.len() && set.iter().all(|name| other.contains(name))
        };
        if sets.iter().any(same) {
            return Err(twice(given));
        }
        sets.push(set);
    }
    within_list_limit(sets.iter().flatten().map(|name| json_size(name) + 3).sum())?;
    Ok(sets)
}

fn dimension_set(given: &str) -> Result<Vec<String>, Expected> {
    let mut set: Vec<String> = Vec::new();
    for name in given.split(',') {
        if name.is_empty() {
            return Err(expected("names with ',' or ';' between them", given));
        }
        if set.iter().any(|other| other == name) {
            return Err(twice(name));
        }
        set.push(name.to_owned());
    }
    if set.len() > MAX_DIMENSIONS {
        let allowed = format!("at most {MAX_DIMENSIONS} names in a set");
        return Err(Expected::described(allowed, set.len().to_string()));
    }
    Ok(set)
}

/// Whether every name is that of a label or of a property.
pub(crate) fn known_names(sets: &[Vec<String>], properties: &[Property]) -> Result<(), Expected> {
    let own: Vec<&str> = properties.iter().map(|own| own.name.as_str()).collect();
    let is_known = |name: &str| LABELS.contains(&name) || own.contains(&name);
    match sets.iter().flatten().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(unknown) => {
            let new = own.into_iter().filter(|name| !LABELS.contains(name));
            let allowed: Vec<&str> = LABELS.into_iter().chain(new).collect();
            let allowed = format!("labels and properties: {}", allowed.join(", "));
            Err(expected(allowed, unknown))
        }
    }
}

pub(super) fn metrics(text: &str) -> Result<Vec<Metric>, Expected> {
    let mut chosen = Vec::new();
    for name in text.split(',') {
        let Some(metric) = Metric::ALL.iter().find(|metric| metric.as_str() == name) else {
            let names: Vec<&str> = Metric::ALL.iter().map(|metric| metric.as_str()).collect();
            let names = names.join(", ");
            return Err(expected(format!("metrics: {names}"), name));
        };
        if chosen.contains(metric) {
            return Err(twice(name));
        }
        chosen.push(*metric);
    }
    Ok(chosen)
}

/// The metrics that are emitted if none are chosen.
pub(crate) fn metrics_by_default() -> Vec<Metric> {
    let all = Metric::ALL.iter().copied();
    all.filter(|metric| metric.is_default()).collect()
}

fn twice(text: &str) -> Expected {
    Expected::described("each once", format!("{text} twice"))
}

/// The bytes that a string of printable ASCII takes in JSON.
fn json_size(text: &str) -> usize {
    text.len() + 2 + text.matches(['"', '\\']).count()
}

fn within_list_limit(size: usize) -> Result<(), Expected> {
    if size > LIST_LIMIT {
        let allowed = format!("a list that takes at most {LIST_LIMIT} bytes of each line");
        return Err(Expected::described(allowed, format!("{size} bytes")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal<T>(outcome: Result<T, Expected>) -> String {
        outcome.err().unwrap().to_string()
    }

    #[test]
    fn a_namespace_has_at_most_255_characters() {
        assert!(namespace(&"n".repeat(255)).is_ok());
        assert!(namespace(&"n".repeat(256)).is_err());
        assert_eq!(
            refusal(namespace("AWS/ECS")),
            "expected a namespace that does not begin with AWS/ or a colon, got \"AWS/ECS\""
        );
    }

    #[test]
    fn a_refusal_names_the_part_that_is_wrong() {
        let shortened = properties("ClusterName=arn:aws:ecs:us-east-1:1:cluster/c,Own=arn:a/b");
        let shortened = shortened.unwrap().into_iter().map(|own| own.value);
        assert_eq!(shortened.collect::<Vec<_>>(), ["c", "arn:a/b"]);
        assert!(properties("ClusterName=arn:aws:ecs:us-east-1:1:cluster/").is_err());
        for (text, message) in [
            (
                "Stage=a,Zone",
                "expected Name=value,Name=value, got \"Zone\"",
            ),
            ("Stage=a,Stage=b", "expected each once, got Stage twice"),
        ] {
            assert_eq!(refusal(properties(text)), message);
        }
        let message = refusal(properties("Sequence=1"));
        assert!(
            message.ends_with("LaunchType, got Sequence, which the program sets itself"),
            "{message}"
        );
        let message = refusal(metrics("ClockStep,clockstep"));
        assert!(
            message.ends_with("CrossCheckDisagreement, got \"clockstep\""),
            "{message}"
        );
    }

    #[test]
    fn a_list_is_limited_by_its_size_in_json() {
        let list = |value: &str| format!("A={value},B={value},C={value}");
        assert!(properties(&list(&"x".repeat(1000))).is_ok());
        // Three names of one byte, and 6 bytes around each name and value: 3,072 in all.
        let longest = list(&"x".repeat(1_017));
        assert!(properties(&longest).is_ok());
        let message = refusal(properties(&(longest + "x")));
        assert!(message.contains("at most 3072 bytes"), "{message}");
        // Each quotation mark takes two bytes.
        assert!(properties(&list(&"\"".repeat(600))).is_err());
        assert!(properties(&list(&"\"".repeat(400))).is_ok());
    }

    #[test]
    fn a_set_has_at_most_30_names_of_labels_and_properties() {
        let names = |count: usize| {
            let names: Vec<String> = (0..count).map(|n| format!("N{n}")).collect();
            names.join(",")
        };
        assert!(dimensions(&names(30)).is_ok());
        let message = refusal(dimensions(&names(31)));
        assert_eq!(message, "expected at most 30 names in a set, got 31");

        let own = properties("Stage=prod,ClusterName=c").unwrap();
        let known = |text: &str| known_names(&dimensions(text).unwrap(), &own);
        assert_eq!(known("Stage;ClusterName,TaskId"), Ok(()));
        let message = refusal(known("Stage;Sequence"));
        assert!(
            message.ends_with("LaunchType, Stage, got \"Sequence\""),
            "{message}"
        );
        assert!(known_names(&dimensions("Stage").unwrap(), &[]).is_err());
    }
}
