//! Log lines from bytes, in bounded memory.

use std::io::{self, BufRead, Read as _};

use super::rules::MAX_EVENT_BYTES;

/// One line, without its line feed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line<'a> {
    /// A line that one log event can hold.
    Whole {
        /// Its bytes.
        bytes: &'a [u8],
        /// Whether a line feed ended it, not the end of the input.
        terminated: bool,
    },
    /// A line that is too long for one log event.
    TooLong {
        /// Its beginning, as long as a log event.
        beginning: &'a [u8],
        /// Its length in bytes.
        bytes: u64,
    },
}

impl Line<'_> {
    /// What is held of the line.
    pub(super) fn kept(&self) -> &[u8] {
        match self {
            Self::Whole { bytes, .. } => bytes,
            Self::TooLong { beginning, .. } => beginning,
        }
    }
}

/// Reads lines and holds at most one log event's bytes of each.
pub(super) struct LineReader<'r> {
    input: &'r mut dyn BufRead,
    buffer: Vec<u8>,
    rest: Vec<u8>,
}

impl<'r> LineReader<'r> {
    pub(super) fn new(input: &'r mut dyn BufRead) -> Self {
        Self {
            input,
            buffer: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// The next line, or nothing at the end of the input.
    pub(super) fn next(&mut self) -> io::Result<Option<Line<'_>>> {
        self.buffer.clear();
        // One byte more than allowed, and the line feed.
        let most = MAX_EVENT_BYTES as u64 + 1;
        if (&mut *self.input)
            .take(most)
            .read_until(b'\n', &mut self.buffer)?
            == 0
        {
            return Ok(None);
        }
        if self.buffer.last() == Some(&b'\n') {
            self.buffer.pop();
            return Ok(Some(Line::Whole {
                bytes: &self.buffer,
                terminated: true,
            }));
        }
        if self.buffer.len() <= MAX_EVENT_BYTES {
            return Ok(Some(Line::Whole {
                bytes: &self.buffer,
                terminated: false,
            }));
        }
        let bytes = self.buffer.len() as u64 + self.skip_line()?;
        Ok(Some(Line::TooLong {
            beginning: &self.buffer[..MAX_EVENT_BYTES],
            bytes,
        }))
    }

    /// Reads up to the next line feed and says how many bytes came before it.
    fn skip_line(&mut self) -> io::Result<u64> {
        let mut skipped = 0;
        loop {
            self.rest.clear();
            let read = (&mut *self.input)
                .take(64 * 1024)
                .read_until(b'\n', &mut self.rest)? as u64;
            if self.rest.last() == Some(&b'\n') {
                return Ok(skipped + read - 1);
            }
            if read == 0 {
                return Ok(skipped);
            }
            skipped += read;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::BufReader;

    /// Each line as (length, terminated or none for one too long).
    fn shapes(input: &[u8], capacity: usize) -> Vec<(u64, Option<bool>)> {
        let mut input = BufReader::with_capacity(capacity, input);
        let mut lines = LineReader::new(&mut input);
        let mut shapes = Vec::new();
        while let Some(line) = lines.next().unwrap() {
            shapes.push(match line {
                Line::Whole { bytes, terminated } => (bytes.len() as u64, Some(terminated)),
                Line::TooLong { beginning, bytes } => {
                    assert_eq!(beginning.len(), MAX_EVENT_BYTES);
                    (bytes, None)
                }
            });
        }
        shapes
    }

    #[test]
    fn lines_end_at_a_line_feed_or_at_the_end() {
        assert_eq!(shapes(b"", 8), []);
        assert_eq!(shapes(b"\n", 8), [(0, Some(true))]);
        assert_eq!(
            shapes(b"a\r\n\nbc", 8),
            [(2, Some(true)), (0, Some(true)), (2, Some(false))]
        );
    }

    #[test]
    fn the_limit_counts_the_bytes_before_the_line_feed() {
        for capacity in [7, 8192, 1 << 20] {
            let most = MAX_EVENT_BYTES as u64;
            let mut input = vec![b'x'; MAX_EVENT_BYTES];
            assert_eq!(shapes(&input, capacity), [(most, Some(false))]);
            input.push(b'\n');
            assert_eq!(shapes(&input, capacity), [(most, Some(true))]);
            input.insert(0, b'x');
            assert_eq!(shapes(&input, capacity), [(most + 1, None)]);
            input.extend_from_slice(b"next\n");
            assert_eq!(
                shapes(&input, capacity),
                [(most + 1, None), (4, Some(true))]
            );
            let long = [vec![b'x'; 3 * MAX_EVENT_BYTES], b"\nz".to_vec()].concat();
            assert_eq!(
                shapes(&long, capacity),
                [(3 * most, None), (1, Some(false))]
            );
        }
    }
}
