//! A line of a log: what becomes of the session's object.

use crate::object::json::{Type, Value};

/// What a line does.
pub(super) enum Entry<'t> {
    /// This is the object.
    Initial(Value<'t>),
    /// A member is this from now on; gone without a value.
    Set(At<'t>, Option<Value<'t>>),
    /// An array is cut off at a place, if one is given, and these are added.
    Push(At<'t>, Option<usize>, Option<Value<'t>>),
}

/// What of the object it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At<'t> {
    /// The list of turns.
    Requests,
    /// A turn.
    Request(usize),
    /// A member of a turn.
    Member(usize, &'t [u8]),
    /// Something inside of a member of a turn.
    Inside(usize),
    /// A member of the object.
    Root(&'t [u8]),
    /// Anything else.
    Other,
}

impl At<'_> {
    /// The turn it is about, if it is about one.
    pub(super) fn request(&self) -> Option<usize> {
        match self {
            At::Request(n) | At::Member(n, _) | At::Inside(n) => Some(*n),
            _ => None,
        }
    }
}

impl<'t> Entry<'t> {
    /// Takes a line apart; `None` if it is none of a log.
    pub(super) fn of(line: Value<'t>) -> Option<Entry<'t>> {
        let value = line.get("v");
        let at = || At::of(line.get("k")?);
        match line.get("kind")?.int()? {
            0 => Some(Entry::Initial(value.filter(|value| value.kind() == Type::Object)?)),
            1 => Some(Entry::Set(at()?, value)),
            2 => Some(Entry::Push(at()?, line.get("i").and_then(number), value)),
            3 => Some(Entry::Set(at()?, None)),
            _ => None,
        }
    }

    /// The turns that the list holds from a place on; without a place they are
    /// added to it.
    pub(super) fn listed(&self) -> Option<(Option<usize>, Listed<'t>)> {
        match self {
            Entry::Initial(object) => Some((Some(0), Listed::Many(object.get("requests")))),
            Entry::Set(At::Requests, list) => Some((Some(0), Listed::Many(*list))),
            Entry::Push(At::Requests, at, list) => Some((*at, Listed::Many(*list))),
            Entry::Set(At::Request(n), request) => Some((Some(*n), Listed::One(*request))),
            _ => None,
        }
    }

    /// The turn it changes.
    pub(super) fn request(&self) -> Option<usize> {
        match self {
            Entry::Initial(_) => None,
            Entry::Set(at, _) | Entry::Push(at, ..) => at.request(),
        }
    }

    /// What a member of a turn is set to.
    pub(super) fn member(&self, key: &str) -> Option<Value<'t>> {
        match self {
            Entry::Set(At::Member(_, name), value) if *name == key.as_bytes() => *value,
            _ => None,
        }
    }
}

impl<'t> At<'t> {
    fn of(path: Value<'t>) -> Option<At<'t>> {
        let mut path = path.items();
        let root = path.next()?;
        let steps = (path.next(), path.next(), path.next());
        Some(match (root.raw(), steps) {
            (b"requests", (None, ..)) => At::Requests,
            (b"requests", (Some(n), name, deeper)) => match (number(n), name, deeper) {
                (Some(n), None, _) => At::Request(n),
                (Some(n), Some(name), None) => At::Member(n, name.raw()),
                (Some(n), Some(_), Some(_)) => At::Inside(n),
                (None, ..) => At::Other,
            },
            (name, (None, ..)) => At::Root(name),
            _ => At::Other,
        })
    }
}

fn number(value: Value<'_>) -> Option<usize> {
    usize::try_from(value.int()?).ok()
}

/// Turns as they stand in a line.
#[derive(Clone, Copy)]
pub(super) enum Listed<'t> {
    /// In a list.
    Many(Option<Value<'t>>),
    /// One, which is another in its place.
    One(Option<Value<'t>>),
}

impl<'t> Listed<'t> {
    /// Each of them.
    pub(super) fn each(self) -> Vec<Value<'t>> {
        match self {
            Listed::Many(list) => list.into_iter().flat_map(|list| list.items()).collect(),
            Listed::One(request) => request.into_iter().collect(),
        }
    }
}
