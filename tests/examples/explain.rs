//! Reports which lines of a log CloudWatch extracts no metrics from: `cargo run --example explain < lines.log`
#![allow(clippy::print_stdout, reason = "an example that prints")]

use std::io::{self, BufReader};
use std::time::SystemTime;

use emf_explain::{Input, Options, explain};

fn main() -> io::Result<()> {
    let options = Options::new(Input::Auto, SystemTime::now().into());
    let lines = BufReader::with_capacity(64 * 1024, io::stdin().lock());
    for event in explain(lines, options) {
        let event = event?;
        for problem in event.problems.iter().filter(|problem| problem.is_fault()) {
            println!("{}: {}: {problem}", event.position, problem.rule());
        }
    }
    Ok(())
}
