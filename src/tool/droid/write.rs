//! A conversation as a session that the tool resumes.
//!
//! The least that 0.215.0 takes: the first line, then messages that each hang
//! on the one before. A thought without a proof is sent to the model as words.

use super::find;
use crate::tool::fit::{self, Fitting};
use crate::tool::jsonl::{Lines, Object};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns};
use crate::tool::{Conversation, Losses, Plan, Sink, Target, ToolError, ids, time};

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
    let mut turns = Turns::begin(conversation)?;
    let path = find::path_for(target);
    let out = sink.create(&path, 0o600)?;
    let lines = Lines::new(out, path.clone(), target.started.saturating_sub(1));
    let mut writer = Writer { lines, seed: target.seed, messages: 0 };
    writer.head(target)?;
    while let Some(turn) = turns.next()? {
        writer.turn(turn, &mut turns.losses)?;
    }
    if writer.messages == 0 {
        return Err(ToolError::Empty);
    }
    writer.lines.finish()?;
    Ok(turns.plan(target, path))
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
                    fit::end_in_words(&mut content, |piece| matches!(piece, Content::Thought(_)), losses);
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
        let (id, failed) = (ids::call(self.seed, answer.number), answer.failed);
        Content::Result(id, failed, fit::given(answer, "", losses))
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
        piece => fit::said(piece, losses).map(|text| Content::Said(Fitting::Text(text))),
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
