//! The program `clock-demo`: arguments and environment in, exit code out.

use std::future::Future;
use std::io;
use std::process::ExitCode;

use clap::Parser as _;
use clock_demo::{Arguments, Settings};
use tracing::level_filters::LevelFilter;
use tracing::{error, warn};

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let settings = Settings::new(&arguments);
    report(
        settings
            .as_ref()
            .map_or(LevelFilter::WARN, |settings| settings.log_level),
    );
    // Refused, because a limit under a misspelt name would not apply.
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for unknown in Arguments::unknown_variables(names) {
        warn!(variable = unknown, "unknown variable");
    }
    let settings = match settings {
        Ok(settings) => settings,
        Err(faults) => {
            for fault in faults {
                error!(
                    option = fault.option,
                    problem = fault.problem,
                    "invalid configuration"
                );
            }
            return ExitCode::from(2);
        }
    };
    let address = settings.listen.clone();
    match start(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            error!(address, %error, "cannot listen");
            ExitCode::FAILURE
        }
    }
}

fn start(settings: Settings) -> io::Result<()> {
    // By which signals reach the runtime, which panics where a sandbox refuses it.
    #[cfg(unix)]
    std::os::unix::net::UnixStream::pair()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async { clock_demo::run(settings, stop_signal()?).await });
    // A name look-up may hang, which must not keep the program from ending.
    runtime.shutdown_background();
    outcome
}

/// Sends diagnostics to stderr as JSON.
fn report(level: LevelFilter) {
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_span_list(false)
        .with_target(false)
        .with_max_level(level)
        .with_writer(io::stderr)
        .init();
}

/// Ready when the process is asked to stop.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Ready when the process is asked to stop.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it may fail elsewhere")]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without a handler the program runs until it is killed.
        let _ = tokio::signal::ctrl_c().await;
    })
}
