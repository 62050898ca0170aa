//! Conversations as lists of what they hold.

use sfs::object::Role;
use sfs::ops::show::{Piece, Shown};

/// What an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Prompt,
    Answer,
    Call,
    Result,
    /// That a result says of itself that it failed.
    Failure,
    Image,
    Thinking,
}

/// One thing that a conversation holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Item {
    pub(crate) kind: Kind,
    pub(crate) words: String,
}

/// What a message holds.
pub(crate) fn of(message: &Shown) -> Vec<Item> {
    message.pieces.iter().flat_map(|piece| item(message.role, piece)).collect()
}

fn item(role: Role, piece: &Piece) -> Vec<Item> {
    let one = |kind, words: String| vec![Item { kind, words }];
    match piece {
        Piece::Text(text) if role == Role::Assistant => one(Kind::Answer, text.clone()),
        Piece::Text(text) if role == Role::User => one(Kind::Prompt, text.clone()),
        Piece::Call { name, input, .. } => one(Kind::Call, format!("{name} {input}")),
        Piece::Image(picture) => one(Kind::Image, format!("{} {}", picture.media, picture.len)),
        Piece::Thinking(text) => one(Kind::Thinking, text.clone()),
        Piece::Result { failed, parts, .. } => result(*failed, parts),
        _ => Vec::new(),
    }
}

/// A result, and the pictures in it apart: tools carry those in many places.
fn result(failed: bool, parts: &[Piece]) -> Vec<Item> {
    let (mut words, mut items) = (String::new(), Vec::new());
    for part in parts {
        match part {
            Piece::Text(text) => words.push_str(&format!(" {text}")),
            Piece::Image(picture) => {
                let words = format!("{} {}", picture.media, picture.len);
                items.push(Item { kind: Kind::Image, words });
            }
            other => words.push_str(&format!(" {other:?}")),
        }
    }
    if failed {
        items.push(Item { kind: Kind::Failure, words: words.clone() });
    }
    items.push(Item { kind: Kind::Result, words });
    items
}

/// The items of one conversation that the other doesn't hold: neither as they
/// are nor, since some tools say more around what they keep, within another.
pub(crate) fn missing(before: &[Item], after: &[Item]) -> Vec<Item> {
    let mut left: Vec<&Item> = after.iter().collect();
    let mut take =
        |is: &dyn Fn(&Item) -> bool| left.iter().position(|item| is(item)).map(|at| left.remove(at));
    let changed: Vec<&Item> = before.iter().filter(|item| take(&|there| there == *item).is_none()).collect();
    let within =
        |item: &Item, there: &Item| there.kind == item.kind && there.words.contains(item.words.trim());
    changed.into_iter().filter(|item| take(&|there| within(item, there)).is_none()).cloned().collect()
}
