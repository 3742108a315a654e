//! What a command needs from the system: a runtime, signals, threads and descriptors.

use std::io;
use std::pin::Pin;

use tracing::error;
use tracing::level_filters::LevelFilter;

use crate::program::exit::Exit;
use crate::program::raw::Flags;
use crate::program::settings::log_format;
use crate::program::{diagnostics, shutdown};
use crate::source::Environment;

/// Ready when the program is to stop.
pub(crate) type Shutdown = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Runs a task on a runtime of this thread alone, with the signals that stop it: from here on they no
/// longer end the process. Does not wait for what the task leaves behind, such as a hung name lookup.
///
/// If the system refuses what the task needs, it is not started.
pub(crate) fn stoppable(
    flags: &Flags,
    environment: &Environment,
    task: impl AsyncFnOnce(Shutdown) -> Exit,
) -> Exit {
    let started = probe().and_then(|()| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let shutdown = runtime.block_on(async { shutdown::listen() })?;
        Ok((runtime, shutdown))
    });
    let (runtime, shutdown) = match started {
        Ok(started) => started,
        Err(error) => {
            let format = log_format(flags, environment);
            diagnostics::init(LevelFilter::ERROR, format, environment);
            error!(%error, "the program cannot start");
            return Exit::CannotStart;
        }
    };
    let exit = runtime.block_on(task(Box::pin(shutdown)));
    runtime.shutdown_background();
    exit
}

/// Checks that the system grants what is needed later, where a refusal would be a panic: descriptors for
/// the runtime's signals, and the thread of the writer. It is released at once.
fn probe() -> io::Result<()> {
    let thread = std::thread::Builder::new().spawn(|| {})?;
    // It cannot panic; even if it did, the thread was granted.
    let _ = thread.join();
    descriptors()
}

#[cfg(unix)]
fn descriptors() -> io::Result<()> {
    use std::os::fd::AsFd;
    /// The runtime takes 6: for events, for waking and for signals. The others are stdout's, that of a
    /// connection and that of a name look-up.
    const NEEDED: usize = 9;
    // The pair by which signals reach the runtime; a sandbox may refuse it.
    std::os::unix::net::UnixStream::pair()?;
    let stderr = io::stderr();
    let granted: io::Result<Vec<_>> = (0..NEEDED)
        .map(|_| stderr.as_fd().try_clone_to_owned())
        .collect();
    granted.map(drop)
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it may be refused")]
fn descriptors() -> io::Result<()> {
    Ok(())
}
