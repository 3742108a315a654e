//! What any of the programs needs: options, settings, start and stop, diagnostics, and the commands.

pub(crate) mod commands;
pub(crate) mod diagnostics;
pub(crate) mod options;
pub(crate) mod parse;
pub(crate) mod settings;
pub(crate) mod shutdown;
pub(crate) mod start;

pub use self::start::main;
