//! The body of an answer, in an amount of memory that does not depend on the size of its pieces.

use crate::reading::{ReadError, ReadErrorKind};

/// The largest body read, in bytes.
pub(super) const LIMIT: usize = 1 << 20;
/// The size of a block. Most task documents fit into one.
const BLOCK: usize = 8 << 10;

/// The received part of a body.
///
/// It is stored in blocks. The allocator would never return a single buffer that grew to the limit, even after the
/// answer was rejected. Pieces stored as received would take 40 times their size if each is one byte.
#[derive(Debug, Default)]
pub(super) struct Body {
    /// All but the last are full.
    blocks: Vec<Vec<u8>>,
    length: usize,
}

impl Body {
    /// Adds a piece.
    ///
    /// # Errors
    /// [`ReadErrorKind::BodyTooLarge`] if the body is over 1 MiB with it.
    pub(super) fn push(&mut self, mut piece: &[u8]) -> Result<(), ReadError> {
        self.length += piece.len();
        if self.length > LIMIT {
            return Err(too_large());
        }
        while !piece.is_empty() {
            match self.blocks.last_mut().filter(|block| block.len() < BLOCK) {
                None => self.blocks.push(Vec::with_capacity(BLOCK)),
                Some(block) => {
                    let (now, later) = piece.split_at(piece.len().min(BLOCK - block.len()));
                    block.extend_from_slice(now);
                    piece = later;
                }
            }
        }
        Ok(())
    }

    /// The whole body.
    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        if self.blocks.len() > 1 {
            return self.blocks.concat();
        }
        self.blocks.pop().unwrap_or_default()
    }
}

/// The error of a body over the limit.
pub(super) fn too_large() -> ReadError {
    let message = format!("expected a body of at most {LIMIT} bytes, got more");
    ReadError::new(ReadErrorKind::BodyTooLarge, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allocated(body: &Body) -> usize {
        let entries = body.blocks.capacity() * size_of::<Vec<u8>>();
        entries + body.blocks.iter().map(Vec::capacity).sum::<usize>()
    }

    #[test]
    fn any_pieces_make_the_same_body_in_the_same_memory() {
        let whole: Vec<u8> = (0..251u8).cycle().take(LIMIT).collect();
        for size in [1, 7, BLOCK - 1, BLOCK, BLOCK + 1, LIMIT / 2, LIMIT] {
            let mut body = Body::default();
            for piece in whole.chunks(size) {
                body.push(piece).unwrap();
            }
            assert!(allocated(&body) <= LIMIT + 2 * BLOCK, "{size}");
            assert!(body.into_bytes() == whole, "{size}");
        }
    }

    #[test]
    fn a_small_body_takes_one_block() {
        let mut body = Body::default();
        assert_eq!(allocated(&body), 0);
        body.push(b"{\"a\"").unwrap();
        body.push(b"").unwrap();
        body.push(b":1}").unwrap();
        assert!(allocated(&body) <= 2 * BLOCK);
        assert_eq!(body.into_bytes(), b"{\"a\":1}");
        assert_eq!(Body::default().into_bytes(), b"");
    }

    #[test]
    fn a_body_may_have_the_limit_and_no_more() {
        let mut body = Body::default();
        body.push(&vec![b' '; LIMIT]).unwrap();
        let error = body.push(b" ").unwrap_err();
        assert_eq!(error.kind, ReadErrorKind::BodyTooLarge);
        assert!(Body::default().push(&vec![b' '; LIMIT + 1]).is_err());
    }
}
