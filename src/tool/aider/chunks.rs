//! A log that only grows, cut into pieces of some length between lines.

use std::borrow::Cow;

use crate::tool::{Frame, Pieces};

/// How long a piece is at least, in bytes.
const CHUNK: usize = 16 << 10;

/// A log. What is less than a piece at its end is the trail.
pub(super) struct Chunks {
    bytes: Vec<u8>,
    at: usize,
}

impl Chunks {
    pub(super) fn of(bytes: Vec<u8>) -> Chunks {
        Chunks { bytes, at: 0 }
    }
}

impl Pieces for Chunks {
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        let start = self.at;
        let least = self.bytes.get(start + CHUNK..).unwrap_or_default();
        let Some(end) = memchr::memchr(b'\n', least) else { return Ok(None) };
        self.at = start + CHUNK + end + 1;
        Ok(self.bytes.get(start..self.at).map(Cow::Borrowed))
    }

    fn frame(&mut self) -> std::io::Result<Frame> {
        Ok(Frame { trail: self.bytes.get(self.at..).unwrap_or_default().to_vec(), ..Frame::default() })
    }
}
