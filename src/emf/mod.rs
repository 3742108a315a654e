//! CloudWatch embedded metric format. Knows no clock.

pub mod explain;
mod metric;

pub use self::metric::Metric;
