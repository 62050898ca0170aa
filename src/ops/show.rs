//! Show: messages with their texts, one after another.

use super::line;
use super::secrets::Secrets;
use crate::object::escape::Style;
use crate::object::message::Json;
use crate::object::{Action, Block, Commit, Id, Input, Message, Part, Role, Status, Text, Usage};
use crate::store::{Result, Store};

/// A message and what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// The commit.
    pub id: Id,
    /// Its number on its line, from 1.
    pub n: u64,
    /// The number of its turn, from 1; 0 before the first.
    pub turn: u64,
    /// Whether it begins the turn.
    pub begins_turn: bool,
    /// Who speaks.
    pub role: Role,
    /// When, in milliseconds since 1970.
    pub time: Option<i64>,
    /// The tool.
    pub tool: String,
    /// The model.
    pub model: Option<String>,
    /// Tokens counted since the message before it.
    pub usage: Usage,
    /// Files touched: a letter (`r`, `w`, `e`) and the path.
    pub files: Vec<String>,
    /// What is said.
    pub pieces: Vec<Piece>,
}

/// A piece of a message, with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// What is said.
    Text(String),
    /// What the model thought.
    Thinking(String),
    /// A use of a tool.
    Call {
        /// The name that the model used.
        name: String,
        /// What it does.
        action: Action,
        /// What it was given.
        input: String,
        /// Whether that is JSON.
        is_json: bool,
    },
    /// What came of a call.
    Result {
        /// Which call: 0 is the last one before this.
        call: Option<u32>,
        /// Whether it failed.
        failed: bool,
        /// What it gave.
        parts: Vec<Piece>,
    },
    /// A picture.
    Image(Picture),
    /// A document: its media type, its name and how many bytes it has.
    File(String, String, u64),
    /// The summary that replaced what came before it.
    Summary(String),
    /// Something the tool put in.
    Notice(String),
    /// A block of an unknown kind, as JSON.
    Other(String),
}

impl Shown {
    /// The same without secrets, in whole texts: of one that was cut before, the
    /// rest may not be known for what it is.
    #[must_use]
    pub fn without(mut self, secrets: &Secrets) -> Shown {
        self.files.iter_mut().for_each(|file| *file = secrets.without(file));
        self.pieces.iter_mut().for_each(|piece| piece.hide(secrets));
        self
    }
}

impl Piece {
    fn hide(&mut self, secrets: &Secrets) {
        match self {
            Piece::Text(text)
            | Piece::Thinking(text)
            | Piece::Call { input: text, .. }
            | Piece::File(_, text, _)
            | Piece::Summary(text)
            | Piece::Notice(text)
            | Piece::Other(text) => *text = secrets.without(text),
            Piece::Result { parts, .. } => parts.iter_mut().for_each(|part| part.hide(secrets)),
            Piece::Image(_) => {}
        }
    }
}

/// A picture in a message.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// Its media type, as the tool has it.
    pub media: String,
    /// How many bytes it has, or its URL.
    pub len: u64,
    /// Its base64 text, or its URL, where that was asked for.
    pub data: Option<String>,
}

/// The commits on the line of `tip` after `from`, or all of it, oldest first.
pub fn span(store: &Store, from: Option<Id>, tip: Id) -> Result<Vec<Id>> {
    let mut ids = Vec::new();
    for at in line::back(store, tip) {
        let (id, _) = at?;
        if Some(id) == from {
            break;
        }
        ids.push(id);
    }
    ids.reverse();
    Ok(ids)
}

/// The commits of the turn that `tip` ends, oldest first.
pub fn turn(store: &Store, tip: Id) -> Result<Vec<Id>> {
    let begin = line::turn_of(store, &(tip, store.commit(&tip)?))?;
    span(store, begin.and_then(|(_, commit)| commit.parents.first().copied()), tip)
}

/// The message of a commit, without what its pictures show; `None` if it has
/// none.
pub fn message(store: &Store, id: Id) -> Result<Option<Shown>> {
    read(store, id, 0)
}

/// The messages of commits, one after another.
pub fn messages<'s>(store: &'s Store, ids: &'s [Id]) -> impl Iterator<Item = Result<Shown>> + 's {
    ids.iter().filter_map(|id| message(store, *id).transpose())
}

/// The message of a commit with its pictures, those of at most `most` bytes.
pub fn with_pictures(store: &Store, id: Id, most: u64) -> Result<Option<Shown>> {
    read(store, id, most)
}

fn read(store: &Store, id: Id, most: u64) -> Result<Option<Shown>> {
    let commit = store.commit(&id)?;
    let body = store.body(&id, &commit)?;
    body.message.map(|message| Reader { store, most }.shown(id, &commit, &message)).transpose()
}

/// Puts the texts of a message in their places.
struct Reader<'s> {
    store: &'s Store,
    /// The most bytes of a picture that is read.
    most: u64,
}

impl Reader<'_> {
    fn shown(&self, id: Id, commit: &Commit, message: &Message) -> Result<Shown> {
        let pieces: Result<Vec<Piece>> = message.blocks.iter().map(|block| self.piece(block)).collect();
        Ok(Shown {
            id,
            n: commit.counts.messages,
            turn: commit.counts.turns,
            begins_turn: commit.begins_turn(),
            role: message.role,
            time: commit.time,
            tool: commit.tool.clone(),
            model: commit.model.clone(),
            usage: commit.usage,
            files: commit.files.clone(),
            pieces: pieces?,
        })
    }

    fn piece(&self, block: &Block) -> Result<Piece> {
        Ok(match block {
            Block::Text(text) => Piece::Text(string(self.store, text)?),
            Block::Thinking { text, .. } => Piece::Thinking(string(self.store, text)?),
            Block::Call { name, action, input } => {
                let (input, is_json) = match input {
                    Input::Json(value) => (json(self.store, value)?, true),
                    Input::Text(text) => (string(self.store, text)?, false),
                };
                Piece::Call { name: name.clone(), action: *action, input, is_json }
            }
            Block::Result { call, status, parts } => {
                let parts: Result<Vec<Piece>> = parts.iter().map(|p| self.part(p)).collect();
                Piece::Result { call: *call, failed: *status == Status::Error, parts: parts? }
            }
            Block::Image(media, text) => Piece::Image(self.picture(media, text)?),
            Block::File(media, name, text) => Piece::File(media.clone(), name.clone(), text.len()),
            Block::Summary(text) => Piece::Summary(string(self.store, text)?),
            Block::Notice(text) => Piece::Notice(string(self.store, text)?),
            Block::Other(value) => Piece::Other(json(self.store, value)?),
        })
    }

    fn part(&self, part: &Part) -> Result<Piece> {
        Ok(match part {
            Part::Text(text) => Piece::Text(string(self.store, text)?),
            Part::Image(media, text) => Piece::Image(self.picture(media, text)?),
            Part::Other(value) => Piece::Other(json(self.store, value)?),
        })
    }

    fn picture(&self, media: &str, text: &Text) -> Result<Picture> {
        let data = (text.len() <= self.most).then(|| string(self.store, text)).transpose()?;
        Ok(Picture { media: media.to_owned(), len: text.len(), data })
    }
}

/// A text for reading: what isn't UTF-8 becomes U+FFFD.
pub(super) fn string(store: &Store, text: &Text) -> Result<String> {
    let encoded = |id: &Id, style: Style| -> Result<Vec<u8>> {
        let mut out = Vec::new();
        style.write(&store.blob(id)?, &mut out);
        Ok(out)
    };
    let bytes = match text {
        Text::Inline(bytes) => bytes.clone(),
        Text::Blob(id, _) => store.blob(id)?,
        Text::Base64(id, _) => encoded(id, Style::Base64)?,
        Text::Base64Url(id, _) => encoded(id, Style::Base64Url)?,
    };
    Ok(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned()))
}

/// JSON with its long strings put back.
pub(super) fn json(store: &Store, json: &Json) -> Result<String> {
    let (mut out, mut done) = (Vec::new(), 0usize);
    for (at, text) in &json.holes {
        let end = usize::try_from(*at).unwrap_or(usize::MAX);
        out.extend_from_slice(json.literal.get(done..end).unwrap_or_default());
        done = end;
        out.push(b'"');
        Style::Plain.write(string(store, text)?.as_bytes(), &mut out);
        out.push(b'"');
    }
    out.extend_from_slice(json.literal.get(done..).unwrap_or_default());
    Ok(String::from_utf8_lossy(&out).into_owned())
}
