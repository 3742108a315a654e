//! The commands.

pub(crate) mod check;
#[cfg(target_os = "linux")]
pub(crate) mod check_segment;
pub(crate) mod explain;
pub(crate) mod report;
pub(crate) mod run;

use crate::program::options::AnyOption;

/// The options of all commands.
pub(crate) fn options() -> Vec<&'static dyn AnyOption> {
    run::options().into_iter().chain(check::options()).collect()
}
