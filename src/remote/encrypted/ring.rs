//! The ring: the secrets of a remote, and who may have them.
//!
//! It lies on the remote as `members/<n>`, an age file for all members; the
//! highest `n` counts. Inside is text:
//!
//! ```text
//! sfs-members 1
//! names <64 hexadecimal digits>
//! contents <generation> <64 hexadecimal digits>
//! …
//! member <recipient>
//! …
//! ```
//!
//! Who becomes a member gets all secrets, and can read what was there before.
//! When one is removed, a new secret is drawn for what comes after.

use std::fmt::Write as _;
use std::io::{Read, Write};

use age::{DecryptError, Decryptor, Encryptor};

use super::chunks::random;
use super::keys::{Identities, Recipient};
use crate::remote::{Content, Folder, Key, Remote, RemoteError};

const HEAD: &str = "sfs-members 1";
/// The longest ring that is read, in bytes.
const RING_MAX: u64 = 4 << 20;
/// How often a number is looked for that nobody else took.
const TRIES: u32 = 16;

/// The secrets of a remote and its members.
#[derive(Clone)]
pub struct Ring {
    names: [u8; 32],
    contents: Vec<(u32, [u8; 32])>,
    members: Vec<Recipient>,
}

impl Ring {
    /// New secrets for these members.
    pub fn new(members: Vec<Recipient>) -> Ring {
        Ring { names: random(), contents: vec![(1, random())], members }
    }

    /// The secret that names are hidden with.
    pub(super) fn names(&self) -> &[u8; 32] {
        &self.names
    }

    /// The secret for new files, and its number.
    pub(super) fn newest_secret(&self) -> (u32, [u8; 32]) {
        self.contents.last().copied().unwrap_or_default()
    }

    /// A secret, by its number.
    pub(super) fn secret(&self, generation: u32) -> Option<[u8; 32]> {
        self.contents.iter().find(|(number, _)| *number == generation).map(|(_, secret)| *secret)
    }

    /// Those who may read.
    pub fn members(&self) -> &[Recipient] {
        &self.members
    }

    /// Lets one more read; false if that one may already.
    pub fn add(&mut self, member: Recipient) -> bool {
        let new = !self.members.contains(&member);
        if new {
            self.members.push(member);
        }
        new
    }

    /// Lets one no longer read what comes; false if that one couldn't.
    pub fn remove(&mut self, member: &Recipient) -> bool {
        let before = self.members.len();
        self.members.retain(|other| other != member);
        if self.members.len() == before {
            return false;
        }
        self.contents.push((self.newest_secret().0.saturating_add(1), random()));
        true
    }

    /// The newest ring on a remote, and its number.
    pub fn newest(remote: &dyn Remote, identities: &Identities) -> Result<(u64, Ring), RemoteError> {
        let mut rings: Vec<(u64, u64)> = Vec::new();
        for (key, len) in remote.list(Folder::Members)? {
            if let Key::Members(number) = key {
                rings.push((number, len));
            }
        }
        rings.sort_unstable();
        let Some((number, len)) = rings.pop() else {
            return Err(RemoteError::NotEncrypted(remote.place(Key::Members(1))));
        };
        let ring = match Ring::read(remote, number, len, identities)? {
            Some(ring) => ring,
            None => return Err(why_locked(remote, number, &rings, identities)),
        };
        Ok((number, ring))
    }

    /// Reads a ring; `None` if it is for others.
    fn read(
        remote: &dyn Remote,
        number: u64,
        len: u64,
        identities: &Identities,
    ) -> Result<Option<Ring>, RemoteError> {
        let key = Key::Members(number);
        let bad = |what: String| RemoteError::Sealed { place: remote.place(key), what };
        if len > RING_MAX {
            return Err(bad(format!("it has {len} bytes, more than it can have")));
        }
        let sealed = remote.get(key, 0..len)?;
        match unseal(&sealed, identities) {
            Ok(text) => {
                Ring::parse(&text).map(Some).ok_or_else(|| bad("it holds no list of members".to_owned()))
            }
            Err(DecryptError::NoMatchingKeys) => Ok(None),
            Err(e) => Err(bad(e.to_string())),
        }
    }

    /// Writes the ring as the next version after `last`. Fails if somebody else
    /// did in the meantime.
    pub fn write(&self, remote: &dyn Remote, last: u64) -> Result<(), RemoteError> {
        let key = Key::Members(last.saturating_add(1));
        let what = |what: String| RemoteError::Sealed { place: remote.place(key), what };
        let sealed = self.seal().map_err(|e| what(format!("it can't be sealed: {e}")))?;
        match remote.create(key, Content::Bytes(&sealed), &|_| ())? {
            true => Ok(()),
            false => Err(what("somebody else changed the members just now; try again".to_owned())),
        }
    }

    fn seal(&self) -> Result<Vec<u8>, String> {
        let members = self.members.iter().map(Recipient::as_age);
        let encryptor = Encryptor::with_recipients(members).map_err(|e| e.to_string())?;
        let mut sealed = Vec::new();
        let write = || -> std::io::Result<()> {
            let mut to = encryptor.wrap_output(&mut sealed)?;
            to.write_all(self.text().as_bytes())?;
            to.finish().map(drop)
        };
        write().map_err(|e| e.to_string())?;
        Ok(sealed)
    }

    /// Tells whether one of the identities opens what is sealed for the members.
    pub fn is_for(&self, identities: &Identities) -> Result<bool, RemoteError> {
        let sealed = self.seal().map_err(|what| RemoteError::Key { what })?;
        Ok(unseal(&sealed, identities).is_ok())
    }

    fn text(&self) -> String {
        let mut text = format!("{HEAD}\nnames {}\n", hex(&self.names));
        for (generation, secret) in &self.contents {
            // Writing to a string doesn't fail.
            let _ = writeln!(text, "contents {generation} {}", hex(secret));
        }
        for member in &self.members {
            let _ = writeln!(text, "member {member}");
        }
        text
    }

    fn parse(text: &str) -> Option<Ring> {
        let mut lines = text.lines();
        (lines.next()? == HEAD).then_some(())?;
        let (mut names, mut contents, mut members) = (None, Vec::new(), Vec::new());
        for line in lines {
            match line.split_once(' ')? {
                ("names", secret) => names = Some(unhex(secret)?),
                ("contents", rest) => {
                    let (generation, secret) = rest.split_once(' ')?;
                    contents.push((generation.parse().ok()?, unhex(secret)?));
                }
                ("member", recipient) => members.push(Recipient::parse(recipient).ok()?),
                // Of a later version.
                _ => {}
            }
        }
        contents.sort_unstable();
        (!contents.is_empty()).then_some(())?;
        Some(Ring { names: names?, contents, members })
    }

    /// Reads the text of a ring, and its own text again.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn read_text(text: &str) {
        if let Some(ring) = Ring::parse(text) {
            assert!(Ring::parse(&ring.text()).is_some_and(|again| again.text() == ring.text()));
        }
    }

    /// One for tests.
    #[cfg(test)]
    pub(super) fn made() -> Ring {
        Ring::new(Vec::new())
    }
}

/// Why no identity opens the newest ring: it was made for others, or without
/// one that once could.
fn why_locked(
    remote: &dyn Remote,
    newest: u64,
    older: &[(u64, u64)],
    identities: &Identities,
) -> RemoteError {
    let opened =
        older.iter().rev().take(TRIES as usize).find(|(number, len)| {
            Ring::read(remote, *number, *len, identities).is_ok_and(|ring| ring.is_some())
        });
    let (place, file) = (remote.place(Key::Members(newest)), identities.place().to_owned());
    match opened {
        Some((number, _)) => RemoteError::Locked {
            place,
            what: format!(
                "the key in {file} was removed from the members: it opens version {number}, not this one"
            ),
        },
        None => RemoteError::Locked {
            place,
            what: format!("the key in {file} is none of those that it was made for"),
        },
    }
}

fn unseal(sealed: &[u8], identities: &Identities) -> Result<String, DecryptError> {
    let mut text = String::new();
    let reader = Decryptor::new_buffered(sealed)?.decrypt(identities.as_age())?;
    reader.take(RING_MAX).read_to_string(&mut text).map_err(DecryptError::Io)?;
    Ok(text)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    (text.len() == 64 && text.is_ascii()).then_some(())?;
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ring_is_read_as_it_was_written() {
        let member = Recipient::parse(&new_member()).unwrap();
        let mut ring = Ring::new(vec![member.clone()]);
        let other = Recipient::parse(&new_member()).unwrap();
        assert!(ring.add(other.clone()) && !ring.add(other.clone()));
        let first = ring.newest_secret();
        assert!(ring.remove(&other) && !ring.remove(&other));
        assert_ne!(ring.newest_secret().1, first.1);
        assert_eq!(ring.secret(first.0), Some(first.1));
        let again = Ring::parse(&ring.text()).unwrap();
        assert_eq!((again.text(), again.members()), (ring.text(), &[member][..]));
        for odd in ["", "sfs-members 2\n", "sfs-members 1\nnames 00\n", "sfs-members 1\n"] {
            assert!(Ring::parse(odd).is_none(), "{odd:?}");
        }
    }

    fn new_member() -> String {
        super::super::new_identity().1
    }
}
