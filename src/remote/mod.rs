//! The elsewhere: a place that holds immutable files under few kinds of names.
//!
//! ```text
//! packs/<name>.pack      objects, named by all their bytes
//! packs/<name>.idx       what is in the pack
//! refs/<writer>/<n>      the refs of one writer; the highest n counts
//! members/<n>            who may read it, if it is encrypted
//! index                  the list of all of them, if it is published
//! ```
//!
//! But for the index, no file is ever changed, and no two writers write the
//! same one, so a remote needs no server, no lock and no order among those who
//! push: a folder that something else copies about will do. Whatever has
//! another name is not ours and is passed over, such as the conflict copies
//! that such folders make. A bundle is all of it in one file.

mod address;
mod azure;
mod bundle;
mod dav;
mod dir;
mod encrypted;
mod error;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod fuzzing;
mod google;
mod key;
mod listing;
mod objects;
mod published;
mod s3;
mod serve;
mod sftp;
mod sign;
mod ssh;
mod through;
mod urls;
mod web;
mod wire;
mod xml;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::ops::Range;
use std::path::Path;

pub use address::{Address, S3Address, SshAddress};
pub use azure::AzureAddress;
pub use bundle::BundleRemote;
pub use dav::{DavAddress, DavRemote};
pub use dir::DirRemote;
pub use encrypted::{EncryptedRemote, Identities, Recipient, Ring, new_identity};
pub use error::RemoteError;
pub use google::GoogleAddress;
pub use key::{Folder, Key};
pub use listing::index_text;
pub use objects::ObjectRemote;
pub use published::PublishedRemote;
pub use serve::serve;
pub use ssh::SshRemote;
pub use through::Through;

/// What a new file shall hold.
#[derive(Clone, Copy, Debug)]
pub enum Content<'c> {
    /// These bytes.
    Bytes(&'c [u8]),
    /// The bytes of this file.
    File(&'c Path),
}

impl Content<'_> {
    /// Opens it: how many bytes it has, and they.
    fn open(&self) -> Result<(u64, Box<dyn Read + '_>), RemoteError> {
        match self {
            Content::Bytes(bytes) => Ok((bytes.len() as u64, Box::new(*bytes))),
            Content::File(path) => {
                let file = File::open(path).map_err(RemoteError::io("read", path))?;
                let len = file.metadata().map_err(RemoteError::io("read", path))?.len();
                Ok((len, Box::new(file.take(len))))
            }
        }
    }
}

/// Hears how many more bytes were sent.
pub type Sent<'s> = dyn Fn(u64) + Sync + 's;

/// Passes bytes on and tells how many.
struct Counted<'c, R> {
    inner: R,
    sent: &'c Sent<'c>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buffer)?;
        (self.sent)(n as u64);
        Ok(n)
    }
}

/// Copies exactly so many bytes; fails if there are fewer.
fn copy_exact(from: &mut dyn Read, to: &mut dyn Write, len: u64) -> std::io::Result<()> {
    match std::io::copy(&mut from.take(len), to)? {
        n if n == len => Ok(()),
        _ => Err(std::io::ErrorKind::UnexpectedEof.into()),
    }
}

/// A place that keeps files. Four verbs are all that it must offer.
pub trait Remote: Send + Sync {
    /// Where a file is, in words for the user.
    fn place(&self, key: Key) -> String;

    /// Reads a range of a file; fails if the file ends before.
    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError>;

    /// Makes a file, whole or not at all; false if there is one of that name,
    /// which stays as it is.
    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError>;

    /// The files of a folder and their lengths, in no order.
    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError>;

    /// Removes a file. For collecting garbage alone.
    fn remove(&self, key: Key) -> Result<(), RemoteError>;

    /// Writes the list of all files that readers over HTTP go by, in place of
    /// an older one. It is the one file that changes.
    fn publish(&self, index: &str) -> Result<(), RemoteError>;

    /// How many requests it is asked at once.
    fn at_once(&self) -> usize {
        8
    }
}

/// What of the world transports may know.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// The environment's variables.
    pub vars: &'a BTreeMap<String, String>,
    /// The user's home.
    pub home: &'a Path,
}

/// Opens the remote at an address. There need not be anything yet.
pub fn open(address: &Address, around: Around<'_>) -> Result<Box<dyn Remote>, RemoteError> {
    Ok(match address {
        Address::Dir(path) if path.is_file() => Box::new(BundleRemote::open(path.clone())?),
        Address::Dir(path) => Box::new(DirRemote::open(path.clone())?),
        Address::Ssh(ssh) => Box::new(SshRemote::new(ssh.clone(), around)),
        Address::S3(s3) => Box::new(s3::open(s3, around)?),
        Address::Azure(azure) => Box::new(azure::open(azure, around)?),
        Address::Google(google) => Box::new(google::open(google, around)?),
        Address::Dav(dav) => Box::new(DavRemote::new(dav.clone(), around)?),
        Address::Web(url) => Box::new(PublishedRemote::new(url)),
    })
}
