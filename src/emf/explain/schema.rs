//! The document against the schema of the specification.

use std::fmt::Display;

use super::finding::{Effect, Fault, described, quoted};
use super::json::{Json, Object};
use super::place::Place;
use super::rules::{self, MAX_KEY_CHARS, MAX_KEYS, MAX_METRICS, MAX_NAME_CHARS};

/// The units, shortened.
const ALLOWED_UNITS: &str = "allowed are None, Percent, Count, Seconds, Milliseconds, Microseconds, Bytes and Bits; \
     Kilo, Mega, Giga and Tera before bytes and bits; /Second behind Count, bytes and bits";

/// What the schema leaves of a document's metadata. Parts that it refuses are missing, and a fault tells of them.
#[derive(Debug, Default)]
pub(super) struct Metadata<'a> {
    /// Milliseconds since 1970.
    pub(super) timestamp: Option<i64>,
    pub(super) directives: Vec<Directive<'a>>,
}

/// A metric directive.
#[derive(Debug)]
pub(super) struct Directive<'a> {
    pub(super) index: usize,
    pub(super) namespace: &'a str,
    pub(super) sets: Vec<Vec<&'a str>>,
    pub(super) definitions: Vec<Definition<'a>>,
}

/// A metric definition.
#[derive(Debug)]
pub(super) struct Definition<'a> {
    pub(super) name: &'a str,
    pub(super) unit: &'a str,
    /// Seconds, of any number: the schema knows no limits.
    pub(super) resolution: i64,
}

/// Reads the metadata of a document and notes every breach of the schema.
pub(super) fn read<'a>(root: &'a Object<'a>, faults: &mut Vec<Fault>) -> Metadata<'a> {
    note_repeated(root, &"the root", faults);
    let aws = match root.get("_aws") {
        Some(Json::Object(aws)) => aws,
        Some(other) => {
            faults.push(event(format!(
                "_aws is {}, must be an object",
                described(other)
            )));
            return Metadata::default();
        }
        None => {
            let nested = root.members().find(
                |(_, value)| matches!(value, Json::Object(object) if object.get("_aws").is_some()),
            );
            let place = nested.map_or_else(String::new, |(name, _)| {
                format!(" (it stands inside {})", quoted(name))
            });
            faults.push(event(format!(
                "_aws is missing{place}, must be a member of the root"
            )));
            return Metadata::default();
        }
    };
    let place = Place::root_member("_aws");
    note_repeated(aws, &place, faults);
    Metadata {
        timestamp: timestamp(aws, faults),
        directives: directives(aws, place, faults),
    }
}

fn timestamp(aws: &Object<'_>, faults: &mut Vec<Fault>) -> Option<i64> {
    let given = match aws.get("Timestamp") {
        Some(Json::Number(number)) if number.is_i64() || number.is_u64() => {
            return Some(number.as_i64().unwrap_or(i64::MAX));
        }
        Some(other) => format!("is {}", described(other)),
        None => "is missing".to_owned(),
    };
    faults.push(event(format!(
        "_aws.Timestamp {given}, must be an integer: milliseconds since 1970"
    )));
    None
}

fn directives<'a>(
    aws: &'a Object<'a>,
    place: Place<'_>,
    faults: &mut Vec<Fault>,
) -> Vec<Directive<'a>> {
    let place = place.member("CloudWatchMetrics");
    let Some(items) = array(aws.get("CloudWatchMetrics"), place, "directives", faults) else {
        return Vec::new();
    };
    items
        .iter()
        .enumerate()
        .filter_map(|(index, item)| directive(index, item, place.item(index), faults))
        .collect()
}

fn directive<'a>(
    index: usize,
    item: &'a Json<'a>,
    place: Place<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Directive<'a>> {
    let Json::Object(object) = item else {
        faults.push(event(format!(
            "{place} is {}, must be an object",
            described(item)
        )));
        return None;
    };
    note_repeated(object, &place, faults);
    // All three are read before any is missed, so that all faults are told.
    let namespace = name(
        object.get("Namespace"),
        place.member("Namespace"),
        MAX_NAME_CHARS,
        faults,
    );
    let sets = sets(object.get("Dimensions"), place.member("Dimensions"), faults);
    let definitions = definitions(object.get("Metrics"), place.member("Metrics"), faults);
    Some(Directive {
        index,
        namespace: namespace?,
        sets: sets?,
        definitions: definitions?,
    })
}

fn sets<'a>(
    value: Option<&'a Json<'a>>,
    place: Place<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<Vec<&'a str>>> {
    let items = array(value, place, "dimension sets", faults)?;
    if items.is_empty() {
        faults.push(event(format!(
            "{place} is empty, must hold at least one set ([[]] for no dimensions)"
        )));
        return None;
    }
    Some(read_each(items, place, faults, set))
}

fn set<'a>(item: &'a Json<'a>, place: Place<'_>, faults: &mut Vec<Fault>) -> Option<Vec<&'a str>> {
    let Json::Array(keys) = item else {
        faults.push(event(format!(
            "{place} is {}, must be an array of keys",
            described(item)
        )));
        return None;
    };
    if keys.len() > MAX_KEYS {
        faults.push(event(format!(
            "{place} has {} keys, allowed are 0 to {MAX_KEYS}",
            keys.len()
        )));
    }
    Some(read_each(keys, place, faults, |key, place, faults| {
        name(Some(key), place, MAX_KEY_CHARS, faults)
    }))
}

fn definitions<'a>(
    value: Option<&'a Json<'a>>,
    place: Place<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Vec<Definition<'a>>> {
    let items = array(value, place, "metric definitions", faults)?;
    if items.len() > MAX_METRICS {
        faults.push(event(format!(
            "{place} has {} definitions, allowed are 0 to {MAX_METRICS}",
            items.len()
        )));
    }
    Some(read_each(items, place, faults, definition))
}

fn definition<'a>(
    item: &'a Json<'a>,
    place: Place<'_>,
    faults: &mut Vec<Fault>,
) -> Option<Definition<'a>> {
    let Json::Object(object) = item else {
        faults.push(event(format!(
            "{place} is {}, must be an object",
            described(item)
        )));
        return None;
    };
    note_repeated(object, &place, faults);
    let unit = unit(object.get("Unit"), place.member("Unit"), faults);
    let resolution = match object.get("StorageResolution") {
        None => Some(60),
        Some(Json::Number(number)) if number.is_i64() || number.is_u64() => {
            Some(number.as_i64().unwrap_or(i64::MAX))
        }
        Some(other) => {
            faults.push(event(format!(
                "{place}.StorageResolution is {}, must be the integer 1 or 60",
                described(other)
            )));
            None
        }
    };
    let name = name(
        object.get("Name"),
        place.member("Name"),
        MAX_NAME_CHARS,
        faults,
    );
    Some(Definition {
        name: name?,
        unit: unit?,
        resolution: resolution?,
    })
}

fn unit<'a>(
    value: Option<&'a Json<'a>>,
    place: Place<'_>,
    faults: &mut Vec<Fault>,
) -> Option<&'a str> {
    let given = match value {
        None => return Some("None"),
        Some(Json::String(unit)) if rules::UNITS.contains(&unit.as_ref()) => return Some(unit),
        Some(Json::String(unit)) => {
            let meant =
                nearest_unit(unit).map_or_else(String::new, |unit| format!(" (is {unit} meant?)"));
            format!("{}{meant}", quoted(unit))
        }
        Some(other) => described(other),
    };
    faults.push(event(format!("{place} is {given}, {ALLOWED_UNITS}")));
    None
}

fn nearest_unit(given: &str) -> Option<&'static str> {
    // Only a short text can be near, and the distance costs the product of the lengths.
    let given = (given.len() <= 32).then(|| given.to_ascii_lowercase())?;
    let distance = |unit: &&str| strsim::levenshtein(&given, &unit.to_ascii_lowercase());
    rules::UNITS
        .into_iter()
        .min_by_key(|unit| distance(unit))
        .filter(|unit| distance(unit) <= 2 && given.len() > 2)
}

/// What `read` makes of each item of an array; what it refuses is left out.
fn read_each<'a, T>(
    items: &'a [Json<'a>],
    place: Place<'_>,
    faults: &mut Vec<Fault>,
    read: impl Fn(&'a Json<'a>, Place<'_>, &mut Vec<Fault>) -> Option<T>,
) -> Vec<T> {
    let items = items.iter().enumerate();
    items
        .filter_map(|(index, item)| read(item, place.item(index), faults))
        .collect()
}

fn array<'a>(
    value: Option<&'a Json<'a>>,
    place: Place<'_>,
    of: &str,
    faults: &mut Vec<Fault>,
) -> Option<&'a [Json<'a>]> {
    let given = match value {
        Some(Json::Array(items)) => return Some(items),
        Some(other) => format!("is {}", described(other)),
        None => "is missing".to_owned(),
    };
    faults.push(event(format!("{place} {given}, must be an array of {of}")));
    None
}

fn name<'a>(
    value: Option<&'a Json<'a>>,
    place: Place<'_>,
    most: usize,
    faults: &mut Vec<Fault>,
) -> Option<&'a str> {
    let given = match value {
        Some(Json::String(name)) => match rules::name_against_schema(name, most) {
            None => return Some(name),
            Some(wrong) => {
                faults.push(event(format!("{place} {wrong}")));
                return None;
            }
        },
        Some(other) => format!("is {}", described(other)),
        None => "is missing".to_owned(),
    };
    faults.push(event(format!(
        "{place} {given}, must be a string of 1 to {most} characters"
    )));
    None
}

fn note_repeated(object: &Object<'_>, place: &dyn Display, faults: &mut Vec<Fault>) {
    let repeated = object
        .repeated()
        .map(|name| format!("{} occurs more than once in {place}", quoted(name)));
    faults.extend(repeated.map(|what| Fault::new(what, Effect::Unsure)));
}

fn event(what: String) -> Fault {
    Fault::new(what, Effect::Event)
}
