//! Counts the bytes visited, so that a test can show that the cost of an input grows no faster than the input.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static VISITED: Cell<u64> = const { Cell::new(0) };
}

/// Counts bytes as visited. Costs nothing outside of tests.
#[inline]
pub(crate) fn visit(bytes: usize) {
    #[cfg(test)]
    VISITED.with(|visited| visited.set(visited.get() + bytes as u64));
    #[cfg(not(test))]
    let _ = bytes;
}

/// Bytes visited by this thread so far.
#[cfg(test)]
pub(crate) fn visited() -> u64 {
    VISITED.with(Cell::get)
}
