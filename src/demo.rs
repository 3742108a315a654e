//! The demonstration application `clock-demo`: an application that asks for the clock before it acts,
//! and shows it on a page.
//!
//! It is a user of [`Clock`] like any other; nothing of it is in the sidecar.
#![cfg(feature = "demo")]

mod format;
mod history;
mod limits;
mod page;
mod plot;
mod routes;
mod server;
mod settings;
mod transaction;

use std::ffi::OsString;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::TcpListener;
use tracing::{error, info};

use self::history::{History, Point};
use self::routes::App;
use self::settings::Settings;
use crate::program::exit::Exit;
use crate::program::options::AnyOption;
use crate::program::raw::Flags;
use crate::program::{settings as program_settings, start, system};
use crate::{Clock, Environment, Limits, Moment};

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
        .args(start::arguments(&options()));
    let exit = match start::parse(command, arguments) {
        Ok(matches) => run(&start::flags(&matches, &options()), environment),
        Err(exit) => exit,
    };
    exit.into()
}

/// The options of the application.
pub(crate) fn options() -> Vec<&'static dyn AnyOption> {
    program_settings::options_of(settings::read)
}

fn run(flags: &Flags, environment: &Environment) -> Exit {
    system::stoppable(async |shutdown| {
        match program_settings::settings(flags, environment, settings::read) {
            Ok((settings, _)) => match listen_and_serve(settings, shutdown).await {
                Ok(()) => Exit::Success,
                Err(exit) => exit,
            },
            Err(exit) => exit,
        }
    })
}

#[expect(clippy::disallowed_methods, reason = "the page is served here")]
async fn listen_and_serve(
    settings: Settings,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Exit> {
    let cannot_listen = |error: std::io::Error| {
        error!(address = settings.listen, %error, "it cannot listen");
        Exit::CannotListen
    };
    let mut shutdown = pin!(shutdown);
    // Looking up a name may take long.
    let bound = tokio::select! {
        biased;
        () = &mut shutdown => return Ok(()),
        bound = TcpListener::bind(&settings.listen) => bound,
    };
    let listener = bound.map_err(cannot_listen)?;
    let address = listener.local_addr().map_err(cannot_listen)?;
    info!(%address, "listening");
    serve(settings, listener, shutdown).await;
    info!("stopped");
    Ok(())
}

async fn serve(settings: Settings, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let clock = Clock::with_drift(
        settings.clock.source,
        settings.refresh_interval,
        settings.clock.drift,
    );
    let history = Arc::new(Mutex::new(History::new(HISTORY)));
    let watch = tokio::spawn(watch(
        clock.clone(),
        Arc::clone(&history),
        POINTS.max(settings.refresh_interval),
    ));
    let app = App {
        clock,
        history,
        limits: Limits::default().with_max_error(settings.max_error),
    };
    server::serve(listener, routes::router(app), shutdown).await;
    watch.abort();
}

/// Samples the clock again and again, for the plot. The distance counts from the end of each reading, as
/// the refresh interval does, so that each sample is a new reading.
async fn watch(clock: Clock, history: Arc<Mutex<History>>, distance: Duration) {
    loop {
        let outcome = clock.reading().await;
        let point = Point::of(&outcome, Moment::now().monotonic);
        // A panic elsewhere leaves whole points behind.
        history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(point);
        tokio::time::sleep(distance).await;
    }
}
