//! The NTP source: requests have their own schedule, and each exchange is judged without I/O.

#[cfg(test)]
mod answer;
mod client;
mod cross_check;
mod error;
mod exchange;
#[cfg(all(feature = "cli", any(test, fuzzing)))]
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
