//! What was sent as what: the objects that went to a remote without their
//! secrets, so that the next push goes on from there, and what comes back is
//! known.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, IdMap};
use crate::store::refs::{RefValue, Source};
use crate::store::{Store, StoreError};

/// One object that was changed on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
struct Pair {
    /// Its name here.
    ours: Id,
    /// Its name there.
    theirs: Id,
    /// The length of what is there, in bytes; 0 for commits.
    len: u64,
}

/// The objects that were changed on their way to a remote.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    ours: IdMap<Pair>,
    theirs: IdMap<Id>,
    /// Findings that were taken out, and always will be on this remote.
    out: BTreeSet<Id>,
}

impl Sent {
    fn file(remote: &str) -> String {
        format!("secrets/sent-{remote}")
    }

    /// What is known of a remote.
    pub(crate) fn read(store: &Store, remote: &str) -> Result<Sent, StoreError> {
        let name = Sent::file(remote);
        let Some(bytes) = store.local(&name)? else { return Ok(Sent::default()) };
        let known: Result<(Vec<Pair>, BTreeSet<Id>), _> = codec::decode(&bytes);
        let bad = |e| StoreError::damaged(&store.local_path(&name), 0, format!("not a list of objects: {e}"));
        let (pairs, out) = known.map_err(bad)?;
        let mut sent = Sent { out, ..Sent::default() };
        for Pair { ours, theirs, len } in pairs {
            sent.note(ours, theirs, len);
        }
        Ok(sent)
    }

    /// Remembers it.
    pub(crate) fn write(&self, store: &Store, remote: &str) -> Result<(), StoreError> {
        let mut pairs: Vec<Pair> = self.ours.values().copied().collect();
        pairs.sort_unstable_by_key(|pair| pair.ours);
        let bytes = codec::encode(&(pairs, self.out.clone()))?;
        store.change_local(&Sent::file(remote), |_| Ok::<_, StoreError>(bytes))
    }

    /// Remembers that a finding was taken out.
    pub(crate) fn take_out(&mut self, finding: Id) {
        self.out.insert(finding);
    }

    /// Tells whether a finding was taken out before.
    pub(crate) fn is_out(&self, finding: &Id) -> bool {
        self.out.contains(finding)
    }

    pub(super) fn note(&mut self, ours: Id, theirs: Id, len: u64) {
        self.ours.insert(ours, Pair { ours, theirs, len });
        self.theirs.insert(theirs, ours);
    }

    /// What one of our objects is called there.
    pub(crate) fn as_theirs(&self, ours: &Id) -> Id {
        self.ours.get(ours).map_or(*ours, |pair| pair.theirs)
    }

    /// The length of an object there, if it was changed.
    pub(super) fn len(&self, ours: &Id) -> Option<u64> {
        self.ours.get(ours).map(|pair| pair.len)
    }

    /// A ref of theirs with the names that its objects have here: what we sent
    /// without secrets and gets back to us is what we have.
    pub(crate) fn as_we_know(&self, mut value: RefValue) -> RefValue {
        let ours = |id: &mut Id| *id = self.as_ours(id).unwrap_or(*id);
        match &mut value {
            RefValue::Commit(id) | RefValue::Tag(id) | RefValue::Snapshot(id) => ours(id),
            RefValue::Session(_) => {}
            RefValue::Source(source) => {
                let source = Arc::make_mut(source);
                let Source { file, head, tail, lead, side, .. } = source;
                [file, head, tail, lead, side].into_iter().flatten().for_each(ours);
                source.about.resumed.iter_mut().for_each(|resumed| ours(&mut resumed.from));
            }
        }
        value
    }

    /// Which of our objects one of theirs was made from.
    pub(crate) fn as_ours(&self, theirs: &Id) -> Option<Id> {
        self.theirs.get(theirs).copied()
    }
}
