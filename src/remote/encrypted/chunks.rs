//! A file, sealed in chunks, so that a part of it can be read and checked.
//!
//! ```text
//! generation   u32, little endian: which of the secrets
//! nonce        19 bytes, random
//! chunk …      64 KiB of the file, and a tag of 16 bytes; the last is shorter
//! ```
//!
//! Each chunk is XChaCha20-Poly1305 under the secret, in the STREAM
//! construction: its nonce is the file's, the number of the chunk (u32, big
//! endian), and 1 for the last chunk, else 0. The name of the file is its
//! associated data. So nothing can be changed, cut off, moved or swapped
//! without notice.

use std::io::{self, Read, Write};
use std::ops::Range;

use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::aead::rand_core::RngCore;
use chacha20poly1305::aead::stream::{NewStream, StreamBE32, StreamPrimitive};
use chacha20poly1305::aead::{OsRng, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};

use super::ring::Ring;

/// Bytes before the first chunk.
pub(super) const HEAD: u64 = 23;
/// Bytes of a chunk before it is sealed.
pub(super) const CHUNK: u64 = 64 << 10;
/// What sealing adds to a chunk.
const TAG: u64 = 16;
const NONCE: usize = 19;

/// Secret bytes that nobody has had before.
pub(super) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    OsRng.fill_bytes(&mut bytes);
    bytes
}

/// How long a file is when it is sealed. Even an empty one has a chunk.
pub(super) fn sealed_len(plain: u64) -> u64 {
    HEAD + plain + plain.div_ceil(CHUNK).max(1) * TAG
}

/// The inverse; `None` for a length that no sealed file has: there are as many
/// chunks as have a number.
pub(super) fn plain_len(sealed: u64) -> Option<u64> {
    let body = sealed.checked_sub(HEAD).filter(|body| *body <= u64::from(u32::MAX) * (CHUNK + TAG))?;
    let plain = body.checked_sub(body.div_ceil(CHUNK + TAG) * TAG)?;
    (sealed_len(plain) == sealed).then_some(plain)
}

/// Where the chunks with a range of a file lie in a sealed file of `length`
/// bytes.
pub(super) fn span(range: &Range<u64>, length: u64) -> Range<u64> {
    let (first, after) = (range.start / CHUNK, range.end.div_ceil(CHUNK));
    HEAD + first * (CHUNK + TAG)..length.min(HEAD + after * (CHUNK + TAG))
}

/// Seals or opens one file.
pub(super) struct Sealer {
    stream: StreamBE32<XChaCha20Poly1305>,
    head: Vec<u8>,
    name: String,
}

impl Sealer {
    /// For a new file, with the newest secret.
    pub(super) fn new(ring: &Ring, name: &str) -> Sealer {
        let (generation, secret) = ring.newest_secret();
        let nonce = random::<NONCE>();
        let head = [&generation.to_le_bytes()[..], &nonce].concat();
        Sealer { stream: stream(&secret, &nonce), head, name: name.to_owned() }
    }

    /// For a file with these first bytes; `None` if its secret isn't known.
    pub(super) fn read(head: &[u8], ring: &Ring, name: &str) -> Option<Sealer> {
        let (generation, nonce) = head.split_first_chunk::<4>()?;
        let secret = ring.secret(u32::from_le_bytes(*generation))?;
        let stream = stream(&secret, nonce.first_chunk::<NONCE>()?);
        Some(Sealer { stream, head: head.to_vec(), name: name.to_owned() })
    }

    /// Seals `len` bytes.
    pub(super) fn seal(&self, from: &mut dyn Read, len: u64, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(&self.head)?;
        let chunks = len.div_ceil(CHUNK).max(1);
        let mut left = from.take(len);
        let mut chunk = Vec::new();
        for n in 0..chunks {
            chunk.clear();
            (&mut left).take(CHUNK).read_to_end(&mut chunk)?;
            if chunk.len() as u64 != CHUNK.min(len - n * CHUNK) {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let payload = Payload { msg: &chunk, aad: self.name.as_bytes() };
            let number = u32::try_from(n).map_err(io::Error::other)?;
            let sealed = self.stream.encrypt(number, n + 1 == chunks, payload);
            to.write_all(&sealed.map_err(|_| io::Error::other("it can't be sealed"))?)?;
        }
        to.flush()
    }

    /// Opens sealed chunks from number `first` on, the last one of the file
    /// with them or not; `None` if they aren't what was sealed.
    pub(super) fn open(&self, sealed: &[u8], first: u64, with_last: bool) -> Option<Vec<u8>> {
        let mut plain = Vec::with_capacity(sealed.len());
        let chunks = sealed.chunks(usize::try_from(CHUNK + TAG).ok()?);
        let count = chunks.len();
        for (n, chunk) in chunks.enumerate() {
            let payload = Payload { msg: chunk, aad: self.name.as_bytes() };
            let number = u32::try_from(first.checked_add(n as u64)?).ok()?;
            plain.extend(self.stream.decrypt(number, with_last && n + 1 == count, payload).ok()?);
        }
        Some(plain)
    }
}

fn stream(secret: &[u8; 32], nonce: &[u8; NONCE]) -> StreamBE32<XChaCha20Poly1305> {
    let cipher = XChaCha20Poly1305::new(GenericArray::from_slice(secret));
    StreamBE32::from_aead(cipher, GenericArray::from_slice(nonce))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_go_both_ways() {
        for plain in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 10 * CHUNK + 7] {
            assert_eq!(plain_len(sealed_len(plain)), Some(plain), "{plain}");
        }
        let longest = (u64::MAX - 2 * CHUNK..=u64::MAX).step_by(7).chain([u64::MAX]);
        for sealed in [0, HEAD, HEAD + TAG - 1, HEAD + CHUNK + 2 * TAG].into_iter().chain(longest) {
            assert_eq!(plain_len(sealed), None, "{sealed}");
        }
    }

    #[test]
    fn nothing_can_be_changed_cut_moved_or_swapped() {
        let ring = Ring::made();
        let plain: Vec<u8> = (0..150_000u32).map(|n| n as u8).collect();
        let sealer = Sealer::new(&ring, "packs/x");
        let mut sealed = Vec::new();
        sealer.seal(&mut plain.as_slice(), plain.len() as u64, &mut sealed).unwrap();
        assert_eq!(sealed.len() as u64, sealed_len(plain.len() as u64));
        let (head, body) = sealed.split_at(HEAD as usize);
        let again = Sealer::read(head, &ring, "packs/x").unwrap();
        assert_eq!(again.open(body, 0, true).unwrap(), plain);
        let size = (CHUNK + TAG) as usize;
        assert_eq!(again.open(&body[size..2 * size], 1, false).unwrap(), plain[65536..131072]);
        assert!(again.open(&body[..2 * size], 0, true).is_none(), "cut at a chunk");
        assert!(again.open(&body[size..2 * size], 0, false).is_none(), "moved");
        assert!(Sealer::read(head, &ring, "packs/y").unwrap().open(body, 0, true).is_none(), "swapped");
        let mut bad = body.to_vec();
        bad[70_000] ^= 1;
        assert!(again.open(&bad, 0, true).is_none(), "changed");
        assert!(Sealer::read(head, &Ring::made(), "packs/x").unwrap().open(body, 0, true).is_none());
    }
}
