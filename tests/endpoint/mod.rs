//! A task metadata endpoint v4 for tests and for trying the sidecar without AWS: it behaves on the wire as the open ECS
//! agent does, and misbehaves on request. It uses threads and plain sockets, since a server library would correct
//! the very faults that are to be played.
//!
//! A test includes it as a module:
//!
//! ```ignore
//! #[path = "endpoint/mod.rs"]
//! mod endpoint;
//! use endpoint::{Scenario, Server};
//!
//! let server = Server::start(Scenario::Good)?;
//! let base = server.base();           // for ECS_CONTAINER_METADATA_URI_V4
//! server.switch(Scenario::Throttled); // at run time
//! assert_eq!(server.counters().task_requests, 0);
//! // dropping it stops it: no thread, connection or port is left
//! ```
#![allow(
    dead_code,
    reason = "each program that includes this module uses a part of it"
)]

mod answer;
mod connection;
mod control;
mod document;
mod limiter;
mod listener;
mod scenario;
mod schedule;
mod server;
mod wire;

#[allow(
    unused_imports,
    reason = "each program that includes this module uses a part of it"
)]
pub(crate) use {
    control::error_bound,
    document::Identity,
    scenario::Scenario,
    schedule::{Schedule, Step},
    server::{Counters, Options, Server},
};
