//! Encryption: a layer over any remote, for places whose keepers shall read
//! nothing.
//!
//! Contents are sealed in chunks ([`chunks`]) and names are ciphered
//! ([`names`]) with secrets that stand in `members/<n>`, which is an age file
//! for those who may read ([`ring`]). What is left to see is how many files
//! there are, how long, when they came, and the numbers of tables.

mod chunks;
mod keys;
mod names;
mod ring;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

pub use keys::{Identities, Recipient, new_identity};
pub use ring::Ring;

use super::listing::parse_index;
use super::{Content, Folder, Key, Remote, RemoteError, Sent, index_text};
use chunks::{CHUNK, Sealer, plain_len, sealed_len, span};
use names::Names;

/// An encrypted remote, read and written as if it were none.
pub struct EncryptedRemote {
    inner: Box<dyn Remote>,
    ring: Ring,
    names: Names,
    /// How long files are, as they lie there.
    lengths: Mutex<HashMap<Key, u64>>,
}

impl EncryptedRemote {
    /// The remote below `inner`, whose secrets are known.
    pub fn new(inner: Box<dyn Remote>, ring: Ring) -> EncryptedRemote {
        let names = Names::new(ring.names());
        EncryptedRemote { inner, ring, names, lengths: Mutex::new(HashMap::new()) }
    }

    /// Opens the newest ring of a remote.
    pub fn open(inner: Box<dyn Remote>, identities: &Identities) -> Result<EncryptedRemote, RemoteError> {
        let (_, ring) = Ring::newest(&*inner, identities)?;
        Ok(EncryptedRemote::new(inner, ring))
    }

    /// The name under which a file lies there.
    fn outside(&self, key: Key) -> Key {
        match key {
            Key::Pack(name) => Key::Pack(self.names.hide(name)),
            Key::Index(name) => Key::Index(self.names.hide(name)),
            Key::Table(writer, number) => Key::Table(self.names.hide(writer), number),
            Key::Members(number) => Key::Members(number),
        }
    }

    /// The inverse.
    fn inside(&self, key: Key) -> Key {
        match key {
            Key::Pack(name) => Key::Pack(self.names.show(name)),
            Key::Index(name) => Key::Index(self.names.show(name)),
            Key::Table(writer, number) => Key::Table(self.names.show(writer), number),
            Key::Members(number) => Key::Members(number),
        }
    }

    /// How long a file is as it lies there.
    fn length(&self, key: Key) -> Result<u64, RemoteError> {
        let known = || self.lengths.lock().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        if let Some(len) = known() {
            return Ok(len);
        }
        self.list(match key {
            Key::Pack(_) | Key::Index(_) => Folder::Packs,
            Key::Table(writer, _) => Folder::Writer(writer),
            Key::Members(_) => Folder::Members,
        })?;
        known().ok_or_else(|| RemoteError::Missing(self.place(key)))
    }

    fn remember(&self, key: Key, len: u64) {
        self.lengths.lock().unwrap_or_else(PoisonError::into_inner).insert(key, len);
    }

    fn bad(&self, key: Key, what: &str) -> RemoteError {
        RemoteError::Sealed { place: self.place(key), what: what.to_owned() }
    }
}

impl Remote for EncryptedRemote {
    fn at_once(&self) -> usize {
        self.inner.at_once()
    }

    fn place(&self, key: Key) -> String {
        self.inner.place(self.outside(key))
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let outside = self.outside(key);
        if let Key::Members(_) = key {
            return self.inner.get(key, range);
        }
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let length = self.length(key)?;
        if plain_len(length).is_none_or(|len| len < range.end) {
            return Err(self.bad(key, "it is shorter than it was said to be"));
        }
        let head = self.inner.get(outside, 0..chunks::HEAD)?;
        let sealer = Sealer::read(&head, &self.ring, &key.to_string());
        let sealer =
            sealer.ok_or_else(|| self.bad(key, "it was sealed with a secret that isn't known here"))?;
        let stored = span(&range, length);
        let bytes = self.inner.get(outside, stored.clone())?;
        let first = range.start / CHUNK;
        let plain = sealer.open(&bytes, first, stored.end == length);
        let plain = plain.ok_or_else(|| self.bad(key, "it was changed after it was sealed"))?;
        let from = usize::try_from(range.start - first * CHUNK).unwrap_or(usize::MAX);
        let len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let part = plain.get(from..).and_then(|rest| rest.get(..len));
        part.map(<[u8]>::to_vec).ok_or_else(|| self.bad(key, "it ends before its length"))
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        if let Key::Members(_) = key {
            return self.inner.create(key, content, sent);
        }
        let sealer = Sealer::new(&self.ring, &key.to_string());
        let (len, mut plain) = content.open()?;
        let outside = self.outside(key);
        // What is told is bytes of the file, of which there are fewer.
        let (total, so_far) = (sealed_len(len), AtomicU64::new(0));
        let part = |sealed: u64| u128::from(sealed.min(total)) * u128::from(len) / u128::from(total);
        let sent = |n: u64| {
            let before = so_far.fetch_add(n, Ordering::Relaxed);
            sent(u64::try_from(part(before + n) - part(before)).unwrap_or(0));
        };
        let created = match content {
            Content::Bytes(_) => {
                let mut sealed = Vec::new();
                let done = sealer.seal(&mut plain, len, &mut sealed);
                done.map_err(|source| RemoteError::Lost { place: self.place(key), source })?;
                self.inner.create(outside, Content::Bytes(&sealed), &sent)?
            }
            Content::File(path) => {
                let folder = path.parent().unwrap_or(path);
                let io = || RemoteError::io("write a sealed copy of", path);
                let mut sealed = tempfile::NamedTempFile::new_in(folder).map_err(io())?;
                sealer.seal(&mut plain, len, &mut sealed).map_err(io())?;
                self.inner.create(outside, Content::File(sealed.path()), &sent)?
            }
        };
        if created {
            self.remember(key, sealed_len(len));
        }
        Ok(created)
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        let outside = match folder {
            Folder::Writer(writer) => Folder::Writer(self.names.hide(writer)),
            folder => folder,
        };
        let mut found = Vec::new();
        for (key, len) in self.inner.list(outside)? {
            let key = self.inside(key);
            let plain = if let Key::Members(_) = key { Some(len) } else { plain_len(len) };
            // A length that nothing sealed has is no file of ours.
            if let Some(plain) = plain {
                self.remember(key, len);
                found.push((key, plain));
            }
        }
        Ok(found)
    }

    fn remove(&self, key: Key) -> Result<(), RemoteError> {
        self.inner.remove(self.outside(key))
    }

    fn publish(&self, index: &str) -> Result<(), RemoteError> {
        let outside = |(key, len): (Key, u64)| {
            (self.outside(key), if let Key::Members(_) = key { len } else { sealed_len(len) })
        };
        let files = parse_index(index).unwrap_or_default().into_iter().map(outside);
        self.inner.publish(&index_text(files.collect()))
    }
}
