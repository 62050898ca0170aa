//! Where rows hang: the line that a source is on.
//!
//! Rows form a tree by `uuid` and `parentUuid`, and it has side leaves even
//! where nobody branched: the result of each of several calls made at once
//! hangs on the row of its call, and only the last of them is gone on from.
//! Such a group of rows is one line here; what hangs on any of them goes
//! after the latest.

use super::row::{Parent, Row};
use crate::tool::{Key, Link};

/// The most rows of a group that are remembered; the state must stay small.
const GROUP_MAX: usize = 40;

/// Whether the latest row stands where the line's tip is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Free {
    /// It does.
    #[default]
    No,
    /// It says nothing, and hangs elsewhere.
    Elsewhere,
    /// It says nothing, and is a beginning.
    Root,
}

/// A line of rows, the main one or that of a side conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// The API message of the latest assistant row; 0 before there is one.
    api: u64,
    /// The latest row; 0 if there is none, or it has no key.
    last: u64,
    free: Free,
    /// The rows since the latest answer or prompt began.
    group: Vec<u64>,
}

impl Line {
    /// Where a row hangs. `side` lines have no tip of their own.
    pub(super) fn link(&self, row: &Row<'_>, side: bool) -> Link {
        let parent = match row.parent {
            Parent::Row(parent) => parent,
            _ if row.subtype == b"compact_boundary" && row.logical.is_some() => {
                return row.logical.map_or(Link::Root, Link::Key);
            }
            Parent::Absent if !side => return Link::Tip,
            _ => return Link::Root,
        };
        if !self.holds(parent) {
            return Link::Key(parent);
        }
        match self.free {
            Free::Root => Link::Root,
            Free::Elsewhere => Link::Key(parent),
            Free::No if !side => Link::Tip,
            Free::No if self.last != 0 => Link::Key(Key(self.last)),
            Free::No => Link::Key(parent),
        }
    }

    fn holds(&self, key: Key) -> bool {
        key.0 == self.last || self.group.contains(&key.0)
    }

    /// Goes on to a row. `api` is the API message it is part of; `begins`
    /// tells whether it is a prompt, `says` whether it has a message.
    pub(super) fn go(&mut self, row: &Row<'_>, link: &Link, api: Option<Key>, begins: bool, says: bool) {
        let near = matches!(row.parent, Parent::Row(parent) if self.holds(parent));
        let other = api.is_some_and(|api| api.0 != self.api);
        if !near || other || begins {
            self.group.clear();
        }
        if let Some(api) = api {
            self.api = api.0;
        }
        self.free = match link {
            _ if says => Free::No,
            Link::Root => Free::Root,
            Link::Tip => self.free,
            _ => Free::Elsewhere,
        };
        self.last = row.key.map_or(0, |key| key.0);
        if let Some(key) = row.key {
            if self.group.len() == GROUP_MAX {
                self.group.remove(0);
            }
            self.group.push(key.0);
        }
    }

    /// Appends the line to a state.
    pub(super) fn save(&self, out: &mut Vec<u64>) {
        out.extend([self.api, self.last, self.free as u64, self.group.len() as u64]);
        out.extend(&self.group);
    }

    /// Takes a line from a state.
    pub(super) fn load(state: &mut dyn Iterator<Item = u64>) -> Line {
        let mut next = || state.next().unwrap_or_default();
        let (api, last) = (next(), next());
        let free = match next() {
            1 => Free::Elsewhere,
            2 => Free::Root,
            _ => Free::No,
        };
        let count = usize::try_from(next()).unwrap_or_default().min(GROUP_MAX);
        Line { api, last, free, group: state.take(count).collect() }
    }
}
