//! The real program in a test: started with nothing of this process's environment, its output read
//! into types, every line held against the schema and the rules.
#![allow(
    dead_code,
    reason = "each test program that includes this module uses a part of it"
)]

mod checked;
mod line;
mod program;

#[allow(
    unused_imports,
    reason = "each test program that includes this module uses a part of it"
)]
pub(crate) use {
    checked::Checked,
    line::Line,
    program::{Finished, Program, run},
};
