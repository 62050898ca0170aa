//! A conversation in the order that models' APIs insist on: what the model
//! says with the calls it makes at once, then a result for each of them, then
//! what the user says. For adapters that write sessions.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::{Conversation, Losses, Plan, Planned, Said, Target, ToolError};
use crate::object::message::{Block, Input, Part, Role, Status, Text};

/// How much of what follows calls is held back while their results are awaited.
const HELD_MAX: usize = 8 << 20;
/// What stands for the result of a call that never got one.
const INTERRUPTED: &str = "[interrupted]";

/// One turn of one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// What the user says.
    User {
        /// Its pieces; never empty.
        pieces: Vec<Piece>,
        /// When, in milliseconds since 1970.
        time: Option<i64>,
    },
    /// What the model says, and the calls it makes after it.
    Model {
        /// Thoughts and texts, in order.
        said: Vec<Piece>,
        /// The calls.
        calls: Vec<Call>,
        /// The model.
        model: Option<String>,
        /// When, in milliseconds since 1970.
        time: Option<i64>,
    },
    /// What came of the calls before it, one for each, in their order.
    Results {
        /// The results.
        results: Vec<Answer>,
        /// When, in milliseconds since 1970.
        time: Option<i64>,
    },
}

/// A piece of what is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Words.
    Text(String),
    /// A thought, its signature, and the tool that recorded it.
    Thinking(String, Option<String>, String),
    /// A picture: its media type and its base64 text or URL.
    Image(String, String),
    /// A document: its media type, name and base64 text or URL.
    File(String, String, String),
}

/// A call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    /// Its number in the conversation, from 0.
    pub(super) number: u64,
    /// The name of what is called.
    pub(super) name: String,
    /// A JSON object.
    pub(super) input: String,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The number of the call.
    pub(super) number: u64,
    /// The name of what was called.
    pub(super) name: String,
    /// Whether it failed.
    pub(super) failed: bool,
    /// Its texts, joined.
    pub(super) text: String,
    /// Its pictures: media types and base64 texts or URLs.
    pub(super) images: Vec<(String, String)>,
}

/// Reads a conversation turn by turn. Counts what doesn't fit.
pub(super) struct Turns<'c> {
    from: &'c mut dyn Conversation,
    /// What doesn't fit so far.
    pub(super) losses: Losses,
    /// How many messages were read that said something.
    pub(super) messages: u64,
    ready: VecDeque<Turn>,
    said: Vec<Piece>,
    calls: Vec<Call>,
    model: Option<String>,
    time: Option<i64>,
    /// The calls of this turn that wait for their results.
    open: Vec<(u64, String)>,
    results: Vec<Answer>,
    held: Vec<(Vec<Piece>, Option<i64>)>,
    held_size: usize,
    count: u64,
    ended: bool,
}

impl<'c> Turns<'c> {
    /// Begins at the beginning.
    pub(super) fn new(from: &'c mut dyn Conversation) -> Turns<'c> {
        Turns {
            from,
            losses: Losses::default(),
            messages: 0,
            ready: VecDeque::new(),
            said: Vec::new(),
            calls: Vec::new(),
            model: None,
            time: None,
            open: Vec::new(),
            results: Vec::new(),
            held: Vec::new(),
            held_size: 0,
            count: 0,
            ended: false,
        }
    }

    /// The same of a conversation in which there must be something.
    pub(super) fn begin(from: &'c mut dyn Conversation) -> Result<Turns<'c>, ToolError> {
        let mut turns = Turns::new(from);
        let first = turns.next()?.ok_or(ToolError::Empty)?;
        turns.ready.push_front(first);
        Ok(turns)
    }

    /// What came of writing them to one file, the transcript.
    pub(super) fn plan(&self, target: &Target, path: PathBuf) -> Plan {
        Plan {
            native: target.native.clone(),
            files: vec![Planned::Create(path.clone())],
            path,
            losses: self.losses.list(),
            messages: self.messages,
            imports: Vec::new(),
        }
    }

    /// The next turn.
    pub(super) fn next(&mut self) -> Result<Option<Turn>, ToolError> {
        loop {
            if let Some(turn) = self.ready.pop_front() {
                return Ok(Some(turn));
            }
            match self.from.next()? {
                Some(said) => self.take(&said)?,
                None if self.ended => return Ok(None),
                None => {
                    self.ended = true;
                    self.settle(None);
                }
            }
        }
    }

    fn take(&mut self, said: &Said) -> Result<(), ToolError> {
        if said.message.blocks.iter().any(|block| !matches!(block, Block::Notice(_))) {
            self.messages += 1;
        }
        if said.message.role == Role::Assistant { self.assistant(said) } else { self.user(said) }
    }

    fn assistant(&mut self, said: &Said) -> Result<(), ToolError> {
        // What follows results, or a prompt, is a new turn; but calls alone,
        // while others wait, were made at once with them.
        let only_calls = said.message.blocks.iter().all(|block| matches!(block, Block::Call { .. }));
        let at_once = self.results.is_empty() || only_calls && !self.open.is_empty();
        // Words after calls would have to stand before them.
        let words_after = !self.calls.is_empty() && !only_calls;
        if !self.held.is_empty() || !at_once || words_after && self.open.is_empty() {
            self.settle(said.time);
        }
        self.time = self.time.or(said.time);
        if said.model.is_some() {
            self.model.clone_from(&said.model);
        }
        for block in &said.message.blocks {
            match block {
                Block::Text(text) => {
                    let text = self.from.string(text)?;
                    if !text.trim().is_empty() {
                        self.said.push(Piece::Text(text));
                    }
                }
                Block::Thinking { text, signature } => {
                    let signature = signature.as_ref().map(|s| self.from.string(s)).transpose()?;
                    let text = self.from.string(text)?;
                    self.said.push(Piece::Thinking(text, signature, said.tool.clone()));
                }
                Block::Call { name, input, .. } => self.call(name, input)?,
                Block::Notice(_) => self.losses.add(NOTICE),
                Block::Image(media, data) => {
                    let data = self.from.string(data)?;
                    self.said.push(Piece::Image(media.clone(), data));
                }
                _ => self.losses.add("a block that a model can't say is left out"),
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &str, input: &Input) -> Result<(), ToolError> {
        let input = match input {
            Input::Json(json) => self.from.json(json)?,
            Input::Text(text) => quoted(&self.from.string(text)?),
        };
        let input = if input.trim_start().starts_with('{') {
            input
        } else {
            self.losses.add("the input of a call that is no object is put into one");
            format!("{{\"input\":{input}}}")
        };
        self.open.push((self.count, name.to_owned()));
        self.calls.push(Call { number: self.count, name: name.to_owned(), input });
        self.count += 1;
        Ok(())
    }

    fn user(&mut self, said: &Said) -> Result<(), ToolError> {
        let mut own = Vec::new();
        for block in &said.message.blocks {
            match block {
                Block::Text(text) if said.message.role == Role::User => self.words(text, &mut own)?,
                Block::Text(_) | Block::Notice(_) => self.losses.add(NOTICE),
                Block::Summary(text) => {
                    let text = self.from.string(text)?;
                    self.losses.add("a summary becomes a message; all that it sums up is there too");
                    own.push(Piece::Text(format!("[Summary of the conversation so far]\n\n{text}")));
                }
                Block::Image(media, data) => {
                    own.push(Piece::Image(media.clone(), self.from.string(data)?));
                }
                Block::File(media, name, data) => {
                    own.push(Piece::File(media.clone(), name.clone(), self.from.string(data)?));
                }
                Block::Result { call, status, parts } => self.result(*call, *status, parts, &mut own)?,
                Block::Other(json) => {
                    self.losses.add("a block of a kind that is not known becomes text");
                    own.push(Piece::Text(self.from.json(json)?));
                }
                // Counted, so that the results that follow find their calls.
                Block::Call { .. } => {
                    self.count += 1;
                    self.losses.add("a call that isn't the model's is left out");
                }
                Block::Thinking { .. } => self.losses.add("a thought that isn't the model's is left out"),
            }
        }
        self.heard(own, said.time);
        Ok(())
    }

    fn words(&mut self, text: &Text, own: &mut Vec<Piece>) -> Result<(), ToolError> {
        let text = self.from.string(text)?;
        if !text.trim().is_empty() {
            own.push(Piece::Text(text));
        }
        Ok(())
    }

    /// What the user said comes now, or after the results that are awaited.
    fn heard(&mut self, own: Vec<Piece>, time: Option<i64>) {
        if !own.is_empty() {
            self.held_size += own.iter().map(Piece::len).sum::<usize>();
            self.held.push((own, time));
        }
        let answered = self.open.is_empty() && !(self.held.is_empty() && self.results.is_empty());
        if answered || self.held_size > HELD_MAX {
            self.settle(time);
        }
    }

    fn result(
        &mut self,
        back: Option<u32>,
        status: Status,
        parts: &[Part],
        own: &mut Vec<Piece>,
    ) -> Result<(), ToolError> {
        let (mut text, mut images) = (String::new(), Vec::new());
        for part in parts {
            let words = match part {
                Part::Text(words) => self.from.string(words)?,
                Part::Other(json) => self.from.json(json)?,
                Part::Image(media, data) => {
                    images.push((media.clone(), self.from.string(data)?));
                    continue;
                }
            };
            if !text.is_empty() && !words.is_empty() {
                text.push('\n');
            }
            text.push_str(&words);
        }
        let number = back.and_then(|back| self.count.checked_sub(u64::from(back) + 1));
        match number.and_then(|number| self.open.iter().position(|(open, _)| *open == number)) {
            Some(at) => {
                let (number, name) = self.open.remove(at);
                self.results.push(Answer { number, name, failed: status == Status::Error, text, images });
            }
            None => {
                self.losses.add("a result without its call becomes text");
                if !text.trim().is_empty() {
                    own.push(Piece::Text(format!("[Result of an earlier call]\n{text}")));
                }
                own.extend(images.into_iter().map(|(media, data)| Piece::Image(media, data)));
            }
        }
        Ok(())
    }

    /// Hands over what the model said, the results and what the user said since.
    fn settle(&mut self, time: Option<i64>) {
        let (said, calls) = (std::mem::take(&mut self.said), std::mem::take(&mut self.calls));
        if !said.is_empty() || !calls.is_empty() {
            let (model, time) = (self.model.clone(), self.time.take());
            self.ready.push_back(Turn::Model { said, calls, model, time });
        }
        self.time = None;
        for (number, name) in std::mem::take(&mut self.open) {
            self.losses.add("a call that never got a result is given one: [interrupted]");
            let text = INTERRUPTED.to_owned();
            self.results.push(Answer { number, name, failed: true, text, images: Vec::new() });
        }
        let mut results = std::mem::take(&mut self.results);
        if !results.is_empty() {
            results.sort_by_key(|result| result.number);
            self.ready.push_back(Turn::Results { results, time });
        }
        self.held_size = 0;
        for (pieces, time) in std::mem::take(&mut self.held) {
            self.ready.push_back(Turn::User { pieces, time });
        }
    }
}

impl Piece {
    fn len(&self) -> usize {
        match self {
            Piece::Text(text) | Piece::Thinking(text, ..) => text.len(),
            Piece::Image(_, data) | Piece::File(_, _, data) => data.len(),
        }
    }
}

/// A text as a JSON string.
pub(super) fn quoted(text: &str) -> String {
    let mut out = vec![b'"'];
    crate::object::escape::Style::Plain.write(text.as_bytes(), &mut out);
    out.push(b'"');
    String::from_utf8(out).unwrap_or_default()
}

const NOTICE: &str = "what the tool put into the conversation is left out: the target adds its own";

#[cfg(test)]
mod tests;
