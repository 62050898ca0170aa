//! What was said or done, apart from the tool that recorded it.
//!
//! A message holds nothing volatile: no time, no native id, no path of the
//! transcript. So the same exchange has one id whatever tool carried it, and
//! that id is what `diff` compares.

use super::codec::{self, CodecError, Decode, Encode};
use super::id::{Id, Kind};

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Role {
    /// The person, or the program that speaks for them.
    User,
    /// The model.
    Assistant,
    /// The tool itself: instructions and context put into the conversation.
    System,
}

/// A text in a message: in place when short, else the id of its blob.
///
/// Which it is follows from the bytes alone (see [`super::TEXT_MIN`]), so it
/// is part of the canonical form.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Text {
    /// The bytes themselves; UTF-8 except where a tool cut a character.
    Inline(Vec<u8>),
    /// The blob that holds the bytes, and how many they are.
    Blob(Id, u64),
    /// The text is standard base64 of the blob, whose length is given.
    Base64(Id, u64),
    /// The text is URL-safe base64 of the blob, whose length is given.
    Base64Url(Id, u64),
}

impl Text {
    /// The blob it stands in, if it is a long one.
    pub fn blob(&self) -> Option<Id> {
        match self {
            Text::Inline(_) => None,
            Text::Blob(id, _) | Text::Base64(id, _) | Text::Base64Url(id, _) => Some(*id),
        }
    }

    /// Length of the text's bytes; for base64, of the bytes it stands for.
    pub fn len(&self) -> u64 {
        match self {
            Text::Inline(bytes) => bytes.len() as u64,
            Text::Blob(_, len) | Text::Base64(_, len) | Text::Base64Url(_, len) => *len,
        }
    }

    /// Tells whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a call does, when known, whatever the tool calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Action {
    /// Not one of the others, or not known.
    Other,
    /// Runs a command.
    Shell,
    /// Reads a file.
    Read,
    /// Writes a whole file.
    Write,
    /// Changes part of a file.
    Edit,
    /// Searches files or their names.
    Search,
    /// Fetches or searches the web.
    Fetch,
    /// Starts a subagent.
    Task,
    /// Keeps a list of things to do.
    Plan,
}

/// JSON with its long strings taken out: the canonical form of a call's input.
///
/// `literal` is the value without white space, members in their order,
/// numbers as written, strings in the plain style; at each hole a string
/// stood, quotes included.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
pub struct Json {
    /// The JSON text without the long strings.
    pub literal: Vec<u8>,
    /// Where in `literal` each long string goes, in order.
    pub holes: Vec<(u64, Text)>,
}

/// What a call was given.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Input {
    /// An object or another JSON value.
    Json(Json),
    /// Free text: a patch, or arguments that are not JSON.
    Text(Text),
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Status {
    /// It worked, or nothing says otherwise.
    Ok,
    /// It failed.
    Error,
}

/// A piece of a call's result.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Part {
    /// Text.
    Text(Text),
    /// A picture: its media type, and its base64 text or URL.
    Image(String, Text),
    /// Anything else, as JSON.
    Other(Json),
}

/// One piece of a message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub enum Block {
    /// What is said.
    Text(Text),
    /// What the model thought, and the signature that proves it.
    Thinking {
        /// The thought, or a summary of it; may be empty.
        text: Text,
        /// The provider's proof or encrypted thought.
        signature: Option<Text>,
    },
    /// A use of a tool.
    Call {
        /// The name that the model used.
        name: String,
        /// What it does.
        action: Action,
        /// What it was given.
        input: Input,
    },
    /// What came of a call.
    Result {
        /// Which call: 0 is the last one before this in the conversation, 1
        /// the one before it; `None` when the call is not in the conversation.
        call: Option<u32>,
        /// How it ended.
        status: Status,
        /// What it gave.
        parts: Vec<Part>,
    },
    /// A picture: its media type, and its base64 text or URL.
    Image(String, Text),
    /// A document: its media type, its name, and its base64 text or URL.
    File(String, String, Text),
    /// The summary that replaced what came before it.
    Summary(Text),
    /// Something the tool put in: context, a reminder, an interruption.
    Notice(Text),
    /// A block of a kind that we don't know, as JSON.
    Other(Json),
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub blocks: Vec<Block>,
}

impl Message {
    /// The id, which covers all of it.
    pub fn id(&self) -> Result<Id, CodecError> {
        Ok(Id::of(Kind::Message, &codec::encode(self)?))
    }

    /// Calls `f` with every text, in order.
    pub fn for_each_text(&mut self, f: &mut dyn FnMut(&mut Text)) {
        for block in &mut self.blocks {
            block.for_each_text(f);
        }
    }

    /// How many calls it holds.
    pub fn calls(&self) -> u64 {
        self.blocks.iter().filter(|b| matches!(b, Block::Call { .. })).count() as u64
    }
}

impl Block {
    fn for_each_text(&mut self, f: &mut dyn FnMut(&mut Text)) {
        match self {
            Block::Text(t)
            | Block::Summary(t)
            | Block::Notice(t)
            | Block::Image(_, t)
            | Block::File(_, _, t) => f(t),
            Block::Thinking { text, signature } => {
                f(text);
                signature.iter_mut().for_each(f);
            }
            Block::Call { input: Input::Json(json), .. } | Block::Other(json) => json.for_each_text(f),
            Block::Call { input: Input::Text(text), .. } => f(text),
            Block::Result { parts, .. } => parts.iter_mut().for_each(|part| match part {
                Part::Text(t) | Part::Image(_, t) => f(t),
                Part::Other(json) => json.for_each_text(f),
            }),
        }
    }
}

impl Json {
    fn for_each_text(&mut self, f: &mut dyn FnMut(&mut Text)) {
        self.holes.iter_mut().for_each(|(_, text)| f(text));
    }
}
