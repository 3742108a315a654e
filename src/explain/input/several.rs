//! Lines that hold several events: joined by tabs, as `--query … --output text` writes them, or without anything.

use std::io::BufRead;

use super::deliver::Context;
use super::gather::{Gather, goes_on};
use super::prefix;
use super::{Input, Mode, Reader, Sink};
use crate::finding::{Position, Problem};
use crate::judge::document::{Located, locate};
use crate::rule::Rule;

/// Events that are handed on in one step: few enough to hold what is said of them, and many enough to pay.
const BATCH: usize = 64;
/// Bytes of events after which a step ends.
const BATCH_BYTES: usize = 4 * 1024;

/// The rest of a line of several events.
#[derive(Debug, Clone, Copy)]
pub(super) struct Several {
    at: usize,
    tabs: bool,
    count: u64,
}

impl Several {
    /// Events joined by tabs, from `at` on.
    pub(super) fn after_tab(at: usize) -> Self {
        Self {
            at,
            tabs: true,
            count: 0,
        }
    }

    /// Documents one after the other, from `at` on.
    pub(super) fn adjacent(at: usize) -> Self {
        Self {
            at,
            tabs: false,
            count: 0,
        }
    }

    /// Events joined by tabs, if a text that does not begin with a document is that: a document in it is between tabs.
    pub(super) fn tab_joined(text: &str, at: usize) -> Option<Self> {
        let (before, _) = text.match_indices("\t{").next()?;
        let rest = &text[before + 1..];
        match locate(rest) {
            Located::Object(_, end) if rest[end..].starts_with('\t') => Some(Self::after_tab(at)),
            _ => None,
        }
    }

    /// The length of the first event of a text, and whether all the rest is one.
    fn length(&self, text: &str) -> usize {
        let header = prefix::lambda_length(text)
            .filter(|_| self.tabs)
            .unwrap_or_default();
        let body = &text[header..];
        let to_tab = |from: usize| {
            body[from..]
                .find('\t')
                .map_or(text.len(), |tab| header + from + tab)
        };
        if !body.starts_with('{') {
            return if self.tabs { to_tab(0) } else { text.len() };
        }
        match locate(body) {
            Located::Object(_, end) if self.tabs => to_tab(end),
            Located::Object(_, end) => header + end,
            Located::Broken(_) if self.tabs => to_tab(0),
            // What does not end takes the rest with it.
            Located::Cut | Located::Broken(_) => text.len(),
        }
    }
}

impl<R: BufRead> Reader<R> {
    /// Hands on some of the events of a line, and says where the rest begins.
    pub(super) fn several(
        &mut self,
        mut several: Several,
        bytes: &[u8],
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        // The line has been found to be UTF-8 before.
        let mut text = std::str::from_utf8(&bytes[several.at..]).unwrap_or_default();
        let enough = text.len().saturating_sub(BATCH_BYTES);
        for _ in 0..BATCH {
            if text.len() < enough {
                break;
            }
            if !several.tabs {
                text = text.trim_start();
            }
            if text.trim_end().is_empty() {
                return None;
            }
            let (event, rest) = text.split_at(several.length(text));
            several.count += 1;
            let position = Position {
                line: self.lines.number(),
                event: Some(several.count),
            };
            // A printed document begins here and goes on in the lines that follow.
            if several.tabs && rest.is_empty() && event.starts_with('{') && goes_on(event) {
                let at = bytes.len() - text.len();
                return self.gather(Gather::message(position).among_others(), bytes, at, sink);
            }
            let context = self.several_context(several);
            self.deliver.text(position, event, context, sink);
            text = if several.tabs {
                rest.strip_prefix('\t').unwrap_or(rest)
            } else {
                rest
            };
        }
        several.at = bytes.len() - text.len();
        self.mode = Mode::Several(several);
        Some(several.at)
    }

    fn several_context(&mut self, several: Several) -> Context {
        let first = several.count == 1;
        let export = Context::EXPORT;
        if several.tabs {
            let note = first.then(|| {
                self.deliver
                    .assume_export("several events on a line, joined by tabs")
            });
            return Context {
                note: note.flatten(),
                ..export
            };
        }
        if self.deliver.form == Input::Export {
            return export;
        }
        let note = first.then(|| {
            let expected = "one document on each line";
            let given = "several without a line feed between them";
            Problem::new(Rule::SeveralDocuments, "the line", given, expected)
        });
        Context {
            certain: false,
            note,
            ..export
        }
    }
}
