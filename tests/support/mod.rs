//! The real program in a test: started without this process's environment, its output parsed into
//! types, and every line checked against the schema and the rules.
#![allow(
    dead_code,
    reason = "each test program that includes this module uses a part of it"
)]

mod bounded;
mod checked;
mod line;
mod program;

#[allow(
    unused_imports,
    reason = "each test program that includes this module uses a part of it"
)]
pub(crate) use {
    bounded::{end_of, output_of, rest_of},
    checked::CheckAnswer,
    line::Line,
    program::{Finished, Program, finished, run},
};
