//! A conversation as a session that the tool resumes.
//!
//! The form is version 3, a single line of entries. Answers carry no model
//! API that exists, so that the tool takes them for another model's: then it
//! sends thoughts as words, and no proof of them is missing.

use super::find;
use crate::tool::fit::{self, Fitting};
use crate::tool::jsonl::{Lines, Object};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns};
use crate::tool::{Conversation, Losses, Plan, Sink, Target, ToolError, ids, time};

/// What the tool itself says of a command that printed nothing. A result of
/// nothing is sent as one that holds a picture.
const NO_OUTPUT: &str = "(no output)";
/// How many bytes the tool takes for a token where nothing was counted.
const TOKEN: u64 = 4;

/// Writes a conversation as a new session.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::begin(conversation)?;
    let path = find::path_for(target);
    let out = sink.create(&path, 0o600)?;
    let lines = Lines::new(out, path.clone(), target.started.saturating_sub(2));
    let mut writer = Writer { lines, seed: target.seed, entries: 0, said: 0, bytes: 0 };
    writer.head(target)?;
    while let Some(turn) = turns.next()? {
        writer.turn(turn, &mut turns.losses)?;
    }
    if writer.said == 0 {
        return Err(ToolError::Empty);
    }
    writer.lines.finish()?;
    Ok(turns.plan(target, path))
}

struct Writer<'a> {
    lines: Lines<'a>,
    seed: u128,
    entries: u32,
    said: u64,
    /// How many bytes the model would be sent so far.
    bytes: u64,
}

impl Writer<'_> {
    fn head(&mut self, target: &Target) -> Result<(), ToolError> {
        let started = time::format(self.lines.stamp(Some(target.started.saturating_sub(1))));
        self.lines.line(|head| {
            head.text("type", "session")
                .json("version", "3")
                .text("id", &target.native)
                .text("timestamp", &started)
                .text("cwd", &target.cwd.to_string_lossy());
        })?;
        let title = target.title.split_whitespace().collect::<Vec<_>>().join(" ");
        if title.is_empty() {
            return Ok(());
        }
        self.entry(None, "session_info", |entry, _| {
            entry.text("name", &title);
        })
    }

    /// An entry after the one before it.
    fn entry(
        &mut self,
        time: Option<i64>,
        kind: &str,
        members: impl FnOnce(&mut Object<'_>, i64),
    ) -> Result<(), ToolError> {
        // Eight digits, of which no two are the same.
        #[expect(clippy::cast_possible_truncation, reason = "any bits will do")]
        let first = self.seed as u32;
        let id = |number: u32| format!("{:08x}", first.wrapping_add(number));
        let (own, parent) = (id(self.entries), self.entries.checked_sub(1).map(id));
        self.entries += 1;
        let stamp = self.lines.stamp(time);
        self.lines.line(|entry| {
            entry.text("type", kind).text("id", &own);
            match &parent {
                Some(parent) => entry.text("parentId", parent),
                None => entry.json("parentId", "null"),
            };
            entry.text("timestamp", &time::format(stamp));
            members(entry, stamp);
        })
    }

    fn message(
        &mut self,
        time: Option<i64>,
        role: &str,
        members: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        self.said += 1;
        self.entry(time, "message", |entry, stamp| {
            entry.object("message", |message| {
                message.text("role", role);
                members(message);
                message.json("timestamp", &stamp.to_string());
            });
        })
    }

    fn turn(&mut self, turn: Turn, losses: &mut Losses) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                self.hear(time, pieces.into_iter().filter_map(|piece| fit::piece(piece, losses)).collect())
            }
            Turn::Model { said, calls, model, time } => {
                if self.said == 0 {
                    losses.add("the conversation begins with the model: a prompt is put before it");
                    self.hear(time, vec![Fitting::Text(fit::NO_BEGINNING.to_owned())])?;
                }
                self.model(time, model.as_deref().unwrap_or("unknown"), said, &calls, losses)
            }
            Turn::Results { results, time } => {
                results.into_iter().try_for_each(|result| self.result(time, result, losses))
            }
        }
    }

    fn hear(&mut self, time: Option<i64>, pieces: Vec<Fitting>) -> Result<(), ToolError> {
        self.count(&pieces);
        self.message(time, "user", |message| {
            message.objects("content", &pieces, |item, piece| fitting(piece, item));
        })
    }

    fn count(&mut self, pieces: &[Fitting]) {
        for piece in pieces {
            self.bytes += match piece {
                Fitting::Text(text) => text.len() as u64,
                // As the tool counts.
                Fitting::Image(..) => 4800,
            };
        }
    }

    fn model(
        &mut self,
        time: Option<i64>,
        model: &str,
        said: Vec<Piece>,
        calls: &[Call],
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        let mut content = Vec::with_capacity(said.len() + calls.len());
        for piece in said {
            content.extend(spoken(piece, losses));
        }
        if calls.is_empty() {
            fit::end_in_words(&mut content, |piece| matches!(piece, Spoken::Thought(_)), losses);
        }
        for call in calls {
            let id = ids::call(self.seed, call.number);
            content.push(Spoken::Call(id, fit::name(&call.name, losses), call.input.clone()));
        }
        if content.is_empty() {
            return Ok(());
        }
        self.bytes += content.iter().map(Spoken::len).sum::<u64>();
        let tokens = (self.bytes / TOKEN).to_string();
        self.message(time, "assistant", |message| {
            message
                .objects("content", &content, |item, piece| piece.write(item))
                .text("api", "carried-over")
                .text("provider", provider(model))
                .text("model", model)
                .object("usage", |usage| used(usage, &tokens))
                .text("stopReason", if calls.is_empty() { "stop" } else { "toolUse" });
        })
    }

    fn result(&mut self, time: Option<i64>, result: Answer, losses: &mut Losses) -> Result<(), ToolError> {
        let (id, name) = (ids::call(self.seed, result.number), fit::name(&result.name, losses));
        let failed = if result.failed { "true" } else { "false" };
        let pieces = fit::given(result, NO_OUTPUT, losses);
        self.count(&pieces);
        self.message(time, "toolResult", |message| {
            message
                .text("toolCallId", &id)
                .text("toolName", &name)
                .objects("content", &pieces, |item, piece| fitting(piece, item))
                .json("isError", failed);
        })
    }
}

/// A piece of an answer.
enum Spoken {
    Text(String),
    Thought(String),
    /// Its id, name and input.
    Call(String, String, String),
}

/// What of a piece a model can have said.
fn spoken(piece: Piece, losses: &mut Losses) -> Option<Spoken> {
    match piece {
        Piece::Thinking(text, ..) if text.trim().is_empty() => {
            losses.add("thinking that only its provider can read is left out");
            None
        }
        Piece::Thinking(text, ..) => {
            losses.add("thinking is sent to the model as words");
            Some(Spoken::Thought(text))
        }
        piece => fit::said(piece, losses).map(Spoken::Text),
    }
}

impl Spoken {
    fn write(&self, item: &mut Object<'_>) {
        match self {
            Spoken::Text(text) => item.text("type", "text").text("text", text),
            Spoken::Thought(text) => item.text("type", "thinking").text("thinking", text),
            Spoken::Call(id, name, input) => {
                item.text("type", "toolCall").text("id", id).text("name", name).json("arguments", input)
            }
        };
    }

    fn len(&self) -> u64 {
        match self {
            Spoken::Text(text) | Spoken::Thought(text) => text.len() as u64,
            Spoken::Call(_, name, input) => (name.len() + input.len()) as u64,
        }
    }
}

fn fitting(piece: &Fitting, item: &mut Object<'_>) {
    match piece {
        Fitting::Text(text) => item.text("type", "text").text("text", text),
        Fitting::Image(media, data) => item.text("type", "image").text("data", data).text("mimeType", media),
    };
}

/// What was used: nothing here. The total is what the tool takes for the size
/// of the context, by its own rule of thumb.
fn used(usage: &mut Object<'_>, tokens: &str) {
    for key in ["input", "output", "cacheRead", "cacheWrite"] {
        usage.json(key, "0");
    }
    usage.json("totalTokens", tokens).object("cost", |cost| {
        for key in ["input", "output", "cacheRead", "cacheWrite", "total"] {
            cost.json(key, "0");
        }
    });
}

/// Whose model it is: the tool goes on with it where it can.
fn provider(model: &str) -> &'static str {
    let whose = [
        ("claude", "anthropic"),
        ("gpt", "openai"),
        ("o1", "openai"),
        ("o3", "openai"),
        ("o4", "openai"),
        ("gemini", "google"),
        ("grok", "xai"),
    ];
    whose.iter().find(|(name, _)| model.starts_with(name)).map_or("unknown", |(_, provider)| provider)
}
