//! The words between two `sfs` that speak through ssh; docs/remote.md has them
//! byte by byte.
//!
//! The far side says [`GREETING`] and then answers one request after another:
//! a length, a letter, and what goes with it. Nothing that is read is believed
//! to be longer than its limit.

use std::io::{self, ErrorKind, Read, Write};
use std::ops::Range;

use super::{Folder, Key};

/// What the far side says first. What its shell said before is passed over.
pub(super) const GREETING: &[u8] = b"sfs-remote 1\n";
/// The longest request, in bytes, what it sends after it not counted.
const REQUEST_MAX: u32 = 4096;
/// The most bytes of a file in one answer.
pub(super) const PIECE_MAX: u64 = 16 << 20;
/// The longest listing, in bytes.
pub(super) const LISTING_MAX: u64 = 1 << 30;
/// The longest index that is published, in bytes.
pub(super) const INDEX_MAX: u64 = 1 << 30;
/// The most words of an error, in bytes.
const WORDS_MAX: u64 = 64 << 10;

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A range of a file.
    Get(Key, Range<u64>),
    /// May a file of so many bytes be made? If so they follow.
    Create(Key, u64),
    /// The files of a folder.
    List(Folder),
    /// A file shall go.
    Remove(Key),
    /// So many bytes follow: the index of a published remote.
    Publish(u64),
}

/// What comes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// It is done; what was asked for follows.
    Done = 0,
    /// There is such a file already.
    Exists = 1,
    /// There is no such file.
    Missing = 2,
    /// There is no remote.
    NotThere = 3,
    /// It is a store.
    IsStore = 4,
    /// It failed; words follow.
    Failed = 5,
}

impl Request {
    /// Sends it.
    pub(super) fn write(&self, to: &mut dyn Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        let mut put = |letter: u8, numbers: &[u64], name: String| {
            bytes.push(letter);
            numbers.iter().for_each(|n| bytes.extend_from_slice(&n.to_le_bytes()));
            bytes.extend_from_slice(name.as_bytes());
        };
        match self {
            Request::Get(key, range) => put(b'g', &[range.start, range.end], key.to_string()),
            Request::Create(key, len) => put(b'c', &[*len], key.to_string()),
            Request::List(folder) => put(b'l', &[], folder.to_string()),
            Request::Remove(key) => put(b'r', &[], key.to_string()),
            Request::Publish(len) => put(b'p', &[*len], String::new()),
        }
        to.write_all(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_le_bytes())?;
        to.write_all(&bytes)
    }

    /// Receives one; `None` at the end.
    pub(super) fn read(from: &mut dyn Read) -> io::Result<Option<Request>> {
        let Some(len) = read_len(from)? else { return Ok(None) };
        if len > REQUEST_MAX {
            return Err(bad("a request is longer than any can be"));
        }
        let mut bytes = vec![0; len as usize];
        from.read_exact(&mut bytes)?;
        Request::parse(&bytes).map(Some).ok_or_else(|| bad("a request can't be understood"))
    }

    fn parse(bytes: &[u8]) -> Option<Request> {
        let (letter, mut rest) = bytes.split_first()?;
        let mut number = || -> Option<u64> {
            let (number, after) = rest.split_first_chunk::<8>()?;
            rest = after;
            Some(u64::from_le_bytes(*number))
        };
        let request = match letter {
            b'g' => {
                let range = number()?..number()?;
                Request::Get(key(rest)?, range)
            }
            b'c' => {
                let len = number()?;
                Request::Create(key(rest)?, len)
            }
            b'l' => Request::List(Folder::parse(std::str::from_utf8(rest).ok()?)?),
            b'r' => Request::Remove(key(rest)?),
            b'p' => {
                let len = number()?;
                rest.is_empty().then_some(Request::Publish(len))?
            }
            _ => return None,
        };
        Some(request)
    }
}

fn key(bytes: &[u8]) -> Option<Key> {
    Key::parse(std::str::from_utf8(bytes).ok()?)
}

/// A length; `None` if nothing comes any more.
fn read_len(from: &mut dyn Read) -> io::Result<Option<u32>> {
    let mut bytes = [0; 4];
    let mut have = 0;
    while let Some(rest) = bytes.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match from.read(rest) {
            Ok(0) if have == 0 => return Ok(None),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(n) => have += n,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(Some(u32::from_le_bytes(bytes)))
}

/// Sends an answer.
pub(super) fn answer(to: &mut dyn Write, status: Status, bytes: &[u8]) -> io::Result<()> {
    to.write_all(&[status as u8])?;
    to.write_all(&(bytes.len() as u64).to_le_bytes())?;
    to.write_all(bytes)?;
    to.flush()
}

/// Receives an answer of at most so many bytes.
pub(super) fn read_answer(from: &mut dyn Read, limit: u64) -> io::Result<(Status, Vec<u8>)> {
    let (mut status, mut len) = ([0; 1], [0; 8]);
    from.read_exact(&mut status)?;
    from.read_exact(&mut len)?;
    let status = match status {
        [0] => Status::Done,
        [1] => Status::Exists,
        [2] => Status::Missing,
        [3] => Status::NotThere,
        [4] => Status::IsStore,
        [5] => Status::Failed,
        _ => return Err(bad("an answer can't be understood")),
    };
    let len = u64::from_le_bytes(len);
    if len > if status == Status::Done { limit } else { WORDS_MAX } {
        return Err(bad("an answer is longer than what was asked for"));
    }
    let mut bytes = Vec::new();
    from.take(len).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == len {
        true => Ok((status, bytes)),
        false => Err(ErrorKind::UnexpectedEof.into()),
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Id;

    #[test]
    fn requests_are_read_as_they_were_written() {
        let id = Id::from_bytes([7; 16]);
        let requests = [
            Request::Get(Key::Pack(id), 3..u64::MAX),
            Request::Create(Key::Table(id, 9), 5),
            Request::List(Folder::Writer(id)),
            Request::Remove(Key::Index(id)),
            Request::Publish(1),
        ];
        let mut bytes = Vec::new();
        requests.iter().for_each(|request| request.write(&mut bytes).unwrap());
        let mut from = bytes.as_slice();
        for request in requests {
            assert_eq!(Request::read(&mut from).unwrap(), Some(request));
        }
        assert_eq!(Request::read(&mut from).unwrap(), None);
        for cut in 1..bytes.len() {
            let mut from = bytes.get(..cut).unwrap();
            while let Ok(Some(_)) = Request::read(&mut from) {}
        }
        // As documented, byte by byte.
        let mut list = Vec::new();
        Request::List(Folder::Packs).write(&mut list).unwrap();
        assert_eq!(list, b"\x07\0\0\0lpacks/");
    }

    #[test]
    fn what_is_too_long_or_odd_is_refused() {
        for bytes in [&b"\xff\xff\xff\xff"[..], b"\x05\0\0\0g\0\0\0\0", b"\x01\0\0\0x", b"\x05\0\0\0r../x"] {
            let mut from = bytes;
            assert!(Request::read(&mut from).is_err(), "{bytes:?}");
        }
        let mut bytes = Vec::new();
        answer(&mut bytes, Status::Done, b"12345").unwrap();
        assert_eq!(bytes, b"\0\x05\0\0\0\0\0\0\x0012345");
        assert_eq!(read_answer(&mut bytes.as_slice(), 5).unwrap(), (Status::Done, b"12345".to_vec()));
        assert!(read_answer(&mut bytes.as_slice(), 4).is_err());
        assert!(read_answer(&mut bytes.get(..12).unwrap(), 5).is_err());
        bytes[0] = 9;
        assert!(read_answer(&mut bytes.as_slice(), 5).is_err());
    }
}
