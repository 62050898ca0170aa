//! A conversation, read from the store message by message.

use crate::object::escape::Style;
use crate::object::id::Id;
use crate::object::message::{Block, Input, Message, Text};
use crate::ops::said::Sayings;
use crate::store::{Store, StoreError};
use crate::tool::{Conversation, Said, ToolError};

/// The commits from the beginning of a conversation to a revision.
pub(super) struct Path(Vec<Id>);

impl Path {
    /// The way to a commit.
    pub(super) fn to(store: &Store, commit: Id) -> Result<Path, StoreError> {
        let (mut way, mut next) = (Vec::new(), Some(commit));
        while let Some(id) = next {
            next = store.commit(&id)?.parents.first().copied();
            way.push(id);
        }
        way.reverse();
        Ok(Path(way))
    }

    /// The first commit.
    pub(super) fn first(&self) -> Option<Id> {
        self.0.first().copied()
    }

    /// All of them.
    pub(super) fn all(&self) -> &[Id] {
        &self.0
    }
}

/// Reads a conversation for a tool that writes it.
pub(super) struct Reading<'s> {
    store: &'s Store,
    way: std::vec::IntoIter<Id>,
    /// What is said before all else.
    opening: Option<Said>,
    /// The project's old path and its new one.
    rebase: Option<(String, String)>,
    rebased: u64,
    said: Sayings,
}

impl<'s> Reading<'s> {
    /// Begins at the beginning.
    pub(super) fn new(
        store: &'s Store,
        line: Vec<Id>,
        opening: Option<Said>,
        rebase: Option<(String, String)>,
    ) -> Reading<'s> {
        Reading { store, opening, way: line.into_iter(), rebase, rebased: 0, said: Sayings::default() }
    }

    /// How many paths were changed.
    pub(super) fn rebased(&self) -> u64 {
        self.rebased
    }

    /// What was said, to be known again.
    pub(super) fn said(self) -> Vec<u8> {
        self.said.into_bytes()
    }

    /// Lets paths in the inputs of calls lead to the new project.
    fn rebase(&mut self, message: &mut Message) {
        let Some((from, to)) = &self.rebase else { return };
        for block in &mut message.blocks {
            if let Block::Call { input: Input::Json(json), .. } = block
                && json.holes.is_empty()
            {
                self.rebased += replace_paths(&mut json.literal, from, to);
            } else if let Block::Call { input: Input::Json(json), .. } = block {
                self.rebased += replace_around_holes(json, from, to);
            }
        }
    }
}

/// Replaces the beginning of JSON strings that are `from` or a path below it.
pub(super) fn replace_paths(literal: &mut Vec<u8>, from: &str, to: &str) -> u64 {
    let quoted = |path: &str| {
        let mut bytes = vec![b'"'];
        Style::Plain.write(path.as_bytes(), &mut bytes);
        bytes
    };
    let (old, new) = (quoted(from), quoted(to));
    let (mut out, mut done, mut count) = (Vec::with_capacity(literal.len()), 0, 0);
    for at in memchr::memmem::find_iter(literal.as_slice(), &old) {
        if matches!(literal.get(at + old.len()), Some(b'"' | b'/')) {
            out.extend_from_slice(literal.get(done..at).unwrap_or_default());
            out.extend_from_slice(&new);
            done = at + old.len();
            count += 1;
        }
    }
    out.extend_from_slice(literal.get(done..).unwrap_or_default());
    *literal = out;
    count
}

/// The same where long strings were taken out: the holes move along.
fn replace_around_holes(json: &mut crate::object::message::Json, from: &str, to: &str) -> u64 {
    let (mut literal, mut done, mut count) = (Vec::new(), 0usize, 0);
    for (at, _) in &mut json.holes {
        let end = usize::try_from(*at).unwrap_or(usize::MAX);
        let mut piece = json.literal.get(done..end).unwrap_or_default().to_vec();
        count += replace_paths(&mut piece, from, to);
        literal.append(&mut piece);
        *at = literal.len() as u64;
        done = end;
    }
    let mut piece = json.literal.get(done..).unwrap_or_default().to_vec();
    count += replace_paths(&mut piece, from, to);
    literal.append(&mut piece);
    json.literal = literal;
    count
}

fn broken(e: StoreError) -> ToolError {
    ToolError::Conversation(Box::new(e))
}

impl Conversation for Reading<'_> {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        if let Some(opening) = self.opening.take() {
            return Ok(Some(opening));
        }
        for id in self.way.by_ref() {
            let commit = self.store.commit(&id).map_err(broken)?;
            let Some(mut message) = self.store.body(&id, &commit).map_err(broken)?.message else { continue };
            self.rebase(&mut message);
            self.said.add(&message);
            return Ok(Some(Said {
                message,
                time: commit.time,
                model: commit.model.clone(),
                tool: commit.tool.clone(),
                usage: commit.usage,
                begins_turn: commit.begins_turn(),
            }));
        }
        Ok(None)
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        let encoded = |id: &Id, style: Style| {
            let mut out = Vec::new();
            style.write(&self.store.blob(id).map_err(broken)?, &mut out);
            Ok(out)
        };
        match text {
            Text::Inline(bytes) => Ok(bytes.clone()),
            Text::Blob(id, _) => self.store.blob(id).map_err(broken),
            Text::Base64(id, _) => encoded(id, Style::Base64),
            Text::Base64Url(id, _) => encoded(id, Style::Base64Url),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_paths_are_replaced() {
        let mut literal = br#"{"a":"/old/x.rs","b":"/old","c":"/older","d":"see /old/y"}"#.to_vec();
        assert_eq!(replace_paths(&mut literal, "/old", "/new/place"), 2);
        let expected = r#"{"a":"/new/place/x.rs","b":"/new/place","c":"/older","d":"see /old/y"}"#;
        assert_eq!(String::from_utf8(literal).unwrap(), expected);
    }
}
