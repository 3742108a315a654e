//! The commands.

pub(crate) mod check;
pub(crate) mod check_ask;
#[cfg(target_os = "linux")]
pub(crate) mod check_segment;
pub(crate) mod explain;
pub(crate) mod report;
pub(crate) mod run;
mod verdict;
mod wait;
