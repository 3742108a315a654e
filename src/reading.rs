//! What a clock source reports, why it could not be read, and which task it belongs to. No I/O: time is an argument.
#![cfg(feature = "clock")]

mod bound_unknown;
mod clock_offset;
mod clock_reading;
mod clock_watch;
mod identity;
mod pace;
mod read_error;
mod status;

pub use self::bound_unknown::BoundUnknown;
pub use self::clock_offset::ClockOffset;
pub(crate) use self::clock_reading::EARLY_READ_PAUSE;
pub use self::clock_reading::Reading;
pub(crate) use self::clock_watch::ClockWatch;
pub(crate) use self::identity::short_name;
pub use self::identity::{Label, TaskIdentity};
pub use self::read_error::{ReadError, ReadErrorKind};
pub use self::status::{ClockSource, SyncStatus};

#[cfg(test)]
pub(crate) mod tests;
