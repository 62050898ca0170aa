//! The conversation's graph while a source is read: what hangs on what.

use std::collections::{HashMap, HashSet};

use super::force::{Force, KeptForce};
use crate::object::codec::{Decode, Encode};
use crate::object::commit::{Commit, Counts, Usage};
use crate::object::id::{Id, IdMap};
use crate::ops::line;
use crate::store::{Result, Store};
use crate::tool::{Counted, Key, Link};

/// How many of each are kept from one capture to the next. What is older is
/// found again by reading the source from its beginning.
const KEPT: usize = 32;
/// How many lines' files are kept at hand.
const LINES: usize = 8;

/// What must be known of a commit to hang others on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Node {
    pub(super) id: Id,
    pub(super) counts: Counts,
    /// The commit that began its turn, itself perhaps.
    pub(super) turn: Option<Id>,
}

impl Node {
    pub(super) fn of(id: Id, commit: &Commit) -> Node {
        let turn = if commit.begins_turn() { Some(id) } else { commit.turn };
        Node { id, counts: commit.counts, turn }
    }
}

/// A line of the conversation that isn't the main one.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub(super) struct Leaf {
    pub(super) tip: Id,
    pub(super) label: String,
}

/// What is kept from one capture to the next.
#[derive(Clone, Debug, Default, Encode, Decode)]
pub(super) struct Kept {
    pub(super) file: Option<Id>,
    pub(super) main: Option<Id>,
    /// Lines that are not the main one, and how many of a kind there were.
    pub(super) leaves: Vec<Leaf>,
    pub(super) rewinds: u32,
    pub(super) sides: u32,
    pub(super) compactions: u32,
    /// Where the records of native ids hang; `None` for before the beginning.
    keys: Vec<(u64, Option<Id>)>,
    /// The number of calls on the way to each call, itself included.
    calls: Vec<(u64, u64)>,
    counted: Vec<(u64, Usage)>,
    force: KeptForce,
    pub(super) unknown: u64,
    pub(super) broken: u64,
    /// Fingerprint of the first message, by which copies know each other.
    pub(super) root: u64,
    /// Whether only copied records have been read so far.
    pub(super) copying: bool,
}

/// The graph of one source.
#[derive(Default)]
pub(super) struct Graph {
    pub(super) kept: Kept,
    keys: HashMap<u64, Option<Id>>,
    calls: HashMap<u64, u64>,
    nodes: IdMap<Node>,
    /// The settings in force.
    pub(super) force: Force,
    /// The commits of other sources whose messages were met as copies.
    copied: HashSet<Id>,
    /// The parents of the commits made.
    parents: IdMap<Option<Id>>,
    /// The files that they touched, if any.
    files: IdMap<Vec<String>>,
    /// The files touched so far in the turns of the lines gone on with lately,
    /// by their tips.
    touched: Vec<(Id, HashSet<String>)>,
    /// What the messages of rows that others can hang on look like, by commit.
    shapes: IdMap<u64>,
    /// Whether the source is read from its beginning, so that all keys are known.
    pub(super) whole: bool,
}

/// Where a record hangs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hook {
    /// After this commit, or at a beginning.
    At(Option<Id>),
    /// After a record that was read in an earlier capture, too long ago.
    Forgotten,
}

impl Graph {
    /// A graph that goes on from what was kept.
    pub(super) fn resume(kept: Kept) -> Graph {
        let keys = kept.keys.iter().copied().collect();
        let calls = kept.calls.iter().copied().collect();
        let force = Force::resume(kept.force.clone());
        Graph { kept, keys, calls, force, whole: false, ..Graph::default() }
    }

    /// A graph of a source that is read from its beginning.
    pub(super) fn new() -> Graph {
        Graph { whole: true, ..Graph::default() }
    }

    /// What to keep for the next capture.
    pub(super) fn keep(&self) -> Kept {
        let mut kept = self.kept.clone();
        let old = kept.leaves.len().saturating_sub(KEPT);
        kept.leaves.drain(..old);
        kept.force = self.force.keep(kept.main);
        kept
    }

    /// Finds where a link leads. A key that no record has leads to the tip.
    pub(super) fn resolve(&self, link: &Link, store: &Store) -> Result<Hook> {
        Ok(Hook::At(match link {
            Link::Tip | Link::Other { .. } => self.kept.main,
            Link::Root => None,
            Link::Key(Key(key)) => match self.keys.get(key) {
                Some(at) => *at,
                None if self.whole => self.kept.main,
                None => return Ok(Hook::Forgotten),
            },
            Link::TurnsBack(turns) => self.turns_back(*turns, store)?,
        }))
    }

    fn turns_back(&self, turns: u32, store: &Store) -> Result<Option<Id>> {
        let mut at = self.kept.main;
        for _ in 0..turns {
            let Some(turn) = at.map(|id| self.node(id, store)).transpose()?.and_then(|node| node.turn) else {
                return Ok(at);
            };
            at = self.parent_of(turn, store)?;
        }
        Ok(at)
    }

    fn parent_of(&self, id: Id, store: &Store) -> Result<Option<Id>> {
        match self.parents.get(&id) {
            Some(parent) => Ok(*parent),
            None => Ok(store.commit(&id)?.parents.first().copied()),
        }
    }

    /// The commit of a row of this native id, and what its message looks like,
    /// as far as that is known without reading it.
    pub(super) fn known(&self, key: Option<Key>) -> Option<(Id, Option<u64>)> {
        let at = (*self.keys.get(&key?.0)?)?;
        Some((at, self.shapes.get(&at).copied()))
    }

    /// Tells whether a row at a beginning may repeat one that was forgotten.
    pub(super) fn may_repeat(&self, key: Option<Key>, link: &Link) -> bool {
        let unknown = key.is_some_and(|Key(key)| !self.keys.contains_key(&key));
        unknown && !self.whole && *link == Link::Root && self.kept.main.is_some()
    }

    /// Notes what the message of a commit looks like.
    pub(super) fn shape(&mut self, at: Id, shape: u64) {
        self.shapes.insert(at, shape);
    }

    /// Tells whether a commit of the conversation was made since the graph began.
    pub(super) fn made(&self, id: &Id) -> bool {
        self.nodes.contains_key(id)
    }

    /// Goes on from a commit of another source, whose message is repeated.
    pub(super) fn copy(&mut self, at: Id) {
        self.copied.insert(at);
        self.kept.main = Some(at);
    }

    /// Whether a commit of another source was met as a copy.
    pub(super) fn met(&self, at: &Id) -> bool {
        self.copied.contains(at)
    }

    /// Whether a commit of earlier is on the main line, or the tip of another.
    pub(super) fn leads_to(&self, earlier: Id, store: &Store) -> Result<bool> {
        if self.kept.leaves.iter().any(|leaf| leaf.tip == earlier) {
            return Ok(true);
        }
        self.kept.main.map_or(Ok(false), |main| self.descends(main, earlier, store))
    }

    /// Whether a line leads to a commit of earlier.
    pub(super) fn descends(&self, tip: Id, earlier: Id, store: &Store) -> Result<bool> {
        let commits = self.node(earlier, store)?.counts.commits;
        let mut next = Some(tip);
        while let Some(id) = next.filter(|id| *id != earlier) {
            let after = self.node(id, store)?.counts.commits > commits;
            next = if after { self.parent_of(id, store)? } else { None };
        }
        Ok(next == Some(earlier))
    }

    /// What is known of a commit.
    pub(super) fn node(&self, id: Id, store: &Store) -> Result<Node> {
        match self.nodes.get(&id) {
            Some(node) => Ok(*node),
            None => Ok(Node::of(id, &*store.commit(&id)?)),
        }
    }

    /// Notes that the record of a native id hangs at, or is, a commit.
    pub(super) fn name(&mut self, key: Option<Key>, at: Option<Id>) {
        if let Some(Key(key)) = key {
            self.keys.insert(key, at);
            push(&mut self.kept.keys, (key, at));
        }
    }

    /// Notes a call: the `count`-th on its line.
    pub(super) fn call(&mut self, Key(key): Key, count: u64) {
        self.calls.insert(key, count);
        push(&mut self.kept.calls, (key, count));
    }

    /// How many calls before the last one of a line of `calls` calls a result's
    /// call is.
    pub(super) fn distance(&self, Key(key): Key, calls: u64) -> Option<u32> {
        let count = self.calls.get(&key)?;
        u32::try_from(calls.checked_sub(*count)?).ok()
    }

    /// What a count adds to what was counted for the same API message. That of
    /// a row that is there `again` was counted, though it may be long ago.
    pub(super) fn usage(&mut self, counted: Option<Counted>, again: bool) -> Usage {
        let Some(Counted { api: Key(api), usage }) = counted else { return Usage::default() };
        let before = self.kept.counted.iter_mut().find(|(key, _)| *key == api);
        match before {
            Some((_, before)) => {
                let more = usage.since(before);
                *before = before.plus(&more);
                more
            }
            None if again => Usage::default(),
            None => {
                push(&mut self.kept.counted, (api, usage));
                usage
            }
        }
    }

    /// The files touched in the turn that a commit after `parent` continues;
    /// `None` if they are neither at hand nor `wanted`.
    pub(super) fn touched(
        &mut self,
        parent: Option<Id>,
        wanted: bool,
        store: &Store,
    ) -> Result<Option<HashSet<String>>> {
        if let Some(known) = self.touched.iter().position(|(tip, _)| Some(*tip) == parent) {
            return Ok(Some(self.touched.swap_remove(known).1));
        }
        if parent.is_some() && !wanted {
            return Ok(None);
        }
        let (mut files, mut next) = (HashSet::new(), parent);
        while let Some(id) = next {
            let Some(parent) = self.parents.get(&id) else {
                files.extend(line::touched(store, id)?);
                break;
            };
            files.extend(self.files.get(&id).into_iter().flatten().cloned());
            let begins = self.nodes.get(&id).is_some_and(|node| node.turn == Some(id));
            next = parent.filter(|_| !begins);
        }
        Ok(Some(files))
    }

    /// Notes the files of a commit: its own, and all of its turn so far.
    pub(super) fn touch(&mut self, tip: Id, own: &[String], turn: Option<HashSet<String>>) {
        if !own.is_empty() {
            self.files.insert(tip, own.to_vec());
        }
        if self.touched.len() >= LINES {
            self.touched.remove(0);
        }
        self.touched.extend(turn.map(|files| (tip, files)));
    }

    /// Makes a commit the tip of the line that it continues.
    pub(super) fn grow(&mut self, node: Node, parent: Option<Id>, side: bool) {
        self.nodes.insert(node.id, node);
        self.parents.insert(node.id, parent);
        let continued = self.kept.leaves.iter().position(|leaf| Some(leaf.tip) == parent);
        if side {
            match continued.and_then(|at| self.kept.leaves.get_mut(at)) {
                Some(leaf) => leaf.tip = node.id,
                None => {
                    self.kept.sides += 1;
                    let label = format!("side-{}", self.kept.sides);
                    self.kept.leaves.push(Leaf { tip: node.id, label });
                }
            }
            return;
        }
        if parent != self.kept.main {
            self.leave_main();
            if let Some(at) = continued {
                self.kept.leaves.remove(at);
            }
        }
        self.kept.main = Some(node.id);
    }

    /// Keeps the state before a compaction under a name of its own.
    pub(super) fn keep_before_compaction(&mut self, before: Option<Id>) {
        if let Some(tip) = before {
            self.kept.compactions += 1;
            let label = format!("compacted-{}", self.kept.compactions);
            self.kept.leaves.push(Leaf { tip, label });
        }
    }

    /// Moves the main line to an earlier commit, keeping the tip it leaves.
    pub(super) fn rewind(&mut self, to: Option<Id>) {
        if to != self.kept.main {
            self.leave_main();
            self.kept.main = to;
        }
    }

    fn leave_main(&mut self) {
        if let Some(tip) = self.kept.main {
            self.kept.rewinds += 1;
            let label = format!("rewind-{}", self.kept.rewinds);
            self.kept.leaves.push(Leaf { tip, label });
        }
    }
}

fn push<T>(list: &mut Vec<T>, item: T) {
    if list.len() >= KEPT {
        list.remove(0);
    }
    list.push(item);
}
