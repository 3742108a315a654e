//! Lines from bytes, in bounded memory: a long line comes in pieces.

use std::io::{self, BufRead, ErrorKind};

use memchr::memchr;

use crate::limits::MAX_EVENT_BYTES;

/// The most bytes of a line in memory: an event, and what a viewer may have written around it.
pub(super) const HELD_BYTES: usize = MAX_EVENT_BYTES + 64 * 1024;

/// A piece of a line; usually the whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Piece {
    /// Whether the line begins here.
    pub(super) first: bool,
    /// Whether the line ends here.
    pub(super) last: bool,
    /// Whether a line feed ended it, not the end of the input.
    pub(super) terminated: bool,
}

/// Reads lines, each in pieces of at most [`HELD_BYTES`].
pub(super) struct Lines<R> {
    input: R,
    /// The number of the line that was read last, from 1.
    number: u64,
    at_start: bool,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(input: R) -> Self {
        Self {
            input,
            number: 0,
            at_start: true,
        }
    }

    /// The number of the line that was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Reads the next piece into `buffer`, without its line feed; nothing at the end of the input.
    pub(super) fn next(&mut self, buffer: &mut Vec<u8>) -> io::Result<Option<Piece>> {
        buffer.clear();
        read_piece(&mut self.input, buffer)?;
        let read = buffer.len();
        let first = self.at_start;
        if read == 0 {
            // A long line that ends with the input still needs its last piece.
            self.at_start = true;
            return Ok((!first).then_some(Piece {
                first,
                last: true,
                terminated: false,
            }));
        }
        self.number += u64::from(first);
        let terminated = buffer.last() == Some(&b'\n');
        if terminated {
            buffer.pop();
        }
        let last = terminated || read < HELD_BYTES;
        self.at_start = last;
        Ok(Some(Piece {
            first,
            last,
            terminated,
        }))
    }
}

/// Reads up to and including a line feed, but at most [`HELD_BYTES`]. `read_until` does the same with a slower search.
fn read_piece(input: &mut impl BufRead, buffer: &mut Vec<u8>) -> io::Result<()> {
    while buffer.len() < HELD_BYTES {
        let available = match input.fill_buf() {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            available => available?,
        };
        let most = available.len().min(HELD_BYTES - buffer.len());
        let end = memchr(b'\n', &available[..most]).map(|at| at + 1);
        let used = end.unwrap_or(most);
        buffer.extend_from_slice(&available[..used]);
        input.consume(used);
        if end.is_some() || used == 0 {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Each piece as (length, first, last, terminated).
    fn pieces(input: &[u8], capacity: usize) -> Vec<(usize, bool, bool, bool)> {
        let mut lines = Lines::new(BufReader::with_capacity(capacity, input));
        let mut buffer = Vec::new();
        let mut pieces = Vec::new();
        while let Some(piece) = lines.next(&mut buffer).unwrap() {
            pieces.push((buffer.len(), piece.first, piece.last, piece.terminated));
        }
        pieces
    }

    #[test]
    fn lines_end_at_a_line_feed_or_at_the_end() {
        assert_eq!(pieces(b"", 8), []);
        assert_eq!(pieces(b"\n", 8), [(0, true, true, true)]);
        assert_eq!(
            pieces(b"a\r\n\nbc", 8),
            [
                (2, true, true, true),
                (0, true, true, true),
                (2, true, true, false)
            ]
        );
    }

    #[test]
    fn a_long_line_comes_in_pieces() {
        for capacity in [4096, 1 << 20] {
            let whole = vec![b'x'; HELD_BYTES];
            let ended = [whole.clone(), b"\ny".to_vec()].concat();
            let first = (HELD_BYTES, true, false, false);
            assert_eq!(pieces(&whole, capacity), [first, (0, false, true, false)]);
            assert_eq!(
                pieces(&ended, capacity),
                [first, (0, false, true, true), (1, true, true, false)]
            );
            let longer = [whole.clone(), whole, b"z\n".to_vec()].concat();
            let next = (HELD_BYTES, false, false, false);
            assert_eq!(
                pieces(&longer, capacity),
                [first, next, (1, false, true, true)]
            );
        }
    }
}
