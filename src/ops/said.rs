//! What was said, as fingerprints: how a conversation that `sfs` wrote is
//! known again when its tool has rewritten it in its own way.

use crate::object::id::{Id, Kind};
use crate::object::message::{Block, Message, Part, Text};

/// How many texts a tool may have left out in a row.
const AHEAD: usize = 32;

/// Fingerprints of the texts of a message and of the results in it. What
/// tools change (calls, thoughts, notices) doesn't count.
fn texts(message: &Message) -> impl Iterator<Item = u64> {
    message.blocks.iter().flat_map(|block| match block {
        Block::Text(text) => vec![print(text)],
        Block::Result { parts, .. } => parts.iter().filter_map(of_part).collect(),
        _ => Vec::new(),
    })
}

fn of_part(part: &Part) -> Option<u64> {
    match part {
        Part::Text(text) => Some(print(text)),
        _ => None,
    }
}

fn print(text: &Text) -> u64 {
    let id = match text {
        Text::Inline(bytes) => Id::of(Kind::Blob, bytes),
        Text::Blob(id, _) | Text::Base64(id, _) | Text::Base64Url(id, _) => *id,
    };
    id.bytes().iter().take(8).fold(0, |print, byte| print << 8 | u64::from(*byte))
}

/// The fingerprints of a conversation, in order, as they are kept.
#[derive(Debug, Default)]
pub(super) struct Sayings(Vec<u8>);

impl Sayings {
    /// Adds a message.
    pub(super) fn add(&mut self, message: &Message) {
        texts(message).for_each(|print| self.0.extend_from_slice(&print.to_le_bytes()));
    }

    /// The bytes to keep.
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Follows a conversation that should begin as another one.
#[derive(Debug)]
pub(super) struct Follow {
    said: Vec<u64>,
    at: usize,
}

impl Follow {
    /// Begins at the beginning of what was kept.
    pub(super) fn new(kept: &[u8]) -> Follow {
        let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |n, byte| n << 8 | u64::from(*byte));
        Follow { said: kept.chunks_exact(8).map(number).collect(), at: 0 }
    }

    /// Whether a message says what comes next, to its end: a tool may put what
    /// is new behind what was said. `None` if it says nothing.
    pub(super) fn goes_on(&mut self, message: &Message) -> Option<bool> {
        let mut follows = None;
        for print in texts(message) {
            let ahead = self.said.iter().skip(self.at).take(AHEAD);
            let known = ahead.into_iter().position(|known| *known == print);
            self.at += known.map_or(0, |n| n + 1);
            follows = Some(known.is_some());
        }
        follows
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::message::Role;

    fn message(words: &str) -> Message {
        Message { role: Role::User, blocks: vec![Block::Text(Text::Inline(words.into()))] }
    }

    #[test]
    fn a_conversation_is_followed_to_its_end_and_no_further() {
        let mut said = Sayings::default();
        ["a", "b", "c", "go on"].iter().for_each(|words| said.add(&message(words)));
        let mut follow = Follow::new(&said.into_bytes());
        let follows = ["a", "c", "new", "go on", "go on"].map(|words| follow.goes_on(&message(words)));
        assert_eq!(follows, [true, true, false, true, false].map(Some));
        assert_eq!(follow.goes_on(&Message { role: Role::User, blocks: Vec::new() }), None);
    }

    #[test]
    fn what_is_new_behind_what_was_said_is_new() {
        let mut said = Sayings::default();
        said.add(&message("a"));
        let mut follow = Follow::new(&said.into_bytes());
        let mut longer = message("a");
        longer.blocks.extend(message("and on").blocks);
        assert_eq!(follow.goes_on(&longer), Some(false));
    }
}
