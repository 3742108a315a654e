//! A task metadata endpoint v4 for tests and for trying the sidecar without AWS: it behaves on the wire as the open ECS
//! agent does, and misbehaves on request. It uses threads and plain sockets, since a server library would correct
//! the faults that it plays.
//!
//! ```no_run
//! use endpoint::{Scenario, Server};
//!
//! # fn main() -> std::io::Result<()> {
//! let server = Server::start(Scenario::Good)?;
//! let base = server.base();           // for ECS_CONTAINER_METADATA_URI_V4
//! server.switch(Scenario::Throttled); // at run time
//! assert_eq!(server.counters().task_requests, 0);
//! // dropping it stops it: no thread, connection or port is left
//! # Ok(())
//! # }
//! ```

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

pub use control::error_bound;
pub use document::Identity;
pub use scenario::Scenario;
pub use schedule::{Schedule, Step};
pub use server::{Counters, Options, Server};
