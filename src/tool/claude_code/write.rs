//! Writing: a conversation as a transcript that the tool resumes.
//!
//! The form is the one that every verified version sends whole: rows in one
//! line, calls made at once in one row, their results in the row after it,
//! times that only grow. A message is written as soon as it is whole, so
//! memory holds one answer of the model with the results of its calls.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::content::{self, Ids};
use super::rows::{Rows, Spoken};
use crate::object::message::{Block, Part, Role, Status, Text};
use crate::tool::step::first_words;
use crate::tool::{Conversation, Losses, Plan, Planned, Said, Sink, Target, ToolError};

pub(super) use super::rows::last_prompt;

/// How much of what follows calls is held back while their results are awaited.
const HELD_MAX: usize = 8 << 20;

/// Writes the conversation to `path`.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    path: PathBuf,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let Some(mut said) = conversation.next()? else { return Err(ToolError::Empty) };
    let out = sink.create(&path, 0o600)?;
    let mut writer = Writer {
        rows: Rows::new(out, &path, target),
        ids: Ids(target.seed),
        losses: Losses::default(),
        answer: Answer::default(),
        open: VecDeque::new(),
        results: Vec::new(),
        held: VecDeque::new(),
        held_size: 0,
        calls: 0,
        messages: 0,
        prompt: String::new(),
    };
    loop {
        writer.message(conversation, &said)?;
        match conversation.next()? {
            Some(next) => said = next,
            None => break,
        }
    }
    writer.answer(None)?;
    if writer.rows.written() == 0 {
        return Err(ToolError::Empty);
    }
    let Writer { rows, losses, messages, prompt, .. } = writer;
    rows.finish(&target.title, &prompt)?;
    Ok(Plan {
        native: target.native.clone(),
        files: vec![Planned::Create(path.clone())],
        path,
        losses: losses.list(),
        messages,
        imports: Vec::new(),
    })
}

/// What the model said since the user last did.
#[derive(Default)]
struct Answer {
    /// Thoughts and texts, as JSON with commas between.
    said: Vec<u8>,
    /// Thoughts after which nothing was said yet: an answer can't end in one.
    thoughts: Vec<u8>,
    thought: u64,
    /// Calls, as JSON with commas between.
    calls: Vec<u8>,
    model: Option<String>,
    time: Option<i64>,
}

struct Writer<'w> {
    rows: Rows<'w>,
    ids: Ids,
    losses: Losses,
    answer: Answer,
    /// The numbers of the calls of this answer that have no result yet.
    open: VecDeque<u64>,
    /// Their results, as JSON with commas between.
    results: Vec<u8>,
    /// What the user said before the results were there, and when.
    held: VecDeque<(Vec<u8>, Option<i64>)>,
    held_size: usize,
    /// How many calls the conversation had so far.
    calls: u64,
    messages: u64,
    /// The first words of the latest prompt.
    prompt: String,
}

impl Writer<'_> {
    fn message(&mut self, from: &mut dyn Conversation, said: &Said) -> Result<(), ToolError> {
        if said.message.blocks.iter().any(|block| !matches!(block, Block::Notice(_))) {
            self.messages += 1;
        }
        if said.message.role == Role::Assistant { self.assistant(from, said) } else { self.user(from, said) }
    }

    fn assistant(&mut self, from: &mut dyn Conversation, said: &Said) -> Result<(), ToolError> {
        // What follows results, or a prompt, is a new answer; but calls alone,
        // while others wait, were made at once with them.
        let calls = said.message.blocks.iter().all(|block| matches!(block, Block::Call { .. }));
        let at_once = self.results.is_empty() || calls && !self.open.is_empty();
        if !self.held.is_empty() || !at_once {
            self.answer(said.time)?;
        }
        self.answer.time = self.answer.time.or(said.time);
        if said.model.is_some() {
            self.answer.model.clone_from(&said.model);
        }
        for block in &said.message.blocks {
            match block {
                Block::Text(text) => {
                    let text = from.string(text)?;
                    if !text.trim().is_empty() {
                        self.say(|out| content::text(&text, out));
                    }
                }
                Block::Thinking { text, signature } => self.think(from, said, text, signature.as_ref())?,
                Block::Call { name, input, .. } => {
                    let number = self.calls;
                    self.calls += 1;
                    let input = content::input(from, input)?;
                    let name = self.name(name);
                    self.answer.end_thoughts();
                    let out = content::next(&mut self.answer.calls);
                    content::call(&self.ids.call(number), &name, &input, out);
                    self.open.push_back(number);
                }
                Block::Notice(_) => self.losses.add(NOTICE),
                _ => self.losses.add("A block that the model can't send here is left out."),
            }
        }
        Ok(())
    }

    fn say(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.answer.end_thoughts();
        write(content::next(&mut self.answer.said));
    }

    fn think(
        &mut self,
        from: &mut dyn Conversation,
        said: &Said,
        text: &Text,
        signature: Option<&Text>,
    ) -> Result<(), ToolError> {
        let Some(signature) =
            signature.filter(|s| said.tool == super::NAME && !s.is_empty() && !text.is_empty())
        else {
            self.losses.add("Thinking that isn't signed for Claude Code is left out.");
            return Ok(());
        };
        let (text, signature) = (from.string(text)?, from.string(signature)?);
        content::thinking(&text, &signature, content::next(&mut self.answer.thoughts));
        self.answer.thought += 1;
        Ok(())
    }

    fn name(&mut self, name: &str) -> String {
        let plain = content::name(name);
        if plain != name {
            self.losses.add("A tool's name holds characters that the API refuses: they become `_`.");
        }
        plain
    }

    fn user(&mut self, from: &mut dyn Conversation, said: &Said) -> Result<(), ToolError> {
        let mut own = Vec::new();
        let mut words = None;
        for block in &said.message.blocks {
            match block {
                Block::Text(text) if said.message.role == Role::User => {
                    let text = from.string(text)?;
                    if !text.trim().is_empty() {
                        content::text(&text, content::next(&mut own));
                        words = words.or(Some(text));
                    }
                }
                Block::Text(_) | Block::Notice(_) => self.losses.add(NOTICE),
                Block::Summary(text) => {
                    let text = content::summary(from.string(text)?);
                    content::text(&text, content::next(&mut own));
                }
                Block::Image(media, data) => {
                    let data = from.string(data)?;
                    if !content::image(media, &data, content::next(&mut own)) {
                        self.losses.add(PICTURE);
                    }
                }
                Block::File(media, name, data) => {
                    let data = from.string(data)?;
                    if !content::document(media, name, &data, content::next(&mut own)) {
                        self.losses.add("A file that is no PDF is left out: its name stands in its place.");
                    }
                }
                Block::Result { call, status, parts } => {
                    self.result(from, *call, *status, parts, &mut own)?;
                }
                Block::Other(json) => {
                    let text = from.json(json)?;
                    content::text(&text, content::next(&mut own));
                    self.losses.add("A block of a kind that the API doesn't know becomes text.");
                }
                // Counted, so that the results that follow find their calls.
                Block::Call { .. } => {
                    self.calls += 1;
                    self.losses.add("A call that isn't the model's is left out.");
                }
                Block::Thinking { .. } => self.losses.add("A thought that isn't the model's is left out."),
            }
        }
        if said.begins_turn {
            self.prompt = words.map(|words| first_words(&words)).unwrap_or_default();
        }
        self.heard(own, said)
    }

    /// Writes what the user said, now or after the results awaited.
    fn heard(&mut self, own: Vec<u8>, said: &Said) -> Result<(), ToolError> {
        if !own.is_empty() {
            self.held_size += own.len();
            self.held.push_back((own, said.time));
        }
        let answered = self.open.is_empty() && !(self.held.is_empty() && self.results.is_empty());
        if answered || self.held_size > HELD_MAX {
            self.answer(said.time)?;
        }
        Ok(())
    }

    fn result(
        &mut self,
        from: &mut dyn Conversation,
        back: Option<u32>,
        status: Status,
        parts: &[Part],
        own: &mut Vec<u8>,
    ) -> Result<(), ToolError> {
        let number = back.and_then(|back| self.calls.checked_sub(u64::from(back) + 1));
        let place = number.and_then(|number| self.open.iter().position(|open| *open == number));
        let failed = status == Status::Error;
        let Some(number) = place.and_then(|place| self.open.remove(place)) else {
            self.losses.add("A result without its call becomes text.");
            let text = content::parts_text(from, parts)?;
            if !text.trim().is_empty() {
                content::text(&format!("[Result of an earlier call]\n{text}"), content::next(own));
            }
            return Ok(());
        };
        let content = content::parts(from, parts, failed, &mut || self.losses.add(PICTURE))?;
        content::result(&self.ids.call(number), &content, failed, content::next(&mut self.results));
        Ok(())
    }

    /// Writes the answer, the results of its calls and what the user said since.
    fn answer(&mut self, time: Option<i64>) -> Result<(), ToolError> {
        let answer = std::mem::take(&mut self.answer);
        for _ in 0..answer.thought {
            self.losses.add("Thinking after which nothing was said is left out.");
        }
        let calls = !answer.calls.is_empty();
        let mut said = answer.said;
        if calls {
            content::next(&mut said).extend_from_slice(&answer.calls);
        }
        if !said.is_empty() {
            if self.rows.written() == 0 {
                self.losses.add("The conversation begins with the model: a prompt is put before it.");
                let mut text = Vec::new();
                content::text("[The beginning of this conversation is not there.]", &mut text);
                self.rows.row(Spoken::User, &text, answer.time)?;
            }
            let spoken = Spoken::Assistant { calls, model: answer.model.as_deref() };
            self.rows.row(spoken, &said, answer.time)?;
        }
        for number in std::mem::take(&mut self.open) {
            let id = self.ids.call(number);
            content::result(&id, b"\"[interrupted]\"", true, content::next(&mut self.results));
            self.losses.add("A call that never got a result is given one: `[interrupted]`.");
        }
        if !self.results.is_empty() {
            self.rows.row(Spoken::User, &std::mem::take(&mut self.results), time)?;
        }
        self.held_size = 0;
        for (own, time) in std::mem::take(&mut self.held) {
            self.rows.row(Spoken::User, &own, time)?;
        }
        Ok(())
    }
}

impl Answer {
    /// Puts the thoughts before what follows them.
    fn end_thoughts(&mut self) {
        if !self.thoughts.is_empty() {
            let thoughts = std::mem::take(&mut self.thoughts);
            content::next(&mut self.said).extend_from_slice(&thoughts);
            self.thought = 0;
        }
    }
}

const NOTICE: &str = "What the tool put into the conversation is left out: the target adds its own.";
const PICTURE: &str = "A picture that can't stand in its place is left out.";
