//! Reads the input from its beginning and remembers where its lines are, so that any of them can be shown later.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

/// Lines of which the place is remembered; of a longer input it is every second, fourth … line.
const MOST_PLACES: usize = 1 << 15;
/// Bytes that are read at once to find a line.
const SEARCH_BYTES: usize = 16 * 1024;
/// The most that is shown of a line, in bytes.
const SHOWN_BYTES: usize = 1_200;
/// The most lines that are shown of an event.
const SHOWN_LINES: usize = 8;

/// Bytes that can be read at any place.
pub trait Source: Clone {
    /// Reads bytes from `offset` on; none at the end.
    ///
    /// # Errors
    /// If the bytes cannot be read.
    fn read_at(&self, offset: u64, target: &mut [u8]) -> io::Result<usize>;
}

impl Source for &[u8] {
    fn read_at(&self, offset: u64, target: &mut [u8]) -> io::Result<usize> {
        let offset = usize::try_from(offset).unwrap_or(usize::MAX);
        self.get(offset..).unwrap_or_default().read(target)
    }
}

/// Where lines begin.
#[derive(Debug)]
struct Places {
    /// The offset of the first line, and of each `stride` lines after it.
    offsets: Vec<u64>,
    stride: u64,
    /// The number of the line that is being read, from 0.
    line: u64,
    /// Bytes read so far.
    read: u64,
}

impl Places {
    fn new() -> Self {
        Self {
            offsets: vec![0],
            stride: 1,
            line: 0,
            read: 0,
        }
    }

    /// Notes the line feeds of what was read.
    fn note(&mut self, bytes: &[u8]) {
        let mut offset = self.read;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            offset += line.len() as u64;
            if line.ends_with(b"\n") {
                self.line += 1;
                self.begin_line(offset);
            }
        }
        self.read = offset;
    }

    fn begin_line(&mut self, offset: u64) {
        if !self.line.is_multiple_of(self.stride) {
            return;
        }
        if self.offsets.len() == MOST_PLACES {
            let mut at = 0;
            self.offsets.retain(|_| {
                at += 1;
                at % 2 == 1
            });
            self.stride *= 2;
            if !self.line.is_multiple_of(self.stride) {
                return;
            }
        }
        self.offsets.push(offset);
    }

    /// The offset of the last remembered line up to this one, and how many lines are between.
    fn before(&self, line: u64) -> (u64, u64) {
        let index = usize::try_from(line / self.stride).unwrap_or(usize::MAX);
        let index = index.min(self.offsets.len() - 1);
        (self.offsets[index], line - index as u64 * self.stride)
    }
}

/// A part of the input, as it is written there.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Excerpt {
    pub(super) text: String,
    /// Whether the line continues.
    pub(super) is_cut: bool,
}

/// The lines of an input.
#[derive(Debug)]
pub(super) struct Lines<S> {
    source: S,
    places: Rc<RefCell<Places>>,
}

impl<S: Source> Lines<S> {
    pub(super) fn new(source: S) -> Self {
        let places = Rc::new(RefCell::new(Places::new()));
        Self { source, places }
    }

    /// Reads the input from its beginning.
    pub(super) fn reader(&self) -> Reader<S> {
        Reader {
            source: self.source.clone(),
            places: Rc::clone(&self.places),
        }
    }

    /// Bytes read so far.
    pub(super) fn read(&self) -> u64 {
        self.places.borrow().read
    }

    /// The line with this number, from 1, and those after it that an event of so many bytes reaches.
    pub(super) fn excerpt(&self, line: u64, bytes: u64) -> io::Result<Excerpt> {
        let (offset, between) = self.places.borrow().before(line.saturating_sub(1));
        let offset = self.skip(offset, between)?;
        let mut buffer = vec![0; SHOWN_BYTES + 1];
        let mut filled = 0;
        loop {
            let read = self
                .source
                .read_at(offset + filled as u64, &mut buffer[filled..])?;
            filled += read;
            if read == 0 || filled == buffer.len() {
                break;
            }
        }
        Ok(shown(&buffer[..filled], bytes))
    }

    /// The offset after so many line feeds.
    fn skip(&self, mut offset: u64, mut lines: u64) -> io::Result<u64> {
        let mut buffer = vec![0; SEARCH_BYTES];
        while lines > 0 {
            let read = self.source.read_at(offset, &mut buffer)?;
            if read == 0 {
                break;
            }
            for line in buffer[..read].split_inclusive(|byte| *byte == b'\n') {
                offset += line.len() as u64;
                lines -= u64::from(line.ends_with(b"\n"));
                if lines == 0 {
                    break;
                }
            }
        }
        Ok(offset)
    }
}

/// What is shown of bytes that begin with a line.
fn shown(bytes: &[u8], event_bytes: u64) -> Excerpt {
    let event_bytes = usize::try_from(event_bytes).unwrap_or(usize::MAX);
    let mut end = 0;
    for line in bytes
        .split_inclusive(|byte| *byte == b'\n')
        .take(SHOWN_LINES)
    {
        end += line.len();
        if end >= event_bytes {
            break;
        }
    }
    let text = &bytes[..end.min(SHOWN_BYTES)];
    let is_cut = end > SHOWN_BYTES;
    if text.contains(&0) || text.starts_with(&[0x1f, 0x8b]) {
        // No text.
        return Excerpt::default();
    }
    let text = String::from_utf8_lossy(text);
    let text = text.trim_end_matches(['\n', '\r']).to_owned();
    Excerpt { text, is_cut }
}

/// Reads the input from its beginning.
pub(super) struct Reader<S> {
    source: S,
    places: Rc<RefCell<Places>>,
}

impl<S: Source> Read for Reader<S> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let mut places = self.places.borrow_mut();
        let read = self.source.read_at(places.read, target)?;
        places.note(&target[..read]);
        Ok(read)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn read(input: &[u8]) -> Lines<&[u8]> {
        let lines = Lines::new(input);
        io::copy(&mut lines.reader(), &mut io::sink()).unwrap();
        assert_eq!(lines.read(), input.len() as u64);
        lines
    }

    #[test]
    fn each_line_is_found_again_however_many_there_are() {
        let count = MOST_PLACES as u64 * 5 + 3;
        let lines: Vec<_> = (1..=count).map(|line| format!("line {line}\r\n")).collect();
        let input = lines.concat();
        let lines = read(input.as_bytes());
        assert!(lines.places.borrow().offsets.len() <= MOST_PLACES);
        for line in (1..=count).step_by(997).chain([count]) {
            assert_eq!(lines.excerpt(line, 1).unwrap().text, format!("line {line}"));
        }
    }

    #[test]
    fn an_event_of_several_lines_is_shown_whole_and_a_long_one_is_cut() {
        let lines = read(b"a\n{\n \"b\": 1\n}\nc\n");
        assert_eq!(lines.excerpt(2, 12).unwrap().text, "{\n \"b\": 1\n}");
        assert_eq!(lines.excerpt(5, 1).unwrap().text, "c");

        let long = "x".repeat(SHOWN_BYTES);
        let longer = format!("{long}y");
        for (input, is_cut) in [(&long, false), (&longer, true)] {
            let excerpt = read(input.as_bytes()).excerpt(1, 5_000).unwrap();
            assert_eq!((excerpt.text.as_str(), excerpt.is_cut), (&*long, is_cut));
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_not_shown() {
        for input in [b"\x1f\x8b\x08".as_slice(), b"a\0b\0"] {
            assert_eq!(read(input).excerpt(1, 1).unwrap(), Excerpt::default());
        }
    }
}
