//! A document's root, read without holding what EMF does not need.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::json::Name;

/// The members of a JSON object that decide whether it is a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Root<'a> {
    /// The object's text.
    pub(crate) text: &'a str,
    /// `_aws`.
    pub(crate) aws: Option<&'a str>,
    pub(super) aws_repeated: bool,
    /// `CloudWatchMetrics` at the root, as in version 0.
    pub(super) directives: Option<&'a str>,
    /// `Timestamp` at the root, as in version 0.
    pub(super) timestamp: Option<&'a str>,
    /// A name that was probably meant to be `_aws`.
    pub(crate) misnamed: Option<String>,
    /// `events`, `results` or `logEvents`, where exports have their events.
    pub(crate) exported: Option<&'a str>,
    /// Its first members, so that a small object need not be read again.
    first: Vec<(Cow<'a, str>, &'a str)>,
    /// Whether it has more.
    has_more: bool,
}

/// The most members of a root that are kept.
const FIRST: usize = 64;
/// Members for which space is allocated at once.
const USUAL: usize = 32;

impl Root<'_> {
    /// Whether it is an EMF document, valid or not.
    pub(crate) fn is_document(&self) -> bool {
        self.aws.is_some() || self.directives.is_some_and(|text| text.starts_with('['))
    }
}

/// Whether a name was meant to be `_aws`: it differs in case or underscores only.
fn is_nearly_aws(name: &str) -> bool {
    name.len() <= 8
        && name != "_aws"
        && name
            .trim_matches(['_', '-', '@', ' '])
            .eq_ignore_ascii_case("aws")
}

/// What a text begins with.
#[derive(Debug)]
pub(crate) enum LocateOutcome<'a> {
    /// An object, and where it ends.
    Object(Root<'a>, usize),
    /// An object or text that does not end.
    Cut,
    /// Something that is not a JSON object.
    Broken(serde_json::Error),
}

/// Finds the JSON object that a text begins with.
pub(crate) fn locate(text: &str) -> LocateOutcome<'_> {
    let mut objects = serde_json::Deserializer::from_str(text).into_iter::<Root<'_>>();
    let first = objects.next();
    crate::work::visit(match &first {
        Some(Ok(_)) => objects.byte_offset(),
        // All of it, or less up to an error.
        _ => text.len(),
    });
    match first {
        Some(Ok(mut root)) => {
            let end = objects.byte_offset();
            root.text = text.get(..end).unwrap_or_default();
            LocateOutcome::Object(root, end)
        }
        Some(Err(error)) if !error.is_eof() && !ends_within_a_number(text, &error) => {
            LocateOutcome::Broken(error)
        }
        _ => LocateOutcome::Cut,
    }
}

/// Whether a text is invalid only because it ends within a number.
fn ends_within_a_number(text: &str, error: &serde_json::Error) -> bool {
    let last_line = text.rsplit('\n').next().unwrap_or_default();
    text.ends_with(['.', 'e', 'E', '+', '-']) && error.column() >= last_line.len()
}

impl<'de> Deserialize<'de> for Root<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut root = Root::default();
        root.first.reserve(USUAL);
        let mut misnamed = None;
        deserializer
            .deserialize_map(Members(|name, value| root.add(name, value, &mut misnamed)))?;
        if root.aws.is_none()
            && let Some((name, value)) = misnamed
        {
            root.misnamed = Some(name);
            root.aws = Some(value);
        }
        Ok(root)
    }
}

impl<'a> Root<'a> {
    fn add(
        &mut self,
        name: Cow<'a, str>,
        value: &'a str,
        misnamed: &mut Option<(String, &'a str)>,
    ) {
        let place = match name.as_ref() {
            "_aws" => {
                self.aws_repeated = self.aws.is_some();
                Some(&mut self.aws)
            }
            "CloudWatchMetrics" => Some(&mut self.directives),
            "Timestamp" => Some(&mut self.timestamp),
            "events" | "results" | "logEvents" => Some(&mut self.exported),
            _ => None,
        };
        if is_nearly_aws(&name) && value.contains("\"CloudWatchMetrics\"") {
            *misnamed = Some((name.clone().into_owned(), value));
        }
        if let Some(place) = place {
            *place = Some(value);
        }
        if self.first.len() < FIRST {
            self.first.push((name, value));
        } else {
            self.has_more = true;
        }
    }
}

/// Calls a function with the name and JSON text of each member of an object.
struct Members<F>(F);

impl<'de, F: FnMut(Cow<'de, str>, &'de str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            (self.0)(name, map.next_value::<&RawValue>()?.get());
        }
        Ok(())
    }
}

/// A member of the root that a directive points at.
#[derive(Debug, Clone, Copy)]
struct Target<'a> {
    /// Its JSON text; of a repeated member, the last one.
    text: &'a str,
    repeated: bool,
}

/// The index of a name among sorted ones. Comparing few of them is faster than a search.
pub(super) fn index_of(names: &[&str], name: &str) -> Option<usize> {
    const FEW: usize = 16;
    if names.len() <= FEW {
        return names.iter().position(|other| *other == name);
    }
    names.binary_search(&name).ok()
}

/// The members of an object with the wanted names, each at the index of its name. Others are not kept.
pub(super) struct Targets<'a>(Vec<Option<Target<'a>>>);

impl<'a> Targets<'a> {
    /// Finds the members `names` of a root. The names must be sorted and distinct.
    pub(super) fn find(root: &Root<'a>, names: &[&str]) -> Self {
        let mut targets = vec![None; names.len()];
        let mut note = |name: &str, value: &'a str| {
            if let Some(index) = index_of(names, name) {
                let target: &mut Option<Target<'_>> = &mut targets[index];
                *target = Some(Target {
                    text: value,
                    repeated: target.is_some(),
                });
            }
        };
        if root.has_more {
            // The text has been read before: it is an object.
            let _ = for_each_member(root.text, &mut note);
        } else {
            root.first
                .iter()
                .for_each(|(name, value)| note(name, value));
        }
        Self(targets)
    }

    /// The JSON text of the member with the name at an index.
    pub(super) fn get(&self, index: usize) -> Option<&'a str> {
        self.0
            .get(index)
            .copied()
            .flatten()
            .map(|target| target.text)
    }

    /// The indices of names whose members occur more than once.
    pub(super) fn repeated(&self) -> impl Iterator<Item = usize> {
        let targets = self.0.iter().enumerate();
        targets
            .filter(|(_, target)| target.is_some_and(|target| target.repeated))
            .map(|(index, _)| index)
    }
}

/// Calls `each` with the name and JSON text of each member of an object.
///
/// # Errors
/// If the text is not a JSON object.
pub(crate) fn for_each_member<'a>(
    text: &'a str,
    each: &mut dyn FnMut(&str, &'a str),
) -> Result<(), serde_json::Error> {
    crate::work::visit(text.len());
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Members(|name: Cow<'_, str>, value| each(&name, value)))
}

/// The JSON texts of the members with these names; of a repeated one, the last. `None` if the text is not an object.
pub(crate) fn members<'a, const N: usize>(
    text: &'a str,
    names: [&str; N],
) -> Option<[Option<&'a str>; N]> {
    let mut found = [None; N];
    for_each_member(text, &mut |name, value| {
        if let Some(index) = names.iter().position(|known| *known == name) {
            found[index] = Some(value);
        }
    })
    .ok()?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_located_with_its_end() {
        let LocateOutcome::Object(root, end) = locate(r#"{"_aws":{"a":1},"x":[1]} rest"#) else {
            panic!()
        };
        assert_eq!((root.aws, end), (Some(r#"{"a":1}"#), 24));
        assert!(root.is_document());
        for cut in [
            r#"{"a":[1"#,
            "{",
            r#"{"a":1."#,
            r#"{"a":-"#,
            r#"{"a":2e+"#,
            r#"{"a":tr"#,
        ] {
            assert!(matches!(locate(cut), LocateOutcome::Cut), "{cut}");
        }
        for broken in [r#"{"a" 1}"#, r#"{"a":1]"#, "[1]"] {
            assert!(
                matches!(locate(broken), LocateOutcome::Broken(_)),
                "{broken}"
            );
        }
    }

    #[test]
    fn of_a_repeated_target_the_last_one_counts() {
        let filler = "\"x\":0,".repeat(FIRST);
        for text in [
            r#"{"a":1,"b":2,"\u0061":3}"#.to_owned(),
            format!("{{\"a\":1,{filler}\"b\":2,\"a\":3}}"),
        ] {
            let LocateOutcome::Object(root, _) = locate(&text) else {
                panic!()
            };
            let targets = Targets::find(&root, &["a", "b", "c"]);
            assert_eq!(targets.get(0), Some("3"));
            assert_eq!(targets.repeated().collect::<Vec<_>>(), [0]);
            assert_eq!(targets.get(2), None);
        }
    }
}
