//! Parses each line of standard input as JSON and does nothing with it.

use std::io::BufRead;

fn main() {
    let mut input = std::io::stdin().lock();
    let mut line = Vec::new();
    let mut members = 0;
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line).unwrap() == 0 {
            break;
        }
        let document: serde_json::Value = serde_json::from_slice(&line).unwrap();
        members += document.as_object().map_or(0, serde_json::Map::len);
    }
    println!("{members}");
}
