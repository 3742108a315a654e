//! The bare loop as a program: `bare-loop kept|new value|typed INTERVAL_MS SAMPLES`.

mod bare;

use bare::{Connection, Parsing, bare_loop};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let connection = match arguments[0].as_str() {
        "kept" => Connection::Kept,
        "new" => Connection::New,
        other => panic!("expected kept or new, got {other}"),
    };
    let parsing = match arguments[1].as_str() {
        "value" => Parsing::Value,
        "typed" => Parsing::Typed,
        other => panic!("expected value or typed, got {other}"),
    };
    let interval = std::time::Duration::from_millis(arguments[2].parse().unwrap());
    let samples = arguments[3].parse().unwrap();
    let base = std::env::var("ECS_CONTAINER_METADATA_URI_V4").unwrap();
    bare_loop(&base, connection, parsing, interval, samples);
}
