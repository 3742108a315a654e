//! The commands.

pub(crate) mod check;
pub(crate) mod run;

use crate::program::options::AnyOption;

/// The options of all commands.
pub(crate) fn options() -> Vec<&'static dyn AnyOption> {
    run::options().into_iter().chain(check::options()).collect()
}
