//! An NTP server as a source: asked on its own schedule, each exchange judged without I/O.

#[cfg(test)]
mod answer;
mod client;
mod cross_check;
mod exchange;
mod fault;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod packet;
mod schedule;
mod server;
mod socket;
mod timestamp;

pub use self::client::{NtpClient, NtpSettings};
pub use self::cross_check::{Comparison, CrossCheck, NotCompared};
pub use self::exchange::Exchange;
pub use self::server::{InvalidNtpServer, NtpServer};
