//! What a viewer puts before every line, and how to recognize it.
//!
//! A viewer writes one shape of prefix before every line or event, from the first to the last, also before plain ones.
//! A prefix before some lines only, or of changing shape, is the writer's, and CloudWatch has it too.

mod level;
mod pattern;
mod shape;
mod stream;

use super::mode::Input;
use super::prefix;
use crate::finding::Problem;
use crate::rule::Rule;

use self::pattern::Pattern;
pub(super) use self::shape::Shape;
use self::shape::{PrefixMatch, find};
use self::stream::stream;

/// Lines before the first document that a pattern is compared with.
const MOST_REMEMBERED: usize = 8;
/// Bytes of such a line.
const REMEMBERED_BYTES: usize = 256;

/// Follows the prefixes of an input's lines.
#[derive(Debug)]
pub(super) struct Viewer {
    mode: Input,
    verdict: Verdict,
    /// The shape before all lines so far.
    shape: Option<Shape>,
    /// The beginnings of the first lines, where no shape was known.
    remembered: Vec<String>,
    /// The first document with a prefix.
    since: u64,
    /// The log stream that the last prefix names.
    stream: Option<String>,
}

/// Whether a line is read as it is: a document alone, an export, or the continuation of the line before.
fn is_read_as_it_is(line: &str) -> bool {
    let mut characters = line.trim_start_matches(' ').chars();
    let (inside, second) = (characters.next(), characters.next());
    match line.as_bytes().first() {
        Some(b'{' | b'"' | b'|' | b'+' | b'\t') => true,
        Some(b'[') => !second.is_some_and(|second| second.is_ascii_alphanumeric()),
        // Only line numbers are indented.
        Some(b' ') => !inside.is_some_and(|first| first.is_ascii_digit()),
        _ => false,
    }
}

/// Who wrote the prefixes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// No document so far.
    Open,
    /// A viewer: every line so far has one.
    Viewers,
    /// The writer, or no line has a prefix.
    Writers,
}

impl Viewer {
    pub(super) fn new(mode: Input) -> Self {
        Self {
            mode,
            verdict: match mode {
                Input::Stdout => Verdict::Writers,
                Input::Auto | Input::Export => Verdict::Open,
            },
            shape: None,
            remembered: Vec::new(),
            since: 0,
            stream: None,
        }
    }

    /// The length of a viewer's prefix before a line, if it has one; and the problem of a line that breaks the rule.
    pub(super) fn before_line(&mut self, line: &str) -> (usize, Option<Problem>) {
        if self.verdict == Verdict::Writers || line.trim_ascii().is_empty() {
            return (0, None);
        }
        if is_read_as_it_is(line) {
            return (0, None);
        }
        let is_shown = self.mode == Input::Export;
        let found = find(line).or_else(|| is_shown.then(|| self.pattern(line))?);
        let Some(found) = found else {
            return (0, self.bare(line));
        };
        let (length, problem) = self.prefixed(found);
        let shape = self.shape.as_ref().filter(|_| length > 0);
        let stream = shape.and_then(|shape| stream(shape, &line[..length]));
        self.stream = stream.map(str::to_owned);
        (length, problem)
    }

    /// The log stream of an event: the form names it, or the last prefix.
    pub(super) fn stream_of(&self, of_form: Option<String>, has_prefix: bool) -> Option<String> {
        let of_prefix = self.stream.as_ref().filter(|_| has_prefix);
        of_form.or_else(|| of_prefix.cloned())
    }

    /// A line with a prefix.
    fn prefixed(&mut self, (shape, length): PrefixMatch) -> (usize, Option<Problem>) {
        match &self.shape {
            // A prefix that changes is not a viewer's.
            Some(before) if *before != shape => (0, self.broken("one of another form here")),
            Some(_) => (length, None),
            // Lines before this one had none.
            None if !self.remembered.is_empty() && !matches!(shape, Shape::Pattern(_)) => {
                self.verdict = Verdict::Writers;
                (0, None)
            }
            None => {
                self.shape = Some(shape);
                (length, None)
            }
        }
    }

    /// A line without a prefix.
    fn bare(&mut self, line: &str) -> Option<Problem> {
        if shape::is_viewers_remark(line) {
            return None;
        }
        match &self.shape {
            // The first line of all.
            None if self.mode == Input::Export => {
                if self.remembered.len() < MOST_REMEMBERED {
                    let head = line
                        .char_indices()
                        .take_while(|(at, _)| *at < REMEMBERED_BYTES);
                    self.remembered.push(head.map(|(_, c)| c).collect());
                }
                None
            }
            None => {
                self.verdict = Verdict::Writers;
                None
            }
            // The second line of an event.
            Some(shape) if !shape.is_before_every_line() => None,
            Some(_) => self.broken("none here"),
        }
    }

    /// The prefix before a document, if the user states that a viewer wrote the lines.
    fn pattern(&self, line: &str) -> Option<PrefixMatch> {
        if let Some(Shape::Pattern(pattern)) = &self.shape {
            return Some((Shape::Pattern(pattern.clone()), pattern.length(line)?));
        }
        if self.shape.is_some() {
            return None;
        }
        let length = prefix::document(line)?;
        // What is quoted is a field of CSV, a text of YAML, or the writer's.
        let is_quoted = line[..length].ends_with(['"', '\'', '`']);
        if is_quoted || line[length..].starts_with("{\"\"") || line.starts_with("Message ") {
            return None;
        }
        let pattern = Pattern::new(&line[..length])?;
        let mut earlier = self.remembered.iter();
        let all = earlier.all(|line| pattern.length(line).is_some());
        all.then_some((Shape::Pattern(pattern), length))
    }

    /// Notes that the prefixes are the writer's after all, and returns the problem of documents that were read without
    /// them.
    fn broken(&mut self, given: &str) -> Option<Problem> {
        let before = std::mem::replace(&mut self.verdict, Verdict::Writers);
        if before != Verdict::Viewers {
            return None;
        }
        let given = format!("{given} and one from line {} on", self.since);
        let expected = "the same before every line, if a viewer writes it";
        let problem = Problem::new(Rule::Prefix, "the input", given, expected);
        Some(problem.with_hint("so the prefixes are the writer's and hide their documents"))
    }

    /// Notes a document on a line of the input, and returns the problem of its prefix.
    pub(super) fn document(&mut self, has_prefix: bool, line: u64) -> Option<Problem> {
        match (self.verdict, has_prefix) {
            (Verdict::Open, true) => {
                self.verdict = Verdict::Viewers;
                self.since = line;
                self.assumed()
            }
            (Verdict::Open, false) => {
                self.verdict = Verdict::Writers;
                None
            }
            (Verdict::Viewers, false) => self.broken("none here"),
            (Verdict::Viewers, true) | (Verdict::Writers, _) => None,
        }
    }

    /// The assumption about a prefix, if it is one.
    fn assumed(&self) -> Option<Problem> {
        let shape = self.shape.as_ref()?;
        // Only viewers write the last, never the writer of the lines.
        if self.mode != Input::Auto || *shape == Shape::QueryResults {
            return None;
        }
        let (rule, given) = if *shape == Shape::Time {
            (Rule::ViewerTime, "a time before the document".to_owned())
        } else {
            let name = shape.name();
            (Rule::ViewerPrefix, format!("the prefix that {name} writes"))
        };
        let expected = "the document alone, if the writer itself writes the prefix";
        let problem = Problem::new(rule, "the event", given, expected);
        Some(problem.with_hint("taken for the viewer's; --input stdout takes it for the writer's"))
    }
}
