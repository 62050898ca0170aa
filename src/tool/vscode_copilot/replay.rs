//! Lines of a log that are one record: a turn put together from them, as the
//! editor does when it opens the session.

use super::entry::{At, Entry};
use super::read::Turns;
use super::request;
use crate::object::json::{Tape, Type, Value};
use crate::object::split::Texts;
use crate::tool::Step;

/// What lines say. `tell` is called with each. `None` if none is a log's.
pub(super) fn lines(
    record: &[u8],
    turns: &mut Turns,
    texts: &mut Texts,
    tell: &mut dyn FnMut(&Entry<'_>),
) -> Option<Vec<Step>> {
    let (mut steps, mut open, mut known) = (Vec::new(), None::<Open>, false);
    for line in record.split(|b| *b == b'\n') {
        let mut tape = Tape::default();
        let start = line.iter().position(|b| *b == b'{').unwrap_or(line.len());
        let line = line.get(start..).unwrap_or_default();
        let Some(entry) = tape.read(line).and_then(|_| Entry::of(tape.root(line))) else { continue };
        known = true;
        tell(&entry);
        let Some((at, list)) = entry.listed() else {
            if let Some(open) = open.as_mut().filter(|_| entry.request() == turns.last()) {
                open.change(&entry);
            }
            continue;
        };
        steps.extend(open.take().map(|open| open.said(texts)).into_iter().flatten());
        turns.cut(at, &mut steps);
        let requests = list.each();
        for (n, request) in requests.iter().enumerate() {
            turns.add();
            if n + 1 == requests.len() && !request::is_finished(*request) {
                open = Some(Open::of(*request));
            } else {
                steps.extend(request::all(*request, texts));
            }
        }
    }
    steps.extend(open.map(|open| open.said(texts)).into_iter().flatten());
    known.then_some(steps)
}

/// A turn that isn't whole yet.
struct Open {
    /// Its members, as JSON, but for the parts of its answer.
    members: Vec<(Vec<u8>, Vec<u8>)>,
    parts: Vec<Vec<u8>>,
}

impl Open {
    fn of(request: Value<'_>) -> Open {
        let mut open = Open { members: Vec::new(), parts: Vec::new() };
        for (key, value) in request.members() {
            open.set(key, Some(value));
        }
        open
    }

    fn set(&mut self, key: &[u8], value: Option<Value<'_>>) {
        if key == b"response" {
            self.parts = value.into_iter().flat_map(|list| list.items()).map(json).collect();
            // Before parts, it was one text.
            self.parts.extend(value.filter(|value| value.kind() == Type::String).map(json));
            return;
        }
        self.members.retain(|(known, _)| known != key);
        self.members.extend(value.map(|value| (key.to_vec(), json(value))));
    }

    fn change(&mut self, entry: &Entry<'_>) {
        match entry {
            Entry::Set(At::Member(_, key), value) => self.set(key, *value),
            Entry::Push(At::Member(_, b"response"), at, list) => {
                self.parts.truncate(at.unwrap_or(self.parts.len()));
                self.parts.extend(list.iter().flat_map(|list| list.items()).map(json));
            }
            _ => {}
        }
    }

    fn said(self, texts: &mut Texts) -> Vec<Step> {
        let mut bytes = b"{\"response\":[".to_vec();
        bytes.extend(self.parts.join(&b","[..]));
        bytes.push(b']');
        for (key, value) in &self.members {
            bytes.extend([b",\"", key.as_slice(), b"\":", value].concat());
        }
        bytes.push(b'}');
        let mut tape = Tape::default();
        match tape.read(&bytes) {
            Some(_) => request::all(tape.root(&bytes), texts),
            None => Vec::new(),
        }
    }
}

/// A value as it was written.
fn json(value: Value<'_>) -> Vec<u8> {
    match value.kind() {
        Type::String => [b"\"", value.raw(), b"\""].concat(),
        _ => value.raw().to_vec(),
    }
}
