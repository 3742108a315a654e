//! Diagnostics: `tracing` events as JSON on stderr, one object a line. Stdout holds nothing of them.

use std::io::{self, Write};

use tracing::level_filters::LevelFilter;

/// Sends this process's events up to `level` to stderr. Only the first call has an effect.
pub(crate) fn init(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        // It would report on stderr that stderr fails, and panic when that fails too.
        .log_internal_errors(false)
        .with_writer(|| Stderr)
        .finish();
    // Fails only where one is set already, which then stays.
    let _ = tracing::subscriber::set_global_default(subscriber);
}

/// Stderr, unless writing to it would block: sampling must go on when nobody reads it.
struct Stderr;

impl Write for Stderr {
    /// Writes an event, or drops it. An event is far smaller than what a pipe has free when it says
    /// that it has room at all.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        if has_room() {
            io::stderr().write(event)
        } else {
            Ok(event.len())
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(unix)]
fn has_room() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stderr = io::stderr();
    let mut descriptors = [PollFd::new(&stderr, PollFlags::OUT)];
    let at_once = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // Where asking fails, writing shows what is wrong.
    poll(&mut descriptors, Some(&at_once)).is_ok_and(|ready| ready > 0)
}

#[cfg(not(unix))]
fn has_room() -> bool {
    true
}
