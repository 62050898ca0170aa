//! A conversation as a session that the tool resumes.
//!
//! The least that 0.215.0 takes: the first line, then messages that each hang
//! on the one before. A thought without a proof is sent to the model as words.

use super::find;
use crate::tool::fit::{self, Fitting};
use crate::tool::jsonl::{Lines, Object};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns};
use crate::tool::{Conversation, Losses, Plan, Planned, Sink, Target, ToolError, ids, time};

/// The version of the form.
const VERSION: &str = "2";
/// Who owns a session that was made without an account.
const OWNER: &str = "unknown";

/// Writes a conversation as a new session.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::new(conversation);
    let Some(mut turn) = turns.next()? else { return Err(ToolError::Empty) };
    let path = find::path_for(target);
    let out = sink.create(&path, 0o600)?;
    let lines = Lines::new(out, path.clone(), target.started.saturating_sub(1));
    let mut writer = Writer { lines, seed: target.seed, messages: 0 };
    writer.head(target)?;
    loop {
        writer.turn(turn, &mut turns.losses)?;
        match turns.next()? {
            Some(next) => turn = next,
            None => break,
        }
    }
    if writer.messages == 0 {
        return Err(ToolError::Empty);
    }
    writer.lines.finish()?;
    Ok(Plan {
        native: target.native.clone(),
        files: vec![Planned::Create(path.clone())],
        path,
        losses: turns.losses.list(),
        messages: turns.messages,
        imports: Vec::new(),
    })
}

struct Writer<'a> {
    lines: Lines<'a>,
    seed: u128,
    messages: u64,
}

impl Writer<'_> {
    fn head(&mut self, target: &Target) -> Result<(), ToolError> {
        let title = target.title.split_whitespace().collect::<Vec<_>>().join(" ");
        self.lines.line(|head| {
            head.text("type", "session_start")
                .text("id", &target.native)
                .text("title", &title)
                .text("owner", OWNER)
                .json("version", VERSION)
                .text("cwd", &target.cwd.to_string_lossy())
                .json("isSessionTitleManuallySet", if title.is_empty() { "false" } else { "true" });
        })
    }

    /// A message after the one before it.
    fn message(
        &mut self,
        time: Option<i64>,
        role: &str,
        content: &[Content],
        model: Option<&str>,
    ) -> Result<(), ToolError> {
        if content.is_empty() {
            return Ok(());
        }
        let id = |number| ids::uuid(self.seed, number);
        let (own, parent) = (id(self.messages), self.messages.checked_sub(1).map(id));
        self.messages += 1;
        let stamp = time::format(self.lines.stamp(time));
        self.lines.line(|line| {
            line.text("type", "message").text("id", &own);
            if let Some(parent) = &parent {
                line.text("parentId", parent);
            }
            line.text("timestamp", &stamp).object("message", |message| {
                message.text("role", role).objects("content", content, |item, piece| piece.write(item));
                if let Some(model) = model {
                    message.text("modelId", model);
                }
            });
        })
    }

    fn turn(&mut self, turn: Turn, losses: &mut Losses) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let said = pieces.into_iter().filter_map(|piece| fit::piece(piece, losses));
                let said: Vec<Content> = said.map(Content::Said).collect();
                self.message(time, "user", &said, None)
            }
            Turn::Model { said, calls, model, time } => {
                if self.messages == 0 {
                    losses.add("the conversation begins with the model: a prompt is put before it");
                    let before = Content::Said(Fitting::Text(fit::NO_BEGINNING.to_owned()));
                    self.message(time, "user", &[before], None)?;
                }
                let mut content: Vec<Content> =
                    said.into_iter().filter_map(|piece| spoken(piece, losses)).collect();
                if calls.is_empty() {
                    // An answer can't end in a thought.
                    let last = content.iter().rposition(|piece| matches!(piece, Content::Said(_)));
                    for _ in content.drain(last.map_or(0, |last| last + 1)..) {
                        losses.add("thinking after which nothing was said is left out");
                    }
                }
                content.extend(calls.iter().map(|call| self.call(call, losses)));
                self.message(time, "assistant", &content, model.as_deref())
            }
            Turn::Results { results, time } => {
                let each = results.into_iter().map(|answer| self.result(answer, losses));
                let content: Vec<Content> = each.collect();
                self.message(time, "user", &content, None)
            }
        }
    }

    fn call(&self, call: &Call, losses: &mut Losses) -> Content {
        let id = ids::call(self.seed, call.number);
        Content::Call(id, fit::name(&call.name, losses), call.input.clone())
    }

    fn result(&self, answer: Answer, losses: &mut Losses) -> Content {
        let mut pieces = Vec::new();
        if !answer.text.is_empty() || answer.images.is_empty() {
            pieces.push(Fitting::Text(answer.text));
        }
        pieces.extend(answer.images.into_iter().map(|(media, data)| fit::image(&media, data, losses)));
        Content::Result(ids::call(self.seed, answer.number), answer.failed, pieces)
    }
}

/// A piece of a message.
enum Content {
    Said(Fitting),
    Thought(String),
    /// A call: its id, name and input.
    Call(String, String, String),
    /// What came of a call: its id, whether it failed, and its pieces.
    Result(String, bool, Vec<Fitting>),
}

/// What of a piece a model can have said.
fn spoken(piece: Piece, losses: &mut Losses) -> Option<Content> {
    match piece {
        Piece::Thinking(text, ..) if text.trim().is_empty() => {
            losses.add("thinking that only its provider can read is left out");
            None
        }
        Piece::Thinking(text, ..) => {
            losses.add("thinking is sent to the model as words");
            Some(Content::Thought(text))
        }
        piece => match fit::piece(piece, losses)? {
            Fitting::Text(text) => Some(Content::Said(Fitting::Text(text))),
            Fitting::Image(media, _) => {
                losses.add("pictures that the model made are left out");
                Some(Content::Said(Fitting::Text(format!("[picture of type {media}]"))))
            }
        },
    }
}

impl Content {
    fn write(&self, item: &mut Object<'_>) {
        match self {
            Content::Said(piece) => fitting(piece, item),
            // Without a proof the tool hands it over as words.
            Content::Thought(text) => {
                item.text("type", "thinking").text("thinking", text).text("signature", "");
            }
            Content::Call(id, name, input) => {
                item.text("type", "tool_use").text("id", id).text("name", name).json("input", input);
            }
            Content::Result(id, failed, pieces) => {
                item.text("type", "tool_result")
                    .text("tool_use_id", id)
                    .json("is_error", if *failed { "true" } else { "false" });
                // The tool itself writes a text where there is nothing else.
                match pieces.as_slice() {
                    [Fitting::Text(text)] => item.text("content", text),
                    pieces => item.objects("content", pieces, |item, piece| fitting(piece, item)),
                };
            }
        }
    }
}

fn fitting(piece: &Fitting, item: &mut Object<'_>) {
    match piece {
        Fitting::Text(text) => item.text("type", "text").text("text", text),
        Fitting::Image(media, data) => item.text("type", "image").object("source", |source| {
            source.text("type", "base64").text("media_type", media).text("data", data);
        }),
    };
}
