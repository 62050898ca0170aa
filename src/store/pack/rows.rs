//! Rows: commits written as what differs from the commit before.

use super::Ref;
use crate::object::codec::{Decode, Encode};
use crate::object::commit::{Commit, Counts, Usage};
use crate::object::id::Id;

/// A commit in a block, relative to the one before it there. Its body's id is
/// kept apart, since it can't be compressed.
#[derive(Encode, Decode)]
pub(super) struct Row {
    parents: Vec<u64>,
    after: Option<u64>,
    turn: Option<u64>,
    copies: Vec<u64>,
    workspace: Option<u64>,
    config: Option<u64>,
    time: Option<i64>,
    tool: Option<String>,
    model: Option<Option<String>>,
    title: Option<String>,
    usage: Usage,
    files: Vec<String>,
    counts: [i64; 4],
}

/// What a row leans on: the commit before it in its block.
#[derive(Clone, Default)]
pub(super) struct Before {
    time: i64,
    tool: String,
    model: Option<String>,
    counts: Counts,
}

impl Before {
    /// Takes note of a commit that stands before the next.
    pub(super) fn note(&mut self, commit: &Commit) {
        self.time = commit.time.unwrap_or(self.time);
        if self.tool != commit.tool {
            self.tool.clone_from(&commit.tool);
        }
        if self.model != commit.model {
            self.model.clone_from(&commit.model);
        }
        self.counts = commit.counts;
    }
}

/// Turns ids into references and back.
pub(super) trait Refer<E> {
    /// The reference for a commit.
    fn commit(&mut self, id: Id) -> Result<Ref, E>;
    /// The reference for another object.
    fn content(&mut self, id: Id) -> Result<Ref, E>;
}

/// Writes commit `number` as a row.
pub(super) fn pack<E>(
    commit: &Commit,
    number: u32,
    before: &Before,
    refer: &mut impl Refer<E>,
) -> Result<Row, E> {
    let own = number.saturating_sub(1);
    let mut commit_ref = |id: Id| refer.commit(id).map(|r| r.pack(own));
    let parents = commit.parents.iter().map(|id| commit_ref(*id)).collect::<Result<_, E>>()?;
    let after = commit.after.map(&mut commit_ref).transpose()?;
    let turn = commit.turn.map(&mut commit_ref).transpose()?;
    let copies = sequence(&commit.copies, refer)?;
    let mut content_ref = |id: Id| refer.content(id).map(|r| r.pack(0));
    Ok(Row {
        parents,
        after,
        turn,
        copies,
        workspace: commit.workspace.map(&mut content_ref).transpose()?,
        config: commit.config.map(&mut content_ref).transpose()?,
        time: commit.time.map(|t| t.wrapping_sub(before.time)),
        tool: (commit.tool != before.tool).then(|| commit.tool.clone()),
        model: (commit.model != before.model).then(|| commit.model.clone()),
        title: commit.title.clone(),
        usage: commit.usage,
        files: commit.files.clone(),
        counts: differences(&commit.counts, &before.counts),
    })
}

/// Reads commit `number` from its row; `None` if it refers to what isn't there.
pub(super) fn unpack(
    row: Row,
    number: u32,
    body: Id,
    before: &Before,
    commit: impl Fn(Ref) -> Option<Id>,
    content: impl Fn(Ref) -> Option<Id>,
) -> Option<Commit> {
    let own = number.saturating_sub(1);
    let commit_of = |n: u64| Ref::unpack(n, own).and_then(&commit);
    let mut copies = Vec::with_capacity(row.copies.len());
    let mut expected = 0;
    for n in row.copies {
        let target = Ref::unpack(n, expected)?;
        copies.push(commit(target)?);
        expected = next(target, expected);
    }
    let content_of = |n: u64| Ref::unpack(n, 0).and_then(&content);
    Some(Commit {
        parents: row.parents.into_iter().map(commit_of).collect::<Option<_>>()?,
        after: maybe(row.after, commit_of)?,
        turn: maybe(row.turn, commit_of)?,
        copies,
        body,
        workspace: maybe(row.workspace, content_of)?,
        config: maybe(row.config, content_of)?,
        time: row.time.map(|t| t.wrapping_add(before.time)),
        tool: row.tool.unwrap_or_else(|| before.tool.clone()),
        model: row.model.unwrap_or_else(|| before.model.clone()),
        title: row.title,
        usage: row.usage,
        files: row.files,
        counts: sums(row.counts, &before.counts),
    })
}

/// References to commits that mostly follow each other.
fn sequence<E>(ids: &[Id], refer: &mut impl Refer<E>) -> Result<Vec<u64>, E> {
    let mut expected = 0;
    let mut packed = Vec::with_capacity(ids.len());
    for id in ids {
        let target = refer.commit(*id)?;
        packed.push(target.pack(expected));
        expected = next(target, expected);
    }
    Ok(packed)
}

/// The commit that is expected after one.
fn next(target: Ref, expected: u32) -> u32 {
    match target {
        Ref::Local(n) => n.wrapping_add(1),
        Ref::External(_) => expected,
    }
}

fn maybe<T, U>(value: Option<T>, f: impl Fn(T) -> Option<U>) -> Option<Option<U>> {
    match value {
        None => Some(None),
        Some(value) => f(value).map(Some),
    }
}

fn differences(counts: &Counts, before: &Counts) -> [i64; 4] {
    let difference = |a: u64, b: u64| a.wrapping_sub(b).cast_signed();
    [
        difference(counts.commits, before.commits),
        difference(counts.messages, before.messages),
        difference(counts.turns, before.turns),
        difference(counts.calls, before.calls),
    ]
}

fn sums([commits, messages, turns, calls]: [i64; 4], before: &Counts) -> Counts {
    let sum = |a: u64, b: i64| a.wrapping_add(b.cast_unsigned());
    Counts {
        commits: sum(before.commits, commits),
        messages: sum(before.messages, messages),
        turns: sum(before.turns, turns),
        calls: sum(before.calls, calls),
    }
}
