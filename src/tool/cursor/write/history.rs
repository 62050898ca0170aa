//! A conversation as messages and turns.
//!
//! What an assistant says in a row is one message, as is needed for calls
//! that were made at once. Its results follow it, in the order of the calls;
//! one that never came is marked as interrupted, since the model's API refuses
//! calls without results.

use super::super::names;
use super::super::wire::Message as Wire;
use super::calls::{self, Shown};
use super::graph::{Done, Graph};
use super::json::{list, object, quoted};
use crate::object::escape;
use crate::object::id::checksum;
use crate::object::message::{Action, Block, Input, Part, Role, Status, Text};
use crate::tool::digest::hex;
use crate::tool::{Conversation, Loss, Losses, Said, Target, ToolError};

/// The longest name of a tool that the model's API takes.
const NAME_MAX: usize = 64;
/// What stands for a result that never came.
const INTERRUPTED: &str = "[interrupted]";

const NOTICES: &str = "context that another tool put in is left out, this one puts in its own";
const THOUGHTS: &str = "a thought is shown, but not given to the model again";
const PICTURES: &str = "a picture is given to the model, but not shown";
const RENAMED: &str = "the name of a tool is written in letters that the model's API takes";
const ORPHANS: &str = "a result without its call became text";
const OTHERS: &str = "a piece of a message that this tool has no form for is left out";
const FILES: &str = "a document became a line that names it";

/// What was written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) graph: Done,
    /// What the user asked, in order.
    pub(super) asked: Vec<String>,
    pub(super) messages: u64,
    pub(super) losses: Vec<Loss>,
}

/// Writes a conversation.
pub(super) fn write(conversation: &mut dyn Conversation, target: &Target) -> Result<Written, ToolError> {
    let mut writer = Writer {
        conversation,
        target,
        graph: Graph::default(),
        losses: Losses::default(),
        asked: Vec::new(),
        open: None,
        calls: 0,
        answers: 0,
    };
    writer.begin();
    let mut messages = 0;
    while let Some(said) = writer.conversation.next()? {
        messages += 1;
        writer.said(said)?;
    }
    if messages == 0 {
        return Err(ToolError::Empty);
    }
    writer.close();
    let Writer { graph, losses, asked, .. } = writer;
    Ok(Written { graph: graph.finish(target), asked, messages, losses: losses.list() })
}

/// A call whose result may be still to come.
struct Call {
    /// Its number in the conversation, from 0.
    number: u64,
    id: String,
    /// The name that the model is given.
    name: String,
    shown: String,
    action: Action,
    input: String,
    answer: Option<Answer>,
}

struct Answer {
    failed: bool,
    text: String,
    /// Its parts, as JSON.
    parts: Vec<String>,
}

/// What an assistant says in a row.
#[derive(Default)]
struct Open {
    /// The parts of its message, as JSON.
    parts: Vec<String>,
    calls: Vec<Call>,
    steps: Vec<Step>,
    /// Whether results have come: then what it says next is another message.
    answered: bool,
}

enum Step {
    Done(Wire),
    /// The call of that place.
    Call(usize),
}

struct Writer<'c> {
    conversation: &'c mut dyn Conversation,
    target: &'c Target,
    graph: Graph,
    losses: Losses,
    asked: Vec<String>,
    open: Option<Open>,
    calls: u64,
    answers: u64,
}

impl Writer<'_> {
    /// What every conversation begins with. The tool's servers put their own
    /// instructions in the place of the first message.
    fn begin(&mut self) {
        let system = object(&[("role", r#""system""#), ("content", r#""You are a coding assistant.""#)]);
        self.graph.message(system);
        let cwd = self.target.cwd.to_string_lossy();
        let context = format!(
            "<user_info>\nWorkspace Path: {cwd}\n</user_info>\n\n<system_reminder>\nThe conversation so far \
             was held in another tool. Files may have changed since. Calls whose names begin with `{}` were \
             made with that tool's own tools, which are not available here.\n</system_reminder>",
            names::FOREIGN
        );
        self.graph.message(object(&[("role", r#""user""#), ("content", &quoted(&context))]));
    }

    fn said(&mut self, said: Said) -> Result<(), ToolError> {
        let foreign = !said.tool.starts_with("cursor");
        match said.message.role {
            Role::Assistant => {
                for block in said.message.blocks {
                    self.assistant(block, foreign)?;
                }
                Ok(())
            }
            Role::User | Role::System => self.user(said.message.role, said.message.blocks),
        }
    }

    fn user(&mut self, role: Role, blocks: Vec<Block>) -> Result<(), ToolError> {
        let (mut parts, mut words) = (Vec::new(), Vec::new());
        for block in blocks {
            match block {
                Block::Notice(_) => self.losses.add(NOTICES),
                Block::Text(_) if role == Role::System => self.losses.add(NOTICES),
                Block::Text(text) => self.say(&text, &mut parts, &mut words)?,
                Block::Summary(text) => {
                    let text = self.conversation.string(&text)?;
                    let whole = format!("<conversation_summary>\n{text}\n</conversation_summary>");
                    self.close();
                    self.message(&[text_part(&whole)], &text);
                }
                Block::Image(media, data) => {
                    parts.push(self.image(&media, &data)?);
                    self.losses.add(PICTURES);
                }
                Block::File(media, name, _) => {
                    parts.push(text_part(&query(&format!("[document {name} {media}]"))));
                    self.losses.add(FILES);
                }
                Block::Result { call, status, parts: result } => {
                    if let Some(text) = self.answer(call, status, &result)? {
                        self.losses.add(ORPHANS);
                        parts.push(text_part(&query(&text)));
                        words.push(text);
                    }
                }
                Block::Thinking { .. } | Block::Call { .. } | Block::Other(_) => self.losses.add(OTHERS),
            }
        }
        if !parts.is_empty() {
            self.close();
            self.message(&parts, &words.join("\n\n"));
        }
        Ok(())
    }

    fn say(
        &mut self,
        text: &Text,
        parts: &mut Vec<String>,
        words: &mut Vec<String>,
    ) -> Result<(), ToolError> {
        let text = self.conversation.string(text)?;
        if !text.trim().is_empty() {
            parts.push(text_part(&query(&text)));
            words.push(text);
        }
        Ok(())
    }

    /// A message of the user's, which begins a turn.
    fn message(&mut self, parts: &[String], words: &str) {
        self.graph.message(object(&[("role", r#""user""#), ("content", &list(parts))]));
        let id = self.uuid("turn", self.asked.len() as u64);
        self.graph.turn(words, &id);
        self.asked.push(words.to_owned());
    }

    fn assistant(&mut self, block: Block, foreign: bool) -> Result<(), ToolError> {
        if self.open.as_ref().is_some_and(|open| open.answered) {
            self.close();
        }
        match block {
            Block::Text(text) => {
                let text = self.conversation.string(&text)?;
                if !text.trim().is_empty() {
                    let open = self.open.get_or_insert_default();
                    open.parts.push(text_part(&text));
                    open.steps.push(Step::Done(Wire::new().bytes(1, Wire::new().bytes(1, text))));
                }
            }
            Block::Thinking { text, .. } => {
                let text = self.conversation.string(&text)?;
                self.losses.add(THOUGHTS);
                if !text.trim().is_empty() {
                    let open = self.open.get_or_insert_default();
                    open.steps.push(Step::Done(Wire::new().bytes(3, Wire::new().bytes(1, text))));
                }
            }
            Block::Call { name, action, input } => self.call(&name, action, &input, foreign)?,
            Block::Result { call, status, parts } => {
                if self.answer(call, status, &parts)?.is_some() {
                    self.losses.add(OTHERS);
                }
            }
            Block::Notice(_) => self.losses.add(NOTICES),
            Block::Summary(_) | Block::Image(..) | Block::File(..) | Block::Other(_) => {
                self.losses.add(OTHERS);
            }
        }
        Ok(())
    }

    fn call(&mut self, name: &str, action: Action, input: &Input, foreign: bool) -> Result<(), ToolError> {
        let given = match input {
            Input::Json(json) => self.conversation.json(json)?,
            Input::Text(text) => quoted(&self.conversation.string(text)?),
        };
        // The model's API wants an object.
        let valid = serde_json::from_str::<serde_json::Value>(&given).is_ok();
        let args = match given.trim_start().starts_with('{') && valid {
            true => given,
            false if valid => object(&[("input", &given)]),
            false => object(&[("input", &quoted(&given))]),
        };
        let full = if foreign { format!("{}{name}", names::FOREIGN) } else { name.to_owned() };
        let clean = sanitised(&full);
        if clean != full {
            self.losses.add(RENAMED);
        }
        let number = self.calls;
        self.calls += 1;
        let id = format!("call_{:016x}_{number}", self.bits("call", number));
        let open = self.open.get_or_insert_default();
        open.parts.push(object(&[
            ("type", r#""tool-call""#),
            ("toolCallId", &quoted(&id)),
            ("toolName", &quoted(&clean)),
            ("args", &args),
        ]));
        open.steps.push(Step::Call(open.calls.len()));
        let shown = name.to_owned();
        open.calls.push(Call { number, id, name: clean, shown, action, input: args, answer: None });
        Ok(())
    }

    /// Gives a call its result; the words of one whose call isn't open.
    fn answer(
        &mut self,
        call: Option<u32>,
        status: Status,
        parts: &[Part],
    ) -> Result<Option<String>, ToolError> {
        let (mut text, mut written) = (Vec::new(), Vec::new());
        for part in parts {
            let (words, json) = self.part(part)?;
            text.extend(words);
            written.extend(json);
        }
        let answer = Answer { failed: status == Status::Error, text: text.join("\n"), parts: written };
        let number = call.and_then(|back| self.calls.checked_sub(u64::from(back) + 1));
        let open = self.open.as_mut().and_then(|open| {
            let call =
                open.calls.iter_mut().find(|call| Some(call.number) == number && call.answer.is_none());
            open.answered |= call.is_some();
            call
        });
        match open {
            Some(call) => {
                call.answer = Some(answer);
                Ok(None)
            }
            None => Ok(Some(answer.text).filter(|text| !text.trim().is_empty())),
        }
    }

    /// A part of a result: its words, and its JSON.
    fn part(&mut self, part: &Part) -> Result<(Option<String>, Option<String>), ToolError> {
        Ok(match part {
            Part::Text(text) => {
                let text = self.conversation.string(text)?;
                let json = text_part(&text);
                (Some(text), Some(json))
            }
            Part::Image(media, data) => {
                let data = self.conversation.string(data)?;
                self.losses.add(PICTURES);
                let (data, media) = (quoted(&data), quoted(media));
                let json = object(&[("type", r#""image""#), ("data", &data), ("mimeType", &media)]);
                (None, Some(json))
            }
            Part::Other(json) => {
                let text = self.conversation.json(json)?;
                let json = text_part(&text);
                (Some(text), Some(json))
            }
        })
    }

    /// A picture of the user's: its bytes, as the tool writes bytes.
    fn image(&mut self, media: &str, data: &Text) -> Result<String, ToolError> {
        let data = self.conversation.text(data)?;
        let image = match escape::decode_base64(&data) {
            Some((bytes, _)) => object(&[("__type", r#""Uint8Array""#), ("hex", &quoted(&hex(&bytes)))]),
            None => quoted(&String::from_utf8_lossy(&data)),
        };
        Ok(object(&[("type", r#""image""#), ("image", &image), ("mimeType", &quoted(media))]))
    }

    /// Writes what the assistant said, and the results of its calls.
    fn close(&mut self) {
        let Some(Open { parts, calls, steps, .. }) = self.open.take() else { return };
        if !self.graph.in_turn() {
            let id = self.uuid("turn", u64::MAX);
            self.graph.turn("", &id);
        }
        if !parts.is_empty() {
            self.answers += 1;
            let id = quoted(&self.answers.to_string());
            self.graph.message(object(&[
                ("role", r#""assistant""#),
                ("id", &id),
                ("content", &list(&parts)),
            ]));
        }
        for step in steps {
            match step {
                Step::Done(step) => self.graph.step(step),
                Step::Call(at) => {
                    if let Some(call) = calls.get(at) {
                        self.graph.step(calls::step(&shown(call, &self.target.cwd.to_string_lossy())));
                    }
                }
            }
        }
        for call in &calls {
            self.graph.message(result(call));
        }
    }

    fn bits(&self, what: &str, number: u64) -> u64 {
        let seed = self.target.seed.to_le_bytes();
        checksum(&[seed.as_slice(), what.as_bytes(), &number.to_le_bytes()].concat())
    }

    fn uuid(&self, what: &str, number: u64) -> String {
        let (high, low) = (self.bits(what, number), self.bits(what, !number));
        uuid::Builder::from_random_bytes((u128::from(high) << 64 | u128::from(low)).to_be_bytes())
            .into_uuid()
            .to_string()
    }
}

fn shown<'c>(call: &'c Call, cwd: &'c str) -> Shown<'c> {
    Shown {
        id: &call.id,
        name: &call.shown,
        action: call.action,
        input: &call.input,
        output: call.answer.as_ref().map_or(INTERRUPTED, |answer| &answer.text),
        failed: call.answer.as_ref().is_none_or(|answer| answer.failed),
        cwd,
    }
}

/// The message of a result.
fn result(call: &Call) -> String {
    let interrupted = [text_part(INTERRUPTED)];
    let (text, parts, failed) = match &call.answer {
        Some(answer) => (answer.text.as_str(), answer.parts.as_slice(), answer.failed),
        None => (INTERRUPTED, interrupted.as_slice(), true),
    };
    let (id, name, text, rich) = (quoted(&call.id), quoted(&call.name), quoted(text), list(parts));
    let mut members = vec![
        ("type", r#""tool-result""#),
        ("toolCallId", id.as_str()),
        ("toolName", &name),
        ("result", &text),
        ("experimental_content", &rich),
    ];
    if failed {
        members.push(("isError", "true"));
    }
    let content = list(&[object(&members)]);
    object(&[("role", r#""tool""#), ("id", &id), ("content", &content)])
}

fn text_part(text: &str) -> String {
    object(&[("type", r#""text""#), ("text", &quoted(text))])
}

/// What a person says, wrapped as the tool wraps it.
fn query(text: &str) -> String {
    format!("<user_query>\n{text}\n</user_query>")
}

/// A name that the model's API takes.
fn sanitised(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '_' | '-') { c } else { '_' };
    name.chars().map(letter).take(NAME_MAX).collect()
}
