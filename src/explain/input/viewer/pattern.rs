//! The common pattern of prefixes that the user attributes to a viewer.

use super::level::is_level;
use crate::input::prefix::kinds;
use crate::rule::Rule;

/// The pattern that several prefixes share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::input) struct Pattern(Vec<Token>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    /// Letters, digits and the characters that join them.
    Word,
    /// Blanks.
    Blank,
    Other(char),
}

impl Pattern {
    /// The pattern of a prefix; `None` if a log level shows that a logger wrote it.
    pub(super) fn new(prefix: &str) -> Option<Self> {
        /// No viewer's prefix is longer.
        const LONGEST: usize = 256;
        let mut words = prefix.split(|c: char| !c.is_ascii_alphanumeric());
        if prefix.len() > LONGEST || prefix.trim().is_empty() || words.any(is_level) {
            return None;
        }
        if kinds(prefix) != [Rule::Prefix] {
            return None;
        }
        Some(Self(tokens(prefix).map(|(token, _)| token).collect()))
    }

    /// The length of the pattern at the beginning of a line.
    pub(super) fn length(&self, line: &str) -> Option<usize> {
        let mut found = tokens(line);
        let mut length = 0;
        for token in &self.0 {
            let (other, end) = found.next()?;
            if other != *token {
                return None;
            }
            length = end;
        }
        Some(length)
    }
}

/// The tokens of a text, each with its end.
fn tokens(text: &str) -> impl Iterator<Item = (Token, usize)> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
        let (token, length) = if is_word(first) {
            (
                Token::Word,
                rest.find(|c| !is_word(c)).unwrap_or(rest.len()),
            )
        } else if first == ' ' || first == '\t' {
            let length = rest.find(|c| c != ' ' && c != '\t').unwrap_or(rest.len());
            (Token::Blank, length)
        } else {
            (Token::Other(first), first.len_utf8())
        };
        rest = &rest[length..];
        Some((token, text.len() - rest.len()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_what_lines_have_in_common() {
        let pattern = Pattern::new("host-1 <app> ").unwrap();
        assert_eq!(pattern.length("host-22 <web> x"), Some(14));
        assert_eq!(pattern.length("host <x"), None);
        for prefix in ["INFO:root:", " ", "<14>Nov 25 10:00:00 host app[1]: "] {
            assert_eq!(Pattern::new(prefix), None, "{prefix:?}");
        }
    }
}
