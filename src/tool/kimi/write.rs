//! A conversation as a session that Kimi Code resumes.
//!
//! The least that 2.1.0 takes: the head, then each message whole, and
//! `state.json` beside. No profile and no model is named, so that the program
//! takes its own and the user's (`-p` must be told one with `-m`). Pictures of
//! results are sent after them, which is the program's own affair.

use std::path::PathBuf;

use super::find;
use super::state::STATE;
use crate::tool::fit::{self, Fitting};
use crate::tool::jsonl::{Lines, Object};
use crate::tool::turns::{Answer, Call, Piece, Turn, Turns};
use crate::tool::{Conversation, Losses, Plan, Planned, Sink, Target, ToolError, digest, ids};

/// The protocol that is written.
const PROTOCOL: &str = "1.5";
/// How the name of a session begins.
pub(super) const PREFIX: &str = "session_";
/// The longest word of a directory's name in that of its folder, in bytes.
const SLUG_MAX: usize = 40;
/// How much of a directory's digest is in the name of its folder.
const HASH: usize = 12;

/// Writes a conversation as a new session.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let mut turns = Turns::begin(conversation)?;
    let agent = folder(target).join("agents").join(find::MAIN);
    let path = agent.join(find::WIRE);
    let out = sink.create(&path, 0o600)?;
    let lines = Lines::new(out, path.clone(), target.started.saturating_sub(1));
    let mut writer = Writer { lines, seed: target.seed, messages: 0 };
    writer.lines.line(|head| {
        head.text("type", "metadata")
            .text("protocol_version", PROTOCOL)
            .json("created_at", &target.started.to_string());
    })?;
    while let Some(turn) = turns.next()? {
        writer.turn(turn, &mut turns.losses)?;
    }
    if writer.messages == 0 {
        return Err(ToolError::Empty);
    }
    let last = writer.lines.last();
    writer.lines.finish()?;
    let beside = folder(target).join(STATE);
    let mut state = Lines::new(sink.create(&beside, 0o600)?, beside.clone(), last);
    state.line(|state| self::state(state, target, &agent.to_string_lossy(), last))?;
    state.finish()?;
    let mut plan = turns.plan(target, path);
    plan.files.push(Planned::Create(beside));
    Ok(plan)
}

fn state(state: &mut Object<'_>, target: &Target, agent: &str, last: i64) {
    let title = target.title.split_whitespace().collect::<Vec<_>>().join(" ");
    state
        .text("id", &target.native)
        .json("version", "2")
        .text("cwd", &target.cwd.to_string_lossy())
        .json("archived", "false")
        .object("agents", |agents| {
            agents.object(find::MAIN, |main| {
                main.text("homedir", agent).text("type", find::MAIN);
            });
        })
        .object("custom", |_| {})
        .json("createdAt", &target.started.to_string())
        .json("updatedAt", &last.to_string());
    if !title.is_empty() {
        state.text("title", &title).json("isCustomTitle", "true");
    }
}

/// The folder of a new session.
fn folder(target: &Target) -> PathBuf {
    let root = find::root(&target.places).join(find::SESSIONS);
    root.join(workspace(&target.cwd.to_string_lossy())).join(&target.native)
}

/// The name of the folder for a working directory: `wd_my-proj_0123456789ab`.
fn workspace(cwd: &str) -> String {
    let path = cwd.replace('\\', "/");
    let path = path.trim_end_matches('/');
    let name = path.rsplit('/').next().unwrap_or_default().to_lowercase();
    let (mut slug, mut replaced) = (String::new(), false);
    for c in name.chars() {
        let fits = matches!(c, 'a'..='z' | '0'..='9' | '.' | '_' | '-');
        // However many don't fit, one stands for all of them.
        slug.extend(if fits { Some(c) } else { Some('-').filter(|_| !replaced) });
        replaced = !fits;
    }
    let slug: String = slug.trim_matches('-').chars().take(SLUG_MAX).collect();
    let slug = match slug.trim_matches('-') {
        "" | "." | ".." => "workspace",
        slug => slug,
    };
    let hash = digest::sha256_hex(path.as_bytes());
    format!("wd_{slug}_{}", hash.get(..HASH).unwrap_or_default())
}

struct Writer<'a> {
    lines: Lines<'a>,
    seed: u128,
    messages: u64,
}

impl Writer<'_> {
    fn message(
        &mut self,
        time: Option<i64>,
        role: &str,
        content: &[Content],
        members: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        let stamp = self.lines.stamp(time).to_string();
        self.messages += 1;
        self.lines.line(|line| {
            line.text("type", "context.append_message").text("agentId", find::MAIN);
            line.object("message", |message| {
                message.text("role", role).objects("content", content, |item, piece| piece.write(item));
                members(message);
            });
            line.json("time", &stamp);
        })
    }

    fn user(&mut self, time: Option<i64>, content: &[Content]) -> Result<(), ToolError> {
        if content.is_empty() {
            return Ok(());
        }
        let id = format!("msg_{}", ids::uuid(self.seed, self.messages));
        self.message(time, "user", content, |message| {
            message.texts("toolCalls", []).object("origin", |origin| {
                origin.text("kind", "user");
            });
            message.text("id", &id);
        })
    }

    fn turn(&mut self, turn: Turn, losses: &mut Losses) -> Result<(), ToolError> {
        match turn {
            Turn::User { pieces, time } => {
                let said = pieces.into_iter().filter_map(|piece| fit::piece(piece, losses));
                let said: Vec<Content> = said.map(Content::Said).collect();
                self.user(time, &said)
            }
            Turn::Model { said, calls, time, .. } => {
                if self.messages == 0 {
                    losses.add("the conversation begins with the model: a prompt is put before it");
                    self.user(time, &[Content::Said(Fitting::Text(fit::NO_BEGINNING.to_owned()))])?;
                }
                self.model(time, said, &calls, losses)
            }
            Turn::Results { results, time } => {
                results.into_iter().try_for_each(|result| self.result(time, result, losses))
            }
        }
    }

    fn model(
        &mut self,
        time: Option<i64>,
        said: Vec<Piece>,
        calls: &[Call],
        losses: &mut Losses,
    ) -> Result<(), ToolError> {
        let mut content: Vec<Content> = said.into_iter().filter_map(|piece| spoken(piece, losses)).collect();
        if calls.is_empty() {
            fit::end_in_words(&mut content, |piece| matches!(piece, Content::Thought(..)), losses);
        }
        if content.is_empty() && calls.is_empty() {
            return Ok(());
        }
        let seed = self.seed;
        self.message(time, "assistant", &content, |message| {
            message.objects("toolCalls", calls, |item, call| {
                item.text("type", "function")
                    .text("id", &ids::call(seed, call.number))
                    .text("name", &fit::name(&call.name, losses))
                    .text("arguments", &call.input);
            });
        })
    }

    fn result(&mut self, time: Option<i64>, answer: Answer, losses: &mut Losses) -> Result<(), ToolError> {
        let (id, failed) = (ids::call(self.seed, answer.number), answer.failed);
        let content: Vec<Content> = fit::given(answer, "", losses).into_iter().map(Content::Said).collect();
        self.message(time, "tool", &content, |message| {
            message.texts("toolCalls", []).text("toolCallId", &id);
            if failed {
                message.json("isError", "true");
            }
        })
    }
}

/// A piece of a message.
enum Content {
    Said(Fitting),
    /// A thought, and its proof where it is the program's own.
    Thought(String, Option<String>),
}

/// What of a piece a model can have said.
fn spoken(piece: Piece, losses: &mut Losses) -> Option<Content> {
    match piece {
        Piece::Thinking(text, proof, tool) if tool == super::NAME => Some(Content::Thought(text, proof)),
        Piece::Thinking(text, ..) if text.trim().is_empty() => {
            losses.add("thinking that only its provider can read is left out");
            None
        }
        Piece::Thinking(text, proof, _) => {
            if proof.is_some() {
                losses.add("thoughts lose the signature by which their maker knows them");
            }
            Some(Content::Thought(text, None))
        }
        piece => fit::said(piece, losses).map(|text| Content::Said(Fitting::Text(text))),
    }
}

impl Content {
    fn write(&self, item: &mut Object<'_>) {
        match self {
            Content::Said(Fitting::Text(text)) => {
                item.text("type", "text").text("text", text);
            }
            Content::Said(Fitting::Image(media, data)) => {
                let url = format!("data:{media};base64,{data}");
                item.text("type", "image_url").object("imageUrl", |image| {
                    image.text("url", &url);
                });
            }
            Content::Thought(text, proof) => {
                item.text("type", "think").text("think", text);
                if let Some(proof) = proof {
                    item.text("encrypted", proof);
                }
            }
        }
    }
}
