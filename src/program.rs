//! The program: options, settings, start and stop, diagnostics, and the commands.
#![cfg(feature = "cli")]

pub(crate) mod clock;
pub(crate) mod commands;
mod cross_check;
pub(crate) mod diagnostics;
pub(crate) mod exit;
mod help;
pub(crate) mod options;
mod other_command;
pub(crate) mod raw;
pub(crate) mod settings;
mod shutdown;
pub(crate) mod start;
pub(crate) mod system;
pub(crate) mod unknown_variables;

pub use self::start::main;
