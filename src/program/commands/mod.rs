//! The commands.

pub(crate) mod check;
