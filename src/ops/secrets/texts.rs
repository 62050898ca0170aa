//! The texts in objects: all that a secret may stand in, each of which may be
//! replaced.

use crate::object::codec::{self, CodecError, Decode, Encode};
use crate::object::message::Json;
use crate::object::{
    Block, Body, Commit, Config, Context, Input, Kind, Message, Part, Snapshot, Tag, Text, Tree,
};
use crate::store::refs::About;

/// Looks at a text, and returns what shall stand in its place, if anything.
pub(crate) type Look<'l> = &'l mut dyn FnMut(&[u8]) -> Option<Vec<u8>>;

fn bytes(text: &mut Vec<u8>, look: Look<'_>) {
    if let Some(new) = look(text) {
        *text = new;
    }
}

fn string(text: &mut String, look: Look<'_>) {
    if let Some(new) = look(text.as_bytes()) {
        *text = String::from_utf8_lossy(&new).into_owned();
    }
}

/// A path, which must remain one on every system.
pub(crate) fn path(text: &mut String, look: Look<'_>) {
    if let Some(new) = look(text.as_bytes()) {
        *text = String::from_utf8_lossy(&new).replace(':', "-");
    }
}

/// A literal piece by piece, between its holes, which keep their places.
fn pieces<T>(literal: &mut Vec<u8>, holes: &mut [(u64, T)], look: Look<'_>) {
    if holes.is_empty() {
        return bytes(literal, look);
    }
    let ends: Vec<usize> = holes.iter().map(|(at, _)| usize::try_from(*at).unwrap_or(usize::MAX)).collect();
    let (mut out, mut changed, mut done) = (Vec::new(), false, 0);
    let mut moved = Vec::with_capacity(ends.len());
    for end in ends.into_iter().map(|end| end.min(literal.len())).chain([literal.len()]) {
        let piece = literal.get(done..end).unwrap_or_default();
        let new = look(piece);
        changed |= new.is_some();
        out.extend_from_slice(new.as_deref().unwrap_or(piece));
        moved.push(out.len() as u64);
        done = done.max(end);
    }
    if changed {
        *literal = out;
        holes.iter_mut().zip(moved).for_each(|((at, _), new)| *at = new);
    }
}

/// The texts of a commit that are no body's.
pub(crate) fn of_commit(commit: &mut Commit, look: Look<'_>) {
    commit
        .title
        .iter_mut()
        .chain(&mut commit.model)
        .chain(&mut commit.files)
        .for_each(|text| string(text, look));
}

/// The texts that stand in a body itself.
pub(crate) fn of_body(body: &mut Body, look: Look<'_>) {
    for record in &mut body.records {
        pieces(&mut record.literal, &mut record.holes, look);
    }
    if let Some(message) = &mut body.message {
        of_message(message, look);
    }
}

fn of_message(message: &mut Message, look: Look<'_>) {
    for block in &mut message.blocks {
        match block {
            Block::Text(text) | Block::Summary(text) | Block::Notice(text) => inline(text, look),
            Block::Thinking { text, signature } => {
                inline(text, look);
                signature.iter_mut().for_each(|text| inline(text, look));
            }
            Block::Call { name, input, .. } => {
                string(name, look);
                match input {
                    Input::Json(value) => json(value, look),
                    Input::Text(text) => inline(text, look),
                }
            }
            Block::Result { parts, .. } => parts.iter_mut().for_each(|part| match part {
                Part::Text(text) => inline(text, look),
                Part::Image(media, text) => {
                    string(media, look);
                    inline(text, look);
                }
                Part::Other(value) => json(value, look),
            }),
            Block::Image(media, text) => {
                string(media, look);
                inline(text, look);
            }
            Block::File(media, name, text) => {
                string(media, look);
                string(name, look);
                inline(text, look);
            }
            Block::Other(value) => json(value, look),
        }
    }
}

fn inline(text: &mut Text, look: Look<'_>) {
    if let Text::Inline(text) = text {
        bytes(text, look);
    }
}

fn json(value: &mut Json, look: Look<'_>) {
    pieces(&mut value.literal, &mut value.holes, look);
    value.holes.iter_mut().for_each(|(_, text)| inline(text, look));
}

/// The texts of any other object.
pub(crate) fn of_content(kind: Kind, content: &mut Vec<u8>, look: Look<'_>) -> Result<(), CodecError> {
    match kind {
        Kind::Context => change(content, |context: &mut Context| {
            context.values.iter_mut().flatten().for_each(|value| bytes(value, look));
        }),
        Kind::Config => change(content, |config: &mut Config| {
            for (name, value) in &mut config.entries {
                string(name, look);
                string(value, look);
            }
        }),
        Kind::Tag => change(content, |tag: &mut Tag| {
            string(&mut tag.name, look);
            string(&mut tag.words, look);
        }),
        Kind::Snapshot => change(content, |snapshot: &mut Snapshot| {
            string(&mut snapshot.root, look);
            snapshot.left_out.iter_mut().for_each(|left| path(&mut left.path, look));
            if let Some(git) = &mut snapshot.git {
                let words = [&mut git.head, &mut git.branch, &mut git.upstream];
                words.into_iter().flatten().for_each(|text| string(text, look));
            }
        }),
        Kind::Tree => change(content, |tree: &mut Tree| {
            tree.entries.iter_mut().for_each(|entry| path(&mut entry.path, look));
            tree.entries.sort_by(|a, b| a.path.cmp(&b.path));
        }),
        _ => {
            bytes(content, look);
            Ok(())
        }
    }
}

/// Changes an object in its encoding.
pub(crate) fn change<T: Encode + Decode<()>>(
    content: &mut Vec<u8>,
    change: impl FnOnce(&mut T),
) -> Result<(), CodecError> {
    let mut value: T = codec::decode(content)?;
    change(&mut value);
    *content = codec::encode(&value)?;
    Ok(())
}

/// What a source says of itself, in words.
pub(crate) fn of_about(about: &mut About, look: Look<'_>) {
    let words = [
        &mut about.user_title,
        &mut about.tool_title,
        &mut about.first_prompt,
        &mut about.cwd,
        &mut about.git_branch,
        &mut about.version,
        &mut about.model,
    ];
    words.into_iter().flatten().for_each(|text| string(text, look));
    // Part of the names of refs, and as such no less a path.
    path(&mut about.label, look);
}
