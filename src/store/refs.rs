//! Refs: names for commits, and what is known of each source.
//!
//! | name | value |
//! |---|---|
//! | `head/<session>/<label>` | a branch that capture moves |
//! | `branch/<session>/<name>` | a branch of the user's; capture never touches it |
//! | `deleted/<session>` | a session that was deleted |
//! | `tag/<name>` | a tag |
//! | `name/<name>` | a session |
//! | `workspace/<session>/<writer>` | the newest snapshot that a store took for a session |
//! | `source/<id>` | a source, by the hash of its tool and native ids |
//! | `remote/<remote>/<writer>/<ref>` | a ref of another machine, as last fetched |

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::object::codec::{Decode, Encode};
use crate::object::commit::Counts;
use crate::object::id::{Id, Kind};

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum RefValue {
    /// A commit.
    Commit(Id),
    /// A tag object.
    Tag(Id),
    /// A session.
    Session(Id),
    /// A source.
    Source(Arc<Source>),
    /// A snapshot.
    Snapshot(Id),
}

impl From<Source> for RefValue {
    fn from(source: Source) -> RefValue {
        RefValue::Source(Arc::new(source))
    }
}

/// What has been captured of a source, and where to go on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Source {
    /// The session that it is part of.
    pub session: Id,
    /// The tool that writes it.
    pub tool: String,
    /// The tool's own id of the session.
    pub native: String,
    /// Which part of it; empty for the session itself.
    pub part: String,
    /// Where it lies below the tool's root.
    pub place: String,
    /// The commit that ends the captured file; walking `after` from it and
    /// then `tail` gives the file's bytes.
    pub file: Option<Id>,
    /// The tip of its conversation.
    pub head: Option<Id>,
    /// The bytes after the last commit: records that wait for a message, and a
    /// last line that may not be whole. A content of the store.
    pub tail: Option<Id>,
    /// The bytes before the first record, of a document that is rewritten
    /// whole. A content of the store.
    pub lead: Option<Id>,
    /// What its bytes become when it is written out.
    pub form: Form,
    /// The tree of the files that go with it.
    pub side: Option<Id>,
    /// What it says of itself.
    pub about: About,
    /// Where to go on reading.
    pub mark: Mark,
}

/// What the bytes of a source become when it is written out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub enum Form {
    /// A file.
    #[default]
    File,
    /// Rows of a database that holds other sessions as well: a line each.
    Rows,
    /// Files of their own: each record one.
    Folder,
}

/// What a source says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct About {
    /// A title that the user gave it in the tool.
    pub user_title: Option<String>,
    /// A title that the tool gave it.
    pub tool_title: Option<String>,
    /// Its first prompt.
    pub first_prompt: Option<String>,
    /// The directory it worked in.
    pub cwd: Option<String>,
    /// The git branch it last was on.
    pub git_branch: Option<String>,
    /// The version of the tool that wrote it last.
    pub version: Option<String>,
    /// The model that spoke last.
    pub model: Option<String>,
    /// Time of its first record, in milliseconds since 1970.
    pub created: Option<i64>,
    /// Time of its last record.
    pub updated: Option<i64>,
    /// Totals at its head.
    pub counts: Counts,
    /// For a subagent or a fork: the native id of the session it came from.
    pub parent: Option<String>,
    /// The revision that it was resumed from, when `sfs` wrote its beginning.
    pub resumed: Option<Resumed>,
    /// How many records were of an unknown kind.
    pub unknown: u64,
    /// How many records were not JSON.
    pub broken: u64,
    /// Whether the file was gone when last looked for.
    pub gone: bool,
    /// Fingerprint of its first message, by which copies know each other; 0
    /// before there is one.
    pub root: u64,
    /// What its branches are called beside others in the session.
    pub label: String,
}

/// The beginning of a source that `sfs` itself wrote.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Resumed {
    /// The commit that was resumed.
    pub from: Id,
    /// How many bytes were written.
    pub len: u64,
    /// Their [`crate::object::id::checksum`].
    pub sum: u64,
    /// What was said in it, by which it is known again in a source that its
    /// tool rewrites whole: fingerprints of the texts, eight bytes each. A
    /// content of the store.
    pub said: Option<Id>,
}

/// Where reading goes on. All of it can be found again by reading the source
/// from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Mark {
    /// Offset in the source at the end of the last commit, in bytes.
    pub offset: u64,
    /// What the file looked like when it was read: length, time of change in
    /// nanoseconds since 1970, number.
    pub stamp: (u64, i64, u64),
    /// Checksum of the last bytes (at most [`Mark::WINDOW`]) before `offset`.
    pub window: u64,
    /// Checksum of the first bytes (at most [`Mark::WINDOW`]) of the source.
    pub start: u64,
    /// Fingerprint of the side files' stamps.
    pub side: u64,
    /// What the adapter needs to go on.
    pub reader: Vec<u8>,
    /// What capture needs to go on.
    pub graph: Vec<u8>,
    /// Only in an operation: `reader` and `graph` are as they were before it,
    /// and empty here. They are most of a source, and rarely change.
    pub same: bool,
}

impl Mark {
    /// How many bytes are compared to tell whether a file only grew.
    pub const WINDOW: usize = 4096;
}

impl Source {
    /// The id under which a source is kept.
    pub fn key(tool: &str, native: &str, part: &str) -> Id {
        Id::of(Kind::Session, format!("{tool}\0{native}\0{part}").as_bytes())
    }

    /// The contents of the store that it names, but for its tree.
    pub fn contents(&self) -> impl Iterator<Item = Id> + use<> {
        let said = self.about.resumed.as_ref().and_then(|resumed| resumed.said);
        [self.tail, self.lead, said].into_iter().flatten()
    }

    /// The title to show: the user's own, the tool's, the first prompt.
    pub fn title(&self) -> &str {
        let about = &self.about;
        [&about.user_title, &about.tool_title, &about.first_prompt]
            .into_iter()
            .flatten()
            .find(|title| !title.trim().is_empty())
            .map_or("", String::as_str)
    }
}

/// All refs at one moment.
pub type Refs = BTreeMap<String, RefValue>;

/// One change of the refs and who made it: an entry of the operation log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Op {
    /// Its number, from 1.
    pub number: u64,
    /// When, in milliseconds since 1970.
    pub time: i64,
    /// Who: `user@host`.
    pub who: String,
    /// The command that made it.
    pub command: String,
    /// What each name stands for after it; `None` for a name that is gone.
    pub changes: Vec<(String, Option<RefValue>)>,
}

impl Op {
    /// Changes `refs` as it says.
    pub fn apply(&self, refs: &mut Refs) {
        for (name, value) in &self.changes {
            match value {
                Some(value) => {
                    let value = value.after(refs.get(name));
                    refs.insert(name.clone(), value)
                }
                None => refs.remove(name),
            };
        }
    }
}

impl RefValue {
    /// How an operation writes that this comes after `before`.
    pub(super) fn since(self, before: Option<&RefValue>) -> RefValue {
        let (RefValue::Source(mut now), Some(RefValue::Source(before))) = (self.clone(), before) else {
            return self;
        };
        let (mark, old) = (&now.mark, &before.mark);
        if mark.graph.is_empty() || (&mark.reader, &mark.graph) != (&old.reader, &old.graph) {
            return self;
        }
        let mark = &mut Arc::make_mut(&mut now).mark;
        (mark.reader, mark.graph, mark.same) = (Vec::new(), Vec::new(), true);
        RefValue::Source(now)
    }

    /// What this, as written by an operation, stands for after `before`.
    fn after(&self, before: Option<&RefValue>) -> RefValue {
        let mut value = self.clone();
        if let RefValue::Source(now) = &mut value
            && now.mark.same
        {
            let mark = &mut Arc::make_mut(now).mark;
            mark.same = false;
            if let Some(RefValue::Source(before)) = before {
                mark.reader.clone_from(&before.mark.reader);
                mark.graph.clone_from(&before.mark.graph);
            }
        }
        value
    }
}

/// A change that is wanted.
#[derive(Clone, Debug)]
pub struct Edit {
    /// The name.
    pub name: String,
    /// What it must stand for now, or the edit is refused.
    pub expect: Option<RefValue>,
    /// What it shall stand for; `None` to remove it.
    pub new: Option<RefValue>,
}
