//! What goes to other stores: tables of refs, and packs of what they lack.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::{Result, StoreError};
use super::pack::PackWriter;
use super::read::decode;
use super::refs::{Mark, RefValue, Refs, Source};
use super::{Store, sealed};
use crate::object::codec::{self, Decode, Encode};
use crate::object::id::{Id, IdSet, Kind};
use crate::object::{Body, Commit, Snapshot, Tag, Tree};

const MAGIC: &[u8; 8] = b"SFSREFS\0";
/// Packs for others are written once and kept and copied often; but at 9 a push
/// takes a fifth more of the processor for 2 % less of them.
const LEVEL: i32 = 6;
/// So many bytes, before they are compressed, make a pack: what is cut short is
/// sent again from the last one on.
const PACK: u64 = 64 << 20;
/// The file that lists the remotes.
const REMOTES: &str = "remotes.json";

/// The refs of one writer, as they lie on a remote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Table {
    /// The writer.
    pub writer: Id,
    /// Its version: the highest counts.
    pub number: u64,
    /// The refs, by name.
    pub refs: Vec<(String, RefValue)>,
}

impl Table {
    /// The bytes of the file.
    pub fn seal(&self) -> Result<Vec<u8>> {
        Ok(sealed::seal(MAGIC, &pack_table(self)?))
    }

    /// Reads the bytes of the file at `path`. All refs in it have good names
    /// and values that go with them; those of kinds unknown here are left out.
    pub fn unseal(bytes: &[u8], path: &Path) -> Result<Table> {
        let mut table: Table = unpack_table(sealed::unseal(MAGIC, bytes, path)?, path)?;
        keep_good(&mut table.refs, path)?;
        Ok(table)
    }
}

/// Encodes and compresses a table.
pub(super) fn pack_table(table: &impl Encode) -> Result<Vec<u8>> {
    let packed = zstd::bulk::compress(&codec::encode(table)?, LEVEL);
    packed.map_err(StoreError::io("compress", Path::new("refs")))
}

/// The inverse.
pub(super) fn unpack_table<T: Encode + Decode<()>>(packed: &[u8], path: &Path) -> Result<T> {
    let bad = |what: String| StoreError::damaged(path, 0, what);
    let decoder = zstd::stream::Decoder::new(packed).map_err(|e| bad(e.to_string()))?;
    let mut bytes = Vec::new();
    let limit = codec::DECODE_LIMIT as u64;
    decoder.take(limit).read_to_end(&mut bytes).map_err(|e| bad(e.to_string()))?;
    codec::decode(&bytes).map_err(|e| bad(e.to_string()))
}

/// Leaves out refs of kinds unknown here; fails for what no ref can be.
pub(super) fn keep_good(refs: &mut Vec<(String, RefValue)>, path: &Path) -> Result<()> {
    refs.retain(|(name, _)| is_shared(name));
    match refs.iter().find(|(name, value)| !is_good(name, value)) {
        Some((name, _)) => {
            Err(StoreError::damaged(path, 0, format!("it holds a ref that cannot be: {name:?}")))
        }
        None => Ok(()),
    }
}

/// Tells whether others shall see a ref.
pub fn is_shared(name: &str) -> bool {
    ["head/", "branch/", "deleted/", "tag/", "name/", "source/", "workspace/"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Tells whether a ref has a name and a value as we write them.
fn is_good(name: &str, value: &RefValue) -> bool {
    let clean = !name.chars().any(char::is_control) && name.len() <= 4096;
    let Some((kind, rest)) = name.split_once('/').filter(|_| clean) else { return false };
    let is_id = |text: &str| Id::from_hex(text).is_some_and(|id| id.to_string() == text);
    let is_label = |text: &str| text.split('/').all(|part| !matches!(part, "" | "." | ".."));
    match (kind, value) {
        ("head" | "branch", RefValue::Commit(_)) | ("workspace", RefValue::Snapshot(_)) => {
            rest.split_once('/').is_some_and(|(session, label)| is_id(session) && is_label(label))
        }
        ("deleted", RefValue::Session(id)) => id.to_string() == rest,
        ("tag", RefValue::Tag(_)) | ("name", RefValue::Session(_)) => is_label(rest),
        ("source", RefValue::Source(source)) => {
            Source::key(&source.tool, &source.native, &source.part).to_string() == rest
        }
        _ => false,
    }
}

/// The session that a ref is of. A tag is of none.
pub fn session_of(name: &str, value: &RefValue) -> Option<Id> {
    match value {
        RefValue::Source(source) => Some(source.session),
        RefValue::Session(id) => Some(*id),
        _ => {
            let below = ["head/", "branch/", "workspace/"].iter().find_map(|kind| name.strip_prefix(kind))?;
            Id::from_hex(below.split_once('/')?.0)
        }
    }
}

/// The refs that others shall see, without what holds on this machine only: of
/// a deleted session, that it is.
pub fn shared(refs: &Refs) -> Vec<(String, RefValue)> {
    let is_left = |name: &str, value: &RefValue| {
        let session = session_of(name, value).filter(|_| !name.starts_with("deleted/"));
        session.is_some_and(|id| refs.contains_key(&format!("deleted/{id}")))
    };
    let shared = refs.iter().filter(|(name, value)| is_shared(name) && !is_left(name, value));
    shared.map(|(name, value)| (name.clone(), travelled(value.clone()))).collect()
}

/// A ref as it is on any other machine: a source was never there.
pub fn travelled(mut value: RefValue) -> RefValue {
    if let RefValue::Source(source) = &mut value {
        let source = Arc::make_mut(source);
        source.mark = Mark::default();
        source.about.gone = false;
    }
    value
}

/// An object that is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// A commit.
    Commit(Id),
    /// Any other object with a name of its own.
    Content(Id),
}

impl Want {
    /// The name of the object.
    pub fn id(&self) -> Id {
        match self {
            Want::Commit(id) | Want::Content(id) => *id,
        }
    }
}

/// The objects that a ref names.
pub fn named(value: &RefValue) -> Vec<Want> {
    match value {
        RefValue::Commit(id) => vec![Want::Commit(*id)],
        RefValue::Tag(id) | RefValue::Snapshot(id) => vec![Want::Content(*id)],
        RefValue::Session(_) => Vec::new(),
        RefValue::Source(source) => {
            let commits = source.file.into_iter().chain(source.head).map(Want::Commit);
            commits.chain(source.contents().chain(source.side).map(Want::Content)).collect()
        }
    }
}

/// The objects that another object of that kind names; fails if it isn't one.
pub fn named_by(kind: Kind, id: &Id, bytes: &[u8]) -> Result<Vec<Want>> {
    match kind {
        Kind::Blob => Ok(Vec::new()),
        Kind::Context => decode::<crate::object::Context>(id, bytes).map(|_| Vec::new()),
        Kind::Config => decode::<crate::object::Config>(id, bytes).map(|_| Vec::new()),
        Kind::Snapshot => {
            let snapshot: Snapshot = decode(id, bytes)?;
            let contents = snapshot.before.into_iter().chain(snapshot.contents()).map(Want::Content);
            Ok([Want::Commit(snapshot.commit)].into_iter().chain(contents).collect())
        }
        Kind::Tag => Ok(vec![Want::Commit(decode::<Tag>(id, bytes)?.commit)]),
        Kind::Tree => {
            let tree: Tree = decode(id, bytes)?;
            match tree.is_safe() {
                true => Ok(tree.entries.iter().map(|entry| Want::Content(entry.blob)).collect()),
                false => Err(StoreError::WrongId { id: *id }),
            }
        }
        Kind::Commit | Kind::Body | Kind::Message | Kind::Session | Kind::Pack => {
            Err(StoreError::WrongId { id: *id })
        }
    }
}

/// What another side lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outgoing {
    /// How many commits.
    pub commits: u64,
    /// How many other objects.
    pub contents: u64,
    /// The packs with all of it. What is in one leans on those before it at most.
    pub packs: Vec<Id>,
}

/// What stands at the door: it sees each object before it leaves, what an
/// object names before the object, and may change it.
pub trait Gate {
    /// From here on comes what a ref leads to.
    fn below(&mut self, name: &str);

    /// What an object is called on the other side: its own name, unless it was
    /// changed on the way.
    fn known_as(&self, id: &Id) -> Id;

    /// A commit and its body are about to leave. Returns the name of what they
    /// are now.
    fn commit(&mut self, id: Id, commit: &mut Commit, body: &mut Body) -> Result<Id>;

    /// Any other object is about to leave. Returns the name of what it is now.
    fn content(&mut self, kind: Kind, id: Id, bytes: &mut Vec<u8>) -> Result<Id>;
}

impl Store {
    /// Tells whether an object is here.
    pub fn has(&self, want: Want) -> Result<bool> {
        match want {
            Want::Commit(id) => self.has_commit(&id),
            Want::Content(id) => self.has_content(&id),
        }
    }

    /// The objects that an object names; none if it isn't here as it was
    /// written.
    pub fn names(&self, id: &Id) -> Result<Option<Vec<Id>>> {
        if self.is_purged(id) {
            return Ok(None);
        }
        let mut names = Vec::new();
        if self.has_commit(id)? {
            let commit = self.commit(id)?;
            let mut body = self.body(id, &commit)?;
            let mut commit = (*commit).clone();
            commit.for_each_commit(&mut |id| names.push(*id));
            commit.for_each_object(&mut |id| names.push(*id));
            body.for_each_id(&mut |id| names.push(*id));
        } else if self.has_content(id)? {
            let (kind, bytes) = self.content(id)?;
            names.extend(named_by(kind, id, &bytes)?.iter().map(Want::id));
        } else {
            return Ok(None);
        }
        Ok(Some(names))
    }

    /// Finds all that `refs` lead to and the other side lacks, and packs it in
    /// `dir`, if that is given, as it is when it has gone through the gate. Unless it is to go through all, it believes
    /// that the other side has an object only with all that it leads to.
    pub fn outgoing(
        &self,
        refs: &[(String, RefValue)],
        known: &dyn Fn(&Id) -> bool,
        all: bool,
        dir: Option<&Path>,
        gate: &mut dyn Gate,
    ) -> Result<Outgoing> {
        let (seen, found) = (IdSet::default(), Outgoing::default());
        let mut walk = Walk { store: self, known, gate, all, seen, dir, writer: None, found };
        for (name, value) in refs {
            walk.gate.below(name);
            for want in named(value) {
                walk.want(want)?;
            }
            if let RefValue::Source(source) = value
                && let Some(resumed) = &source.about.resumed
                && self.has_commit(&resumed.from)?
            {
                walk.want(Want::Commit(resumed.from))?;
            }
        }
        walk.cut()?;
        Ok(walk.found)
    }

    /// The file that lists the remotes, whose form is not the store's business.
    pub fn remotes_file(&self) -> PathBuf {
        self.local_path(REMOTES)
    }

    /// Reads the list of remotes; `None` before there is one.
    pub fn remotes(&self) -> Result<Option<Vec<u8>>> {
        self.local(REMOTES)
    }

    /// Changes the list of remotes, one process after another.
    pub fn change_remotes<E: From<StoreError>>(
        &self,
        change: impl FnOnce(Option<Vec<u8>>) -> Result<Vec<u8>, E>,
    ) -> Result<(), E> {
        self.change_local(REMOTES, change)
    }
}

/// Finds what the other side lacks: what is referred to before what refers.
///
/// A history may be longer, and folders may lie deeper, than any stack: what
/// is still to do is kept in a list.
struct Walk<'w> {
    store: &'w Store,
    known: &'w dyn Fn(&Id) -> bool,
    gate: &'w mut dyn Gate,
    all: bool,
    seen: IdSet,
    /// Where packs are written, if they are.
    dir: Option<&'w Path>,
    writer: Option<PackWriter>,
    found: Outgoing,
}

/// What a walk still has to do.
enum Step {
    /// Look at an object, if it is new.
    Look(Want),
    /// Look at what a commit and its body name besides commits, which is done.
    Contents(Id),
    /// Put a commit in; all that it names is done.
    Commit(Id, Arc<Commit>, Body),
    /// Put another object in; all that it names is done.
    Content(Id, Kind, Vec<u8>),
}

impl Walk<'_> {
    fn is_new(&mut self, id: Id) -> bool {
        (self.all || !(self.known)(&self.gate.known_as(&id))) && self.seen.insert(id)
    }

    /// All that leads from an object to what is known.
    fn want(&mut self, want: Want) -> Result<()> {
        let mut steps = vec![Step::Look(want)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Look(want) if !self.is_new(want.id()) => {}
                Step::Look(want) if self.store.is_promised(want)? => self.leave(want.id())?,
                Step::Look(Want::Commit(id)) => {
                    let commit = self.store.commit(&id)?;
                    steps.push(Step::Contents(id));
                    let before =
                        commit.turn.iter().chain(&commit.parents).chain(&commit.after).chain(&commit.copies);
                    steps.extend(before.map(|id| Step::Look(Want::Commit(*id))));
                }
                Step::Contents(id) => {
                    let commit = self.store.commit(&id)?;
                    let mut body = self.store.body(&id, &commit)?;
                    let mut contents: Vec<Id> = commit.workspace.into_iter().chain(commit.config).collect();
                    body.for_each_id(&mut |id| contents.push(*id));
                    steps.push(Step::Commit(id, commit, body));
                    steps.extend(contents.into_iter().rev().map(|id| Step::Look(Want::Content(id))));
                }
                Step::Look(Want::Content(id)) => {
                    let (kind, bytes) = self.store.content(&id)?;
                    let named = named_by(kind, &id, &bytes)?;
                    steps.push(Step::Content(id, kind, bytes));
                    steps.extend(named.into_iter().rev().map(Step::Look));
                }
                Step::Commit(id, commit, body) => self.commit(id, &commit, body)?,
                Step::Content(id, kind, bytes) => self.content(id, kind, bytes)?,
            }
        }
        Ok(())
    }

    /// What is promised can't be sent; it need not be if it is there.
    fn leave(&self, id: Id) -> Result<()> {
        match (self.known)(&self.gate.known_as(&id)) {
            true => Ok(()),
            false => Err(StoreError::Promised { id }),
        }
    }

    fn commit(&mut self, id: Id, commit: &Commit, mut body: Body) -> Result<()> {
        let mut commit = commit.clone();
        let id = self.gate.commit(id, &mut commit, &mut body)?;
        if (self.known)(&id) {
            return Ok(());
        }
        self.found.commits += 1;
        match self.writer()? {
            Some(writer) => writer.put_commit(id, &commit, body),
            None => Ok(()),
        }
    }

    /// The pack that is being written, if any are. A full one is finished
    /// first: all that it names is in it, in one before, or on the other side.
    fn writer(&mut self) -> Result<Option<&mut PackWriter>> {
        let Some(dir) = self.dir else { return Ok(None) };
        if self.writer.as_ref().is_some_and(|writer| writer.raw() >= PACK) {
            self.cut()?;
        }
        if self.writer.is_none() {
            self.writer = Some(PackWriter::create(dir, LEVEL)?);
        }
        Ok(self.writer.as_mut())
    }

    /// Finishes the pack that is being written.
    fn cut(&mut self) -> Result<()> {
        if let (Some(writer), Some(dir)) = (self.writer.take(), self.dir) {
            self.found.packs.push(writer.finish(dir)?.name);
        }
        Ok(())
    }

    fn content(&mut self, id: Id, kind: Kind, mut bytes: Vec<u8>) -> Result<()> {
        let id = self.gate.content(kind, id, &mut bytes)?;
        if (self.known)(&id) {
            return Ok(());
        }
        self.found.contents += 1;
        match self.writer()? {
            Some(writer) => writer.put_content(kind, id, &bytes),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_hold_only_what_can_be() {
        let path = Path::new("refs/x/1");
        let (id, session) = (Id::of(Kind::Commit, b"x"), Id::of(Kind::Session, b"s"));
        let table = |name: String, value: RefValue| {
            let table = Table { writer: session, number: 1, refs: vec![(name, value)] };
            Table::unseal(&table.seal().unwrap(), path)
        };
        let commit = RefValue::Commit(id);
        assert_eq!(table(format!("head/{session}/main"), commit.clone()).unwrap().refs.len(), 1);
        let files = RefValue::Snapshot(id);
        assert!(table(format!("workspace/{session}/{session}"), files.clone()).is_ok());
        assert!(table(format!("workspace/{session}/{session}"), commit.clone()).is_err());
        assert!(table(format!("head/{session}/main"), files).is_err());
        assert!(table(format!("remote/x/{session}/main"), commit.clone()).unwrap().refs.is_empty());
        for name in [
            format!("head/{session}"),
            format!("head/{session}/"),
            format!("head/{session}/../x"),
            format!("head/{session}/a\x1b[31m"),
            "head/x/main".to_owned(),
            "tag/x".to_owned(),
            format!("source/{session}"),
        ] {
            assert!(table(name.clone(), commit.clone()).is_err(), "{name:?}");
        }
        let source = RefValue::Source(std::sync::Arc::default());
        assert!(table(format!("source/{}", Source::key("", "", "")), source.clone()).is_ok());
        assert!(table(format!("source/{}", Source::key("", "1", "")), source).is_err());
    }
}
