//! The gate: looks at all that would leave, and takes secrets out if told to.

use std::sync::Arc;

use super::found::{Found, Place};
use super::{DIGITS_MIN, Secrets, Sent, streams, texts};
use crate::object::codec::{self, CodecError};
use crate::object::id::{Id, IdMap, Kind};
use crate::object::{Body, Commit, Snapshot, Tag, Text, Tree};
use crate::redact::{self, Hit};
use crate::store::exchange::Gate;
use crate::store::refs::{RefValue, Source};
use crate::store::{Result, Store, StoreError};

/// What is done with secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They are told.
    #[default]
    Tell,
    /// They are taken out.
    TakeOut,
}

/// Looks at objects one after another.
pub(crate) struct Doorkeeper<'d> {
    store: &'d Store,
    secrets: &'d Secrets,
    mode: Mode,
    /// The beginnings of ids that the user lets leave just now.
    lets: &'d [String],
    /// What was sent under another name.
    pub(crate) sent: Sent,
    /// What has been found, by id.
    found: IdMap<Found>,
    /// Found in contents whose commit has not come yet.
    waiting: Vec<Id>,
    /// Found where nothing can be taken out.
    stuck: Vec<Id>,
    below: String,
    /// The objects that were looked at.
    pub(crate) seen: Vec<Id>,
    /// How many of them are pictures, archives and the like.
    pub(crate) opaque: u64,
}

impl<'d> Doorkeeper<'d> {
    pub(crate) fn new(
        store: &'d Store,
        secrets: &'d Secrets,
        mode: Mode,
        lets: &'d [String],
        sent: Sent,
    ) -> Doorkeeper<'d> {
        Doorkeeper {
            store,
            secrets,
            mode,
            lets,
            sent,
            found: IdMap::default(),
            waiting: Vec::new(),
            stuck: Vec::new(),
            below: String::new(),
            seen: Vec::new(),
            opaque: 0,
        }
    }

    /// All that was found, most places first.
    pub(crate) fn found(&mut self) -> Vec<Found> {
        self.settle();
        let mut found: Vec<Found> = self.found.values().cloned().collect();
        found.sort_by(|a, b| (b.count, &a.rule, a.id).cmp(&(a.count, &b.rule, b.id)));
        found
    }

    /// Tells whether a finding stops a push.
    pub(crate) fn stops(&self, found: &Found) -> bool {
        !may_leave(self.secrets, self.lets, &found.id)
            && (!self.is_taken_out(found) || self.stuck.contains(&found.id))
    }

    /// Tells whether a finding was taken out.
    pub(crate) fn is_taken_out(&self, found: &Found) -> bool {
        let out = self.mode == Mode::TakeOut || self.sent.is_out(&found.id);
        out && !may_leave(self.secrets, self.lets, &found.id)
    }

    /// Forgets what was found so far.
    pub(crate) fn forget(&mut self) {
        self.found.clear();
        self.waiting.clear();
        self.stuck.clear();
    }

    /// Notes a secret; what shall stand in its place.
    fn note_secret(&mut self, hit: &Hit) -> Option<String> {
        let id = self.secrets.id(&hit.secret);
        let rule = self.secrets.scanner.rule(hit.rule);
        self.found.entry(id).or_insert_with(|| Found::new(id, rule, &hit.secret));
        self.waiting.push(id);
        let out = self.mode == Mode::TakeOut || self.sent.is_out(&id);
        (out && !may_leave(self.secrets, self.lets, &id)).then(|| self.secrets.placeholder(hit, &id))
    }

    /// Looks at a text; what shall stand in its place.
    pub(crate) fn look(&mut self, text: &[u8]) -> Option<Vec<u8>> {
        let scanner = &self.secrets.scanner;
        redact::redact(&|bytes| scanner.scan(bytes), text, &mut |hit| self.note_secret(hit))
    }

    /// Says of what is waiting where it stands.
    pub(crate) fn place(&mut self, place: &Place) {
        for id in std::mem::take(&mut self.waiting) {
            if let Some(found) = self.found.get_mut(&id) {
                found.add(place.clone());
            }
        }
    }

    fn settle(&mut self) {
        self.place(&Place { commit: None, name: Some(self.below.clone()) });
    }

    /// The refs as the other side shall see them: with the names that things
    /// have there, and without secrets.
    pub(crate) fn refs(&mut self, refs: &[(String, RefValue)]) -> Vec<(String, RefValue)> {
        let mut there = |(name, value): &(String, RefValue)| {
            self.below(name);
            // A name is a name: nothing can be taken out of it.
            self.stuck(name.as_bytes());
            let value = match value {
                RefValue::Commit(id) => RefValue::Commit(self.sent.as_theirs(id)),
                RefValue::Tag(id) => RefValue::Tag(self.sent.as_theirs(id)),
                RefValue::Snapshot(id) => RefValue::Snapshot(self.sent.as_theirs(id)),
                RefValue::Session(id) => RefValue::Session(*id),
                RefValue::Source(source) => RefValue::Source(Arc::new(self.source(source))),
            };
            (name.clone(), value)
        };
        let refs = refs.iter().map(&mut there).collect();
        self.settle();
        refs
    }

    fn stuck(&mut self, text: &[u8]) {
        let from = self.waiting.len();
        self.look(text);
        self.stuck.extend(self.waiting.get(from..).unwrap_or_default());
    }

    fn source(&mut self, source: &Source) -> Source {
        let mut source = source.clone();
        self.stuck(source.native.as_bytes());
        self.stuck(source.part.as_bytes());
        self.stuck(source.about.parent.as_deref().unwrap_or_default().as_bytes());
        let ids = [&mut source.file, &mut source.head, &mut source.tail, &mut source.lead, &mut source.side];
        for id in ids.into_iter().flatten() {
            *id = self.sent.as_theirs(id);
        }
        if let Some(resumed) = &mut source.about.resumed {
            resumed.from = self.sent.as_theirs(&resumed.from);
            resumed.said = resumed.said.map(|id| self.sent.as_theirs(&id));
        }
        texts::path(&mut source.place, &mut |text| self.look(text));
        texts::of_about(&mut source.about, &mut |text| self.look(text));
        source
    }

    /// Gives what a body names the names it has there.
    fn rename(&self, commit: &mut Commit, body: &mut Body) -> bool {
        let mut renamed = false;
        let mut name = |id: &mut Id| {
            let theirs = self.sent.as_theirs(id);
            renamed |= *id != theirs;
            *id = theirs;
        };
        commit.for_each_commit(&mut name);
        commit.for_each_object(&mut name);
        if let Some(message) = &mut body.message {
            message.for_each_text(&mut |text| {
                if let Text::Blob(id, len) | Text::Base64(id, len) | Text::Base64Url(id, len) = text {
                    *len = self.sent.len(id).unwrap_or(*len);
                    name(id);
                }
            });
        }
        for record in &mut body.records {
            record.context.iter_mut().for_each(&mut name);
            for (_, fill) in &mut record.holes {
                if let crate::object::record::Fill::Text(id, _) = fill {
                    name(id);
                }
            }
        }
        renamed
    }

    /// Gives what another object names the names it has there.
    fn rename_content(&self, kind: Kind, bytes: &mut Vec<u8>) -> std::result::Result<bool, CodecError> {
        let mut renamed = false;
        let mut name = |id: &mut Id| {
            let theirs = self.sent.as_theirs(id);
            renamed |= *id != theirs;
            *id = theirs;
        };
        match kind {
            Kind::Tree => texts::change(bytes, |tree: &mut Tree| {
                for entry in &mut tree.entries {
                    entry.len = self.sent.len(&entry.blob).unwrap_or(entry.len);
                    name(&mut entry.blob);
                }
            })?,
            Kind::Tag => texts::change(bytes, |tag: &mut Tag| name(&mut tag.commit))?,
            Kind::Snapshot => texts::change(bytes, |snapshot: &mut Snapshot| {
                name(&mut snapshot.commit);
                snapshot.before.iter_mut().for_each(&mut name);
                name(&mut snapshot.tree);
                snapshot.config.iter_mut().for_each(&mut name);
                snapshot.instructions.iter_mut().for_each(&mut name);
            })?,
            _ => {}
        }
        Ok(renamed)
    }

    /// Remembers what an object is called there.
    fn note(&mut self, ours: Id, theirs: Id, len: u64) -> Id {
        if self.sent.as_theirs(&ours) != theirs {
            self.sent.note(ours, theirs, len);
        }
        theirs
    }
}

fn may_leave(secrets: &Secrets, lets: &[String], id: &Id) -> bool {
    let named =
        |text: &String| text.len() >= DIGITS_MIN && id.to_string().starts_with(&text.to_ascii_lowercase());
    secrets.is_allowed(id) || lets.iter().any(named)
}

impl Gate for Doorkeeper<'_> {
    fn below(&mut self, name: &str) {
        self.settle();
        name.clone_into(&mut self.below);
    }

    fn known_as(&self, id: &Id) -> Id {
        self.sent.as_theirs(id)
    }

    fn commit(&mut self, id: Id, commit: &mut Commit, body: &mut Body) -> Result<Id> {
        self.seen.push(id);
        let mut changed = self.rename(commit, body);
        let mut look = |text: &[u8]| {
            let new = self.look(text);
            changed |= new.is_some();
            new
        };
        texts::of_commit(commit, &mut look);
        texts::of_body(body, &mut look);
        let scanner = &self.secrets.scanner;
        changed |= streams::of_body(body, &|text| scanner.scan(text), &mut |hit| self.note_secret(hit));
        self.place(&Place { commit: Some(id), name: None });
        // What stands in for something that was purged has another name.
        if !changed && !self.store.is_purged(&id) {
            return Ok(self.note(id, id, 0));
        }
        commit.body = Id::of(Kind::Body, &codec::encode(body)?);
        Ok(self.note(id, Id::of(Kind::Commit, &codec::encode(commit)?), 0))
    }

    fn content(&mut self, kind: Kind, id: Id, bytes: &mut Vec<u8>) -> Result<Id> {
        self.seen.push(id);
        self.opaque += u64::from(kind == Kind::Blob && is_opaque(bytes));
        let bad = |source| StoreError::Codec { id, source };
        let mut changed = self.rename_content(kind, bytes).map_err(bad)?;
        let mut look = |text: &[u8]| {
            let new = self.look(text);
            changed |= new.is_some();
            new
        };
        texts::of_content(kind, bytes, &mut look).map_err(bad)?;
        let mut len = bytes.len() as u64;
        match kind {
            Kind::Snapshot => {
                let at: Snapshot = codec::decode(bytes).map_err(bad)?;
                let commit = Some(self.sent.as_ours(&at.commit).unwrap_or(at.commit));
                self.place(&Place { commit, name: Some(self.below.clone()) });
            }
            Kind::Tree => {
                let tree: Tree = codec::decode(bytes).map_err(bad)?;
                len = tree.entries.iter().map(|entry| entry.len).sum();
            }
            _ => {}
        }
        let theirs = if changed || self.store.is_purged(&id) { Id::of(kind, bytes) } else { id };
        Ok(self.note(id, theirs, len))
    }
}

/// Tells whether most of it is packed: what stands in it in plain letters is
/// seen, the rest is not.
fn is_opaque(bytes: &[u8]) -> bool {
    const BEGINNINGS: &[&[u8]] = &[
        b"\x89PNG",
        b"\xFF\xD8\xFF",
        b"GIF8",
        b"RIFF",
        b"PK\x03\x04",
        b"\x1F\x8B",
        b"BZh",
        b"\xFD7zXZ",
        b"\x28\xB5\x2F\xFD",
        b"7z\xBC\xAF",
        b"%PDF",
        b"SQLite format 3",
    ];
    BEGINNINGS.iter().any(|beginning| bytes.starts_with(beginning))
}
