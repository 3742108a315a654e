//! The signals that stop the program.

use std::future::Future;
use std::io;

/// `SIGXFSZ`.
#[cfg(target_os = "linux")]
const FILE_SIZE_EXCEEDED: i32 = libc::SIGXFSZ;
#[cfg(all(unix, not(target_os = "linux")))]
const FILE_SIZE_EXCEEDED: i32 = 25;

/// Listens for the signals that ask this process to stop: SIGTERM, SIGINT, SIGHUP and SIGQUIT; on Windows
/// the console's events, of which ECS sends the one for shutdown. From this call on they no longer end the
/// process.
///
/// The future is ready after the first of them. Call it within a tokio runtime.
///
/// # Errors
/// If the handlers cannot be installed.
pub(crate) fn listen() -> io::Result<impl Future<Output = ()> + Send> {
    // In a task: a task that also waits for other things then polls one handle for each event, instead of
    // every signal. For the sidecar that is 8,000 instructions a sample.
    let signals = tokio::spawn(signals()?);
    Ok(async move {
        // Cancelled only with the runtime, at the very end.
        let _ = signals.await;
    })
}

#[cfg(unix)]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    // With a handler, a write beyond the limit for a file's size fails instead of ending the process. Windows has no such
    // signal.
    let _ = signal(SignalKind::from_raw(FILE_SIZE_EXCEEDED))?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            _ = hangup.recv() => {}
            _ = quit.recv() => {}
        }
    })
}

#[cfg(windows)]
fn signals() -> io::Result<impl Future<Output = ()> + Send> {
    use tokio::signal::windows;
    let mut c = windows::ctrl_c()?;
    let mut r#break = windows::ctrl_break()?;
    let mut close = windows::ctrl_close()?;
    let mut logoff = windows::ctrl_logoff()?;
    let mut shutdown = windows::ctrl_shutdown()?;
    Ok(async move {
        tokio::select! {
            _ = c.recv() => {}
            _ = r#break.recv() => {}
            _ = close.recv() => {}
            _ = logoff.recv() => {}
            _ = shutdown.recv() => {}
        }
    })
}
