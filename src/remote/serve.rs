//! The far side of `ssh://`: requests in, a directory's answers out.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::listing::lines;
use super::wire::{GREETING, INDEX_MAX, PIECE_MAX, Request, Status, answer};
use super::{DirRemote, Key, Remote, RemoteError, copy_exact};

/// Serves the remote in a directory until nothing more is asked for. What is
/// cut short is not made. Fails if the other side can't be understood.
pub fn serve(root: PathBuf, from: &mut dyn Read, to: &mut dyn Write) -> io::Result<()> {
    to.write_all(GREETING)?;
    to.flush()?;
    while let Some(request) = Request::read(from)? {
        let outcome = match DirRemote::open(root.clone()) {
            Ok(remote) => carry_out(&remote, request, from, to)?,
            // Asked for before anything follows it, so nothing has to be read.
            Err(e) => Err(e),
        };
        match outcome {
            Ok((status, bytes)) => answer(to, status, &bytes)?,
            Err(e) => refuse(to, &e)?,
        }
    }
    Ok(())
}

/// Does what is asked. The outer error is the connection's, the inner one the
/// directory's.
fn carry_out(
    remote: &DirRemote,
    request: Request,
    from: &mut dyn Read,
    to: &mut dyn Write,
) -> io::Result<Result<(Status, Vec<u8>), RemoteError>> {
    let done = |bytes: Vec<u8>| (Status::Done, bytes);
    Ok(match request {
        Request::Get(_, range) if range.end.saturating_sub(range.start) > PIECE_MAX => {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "too much is asked for at once"));
        }
        Request::Get(key, range) => remote.get(key, range).map(done),
        Request::List(folder) => remote.list(folder).map(|files| done(lines(&files).into_bytes())),
        Request::Remove(key) => remote.remove(key).map(|()| done(Vec::new())),
        Request::Create(key, _) if remote.has(key) => Ok((Status::Exists, Vec::new())),
        Request::Create(key, len) => {
            answer(to, Status::Done, b"")?;
            create(remote, key, len, from)?
        }
        Request::Publish(len) if len > INDEX_MAX => {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the index is too long"));
        }
        Request::Publish(len) => {
            answer(to, Status::Done, b"")?;
            let mut text = String::new();
            from.take(len).read_to_string(&mut text)?;
            if text.len() as u64 != len {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            remote.publish(&text).map(|()| done(Vec::new()))
        }
    })
}

/// Makes a file of the bytes that follow. If the disk refuses, what is left of
/// them is read all the same, so that the next request is found.
fn create(
    remote: &DirRemote,
    key: Key,
    len: u64,
    from: &mut dyn Read,
) -> io::Result<Result<(Status, Vec<u8>), RemoteError>> {
    let mut left = from.take(len);
    let created = remote.create_from(key, |file| copy_exact(&mut left, file, len));
    io::copy(&mut left, &mut io::sink())?;
    if left.limit() > 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(created.map(|new| (if new { Status::Done } else { Status::Exists }, Vec::new())))
}

fn refuse(to: &mut dyn Write, error: &RemoteError) -> io::Result<()> {
    let status = match error {
        RemoteError::Missing(_) => Status::Missing,
        RemoteError::NotThere(_) => Status::NotThere,
        RemoteError::IsStore(_) => Status::IsStore,
        _ => Status::Failed,
    };
    let mut words = error.to_string();
    if let Some(cause) = std::error::Error::source(error) {
        words += &format!(": {cause}");
    }
    answer(to, status, words.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::id::Id;

    #[test]
    fn a_file_whose_bytes_are_cut_short_is_not_made() {
        let dir = tempfile::tempdir().unwrap();
        let key = Key::Pack(Id::from_bytes([1; 16]));
        let mut bytes = Vec::new();
        Request::Create(key, 10).write(&mut bytes).unwrap();
        bytes.extend_from_slice(b"01234");
        let mut said = Vec::new();
        assert!(serve(dir.path().to_owned(), &mut bytes.as_slice(), &mut said).is_err());
        assert!(!dir.path().join(key.to_string()).exists());
        bytes.extend_from_slice(b"56789");
        Request::Get(key, 2..4).write(&mut bytes).unwrap();
        said.clear();
        serve(dir.path().to_owned(), &mut bytes.as_slice(), &mut said).unwrap();
        assert!(said.ends_with(b"\0\x02\0\0\0\0\0\0\x0023"), "{said:?}");
        assert_eq!(walkdir::WalkDir::new(dir.path()).into_iter().count(), 3);
    }
}
