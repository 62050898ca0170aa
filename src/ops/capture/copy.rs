//! Beginnings that are copies: of another session (a fork that the tool made),
//! or of a revision that `sfs` wrote out to be resumed. Their messages are in
//! the store already; only the records are new.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::Read;

use super::CaptureError;
use super::feed::Feed;
use super::read::fingerprint;
use crate::object::id::{Id, IdMap, IdSet, checksum};
use crate::object::split::Splitter;
use crate::object::{Body, Commit, Record};
use crate::ops::said::Follow;
use crate::ops::source::{self, Rebuilder};
use crate::store::refs::{Resumed, Source};
use crate::store::{Store, StoreError};
use crate::tool::{Found, Framing, Key, Link, Reader, Step, Tool};

/// What a source may begin with copies of.
pub(super) struct Originals<'a> {
    /// First messages of sources that are read but not yet in the store.
    pending: &'a [u64],
    /// Sources that are still to be read, or not yet in the store.
    coming: &'a HashSet<Id>,
    own: Id,
    known: HashMap<u64, Id>,
    /// The sources that are copied from, and the names of their messages.
    sources: Vec<Source>,
    said: IdSet,
    /// The commits by the native ids of their messages, each with the
    /// message's name; once they were asked for.
    keys: Option<HashMap<Key, (Id, Id)>>,
    /// Where each skeleton of the originals stands.
    skeletons: IdMap<(Id, u32)>,
    session: Option<Id>,
    resumed: Option<Resumed>,
    later: bool,
}

impl<'a> Originals<'a> {
    /// For the source of that key.
    pub(super) fn new(own: Id, pending: &'a [u64], coming: &'a HashSet<Id>) -> Originals<'a> {
        Originals {
            pending,
            coming,
            own,
            known: HashMap::new(),
            sources: Vec::new(),
            said: IdSet::default(),
            keys: None,
            skeletons: IdMap::default(),
            session: None,
            resumed: None,
            later: false,
        }
    }

    /// The same, knowing nothing yet.
    pub(super) fn again(self) -> Originals<'a> {
        Originals::new(self.own, self.pending, self.coming)
    }

    /// Begins a source from its first byte; true if we wrote its beginning.
    pub(super) fn begin(
        &mut self,
        store: &Store,
        tool: &dyn Tool,
        resumed: Option<&Resumed>,
        found: &Found,
    ) -> Result<bool, CaptureError> {
        self.resumed = match resumed {
            Some(known) => {
                let len = match (begins_so(known, found), known.said) {
                    (Some(len), _) => len,
                    (None, Some(said)) if store.has_content(&said)? => {
                        follow(tool, found, &store.blob(&said)?)
                            .map_err(|e| CaptureError::read(&found.path, e))?
                    }
                    (None, _) => 0,
                };
                (len > 0).then(|| Resumed { len, ..known.clone() })
            }
            None => None,
        };
        Ok(self.resumed.is_some())
    }

    /// The revision that was resumed, if the source still begins as written.
    pub(super) fn resumed(&self) -> Option<Id> {
        self.resumed.as_ref().map(|resumed| resumed.from)
    }

    /// The session of what was copied.
    pub(super) fn session(&self) -> Option<Id> {
        self.session
    }

    /// Tells whether the source must be read again when more is in the store.
    pub(super) fn is_later(&self) -> bool {
        self.later
    }

    /// Looks for sources that begin with the same message; true if there are any.
    pub(super) fn look_up(&mut self, store: &Store, tool: &str, print: u64) -> Result<bool, CaptureError> {
        if let Some(from) = self.resumed() {
            if store.has_commit(&from)? && store.commit(&from)?.tool == tool {
                self.learn_skeletons(store, Some(from))?;
            }
            return Ok(true);
        }
        if self.pending.contains(&print) {
            self.later = true;
            return Ok(false);
        }
        let own = self.own;
        let same = |s: &&Source| {
            s.about.root == print && s.tool == tool && Source::key(&s.tool, &s.native, &s.part) != own
        };
        for original in source::all(store).filter(same) {
            if !is_whole(store, original)? {
                continue;
            }
            self.session = self.session.or(Some(original.session));
            self.learn(store, original)?;
            self.sources.push(original.clone());
        }
        Ok(!self.known.is_empty())
    }

    /// Learns the skeletons alone: of a revision that was written as its own
    /// bytes.
    fn learn_skeletons(&mut self, store: &Store, last: Option<Id>) -> Result<(), CaptureError> {
        for id in source::chain(store, last)? {
            let body = store.body(&id, &*store.commit(&id)?)?;
            self.note_skeletons(id, &body)?;
        }
        Ok(())
    }

    fn note_skeletons(&mut self, id: Id, body: &Body) -> Result<(), CaptureError> {
        for (place, record) in (0u32..).zip(&body.records).filter(|(_, record)| record.copy.is_none()) {
            self.skeletons.entry(record.skeleton()?).or_insert((id, place));
        }
        Ok(())
    }

    fn learn(&mut self, store: &Store, original: &Source) -> Result<(), CaptureError> {
        for id in source::chain(store, original.file)? {
            let commit = store.commit(&id)?;
            let body = store.body(&id, &commit)?;
            self.note_skeletons(id, &body)?;
            if let Some(message) = body.message {
                let name = message.id()?;
                self.known.entry(fingerprint(&name, commit.time)).or_insert(id);
                self.said.insert(name);
            }
        }
        Ok(())
    }

    /// Where the skeleton of a record stands already: a commit, and the place
    /// in its body.
    pub(super) fn skeleton(&self, record: &Record) -> Result<Option<(Id, u32)>, CaptureError> {
        Ok(self.skeletons.get(&record.skeleton()?).copied())
    }

    /// The commit that a message is a copy of, which begins at `offset` of the
    /// source and has this name and fingerprint. A tool may give what it copies
    /// another time or another native id, but not both.
    pub(super) fn copy_of(
        &mut self,
        store: &Store,
        tool: &dyn Tool,
        (name, print): (Id, u64),
        key: Option<Key>,
        offset: u64,
    ) -> Result<Option<Id>, CaptureError> {
        if let Some(resumed) = &self.resumed {
            return Ok((offset < resumed.len).then_some(resumed.from));
        }
        if let Some(id) = self.known.get(&print) {
            return Ok(Some(*id));
        }
        let Some(key) = key.filter(|_| self.said.contains(&name)) else { return Ok(None) };
        if self.keys.is_none() {
            self.keys = Some(self.native_ids(store, tool)?);
        }
        let found = self.keys.as_ref().and_then(|keys| keys.get(&key));
        Ok(found.filter(|(_, said)| *said == name).map(|(id, _)| *id))
    }

    /// The commits of what is copied from, by the native ids of their messages.
    /// These are not in the store but in the records, which are read again.
    fn native_ids(&self, store: &Store, tool: &dyn Tool) -> Result<HashMap<Key, (Id, Id)>, CaptureError> {
        let mut keys = HashMap::new();
        for original in &self.sources {
            let mut records = Records::new(store, tool, original);
            for id in source::chain(store, original.file)? {
                let commit = store.commit(&id)?;
                let body = store.body(&id, &commit)?;
                // The last record is the one that speaks.
                let mut last = None;
                records.read(&commit, &body, &mut |step| last = step.key)?;
                if let (Some(key), Some(message)) = (last, &body.message) {
                    keys.entry(key).or_insert((id, message.id()?));
                }
            }
        }
        Ok(keys)
    }

    /// The commit of a record in another source.
    pub(super) fn find(
        &mut self,
        store: &Store,
        tool: &dyn Tool,
        link: &Link,
    ) -> Result<Option<Id>, CaptureError> {
        let Link::Other { native, part, key } = link else { return Ok(None) };
        let known = source::find(store, tool.name(), native, part).filter(|s| s.file.is_some());
        let whole = known.map(|original| is_whole(store, original)).transpose()?.unwrap_or(false);
        let Some(original) = known.filter(|_| whole) else {
            self.later = self.coming.contains(&Source::key(tool.name(), native, part));
            return Ok(None);
        };
        self.session = self.session.or(Some(original.session));
        find_key(store, tool, original, *key)
    }
}

/// Tells whether a source's records are here. Of one whose texts stayed on a
/// remote nothing can be told to be a copy.
fn is_whole(store: &Store, source: &Source) -> Result<bool, StoreError> {
    source.file.map_or(Ok(true), |id| store.has_commit(&id))
}

/// How many bytes of records a source has up to the last that says what was
/// said when it was written.
fn follow(tool: &dyn Tool, found: &Found, said: &[u8]) -> std::io::Result<u64> {
    let (mut follow, mut splitter) = (Follow::new(said), Splitter::default());
    let (mut reader, mut feed) = (tool.reader(found, &[]), Feed::open(tool, found, None)?.feed);
    let (mut passed, mut known) = (0, 0);
    loop {
        let mut taken = 0;
        while let Some(piece) = feed.piece(&mut splitter, taken) {
            let rest = feed.bytes().get(taken..).unwrap_or_default();
            splitter.split(rest, piece, tool.lift());
            let step = reader.read(splitter.row(rest, piece));
            taken += piece.end;
            passed += piece.end as u64;
            let drafts = step.message.iter().chain(step.then.iter().filter_map(|step| step.message.as_ref()));
            if drafts.filter_map(|draft| follow.goes_on(&draft.message)).last() == Some(true) {
                known = passed;
            }
        }
        feed.take(taken);
        if !feed.more()? {
            return Ok(known);
        }
    }
}

/// How many bytes of records a file begins with that were written for it. What
/// ends the last of them belongs to the record after it.
fn begins_so(resumed: &Resumed, found: &Found) -> Option<u64> {
    if found.framing.is_opened() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(&found.path).ok()?.take(resumed.len).read_to_end(&mut bytes).ok()?;
    let same = bytes.len() as u64 == resumed.len && checksum(&bytes) == resumed.sum;
    same.then(|| bytes.trim_ascii_end().len() as u64)
}

/// Reads the records of a source out of the store as its adapter does.
struct Records<'s> {
    rebuilder: Rebuilder<'s>,
    reader: Box<dyn Reader>,
    splitter: Splitter,
    lift: &'static [&'static str],
}

impl<'s> Records<'s> {
    fn new(store: &'s Store, tool: &dyn Tool, original: &Source) -> Records<'s> {
        let found = Found {
            native: original.native.clone(),
            part: original.part.clone(),
            path: std::path::PathBuf::new(),
            place: original.place.clone(),
            framing: Framing::Lines,
            stamp: crate::tool::Stamp::default(),
            side: Vec::new(),
        };
        Records {
            rebuilder: Rebuilder::new(store),
            reader: tool.reader(&found, &[]),
            splitter: Splitter::default(),
            lift: tool.lift(),
        }
    }

    /// What each record of the next commit means.
    fn read(&mut self, commit: &Commit, body: &Body, f: &mut dyn FnMut(&Step)) -> Result<(), StoreError> {
        let Records { rebuilder, reader, splitter, lift } = self;
        rebuilder.records(&commit.copies, body, &mut |raw| {
            let piece = splitter.document(raw);
            splitter.split(raw, piece, lift);
            f(&reader.read(splitter.row(raw, piece)));
            Ok(())
        })
    }
}

/// Reads a source out of the store until the record of a key; its commit.
fn find_key(store: &Store, tool: &dyn Tool, original: &Source, key: Key) -> Result<Option<Id>, CaptureError> {
    let (mut records, mut at) = (Records::new(store, tool, original), None);
    for id in source::chain(store, original.file)? {
        let commit = store.commit(&id)?;
        let body = store.body(&id, &commit)?;
        let says = !commit.parents.is_empty() || body.message.is_some();
        let (mut here, mut n) = (None, 0);
        records.read(&commit, &body, &mut |step| {
            n += 1;
            if step.key == Some(key) || step.then.iter().any(|step| step.key == Some(key)) {
                here = Some(n);
            }
        })?;
        // The last record of a commit is the one that speaks; those before it
        // ride along and belong to what was said before.
        match here {
            Some(place) if says && place == n => return Ok(Some(id)),
            Some(_) => return Ok(at),
            None if says => at = Some(id),
            None => {}
        }
    }
    Ok(at)
}
