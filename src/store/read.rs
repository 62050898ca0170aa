//! Reading objects, each checked against its name.

use std::sync::Arc;

use super::error::{Result, StoreError};
use super::pack::Stored;
use super::{Pack, Store};
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, Kind, Prefix};
use crate::object::{Body, Commit, Context, Tree};

/// The most chunks that a blob is believed to have.
const CHUNKS_MAX: usize = 1 << 20;

impl Store {
    pub(super) fn pack_with_commit(&self, id: &Id) -> Result<Option<(&Pack, u32)>> {
        for pack in self.packs.iter().rev() {
            if let Some(n) = pack.find_commit(id)? {
                return Ok(Some((pack, n)));
            }
        }
        Ok(None)
    }

    fn pack_with_content(&self, id: &Id) -> Result<Option<(&Pack, u32)>> {
        for pack in self.packs.iter().rev() {
            if let Some(n) = pack.find_content(id)? {
                return Ok(Some((pack, n)));
            }
        }
        Ok(None)
    }

    /// Tells whether a commit is here.
    pub fn has_commit(&self, id: &Id) -> Result<bool> {
        Ok(self.journal.contains(id) || self.pack_with_commit(id)?.is_some())
    }

    /// Tells whether a blob, context, tree, config or tag is here.
    pub fn has_content(&self, id: &Id) -> Result<bool> {
        Ok(self.journal.contains(id) || self.pack_with_content(id)?.is_some())
    }

    /// Reads a commit.
    pub fn commit(&self, id: &Id) -> Result<Arc<Commit>> {
        if let Some((_, bytes)) = self.journal.get(id)? {
            check(Kind::Commit, id, &bytes)?;
            return Ok(Arc::new(decode(id, &bytes)?));
        }
        let (pack, n) = self.pack_with_commit(id)?.ok_or(StoreError::Missing { id: *id })?;
        let commit = pack.commit(n, &self.cache)?;
        check(Kind::Commit, id, &codec::encode(&*commit)?)?;
        Ok(commit)
    }

    /// Reads the body of a commit.
    pub fn body(&self, id: &Id, commit: &Commit) -> Result<Body> {
        if let Some((_, bytes)) = self.journal.get(&commit.body)? {
            check(Kind::Body, &commit.body, &bytes)?;
            return decode(&commit.body, &bytes);
        }
        let (pack, n) = self.pack_with_commit(id)?.ok_or(StoreError::Missing { id: commit.body })?;
        let body = pack.body(n, &self.cache)?;
        check(Kind::Body, &commit.body, &codec::encode(&body)?)?;
        Ok(body)
    }

    /// Reads an object other than a commit or a body: its kind and bytes.
    pub fn content(&self, id: &Id) -> Result<(Kind, Vec<u8>)> {
        let (kind, bytes) = self.content_unchecked(id)?;
        check(kind, id, &bytes)?;
        Ok((kind, bytes))
    }

    fn content_unchecked(&self, id: &Id) -> Result<(Kind, Vec<u8>)> {
        if let Some((kind, bytes)) = self.journal.get(id)? {
            let kind = Kind::from_number(kind).ok_or(StoreError::WrongId { id: *id })?;
            return Ok((kind, bytes));
        }
        let (pack, n) = self.pack_with_content(id)?.ok_or(StoreError::Missing { id: *id })?;
        match pack.content(n, &self.cache)? {
            Stored::Whole(kind, bytes) => Ok((kind, bytes)),
            Stored::Chunks(chunks) if chunks.len() > CHUNKS_MAX => Err(StoreError::WrongId { id: *id }),
            Stored::Chunks(chunks) => {
                let mut bytes = Vec::new();
                for chunk in chunks {
                    if chunk == *id {
                        return Err(StoreError::WrongId { id: *id });
                    }
                    let (pack, n) =
                        self.pack_with_content(&chunk)?.ok_or(StoreError::Missing { id: chunk })?;
                    match pack.content(n, &self.cache)? {
                        Stored::Whole(Kind::Blob, part) => bytes.extend_from_slice(&part),
                        _ => return Err(StoreError::WrongId { id: chunk }),
                    }
                }
                Ok((Kind::Blob, bytes))
            }
        }
    }

    fn content_of(&self, kind: Kind, id: &Id) -> Result<Vec<u8>> {
        match self.content(id)? {
            (found, bytes) if found == kind => Ok(bytes),
            _ => Err(StoreError::WrongId { id: *id }),
        }
    }

    /// Reads a blob.
    pub fn blob(&self, id: &Id) -> Result<Vec<u8>> {
        self.content_of(Kind::Blob, id)
    }

    /// Reads the values that records leave out.
    pub fn context(&self, id: &Id) -> Result<Context> {
        decode(id, &self.content_of(Kind::Context, id)?)
    }

    /// Reads a tree; one whose paths would leave its root is refused.
    pub fn tree(&self, id: &Id) -> Result<Tree> {
        let tree: Tree = decode(id, &self.content_of(Kind::Tree, id)?)?;
        if tree.is_safe() { Ok(tree) } else { Err(StoreError::WrongId { id: *id }) }
    }

    /// Reads a tag.
    pub fn tag(&self, id: &Id) -> Result<crate::object::Tag> {
        decode(id, &self.content_of(Kind::Tag, id)?)
    }

    /// The commits whose ids begin with `prefix`, each once.
    pub fn commits_with(&self, prefix: &Prefix) -> Result<Vec<Id>> {
        let in_journal = self.journal.objects().iter().filter(|(kind, _)| *kind == Kind::Commit as u8);
        let mut found: Vec<Id> = in_journal.map(|(_, id)| *id).filter(|id| prefix.matches(id)).collect();
        for pack in &self.packs {
            found.extend(pack.commits_with(prefix)?);
        }
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }
}

/// Checks bytes against the name they were asked for by.
fn check(kind: Kind, id: &Id, bytes: &[u8]) -> Result<()> {
    if Id::of(kind, bytes) == *id { Ok(()) } else { Err(StoreError::WrongId { id: *id }) }
}

fn decode<T: Encode + Decode<()>>(id: &Id, bytes: &[u8]) -> Result<T> {
    codec::decode(bytes).map_err(|source| StoreError::Codec { id: *id, source })
}
