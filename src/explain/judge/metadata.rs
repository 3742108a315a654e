//! A document's metadata: its timestamp and its directives, wherever the version of the format has them.

use super::checks::{ValueProblem, wrong};
use super::document::Root;
use super::json::{self, Json, Object};
use super::json_path::JsonPath;
use super::schema::{self, Node};
use crate::finding::{Problem, quoted};
use crate::rule::Rule;

/// The most values of the metadata that are parsed, far more than any writer needs.
const MAX_METADATA_VALUES: usize = 50_000;

static AWS: JsonPath<'static> = JsonPath::member(None, "_aws");

/// The metadata of a document, parsed.
pub(super) struct Metadata<'a> {
    /// The object `_aws`, or in version 0 the two members of the root.
    object: Object<'a>,
    pub(super) is_version_zero: bool,
}

impl<'a> Metadata<'a> {
    /// Parses the metadata of a document, and notes problems of it as a whole.
    pub(super) fn read(root: &Root<'a>, problems: &mut Vec<Problem>) -> Option<Self> {
        if let Some(name) = &root.misnamed {
            let rule = Rule::MetadataMisnamed;
            let expected = "the name \"_aws\"";
            problems.push(Problem::new(rule, "the metadata", quoted(name), expected));
        }
        if root.aws_repeated {
            problems.push(schema::repeated("_aws", "the root"));
        }
        let values = count_values(root.aws.or(root.directives)?);
        let object = match root.aws {
            _ if values > MAX_METADATA_VALUES => {
                let expected = format!("at most {MAX_METADATA_VALUES}");
                let given = format!("about {values} values");
                Err(wrong(Rule::MetadataTooLarge, given, expected))
            }
            Some(text) => object(text),
            None => Ok(version_zero(root, problems)),
        };
        let note = |(rule, given, expected): ValueProblem| {
            problems.push(Problem::new(rule, AWS.to_string(), given, expected));
        };
        let object = object.map_err(note).ok()?;
        let is_version_zero = root.aws.is_none();
        if !is_version_zero {
            schema::note_repeated(&object, AWS, problems);
        }
        Some(Self {
            object,
            is_version_zero,
        })
    }

    /// A member of the metadata.
    pub(super) fn member(&self, name: &'static str) -> Node<'_, '_> {
        let parent = (!self.is_version_zero).then_some(&AWS);
        Node::member(&self.object, parent, name)
    }
}

fn object(text: &str) -> Result<Object<'_>, ValueProblem> {
    match json::parse(text) {
        Ok((Json::Object(object), _)) => Ok(object),
        Ok((other, _)) => Err(wrong(
            Rule::MetadataNotObject,
            other.described(),
            "an object",
        )),
        // The syntax has been checked before, but not the depth, and not the values of numbers and escapes.
        Err(error) => {
            let given = error.to_string();
            let given = given.split(" at line ").next().unwrap_or_default();
            Err(wrong(Rule::JsonBroken, given, "valid JSON"))
        }
    }
}

fn version_zero<'a>(root: &Root<'a>, problems: &mut Vec<Problem>) -> Object<'a> {
    let expected = "_aws, which current writers use";
    let given = "CloudWatchMetrics at the root";
    let problem = Problem::new(Rule::VersionZero, "the document", given, expected);
    problems.push(problem);
    let members = [
        ("Timestamp", root.timestamp),
        ("CloudWatchMetrics", root.directives),
    ];
    let parsed = members.into_iter().filter_map(|(name, text)| {
        let (value, _) = json::parse(text?).ok()?;
        Some((name.into(), value))
    });
    Object::new(parsed.collect())
}

/// About how many values a JSON text has: each but the first follows one of these characters.
fn count_values(text: &str) -> usize {
    if text.len() <= MAX_METADATA_VALUES {
        return 0;
    }
    crate::work::visit(text.len());
    text.bytes().filter(|byte| b",[{".contains(byte)).count()
}
