//! The texts of a message, as they are searched: what was said, run, read and
//! written. Pictures, signatures and other base64 are not text.

use crate::object::escape;
use crate::object::message::Json;
use crate::object::{Action, Block, Id, Input, Message, Part, Role, Status, Text};
use crate::store::{Result, Store};

/// What a text is, as bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds(pub u16);

impl Kinds {
    /// What was said.
    pub const TEXT: Kinds = Kinds(1);
    /// What was thought.
    pub const THOUGHT: Kinds = Kinds(2);
    /// What a tool was given.
    pub const CALL: Kinds = Kinds(4);
    /// A command that was run.
    pub const COMMAND: Kinds = Kinds(8);
    /// A file that was written or changed.
    pub const EDIT: Kinds = Kinds(16);
    /// What a tool gave.
    pub const OUTPUT: Kinds = Kinds(32);
    /// What a tool gave when it failed.
    pub const ERROR: Kinds = Kinds(64);
    /// A summary of what came before.
    pub const SUMMARY: Kinds = Kinds(128);
    /// What the tool put in, and what we don't know.
    pub const NOTICE: Kinds = Kinds(256);
    /// Their names, as `kind:` takes them.
    pub const NAMES: &[(&str, Kinds)] = &[
        ("text", Kinds::TEXT),
        ("thought", Kinds::THOUGHT),
        ("call", Kinds::CALL),
        ("command", Kinds::COMMAND),
        ("edit", Kinds::EDIT),
        ("output", Kinds::OUTPUT),
        ("error", Kinds::ERROR),
        ("summary", Kinds::SUMMARY),
        ("notice", Kinds::NOTICE),
    ];

    /// Both.
    #[must_use]
    pub fn and(self, other: Kinds) -> Kinds {
        Kinds(self.0 | other.0)
    }

    /// Whether they have one in common.
    pub fn meets(self, other: Kinds) -> bool {
        self.0 & other.0 != 0
    }

    /// The name of what is most telling.
    pub fn name(self) -> &'static str {
        let named = Kinds::NAMES.iter().rev().find(|(_, kind)| self.meets(*kind));
        named.map_or("text", |(name, _)| name)
    }
}

/// A text of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// What it is.
    pub kinds: Kinds,
    /// The text; what wasn't UTF-8 is U+FFFD.
    pub text: String,
}

/// The number under which a role is searched.
pub(super) fn role_number(role: Role) -> u8 {
    match role {
        Role::User => 0,
        Role::Assistant => 1,
        Role::System => 2,
    }
}

/// The texts of a message, in order.
pub fn pieces(store: &Store, message: &Message) -> Result<Vec<Piece>> {
    let mut pieces = Vec::with_capacity(message.blocks.len());
    for block in &message.blocks {
        let mut text = Vec::new();
        let kinds = block_text(store, block, &mut text)?;
        let text =
            String::from_utf8(text).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned());
        if !text.is_empty() {
            pieces.push(Piece { kinds, text });
        }
    }
    Ok(pieces)
}

fn block_text(store: &Store, block: &Block, out: &mut Vec<u8>) -> Result<Kinds> {
    Ok(match block {
        Block::Text(text) => {
            add(store, text, out)?;
            Kinds::TEXT
        }
        Block::Thinking { text, .. } => {
            add(store, text, out)?;
            Kinds::THOUGHT
        }
        Block::Call { name, action, input } => {
            out.extend_from_slice(name.as_bytes());
            out.push(b'\n');
            match input {
                Input::Json(json) => add_json(store, json, out)?,
                Input::Text(text) => add(store, text, out)?,
            }
            Kinds::CALL.and(match action {
                Action::Shell => Kinds::COMMAND,
                Action::Write | Action::Edit => Kinds::EDIT,
                _ => Kinds::CALL,
            })
        }
        Block::Result { status, parts, .. } => {
            for part in parts {
                match part {
                    Part::Text(text) => add(store, text, out)?,
                    Part::Other(json) => add_json(store, json, out)?,
                    Part::Image(..) => {}
                }
                out.push(b'\n');
            }
            if *status == Status::Error { Kinds::OUTPUT.and(Kinds::ERROR) } else { Kinds::OUTPUT }
        }
        Block::Image(..) => Kinds::NOTICE,
        Block::File(_, name, _) => {
            out.extend_from_slice(name.as_bytes());
            Kinds::TEXT
        }
        Block::Summary(text) => {
            add(store, text, out)?;
            Kinds::SUMMARY
        }
        Block::Notice(text) => {
            add(store, text, out)?;
            Kinds::NOTICE
        }
        Block::Other(json) => {
            add_json(store, json, out)?;
            Kinds::NOTICE
        }
    })
}

fn add(store: &Store, text: &Text, out: &mut Vec<u8>) -> Result<()> {
    match text {
        Text::Inline(bytes) => out.extend_from_slice(bytes),
        Text::Blob(id, _) => out.extend_from_slice(&blob(store, id)?),
        Text::Base64(..) | Text::Base64Url(..) => {}
    }
    Ok(())
}

fn blob(store: &Store, id: &Id) -> Result<Vec<u8>> {
    store.blob(id)
}

/// The words of JSON: keys and values, strings as what they stand for.
fn add_json(store: &Store, json: &Json, out: &mut Vec<u8>) -> Result<()> {
    let (literal, mut at) = (json.literal.as_slice(), 0);
    let mut holes = json.holes.iter().peekable();
    loop {
        while let Some((_, text)) = holes.next_if(|(place, _)| *place <= at as u64) {
            add(store, text, out)?;
        }
        let Some(byte) = literal.get(at) else { return Ok(()) };
        at += 1;
        match byte {
            b'"' => {
                let rest = literal.get(at..).unwrap_or_default();
                let len = string_end(rest);
                out.extend_from_slice(&escape::decode(rest.get(..len).unwrap_or_default()));
                at += len + 1;
            }
            b'{' | b'}' | b'[' | b']' => {}
            b',' => out.push(b'\n'),
            b':' => out.extend_from_slice(b": "),
            byte => out.push(*byte),
        }
    }
}

/// How long a string is, up to its closing quote.
fn string_end(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(byte) = raw.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    raw.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_read_as_its_words() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(dir.path(), Id::ZERO).unwrap();
        let text = |bytes: &[u8]| Text::Inline(bytes.to_vec());
        let literal = br#"{"command":"ls\n\"-l\" caf\u00e9","long":,"n":[1,true]}"#.to_vec();
        let hole = literal.windows(8).position(|w| w == b"\"long\":,").unwrap() as u64 + 7;
        let input = Input::Json(Json { literal, holes: vec![(hole, text(b"a long one"))] });
        let call = Block::Call { name: "Bash".into(), action: Action::Shell, input };
        let image = Block::Image("image/png".into(), Text::Base64(Id::ZERO, 9));
        let failed =
            Block::Result { call: None, status: Status::Error, parts: vec![Part::Text(text(b"no\xff"))] };
        let message = Message { role: Role::User, blocks: vec![call, image, failed] };
        let pieces = pieces(&store, &message).unwrap();
        assert_eq!(pieces[0].text, "Bash\ncommand: ls\n\"-l\" café\nlong: a long one\nn: 1\ntrue");
        assert_eq!(pieces[0].kinds, Kinds::CALL.and(Kinds::COMMAND));
        assert_eq!((pieces[1].text.as_str(), pieces[1].kinds.name()), ("no\u{fffd}\n", "error"));
        assert_eq!(pieces.len(), 2);
    }
}
