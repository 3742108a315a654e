//! Bytes that are hashed while they are read, on another thread: hashing takes as long as parsing.

use std::fmt::Write as _;
use std::io::{self, Read};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// Pieces that may wait to be hashed.
const MOST_WAITING: usize = 16;

/// Reads from `R` and hashes what is read.
pub(super) struct HashingReader<R> {
    inner: R,
    bytes: u64,
    pieces: Option<SyncSender<Vec<u8>>>,
    hash: JoinHandle<String>,
}

impl<R: Read> HashingReader<R> {
    /// Starts to hash.
    ///
    /// # Errors
    /// If the system refuses a thread.
    pub(super) fn new(inner: R) -> io::Result<Self> {
        let (pieces, received) = sync_channel::<Vec<u8>>(MOST_WAITING);
        let hash = std::thread::Builder::new().spawn(move || {
            let mut hash = Sha256::new();
            for piece in received {
                hash.update(&piece);
            }
            hash.finalize()
                .iter()
                .fold(String::new(), |mut text, byte| {
                    let _ = write!(text, "{byte:02x}");
                    text
                })
        })?;
        Ok(Self {
            inner,
            bytes: 0,
            pieces: Some(pieces),
            hash,
        })
    }

    /// How many bytes were read, and their SHA-256 in hexadecimal digits.
    pub(super) fn finish(mut self) -> (u64, String) {
        self.pieces = None;
        (self.bytes, self.hash.join().unwrap_or_default())
    }
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes += count as u64;
        if let Some(pieces) = &self.pieces {
            pieces
                .send(buffer[..count].to_vec())
                .map_err(|_| io::Error::other("the hashing thread ended"))?;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_all_bytes() {
        let mut input = HashingReader::new(&b"abc"[..]).unwrap();
        let mut text = String::new();
        input.read_to_string(&mut text).unwrap();
        let (bytes, hash) = input.finish();
        assert_eq!((text.as_str(), bytes), ("abc", 3));
        // FIPS 180-2, appendix B.1.
        assert_eq!(
            hash,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
