//! The command `ecs-clock-emf`.

fn main() {}
