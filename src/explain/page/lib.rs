//! `explain` in a browser: reads a file step by step, and gives what the page shows as JSON.
//!
//! The worker of the page calls the functions of `exports`. There are five of them, with numbers as arguments: a generator
//! of bindings would be a larger dependency than the module itself.

#[cfg(target_arch = "wasm32")]
mod exports;
mod lines;
mod rules;
mod session;
mod shown;
mod summary;

pub use self::lines::Source;
pub use self::rules::rules;
pub use self::session::{Session, Step};
