//! CloudWatch embedded metric format. Knows no clock.

pub mod explain;
pub(crate) mod limits;
mod metric;

pub use self::metric::Metric;
