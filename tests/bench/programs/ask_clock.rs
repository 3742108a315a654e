//! Many clients of `/clock` on kept connections: `ask-clock ADDRESS CLIENTS SECONDS`. Prints the good answers a second, and
//! how many requests failed.

#[path = "../full_speed.rs"]
mod full_speed;

use std::time::Duration;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let mut next = || arguments.next().unwrap();
    let address = next().leak();
    let clients = next().parse().unwrap();
    let time = Duration::from_secs(next().parse().unwrap());
    let (a_second, failed) = full_speed::ask_at_full_speed(address, clients, time);
    println!("{a_second:.0} {failed}");
}
