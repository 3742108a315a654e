//! The demonstration application `clock-demo`: an application that asks for the clock before it acts,
//! and shows it on a page.
//!
//! It is a user of [`Clock`] like any other; nothing of it is in the sidecar.

mod config;
mod format;
mod history;
mod limits;
mod page;
mod plot;
mod routes;
mod server;
mod transaction;

use std::ffi::OsString;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tracing::{error, info};

use self::config::DemoConfig;
use self::history::{History, Point};
use self::routes::App;
use crate::program::{diagnostics, options, start};
use crate::{Clock, Environment, Limits};

/// Exit code: the address cannot be had.
const CANNOT_LISTEN: u8 = 1;
/// How far the plot reaches back.
const HISTORY: Duration = Duration::from_secs(300);
/// From one point of the plot to the next, at least.
const POINTS: Duration = Duration::from_secs(1);

/// Runs the application with the arguments after its name and this environment, until a signal.
///
/// The exit code is 0 after a signal, 1 where it cannot listen, 2 for a wrong command line or
/// configuration.
#[must_use]
pub fn main(arguments: Vec<OsString>, environment: &Environment) -> ExitCode {
    let command = clap::Command::new("clock-demo")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Shows this task's clock on a page, and refuses a critical step while it is not good enough")
        .args_override_self(true)
        .args(start::arguments(&[options::DEMO, options::CLOCK]));
    let code = start::matched(command, arguments).and_then(|matches| {
        let flags = start::flags(&matches, &[options::DEMO, options::CLOCK]);
        start::stoppable(async |shutdown| {
            let config = start::valid(config::demo(&flags, environment))?;
            run(config, environment, shutdown).await
        })
    });
    ExitCode::from(code.map_or_else(|code| code, |()| 0))
}

async fn run(
    config: DemoConfig,
    environment: &Environment,
    shutdown: impl Future<Output = ()>,
) -> Result<(), u8> {
    diagnostics::init(config.source.log_level);
    start::warn_of_unknown_variables(environment, options::DEMO);
    let cannot_listen = |error: std::io::Error| {
        error!(address = config.listen, %error, "it cannot listen");
        CANNOT_LISTEN
    };
    let mut shutdown = pin!(shutdown);
    // The look-up of a name may take long.
    let bound = tokio::select! {
        biased;
        () = &mut shutdown => return Ok(()),
        bound = TcpListener::bind(&config.listen) => bound,
    };
    let listener = bound.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    info!(%address, "listening");
    serve(config, listener, shutdown).await;
    info!("stopped");
    Ok(())
}

async fn serve(config: DemoConfig, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let clock = Clock::with_drift(
        config.source.source,
        config.refresh_interval,
        config.source.drift,
    );
    let history = Arc::new(Mutex::new(History::new(HISTORY)));
    let watch = tokio::spawn(watch(
        clock.clone(),
        Arc::clone(&history),
        POINTS.max(config.refresh_interval),
    ));
    let app = App {
        clock,
        history,
        limits: Limits::default().with_max_error(config.max_error),
    };
    server::serve(listener, routes::router(app), shutdown).await;
    watch.abort();
}

/// Samples the clock again and again, for the plot. The distance counts from the end of each reading, as
/// the refresh interval does, so that each sample is a new reading.
async fn watch(clock: Clock, history: Arc<Mutex<History>>, distance: Duration) {
    loop {
        let outcome = clock.reading().await;
        let point = Point::of(&outcome, Instant::now());
        // A panic elsewhere leaves whole points behind.
        history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(point);
        tokio::time::sleep(distance).await;
    }
}
