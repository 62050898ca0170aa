//! A row taken apart: the members that mean something, in one pass.

use crate::object::json::{Type, Value};
use crate::tool::Key;

/// What `parentUuid` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Parent {
    /// There is no such member.
    #[default]
    Absent,
    /// It is null: a beginning.
    Null,
    /// The row of this key.
    Row(Key),
}

/// The members of a row.
#[derive(Clone, Copy, Default)]
pub(super) struct Row<'t> {
    pub(super) kind: &'t [u8],
    pub(super) subtype: &'t [u8],
    pub(super) key: Option<Key>,
    pub(super) parent: Parent,
    pub(super) logical: Option<Key>,
    pub(super) message: Option<Value<'t>>,
    pub(super) time: &'t [u8],
    pub(super) side: bool,
    pub(super) meta: bool,
    pub(super) summary: bool,
    pub(super) cwd: Option<Value<'t>>,
    pub(super) branch: Option<Value<'t>>,
    pub(super) version: Option<Value<'t>>,
    pub(super) forked: Option<Value<'t>>,
    /// What may be done unasked: in rows of the user's, and in a row of its own.
    pub(super) permissions: Option<Value<'t>>,
    /// How much to think (2.0; a word).
    pub(super) effort: Option<Value<'t>>,
    /// A title given with `/rename`.
    pub(super) user_title: Option<Value<'t>>,
    /// A title that the tool made up.
    pub(super) tool_title: Option<Value<'t>>,
}

impl<'t> Row<'t> {
    pub(super) fn of(value: Value<'t>) -> Row<'t> {
        let mut row = Row::default();
        for (name, member) in value.members() {
            match name {
                b"type" => row.kind = raw(member),
                b"subtype" => row.subtype = raw(member),
                b"uuid" => row.key = key(member),
                b"parentUuid" => {
                    row.parent = match (key(member), member.is_null()) {
                        (Some(key), _) => Parent::Row(key),
                        (None, true) => Parent::Null,
                        (None, false) => Parent::Absent,
                    }
                }
                b"logicalParentUuid" => row.logical = key(member),
                b"message" => row.message = Some(member),
                b"timestamp" => row.time = raw(member),
                b"isSidechain" => row.side = member.is_true(),
                b"isMeta" => row.meta = member.is_true(),
                b"isCompactSummary" => row.summary = member.is_true(),
                b"cwd" => row.cwd = Some(member),
                b"gitBranch" => row.branch = Some(member),
                b"version" => row.version = Some(member),
                b"permissionMode" => row.permissions = Some(member),
                b"thinkingMetadata" => row.effort = member.get("level"),
                b"forkedFrom" => row.forked = member.get("sessionId"),
                b"customTitle" => row.user_title = Some(member),
                b"aiTitle" | b"summary" => row.tool_title = Some(member),
                _ => {}
            }
        }
        row
    }
}

fn raw(value: Value<'_>) -> &[u8] {
    if value.kind() == Type::String { value.raw() } else { b"" }
}

fn key(value: Value<'_>) -> Option<Key> {
    (value.kind() == Type::String).then(|| Key::of(value.raw()))
}
