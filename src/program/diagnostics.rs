//! Diagnostics: `tracing` events on stderr, one per line, as JSON or as plain sentences. Never on stdout.

mod json;
mod text;

use std::io::{self, IsTerminal, Write as _};

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::program::options::clock::LogFormat;
use crate::source::Environment;

/// How diagnostics look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// One JSON object per line, for log collectors.
    Json,
    /// One plain sentence per line, for a person.
    Text,
    /// The same with the level in colour.
    Colored,
}

impl Style {
    /// The style for this option, environment and stderr.
    fn new(format: LogFormat, environment: &Environment, is_terminal: bool) -> Self {
        let is_text = match format {
            LogFormat::Auto => is_terminal,
            LogFormat::Text => true,
            LogFormat::Json => false,
        };
        if !is_text {
            return Self::Json;
        }
        let given = |name| environment.get(name).filter(|value| !value.is_empty());
        let is_forced = given("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let is_capable = is_terminal && given("TERM").as_deref() != Some("dumb");
        if given("NO_COLOR").is_none() && (is_forced || is_capable) {
            Self::Colored
        } else {
            Self::Text
        }
    }
}

/// Sends this process's events up to `level` to stderr. Only the first call has an effect.
pub(crate) fn init(level: LevelFilter, format: LogFormat, environment: &Environment) -> Style {
    let style = Style::new(format, environment, io::stderr().is_terminal());
    // Fails only if a subscriber is set already, which is kept.
    let _ = tracing::subscriber::set_global_default(Diagnostics { level, style });
    style
}

/// Writes each event to stderr. The program has no spans, so it needs neither the registry of `tracing-subscriber` nor
/// its filters: 56 kB of code, and 64 kB of memory in a sidecar at rest.
struct Diagnostics {
    level: LevelFilter,
    style: Style,
}

impl Subscriber for Diagnostics {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let line = match self.style {
            Style::Json => json::line(event),
            Style::Text => text::line(event),
            Style::Colored => text::colored_line(event),
        };
        // Dropped if writing would block: sampling must continue if nothing reads stderr. When a pipe reports room, an event
        // always fits.
        if has_room() {
            // If stderr fails, nowhere is left to report it.
            let _ = io::stderr().write_all(line.as_bytes());
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// Whether stderr can be written without waiting.
#[cfg(unix)]
fn has_room() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = io::stderr();
    let mut descriptors = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // If polling fails, writing reports the reason.
    poll(&mut descriptors, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn has_room() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_style_follows_the_option_the_terminal_and_the_usual_variables() {
        use LogFormat::{Auto, Json, Text};
        let (plain, colored) = (Style::Text, Style::Colored);
        for (format, variables, is_terminal, style) in [
            (Auto, &[][..], false, Style::Json),
            (Auto, &[], true, colored),
            (Json, &[], true, Style::Json),
            (Text, &[], false, plain),
            (Text, &[("CLICOLOR_FORCE", "1")], false, colored),
            (Text, &[("CLICOLOR_FORCE", "0")], true, colored),
            (Text, &[("CLICOLOR_FORCE", "0")], false, plain),
            (
                Auto,
                &[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")],
                true,
                plain,
            ),
            (Auto, &[("NO_COLOR", "")], true, colored),
            (Auto, &[("TERM", "dumb")], true, plain),
            (Auto, &[("CLICOLOR_FORCE", "1")], false, Style::Json),
        ] {
            let environment: Environment = variables.iter().copied().collect();
            assert_eq!(
                Style::new(format, &environment, is_terminal),
                style,
                "{format:?} {variables:?} {is_terminal}"
            );
        }
    }
}
