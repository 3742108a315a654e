//! The text form of the AWS CLI: `EVENTS`, then the members of each event in the order of their names, with tabs between them.

use std::io::BufRead;

use super::deliver::Context;
use super::gather::{self, Gather};
use super::{Reader, Sink};
use crate::finding::Position;

/// Splits an event's line into the place of its message and the message: `get-log-events` has the time of ingestion
/// before it, `filter-log-events` also the event's number before that and the stream behind.
fn message(text: &str) -> Option<(usize, &str)> {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let fields: Vec<_> = text.splitn(6, '\t').collect();
    let before = match fields.as_slice() {
        ["EVENTS", id, ingested, stream, ..]
            if is_number(id) && is_number(ingested) && fields.len() > 4 =>
        {
            id.len() + ingested.len() + stream.len() + 10
        }
        ["EVENTS", ingested, ..] if is_number(ingested) => ingested.len() + 8,
        _ => return None,
    };
    let rest = text.get(before..)?;
    let message = match rest.rsplit_once('\t') {
        Some((message, time)) if is_number(time.trim_end()) => message,
        _ => rest,
    };
    Some((before, message))
}

/// The log stream in a line of `filter-log-events` whose message may be a part of a line.
fn stream(text: &str) -> Option<&str> {
    let fields: Vec<_> = text.splitn(6, '\t').collect();
    match fields.as_slice() {
        ["EVENTS", _, _, stream, message, ..] if message.starts_with('{') => Some(stream),
        _ => None,
    }
}

impl<R: BufRead> Reader<R> {
    /// A line of the CLI's text form.
    pub(super) fn cli_text(
        &mut self,
        bytes: &[u8],
        at: usize,
        text: &str,
        sink: &mut Sink<'_>,
    ) -> Option<usize> {
        let Some((before, message)) = message(text) else {
            self.deliver
                .text(self.position(), text, self.context(), sink);
            return None;
        };
        self.cli_events += 1;
        let position = Position {
            line: self.lines.number(),
            event: Some(self.cli_events),
        };
        if message.starts_with('{') && gather::goes_on(message) {
            return self.gather(Gather::message(position), bytes, at + before, sink);
        }
        let context = Context {
            stream: stream(text).map(str::to_owned),
            ..Context::EXPORT
        };
        self.deliver
            .text(position, message.trim_end(), context, sink);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_is_between_the_other_members() {
        for (line, expected) in [
            ("EVENTS\t17956\t{a\tb}\t17956", "{a\tb}"),
            ("EVENTS\t17956\tplain line\t17956\r", "plain line"),
            ("EVENTS\t0\t17956\ts1\t{a}\t17956", "{a}"),
            ("EVENTS\t17956\t{", "{"),
            ("EVENTS\t17956\t123\t17956", "123"),
        ] {
            assert_eq!(message(line).unwrap().1, expected, "{line}");
        }
        assert_eq!(message("EVENTS\tof the day"), None);
    }
}
