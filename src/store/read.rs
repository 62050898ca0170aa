//! Reading objects, each checked against its name.

use std::sync::Arc;

use super::error::{Result, StoreError};
use super::pack::Stored;
use super::{Pack, Store};
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, Kind, Prefix};
use crate::object::{Body, Commit, Config, Context, Snapshot, Tree};

/// The longest blob that is stored or read, in bytes.
pub(super) const BLOB_MAX: u64 = 1 << 32;

impl Store {
    /// Reads an object from any pack that has it whole: the packs are tried
    /// from the last one on, and the error of the first is told.
    fn search_packs<T>(&self, id: &Id, mut read: impl FnMut(&Pack) -> Result<Option<T>>) -> Result<T> {
        let mut failed = None;
        for pack in self.packs.iter().rev() {
            match read(pack) {
                Ok(Some(found)) => return Ok(found),
                Ok(None) => {}
                Err(e) => failed = failed.or(Some(e)),
            }
        }
        Err(failed.unwrap_or(StoreError::Missing { id: *id }))
    }

    fn in_packs(&self, mut has: impl FnMut(&Pack) -> Result<bool>) -> Result<bool> {
        for pack in self.packs.iter().rev() {
            match has(pack) {
                Ok(true) => return Ok(true),
                // What a damaged pack has is stored again.
                Ok(false) | Err(StoreError::Damaged { .. }) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(false)
    }

    /// Tells whether a commit is here, with all that it leads to.
    pub fn has_commit(&self, id: &Id) -> Result<bool> {
        let id = &self.purged.instead_of(id);
        match self.journal.kind(id) {
            Some(kind) => Ok(kind == Kind::Commit as u8),
            None => self.in_packs(|pack| Ok(pack.find_commit(id)?.is_some())),
        }
    }

    /// Tells whether a blob, context, tree, config, tag or snapshot is here.
    pub fn has_content(&self, id: &Id) -> Result<bool> {
        let id = &self.purged.instead_of(id);
        match self.journal.kind(id) {
            Some(kind) => Ok(kind != Kind::Commit as u8 && kind != Kind::Body as u8),
            None => self.in_packs(|pack| Ok(pack.find_content(id)?.is_some())),
        }
    }

    /// Reads a commit.
    pub fn commit(&self, id: &Id) -> Result<Arc<Commit>> {
        let id = &self.purged.instead_of(id);
        if let Some((_, bytes)) = self.journal.get(id)? {
            check(Kind::Commit, id, &bytes)?;
            return Ok(Arc::new(decode(id, &bytes)?));
        }
        let found = self.search_packs(id, |pack| match pack.find_commit(id)? {
            Some(n) => check_commit(id, pack.commit(n, &self.cache)?).map(Some),
            None => Ok(None),
        });
        found.or_else(|e| self.promised.commit(id, &self.cache)?.ok_or(e))
    }

    /// Where a commit lies among all: who reads many commits and their texts
    /// in this order reads each block once.
    pub fn place_of(&self, id: &Id) -> Result<(usize, u32)> {
        let id = &self.purged.instead_of(id);
        for (place, pack) in self.packs.iter().enumerate().rev() {
            if let Some(n) = pack.find_commit(id)? {
                return Ok((place, n));
            }
        }
        Ok((self.packs.len(), 0))
    }

    /// Reads the body of a commit.
    pub fn body(&self, id: &Id, commit: &Commit) -> Result<Body> {
        self.body_called(id, commit.body)
    }

    /// Reads the body of a commit, by the name that the commit gives it.
    pub fn body_called(&self, id: &Id, body: Id) -> Result<Body> {
        let id = &self.purged.instead_of(id);
        if let Some((_, bytes)) = self.journal.get(&body)? {
            check(Kind::Body, &body, &bytes)?;
            return decode(&body, &bytes);
        }
        let found = self.search_packs(&body, |pack| match pack.find_commit(id)? {
            Some(n) => check_body(&body, pack.body(n, &self.cache)?).map(Some),
            None => Ok(None),
        });
        match found {
            Err(StoreError::Missing { .. }) if self.promised.has_commit(id)? => {
                Err(StoreError::Promised { id: *id })
            }
            found => found,
        }
    }

    /// Reads an object other than a commit or a body: its kind and bytes.
    pub fn content(&self, id: &Id) -> Result<(Kind, Vec<u8>)> {
        let id = &self.purged.instead_of(id);
        if let Some((kind, bytes)) = self.journal.get(id)? {
            let kind = Kind::from_number(kind).ok_or(StoreError::WrongId { id: *id })?;
            check(kind, id, &bytes)?;
            return Ok((kind, bytes));
        }
        let found = self.search_packs(id, |pack| {
            let Some(n) = pack.find_content(id)? else { return Ok(None) };
            self.content_in(pack, n, id).map(Some)
        });
        match found {
            Err(StoreError::Missing { .. }) if self.promised.names_content(id) => {
                Err(StoreError::Promised { id: *id })
            }
            found => found,
        }
    }

    /// Reads content `n` of a pack, which is to be `id`.
    pub(super) fn content_in(&self, pack: &Pack, n: u32, id: &Id) -> Result<(Kind, Vec<u8>)> {
        let (kind, bytes) = self.whole(id, pack.content(n, &self.cache)?)?;
        check(kind, id, &bytes).map(|()| (kind, bytes))
    }

    /// Joins the chunks of a blob. Chunks are whole blobs, so this goes no deeper.
    fn whole(&self, id: &Id, stored: Stored) -> Result<(Kind, Vec<u8>)> {
        let chunks = match stored {
            Stored::Whole(kind, bytes) => return Ok((kind, bytes)),
            Stored::Chunks(chunks) => chunks,
        };
        let mut bytes = Vec::new();
        for chunk in chunks {
            let part = self.search_packs(&chunk, |pack| {
                let Some(n) = pack.find_content(&chunk)? else { return Ok(None) };
                match pack.content(n, &self.cache)? {
                    Stored::Whole(Kind::Blob, part) => check(Kind::Blob, &chunk, &part).map(|()| Some(part)),
                    _ => Err(StoreError::WrongId { id: chunk }),
                }
            })?;
            let len = bytes.len() as u64 + part.len() as u64;
            if len > BLOB_MAX {
                return Err(StoreError::TooLong { id: *id, len });
            }
            bytes.extend_from_slice(&part);
        }
        Ok((Kind::Blob, bytes))
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

    /// Reads a snapshot.
    pub fn snapshot(&self, id: &Id) -> Result<Snapshot> {
        decode(id, &self.content_of(Kind::Snapshot, id)?)
    }

    /// Reads settings.
    pub fn config(&self, id: &Id) -> Result<Config> {
        decode(id, &self.content_of(Kind::Config, id)?)
    }

    /// Reads a tag.
    pub fn tag(&self, id: &Id) -> Result<crate::object::Tag> {
        decode(id, &self.content_of(Kind::Tag, id)?)
    }

    /// The ids of all objects that are here, bodies apart, each once, in the
    /// order in which they lie.
    pub fn ids(&self) -> Result<Vec<Id>> {
        let is_body = |kind: u8| kind == Kind::Body as u8;
        let in_journal = self.journal.objects().iter().filter(|(kind, _)| !is_body(*kind));
        let mut ids: Vec<Id> = in_journal.map(|(_, id)| *id).collect();
        for pack in &self.packs {
            ids.extend(pack.index.ids()?);
        }
        let mut seen = crate::object::id::IdSet::default();
        ids.retain(|id| seen.insert(*id));
        Ok(ids)
    }

    /// The commits whose ids begin with `prefix`, each once.
    pub fn commits_with(&self, prefix: &Prefix) -> Result<Vec<Id>> {
        let in_journal = self.journal.objects().iter().filter(|(kind, _)| *kind == Kind::Commit as u8);
        let mut found: Vec<Id> = in_journal.map(|(_, id)| *id).filter(|id| prefix.matches(id)).collect();
        for pack in &self.packs {
            found.extend(pack.commits_with(prefix)?);
        }
        found.extend(self.promised.commits_with(prefix)?);
        for gone in self.purged.all().filter(|gone| prefix.matches(&gone.id)) {
            if self.has_commit(&gone.id)? {
                found.push(gone.id);
            }
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

/// Checks a commit against its name.
pub(super) fn check_commit(id: &Id, commit: Arc<Commit>) -> Result<Arc<Commit>> {
    check(Kind::Commit, id, &codec::encode(&*commit)?).map(|()| commit)
}

/// Checks a body against its name.
pub(super) fn check_body(id: &Id, body: Body) -> Result<Body> {
    check(Kind::Body, id, &codec::encode(&body)?).map(|()| body)
}

pub(super) fn decode<T: Encode + Decode<()>>(id: &Id, bytes: &[u8]) -> Result<T> {
    codec::decode(bytes).map_err(|source| StoreError::Codec { id: *id, source })
}
