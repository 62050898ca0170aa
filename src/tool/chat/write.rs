//! A session as a line: `{"messages":[…]}`, as chat completions take it and
//! models are fine-tuned with.

use std::collections::VecDeque;

use crate::object::message::{Block, Role, Text};
use crate::tool::form::{About, Output, Writer, Written};
use crate::tool::jsonl::{Object, object};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns, quoted};
use crate::tool::{Conversation, Losses, Said, Sink, ToolError};

/// What the file is called in messages about it.
const NAME: &str = "messages.jsonl";

/// Writes a session.
pub(super) struct ChatWriter;

impl Writer for ChatWriter {
    fn ending(&self) -> &'static str {
        "jsonl"
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        _: &About,
        sink: &mut dyn Sink,
    ) -> Result<Written, ToolError> {
        let out = sink.create(NAME.as_ref(), 0o600)?;
        let mut list =
            List { out: Output { out, name: NAME }, buf: b"{\"messages\":[".to_vec(), first: true };
        let mut rest = Rest { held: VecDeque::new(), from: conversation };
        let mut systems = 0;
        // What a conversation begins with is what such data calls the system's.
        while let Some(said) = rest.from.next()? {
            let Some(words) = instructions(&mut *rest.from, &said)? else {
                rest.held.push_back(said);
                break;
            };
            list.message(|message| {
                message.text("role", "system").text("content", &words);
            })?;
            systems += 1;
        }
        let mut turns = Turns::new(&mut rest);
        let mut losses = Losses::default();
        while let Some(turn) = turns.next()? {
            list.turn(turn, &mut losses)?;
        }
        list.finish()?;
        losses.join(&turns.losses);
        Ok(Written { messages: turns.messages + systems, losses })
    }
}

/// What a message says if it is nothing but instructions.
fn instructions(conversation: &mut dyn Conversation, said: &Said) -> Result<Option<String>, ToolError> {
    let blocks = &said.message.blocks;
    let only = blocks.iter().all(|block| matches!(block, Block::Notice(_) | Block::Text(_)));
    if said.message.role != Role::System || !only || blocks.is_empty() {
        return Ok(None);
    }
    let texts: Vec<&Text> = blocks
        .iter()
        .filter_map(|block| match block {
            Block::Notice(text) | Block::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    let words: Result<Vec<String>, ToolError> =
        texts.into_iter().map(|text| conversation.string(text)).collect();
    Ok(Some(words?.join("\n")))
}

/// A conversation of which something was read already.
struct Rest<'c> {
    held: VecDeque<Said>,
    from: &'c mut dyn Conversation,
}

impl Conversation for Rest<'_> {
    fn next(&mut self) -> Result<Option<Said>, ToolError> {
        self.held.pop_front().map_or_else(|| self.from.next(), |said| Ok(Some(said)))
    }

    fn text(&mut self, text: &Text) -> Result<Vec<u8>, ToolError> {
        self.from.text(text)
    }
}

/// The list of messages, as it is written.
struct List<'o> {
    out: Output<'o>,
    buf: Vec<u8>,
    first: bool,
}

impl List<'_> {
    fn message(&mut self, members: impl FnOnce(&mut Object<'_>)) -> Result<(), ToolError> {
        if !std::mem::take(&mut self.first) {
            self.buf.push(b',');
        }
        object(&mut self.buf, members);
        self.out.put(&self.buf)?;
        self.buf.clear();
        Ok(())
    }

    fn turn(&mut self, turn: Turn, losses: &mut Losses) -> Result<(), ToolError> {
        let (Turn::User { time, .. } | Turn::Model { time, .. } | Turn::Results { time, .. }) = &turn;
        if time.is_some() || matches!(&turn, Turn::Model { model: Some(_), .. }) {
            losses.add("when something was said, and by which model, is left out");
        }
        match turn {
            Turn::User { pieces, .. } => self.message(|message| {
                content(message.text("role", "user"), &pieces);
            }),
            Turn::Model { said, calls, .. } => {
                let thoughts = said.iter().filter(|piece| matches!(piece, Piece::Thinking(..))).count();
                (0..thoughts).for_each(|_| losses.add("a thought is left out"));
                // What only thinks says nothing.
                if calls.is_empty() && thoughts == said.len() { Ok(()) } else { self.model(&said, &calls) }
            }
            Turn::Results { results, .. } => {
                results.iter().try_for_each(|result| self.result(result, losses))
            }
        }
    }

    fn model(&mut self, said: &[Piece], calls: &[Call]) -> Result<(), ToolError> {
        self.message(|message| {
            content(message.text("role", "assistant"), said);
            if !calls.is_empty() {
                message.objects("tool_calls", calls, |one, call| {
                    one.text("id", &id(call.number)).text("type", "function");
                    one.object("function", |function| {
                        function.text("name", &call.name).text("arguments", &call.input);
                    });
                });
            }
        })
    }

    fn result(&mut self, result: &Answer, losses: &mut Losses) -> Result<(), ToolError> {
        if result.failed {
            losses.add("that a call failed can only be told by its words");
        }
        for _ in &result.images {
            losses.add("a picture in a result is left out");
        }
        self.message(|message| {
            message.text("role", "tool").text("tool_call_id", &id(result.number));
            message.text("content", &result.text);
        })
    }

    fn finish(mut self) -> Result<(), ToolError> {
        self.buf.extend_from_slice(b"]}\n");
        self.out.put(&self.buf)?;
        self.out.finish()
    }
}

/// The id of a call.
fn id(number: u64) -> String {
    format!("call_{number}")
}

/// What is said: a text, or parts where there is more than one.
fn content(message: &mut Object<'_>, pieces: &[Piece]) {
    let said: Vec<&Piece> = pieces.iter().filter(|piece| !matches!(piece, Piece::Thinking(..))).collect();
    match said.as_slice() {
        [] => message.json("content", "null"),
        [Piece::Text(text)] => message.text("content", text),
        said => {
            let parts: Vec<String> = said.iter().filter_map(|piece| part(piece)).collect();
            message.json("content", &format!("[{}]", parts.join(",")))
        }
    };
}

/// A piece as a part.
fn part(piece: &Piece) -> Option<String> {
    match piece {
        Piece::Text(text) => Some(format!("{{\"type\":\"text\",\"text\":{}}}", quoted(text))),
        Piece::Thinking(..) => None,
        Piece::Image(media, data) => {
            let url = quoted(&url(media, data));
            Some(format!("{{\"type\":\"image_url\",\"image_url\":{{\"url\":{url}}}}}"))
        }
        Piece::File(media, name, data) => {
            let (name, data) = (quoted(name), quoted(&url(media, data)));
            let file = format!("{{\"filename\":{name},\"file_data\":{data}}}");
            Some(format!("{{\"type\":\"file\",\"file\":{file}}}"))
        }
    }
}

/// A picture or document as a URL; one that is a URL already stays.
fn url(media: &str, data: &str) -> String {
    let is_url =
        media.is_empty() || ["http://", "https://", "data:"].iter().any(|begin| data.starts_with(begin));
    if is_url { data.to_owned() } else { format!("data:{media};base64,{data}") }
}
