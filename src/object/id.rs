//! Names of objects.

use std::fmt;

use super::codec::{Decode, Encode};

/// What kind of object a name belongs to. The tag is the first byte hashed,
/// so that equal bytes of two kinds never share a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Bytes: a text taken out of a record, a file, an image.
    Blob = 1,
    /// The records of one commit and the message they make.
    Body = 2,
    /// One step of a conversation.
    Commit = 3,
    /// What was said, apart from the tool that said it.
    Message = 4,
    /// The values that nearly every record of a source repeats.
    Context = 5,
    /// A folder of files.
    Tree = 6,
    /// The settings that were in force.
    Config = 7,
    /// A named, annotated commit.
    Tag = 8,
    /// A line of work; the hash covers the tool and its own id of the session.
    Session = 9,
    /// A pack file, named by all its bytes.
    Pack = 10,
    /// The files of a project at one moment.
    Snapshot = 11,
}

impl Kind {
    /// The kind of that number.
    pub fn from_number(number: u8) -> Option<Kind> {
        use Kind::{Blob, Body, Commit, Config, Context, Message, Pack, Session, Snapshot, Tag, Tree};
        let all = [Blob, Body, Commit, Message, Context, Tree, Config, Tag, Session, Pack, Snapshot];
        all.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// The name of an object: the first 16 bytes of the BLAKE3-256 of its kind
/// tag and canonical bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub struct Id([u8; Id::LEN]);

impl Id {
    /// Length of a name in bytes.
    pub const LEN: usize = 16;
    /// The name that stands where a name was taken out.
    pub const ZERO: Id = Id([0; Self::LEN]);

    /// Names `bytes` as an object of `kind`.
    pub fn of(kind: Kind, bytes: &[u8]) -> Id {
        let mut hasher = IdHasher::new(kind);
        hasher.update(bytes);
        hasher.finish()
    }

    /// Takes a name from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Id {
        Id(bytes)
    }

    /// Takes a name from a slice; `None` when the length is wrong.
    pub fn from_slice(bytes: &[u8]) -> Option<Id> {
        bytes.try_into().ok().map(Id)
    }

    /// The bytes of the name.
    pub const fn bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The first eight bytes as a number, for tables.
    pub fn short(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.0;
        u64::from_be_bytes([a, b, c, d, e, f, g, h])
    }

    /// Reads a whole name written in hexadecimal.
    pub fn from_hex(text: &str) -> Option<Id> {
        let prefix = Prefix::parse(text)?;
        (prefix.digits == Self::LEN * 2).then_some(Id(prefix.low))
    }
}

// A name is a hash already: tables need no other.
impl std::hash::Hash for Id {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.short());
    }
}

/// Hashes ids by being them.
#[derive(Clone, Copy, Default)]
pub struct ByShort(u64);

impl std::hash::Hasher for ByShort {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// A table by id.
pub type IdMap<V> = std::collections::HashMap<Id, V, std::hash::BuildHasherDefault<ByShort>>;
/// A set of ids.
pub type IdSet = std::collections::HashSet<Id, std::hash::BuildHasherDefault<ByShort>>;

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = f.precision().unwrap_or(Self::LEN * 2);
        let mut hex = [b'0'; Self::LEN * 2];
        for (pair, byte) in hex.as_chunks_mut().0.iter_mut().zip(self.0) {
            *pair = hex_pair(byte);
        }
        let hex = hex.get(..digits).unwrap_or(&hex);
        f.pad_integral(true, "", std::str::from_utf8(hex).unwrap_or_default())
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:.12}")
    }
}

fn hex_pair(byte: u8) -> [u8; 2] {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'a' + n - 10 };
    [digit(byte >> 4), digit(byte & 15)]
}

/// The beginning of a name, as a user types it: the range of names it covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Prefix {
    low: [u8; Id::LEN],
    high: [u8; Id::LEN],
    digits: usize,
}

impl Prefix {
    /// Reads 1 to 32 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Prefix> {
        let (mut low, mut high) = ([0u8; Id::LEN], [0xffu8; Id::LEN]);
        if text.is_empty() || text.len() > Id::LEN * 2 {
            return None;
        }
        for (i, c) in text.chars().enumerate() {
            let digit = u8::try_from(c.to_digit(16)?).ok()?;
            let (lo, hi) = (low.get_mut(i / 2)?, high.get_mut(i / 2)?);
            if i % 2 == 0 {
                (*lo, *hi) = (digit << 4, digit << 4 | 15);
            } else {
                (*lo, *hi) = (*lo | digit, *hi & 0xf0 | digit);
            }
        }
        Some(Prefix { low, high, digits: text.len() })
    }

    /// The smallest name that begins so.
    pub fn low(&self) -> Id {
        Id(self.low)
    }

    /// Tells whether `id` begins so.
    pub fn matches(&self, id: &Id) -> bool {
        self.low <= id.0 && id.0 <= self.high
    }
}

/// Computes a name from bytes that come in pieces.
pub struct IdHasher(blake3::Hasher);

impl IdHasher {
    /// Begins the name of an object of `kind`.
    pub fn new(kind: Kind) -> IdHasher {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&[kind as u8]);
        IdHasher(hasher)
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) -> &mut IdHasher {
        self.0.update(bytes);
        self
    }

    /// Finishes the name.
    pub fn finish(&self) -> Id {
        let mut id = [0; Id::LEN];
        self.0.finalize_xof().fill(&mut id);
        Id(id)
    }
}

/// A [`checksum`] of bytes that come in pieces.
#[derive(Default)]
pub struct Checksum(blake3::Hasher);

impl Checksum {
    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The checksum of all that was added.
    pub fn finish(&self) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = *self.0.finalize().as_bytes();
        u64::from_le_bytes([a, b, c, d, e, f, g, h])
    }
}

/// The first sixteen bytes of the BLAKE3-256 of bytes that are no object: for
/// ids that look random and follow from what they are made of.
pub fn digest(bytes: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut digest);
    digest
}

/// A 64-bit checksum of bytes, for blocks and frames: the first eight bytes of
/// their BLAKE3-256. It finds damage; names find forgery.
pub fn checksum(bytes: &[u8]) -> u64 {
    let [a, b, c, d, e, f, g, h, ..] = *blake3::hash(bytes).as_bytes();
    u64::from_le_bytes([a, b, c, d, e, f, g, h])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_pinned() {
        assert_eq!(Id::of(Kind::Blob, b"").to_string(), "48fc721fbbc172e0925fa27af1671de2");
        assert_ne!(Id::of(Kind::Blob, b"x"), Id::of(Kind::Commit, b"x"));
    }

    #[test]
    fn prefixes_cover_their_names() {
        let id = Id::of(Kind::Blob, b"hello");
        let hex = id.to_string();
        for n in 1..=32 {
            assert!(Prefix::parse(&hex[..n]).unwrap().matches(&id), "{n}");
        }
        assert_eq!(Id::from_hex(&hex), Some(id));
        assert!(Prefix::parse("xyz").is_none() && Prefix::parse("").is_none());
        assert_eq!(format!("{id:.8}"), hex[..8]);
    }
}
