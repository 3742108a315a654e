//! A document's metadata: its timestamp and its directives, wherever the version of the format has them.

use super::checks::ValueProblem;
use super::document::Root;
use super::json::{self, Json, Object};
use super::json_path::JsonPath;
use super::schema::{self, Members};
use crate::finding::{Problem, quoted};
use crate::rule::Rule;

/// The most values of the metadata that are parsed, far more than any writer needs.
const MAX_METADATA_VALUES: usize = 50_000;

/// The metadata of a document, parsed.
pub(super) enum Metadata<'a> {
    /// The object `_aws`.
    Current(Object<'a>),
    /// Timestamp and directives of version 0.
    VersionZero(Option<Json<'a>>, Option<Json<'a>>),
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
        let aws = JsonPath::root_member("_aws");
        let values = count_values(root.aws.or(root.directives)?);
        let metadata = match root.aws {
            _ if values > MAX_METADATA_VALUES => {
                let expected = format!("at most {MAX_METADATA_VALUES}");
                let given = format!("about {values} values");
                Err((Rule::MetadataTooLarge, given, expected))
            }
            Some(text) => Self::object(text),
            None => Ok(Self::version_zero(root, problems)),
        };
        let note = |(rule, given, expected): ValueProblem| {
            problems.push(Problem::new(rule, aws.to_string(), given, expected));
        };
        let metadata = metadata.map_err(note).ok()?;
        if let Self::Current(object) = &metadata {
            schema::note_repeated(object, aws, problems);
        }
        Some(metadata)
    }

    fn object(text: &'a str) -> Result<Self, ValueProblem> {
        match json::parse(text) {
            Ok((Json::Object(object), _)) => Ok(Self::Current(object)),
            Ok((other, _)) => {
                let expected = "an object".to_owned();
                Err((Rule::MetadataNotObject, other.described(), expected))
            }
            // The syntax has been checked before, but not the depth, and not the values of numbers and escapes.
            Err(error) => {
                let given = error.to_string();
                let given = given.split(" at line ").next().unwrap_or_default();
                Err((Rule::JsonBroken, given.to_owned(), "valid JSON".to_owned()))
            }
        }
    }

    fn version_zero(root: &Root<'a>, problems: &mut Vec<Problem>) -> Self {
        let expected = "_aws, which current writers use";
        let given = "CloudWatchMetrics at the root";
        let problem = Problem::new(Rule::VersionZero, "the document", given, expected);
        problems.push(problem);
        let parse = |text: &'a str| json::parse(text).ok().map(|(value, _)| value);
        Self::VersionZero(
            root.timestamp.and_then(parse),
            root.directives.and_then(parse),
        )
    }

    /// The two members, with their place.
    pub(super) fn members<'h, 'p>(&'h self, aws: &'p JsonPath<'p>) -> Members<'h, 'p> {
        match self {
            Self::Current(object) => Members {
                timestamp: object.get("Timestamp"),
                directives: object.get("CloudWatchMetrics"),
                parent: Some(aws),
                object: Some(object),
            },
            Self::VersionZero(timestamp, directives) => Members {
                timestamp: timestamp.as_ref(),
                directives: directives.as_ref(),
                parent: None,
                object: None,
            },
        }
    }
}

/// About how many values a JSON text has: each but the first follows one of these characters.
fn count_values(text: &str) -> usize {
    if text.len() <= MAX_METADATA_VALUES {
        return 0;
    }
    crate::work::visit(text.len());
    text.bytes().filter(|byte| b",[{".contains(byte)).count()
}
