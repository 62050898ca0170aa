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
/// What is below is parted as paths of the system of `to` are.
pub(super) fn replace_paths(literal: &mut Vec<u8>, from: &str, to: &str) -> u64 {
    let quoted = |path: &str| {
        let mut bytes = vec![b'"'];
        Style::Plain.write(path.as_bytes(), &mut bytes);
        bytes
    };
    let (old, new) = (quoted(from), quoted(to));
    let (was_windows, windows) = (is_windows(from), is_windows(to));
    let (mut out, mut done, mut count) = (Vec::with_capacity(literal.len()), 0, 0);
    for at in memchr::memmem::find_iter(literal.as_slice(), &old) {
        let rest = literal.get(at + old.len()..).unwrap_or_default();
        // JSON that is itself a string: what would be escaped there stays.
        let within = at.checked_sub(1).and_then(|before| literal.get(before)) == Some(&b'\\');
        let is_below = matches!(rest, [b'"' | b'/', ..]) || was_windows && rest.starts_with(br"\\");
        if is_below && at >= done && !(within && to.contains(['\\', '"'])) {
            out.extend_from_slice(literal.get(done..at).unwrap_or_default());
            out.extend_from_slice(&new);
            done = at + old.len();
            if windows != was_windows && !within {
                done += part_anew(rest, windows, &mut out);
            }
            count += 1;
        }
    }
    out.extend_from_slice(literal.get(done..).unwrap_or_default());
    *literal = out;
    count
}

/// Whether a path is one of Windows: `C:\x`, `C:/x` or `\\server\x`.
fn is_windows(path: &str) -> bool {
    let has_drive = matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
    has_drive || path.starts_with(r"\\")
}

/// Writes the rest of a JSON string with the separators of the other system;
/// how long it was.
fn part_anew(rest: &[u8], windows: bool, out: &mut Vec<u8>) -> usize {
    let mut done = 0;
    loop {
        let left = rest.get(done..).unwrap_or_default();
        let (len, written): (usize, &[u8]) = match left {
            [] | [b'"', ..] => return done,
            [b'/', ..] if windows => (1, br"\\"),
            [b'\\', b'\\', ..] if !windows => (2, b"/"),
            [b'\\', _, ..] => (2, left.get(..2).unwrap_or_default()),
            [..] => (1, left.get(..1).unwrap_or_default()),
        };
        out.extend_from_slice(written);
        done += len;
    }
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

    #[test]
    fn paths_of_windows_are_replaced_and_become_those_of_the_new_place() {
        let literal =
            r#"{"a":"C:\\old\\src\\\"x\".rs","b":"C:\\old","c":"C:\\older","d":"C:\\old/y","e":"\\"}"#;
        for (to, expected) in [
            ("/new", r#"{"a":"/new/src/\"x\".rs","b":"/new","c":"C:\\older","d":"/new/y","e":"\\"}"#),
            (r"D:\n", r#"{"a":"D:\\n\\src\\\"x\".rs","b":"D:\\n","c":"C:\\older","d":"D:\\n/y","e":"\\"}"#),
        ] {
            let mut literal = literal.as_bytes().to_vec();
            assert_eq!(replace_paths(&mut literal, r"C:\old", to), 3);
            assert_eq!(String::from_utf8(literal).unwrap(), expected);
        }
        let mut within = br#"{"a":"{\"b\":\"/old/x\",\"c\":\"y/z\"}"}"#.to_vec();
        assert_eq!(
            (replace_paths(&mut within.clone(), "/old", r"D:\n"), replace_paths(&mut within, "/old", "/n")),
            (0, 1)
        );
        assert_eq!(String::from_utf8(within).unwrap(), r#"{"a":"{\"b\":\"/n/x\",\"c\":\"y/z\"}"}"#);
        let mut literal = br#"{"a":"/old/a\n/b","b":"/old\\c"}"#.to_vec();
        assert_eq!(replace_paths(&mut literal, "/old", r"D:\n"), 1);
        assert_eq!(String::from_utf8(literal).unwrap(), r#"{"a":"D:\\n\\a\n\\b","b":"/old\\c"}"#);
    }
}
