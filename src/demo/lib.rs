//! The demonstration application `clock-demo`: an application that asks for the clock before it acts, and
//! shows it on a page.
//!
//! It uses the public names of [`ecs_clock_emf`] only, as any application does.

mod format;
mod history;
mod limits;
mod page;
mod plot;
mod routes;
mod server;
mod settings;
mod transaction;

use std::io;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ecs_clock_emf::{Clock, Limits, Moment};
use tokio::net::TcpListener;
use tracing::info;

use self::history::History;
use self::routes::App;
pub use self::settings::{Arguments, Settings};

/// How far the plot reaches back.
const HISTORY: Duration = Duration::from_secs(300);
/// Minimum time between two points of the plot.
const POINTS: Duration = Duration::from_secs(1);

/// Serves the application until `shutdown` is ready.
///
/// # Errors
/// If it cannot listen.
pub async fn run(settings: Settings, shutdown: impl Future<Output = ()>) -> io::Result<()> {
    let mut shutdown = pin!(shutdown);
    // Looking up a name may take a long time.
    let bound = tokio::select! {
        biased;
        () = &mut shutdown => return Ok(()),
        bound = TcpListener::bind(&settings.listen) => bound,
    };
    let listener = bound?;
    info!(address = %listener.local_addr()?, "listening");
    serve(settings, listener, shutdown).await;
    info!("stopped");
    Ok(())
}

async fn serve(settings: Settings, listener: TcpListener, shutdown: impl Future<Output = ()>) {
    let clock = Clock::with_drift(settings.source, settings.refresh_interval, settings.drift);
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

/// Samples the clock repeatedly, for the plot. `distance` counts from the end of each reading, as the
/// refresh interval does, so that each sample is a new reading.
async fn watch(clock: Clock, history: Arc<Mutex<History>>, distance: Duration) {
    loop {
        let outcome = clock.reading().await;
        // Also after a panic elsewhere, every point is complete.
        history
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .add(&outcome, Moment::now().monotonic);
        tokio::time::sleep(distance).await;
    }
}
