//! The program and its library from outside: as commands, as a server, and against endpoints and servers that
//! misbehave. All of it is one test program, which is linked once and whose tests wait at the same time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on fails, also in its helpers"
)]

#[cfg(unix)]
mod check;
#[cfg(target_os = "linux")]
mod clockbound;
mod endpoint_example;
#[cfg(feature = "test-util")]
#[allow(
    dead_code,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the main functions of the examples are not called"
)]
mod examples;
#[cfg(unix)]
mod fleet;
#[cfg(target_os = "linux")]
mod listen;
#[cfg(unix)]
mod ntp;
#[cfg(unix)]
mod report;
#[cfg(unix)]
mod sidecar;
#[cfg(unix)]
mod support;
