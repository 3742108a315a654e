//! JSON over HTTP on loopback, for applications in every language: `/clock` with the verdict, and `/healthz`.

mod activity;
mod address;
mod client;
mod connection;
mod connections;
mod crowding;
mod handler;
mod listener;
mod reply;
mod route;
mod stream;

use std::rc::Rc;
use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::LocalSet;

use self::connections::Connections;
use self::crowding::Crowding;
use self::handler::Handler;
pub(crate) use self::{
    address::{LoopbackAddress, NotLoopback},
    client::{Answer, Sidecar},
};
use super::Rules;
use super::trouble::Trouble;
use crate::sidecar::Observed;

/// Listens until the sender of `observed` is dropped. Notifies `disturbed` when it sees that the clock is being corrected.
pub(super) async fn serve(
    address: LoopbackAddress,
    rules: Rules,
    observed: watch::Receiver<Observed>,
    disturbed: Arc<Notify>,
    mut trouble: Trouble,
) {
    let mut over = observed.clone();
    let handler = Rc::new(Handler::new(rules, observed, disturbed));
    let connections = Connections::new(connections::limit());
    let mut crowding = Crowding::default();
    let listening = listener::listen(
        &address,
        &handler,
        &connections,
        &mut trouble,
        &mut crowding,
    );
    // Everything runs on this one thread, so that connections share their state without locks.
    let tasks = LocalSet::new();
    tokio::select! {
        () = tasks.run_until(listening) => {}
        // Never true: it ends with an error once the sender is dropped.
        _ = over.wait_for(|_| false) => {}
    }
    crowding.report();
}

/// Serves a connection to its end, with the default rules, from what was observed.
#[cfg(any(test, fuzzing))]
pub(crate) async fn converse(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + 'static,
    observed: Observed,
) {
    let rules = Rules {
        limits: crate::clock::Limits::default(),
        drift: crate::time::DriftRate::DEFAULT,
        sample_interval: std::time::Duration::from_secs(10),
    };
    let (_, observed) = watch::channel(observed);
    let handler = Rc::new(Handler::new(rules, observed, Arc::default()));
    let keep_alive = || activity::AfterReply::KeepAlive;
    connection::serve(stream, activity::Activity::new(), handler, keep_alive).await;
}

#[cfg(test)]
mod tests;
