//! The example endpoint on the wire.

#[path = "endpoint/mod.rs"]
mod endpoint;
