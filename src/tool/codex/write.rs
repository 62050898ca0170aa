//! A conversation as a rollout that the tool resumes.
//!
//! The form is the older one, without ordinals, which every version from 0.77
//! to 0.169 resumes. What the model is sent are the `response_item` records;
//! the `event_msg` records beside them are what the person is shown.

use super::calls::Calls;
use super::rows::{Object, Rows};
use super::{config, find};
use crate::object::id::checksum;
use crate::object::message::{Block, Role, Text};
use crate::tool::time;
use crate::tool::{Conversation, Losses, Plan, Planned, Said, Sink, Target, Tool, ToolError};

/// Begins the output of a call that failed where nothing in it says so.
pub(super) const ERROR_MARK: &str = "[error]";
/// Stands before a summary: the model is sent all that it sums up, too.
const SUMMARY_MARK: &str = "[summary of the conversation up to here]\n\n";
/// The version that is written for when none is known.
const VERSION: &str = "0.169.0";
/// Things that the tool put into a thread of its own and doesn't put in again.
const KEPT: &[&str] = &["<subagent_notification>", "<turn_aborted>", "<user_shell_command>"];

/// Writes a conversation as a new thread.
pub(super) fn write(
    conversation: &mut dyn Conversation,
    target: &Target,
    sink: &mut dyn Sink,
) -> Result<Plan, ToolError> {
    let Some(first) = conversation.next()? else { return Err(ToolError::Empty) };
    let path = find::path_for(target);
    let out = sink.create(&path, 0o600)?;
    let mut writer = Writer {
        rows: Rows::new(out, path.clone(), target.started.saturating_sub(1)),
        conversation,
        calls: Calls::new(target.seed),
        losses: Losses::default(),
        turn: None,
        turns: 0,
        seed: target.seed,
    };
    writer.head(target)?;
    let (mut next, mut messages) = (Some(first), 0);
    while let Some(said) = next {
        let before = writer.rows.last();
        writer.said(said)?;
        messages += u64::from(writer.rows.last() > before);
        next = writer.conversation.next()?;
    }
    writer.end_turn()?;
    let losses = writer.losses.list();
    writer.rows.finish()?;
    if messages == 0 {
        return Err(ToolError::Empty);
    }
    // What announces the thread is planned by who asked for it to be written.
    Ok(Plan {
        native: target.native.clone(),
        files: vec![Planned::Create(path.clone())],
        path,
        losses,
        messages,
        imports: Vec::new(),
    })
}

/// The line of `session_index.jsonl` that gives a thread its name; the last
/// one of a thread counts.
pub(super) fn announce(target: &Target) -> Vec<(std::path::PathBuf, Vec<u8>)> {
    if target.title.trim().is_empty() {
        return Vec::new();
    }
    let line = serde_json::json!({
        "id": target.native,
        "thread_name": target.title.trim(),
        "updated_at": time::format(target.now),
    });
    vec![(find::root(&target.places).join("session_index.jsonl"), format!("{line}\n").into_bytes())]
}

/// A piece of what a user or a call says.
pub(super) enum Content {
    Text(String),
    /// As a `data:` URL.
    Image(String),
}

impl Content {
    /// Writes it as an item of a message or an output.
    pub(super) fn write(&self, object: &mut Object<'_>) {
        match self {
            Content::Text(text) => object.text("type", "input_text").text("text", text),
            Content::Image(url) => object.text("type", "input_image").text("image_url", url),
        };
    }
}

struct Turn {
    id: String,
    started: i64,
    /// What the model said last.
    last: Option<String>,
}

pub(super) struct Writer<'a> {
    pub(super) conversation: &'a mut dyn Conversation,
    pub(super) losses: Losses,
    pub(super) calls: Calls,
    rows: Rows<'a>,
    turn: Option<Turn>,
    turns: u64,
    seed: u128,
}

impl Writer<'_> {
    fn head(&mut self, target: &Target) -> Result<(), ToolError> {
        let started = time::format(target.started);
        self.rows.row(Some(target.started), "session_meta", |meta| {
            meta.text("id", &target.native)
                .text("timestamp", &started)
                .text("cwd", &target.cwd.to_string_lossy())
                .text("originator", "codex_cli_rs")
                .text("cli_version", target.version.as_deref().unwrap_or(VERSION))
                .text("source", "cli")
                .text("model_provider", &config::model_provider(&find::root(&target.places)));
            if let Some(branch) = &target.git_branch {
                meta.object("git", |git| {
                    git.text("branch", branch);
                });
            }
        })
    }

    fn said(&mut self, said: Said) -> Result<(), ToolError> {
        let own = said.tool == super::Codex.name();
        match said.message.role {
            Role::Assistant => self.assistant(said, own),
            Role::User | Role::System => self.user(said, own),
        }
    }

    fn assistant(&mut self, said: Said, own: bool) -> Result<(), ToolError> {
        let (time, mut texts) = (said.time, Vec::new());
        if said.begins_turn {
            self.end_turn()?;
        }
        for block in said.message.blocks {
            match block {
                Block::Text(text) => {
                    texts.push(self.conversation.string(&text)?);
                    continue;
                }
                _ => self.answer(time, &mut texts)?,
            }
            match block {
                Block::Thinking { text, signature } => {
                    self.thought(time, &text, signature.filter(|_| own))?
                }
                Block::Call { name, input, .. } => self.call(time, &name, input, own)?,
                block => {
                    if let Some(content) = self.content(block, own)? {
                        let text = match content {
                            Content::Text(text) => text,
                            Content::Image(_) => {
                                self.losses.add("pictures that the model made are left out");
                                "[picture]".to_owned()
                            }
                        };
                        texts.push(text);
                    }
                }
            }
        }
        self.answer(time, &mut texts)
    }

    /// What the model says: one message, and an event for each text of it.
    fn answer(&mut self, time: Option<i64>, texts: &mut Vec<String>) -> Result<(), ToolError> {
        texts.retain(|text| !text.is_empty());
        let Some(last) = texts.last() else { return Ok(()) };
        let last = last.clone();
        self.row(time, "response_item", |item| {
            item.text("type", "message").text("role", "assistant").objects(
                "content",
                texts.iter(),
                |object, text| {
                    object.text("type", "output_text").text("text", text);
                },
            );
        })?;
        for text in texts.drain(..) {
            self.row(time, "event_msg", |event| {
                event.text("type", "agent_message").text("message", &text);
            })?;
        }
        if let Some(turn) = &mut self.turn {
            turn.last = Some(last);
        }
        Ok(())
    }

    /// Thinking is sent only with the provider's proof of it: what is written
    /// without is refused or taken for the user's.
    fn thought(&mut self, time: Option<i64>, text: &Text, proof: Option<Text>) -> Result<(), ToolError> {
        let text = self.conversation.string(text)?;
        if proof.is_none() {
            self.losses.add("thinking is shown but not sent to the model");
        }
        if !text.is_empty() {
            self.row(time, "event_msg", |event| {
                event.text("type", "agent_reasoning").text("text", &text);
            })?;
        }
        let Some(proof) = proof else { return Ok(()) };
        let proof = self.conversation.string(&proof)?;
        self.row(time, "response_item", |item| {
            item.text("type", "reasoning")
                .objects("summary", Some(&text).filter(|t| !t.is_empty()), |object, text| {
                    object.text("type", "summary_text").text("text", text);
                })
                .json("content", "null")
                .text("encrypted_content", &proof);
        })
    }

    fn user(&mut self, said: Said, own: bool) -> Result<(), ToolError> {
        let (time, mut content, mut late) = (said.time, Vec::new(), Vec::new());
        let mut shown = said.message.role == Role::User;
        // Outputs go right after their calls, before all else in the message.
        let (results, rest): (Vec<_>, Vec<_>) =
            said.message.blocks.into_iter().partition(|block| matches!(block, Block::Result { .. }));
        for block in results {
            if let Block::Result { call, status, parts } = block {
                self.result(time, call, status, parts, &mut late)?;
            }
        }
        if said.begins_turn {
            self.end_turn()?;
        }
        for block in rest {
            shown &= !matches!(block, Block::Summary(_) | Block::Notice(_));
            match block {
                Block::Text(_) if said.message.role == Role::System => self.losses.add(NOTICES),
                Block::Thinking { text, .. } => self.thought(time, &text, None)?,
                Block::Call { name, input, .. } => self.call(time, &name, input, own)?,
                block => content.extend(self.content(block, own)?),
            }
        }
        self.message(time, &late, false)?;
        self.message(time, &content, shown)
    }

    /// What a user says; `shown` if it is drawn as the user's words.
    fn message(&mut self, time: Option<i64>, content: &[Content], shown: bool) -> Result<(), ToolError> {
        if content.is_empty() {
            return Ok(());
        }
        self.interrupt()?;
        self.row(time, "response_item", |item| {
            item.text("type", "message").text("role", "user").objects("content", content, |object, piece| {
                piece.write(object);
            });
        })?;
        if !shown {
            return Ok(());
        }
        let texts: Vec<&str> = content
            .iter()
            .filter_map(|c| if let Content::Text(t) = c { Some(t.as_str()) } else { None })
            .collect();
        let images =
            content.iter().filter_map(|c| if let Content::Image(u) = c { Some(u.as_str()) } else { None });
        self.row(time, "event_msg", |event| {
            event
                .text("type", "user_message")
                .text("message", &texts.join("\n"))
                .texts("images", images)
                .json("local_images", "[]")
                .json("text_elements", "[]");
        })
    }

    /// What of a block a user can say; none if nothing.
    fn content(&mut self, block: Block, own: bool) -> Result<Option<Content>, ToolError> {
        let text = match block {
            Block::Text(text) => self.conversation.string(&text)?,
            Block::Summary(text) if text.is_empty() => String::new(),
            Block::Summary(text) => {
                self.losses.add("summaries become messages; all that they sum up is sent too");
                format!("{SUMMARY_MARK}{}", self.conversation.string(&text)?)
            }
            Block::Notice(text) => match own {
                true => Some(self.conversation.string(&text)?)
                    .filter(|t| KEPT.iter().any(|k| t.starts_with(k)))
                    .unwrap_or_default(),
                false => {
                    self.losses.add(NOTICES);
                    String::new()
                }
            },
            Block::Image(media, data) => return self.image(&media, &data).map(Some),
            Block::File(media, name, _) => {
                self.losses.add("documents are left out, only their names stay");
                format!("[document {name} ({media})]")
            }
            _ => {
                self.losses.add("parts of a kind that is not known are left out");
                String::new()
            }
        };
        Ok(Some(Content::Text(text)).filter(|c| !matches!(c, Content::Text(t) if t.is_empty())))
    }

    /// A picture, of a kind that the API takes.
    pub(super) fn image(&mut self, media: &str, data: &Text) -> Result<Content, ToolError> {
        let data = self.conversation.string(data)?;
        if data.starts_with("http://") || data.starts_with("https://") {
            self.losses.add("pictures on the web are not sent, only their addresses");
            return Ok(Content::Text(format!("[picture at {data}]")));
        }
        let media = media.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let media = match media.as_str() {
            "image/jpg" => "image/jpeg",
            "image/png" | "image/jpeg" | "image/webp" | "image/gif" => &media,
            _ => {
                self.losses.add("pictures of a kind that the model can't see are left out");
                return Ok(Content::Text(format!("[picture of type {media}]")));
            }
        };
        Ok(Content::Image(format!("data:{media};base64,{data}")))
    }

    /// Writes a record that belongs to a turn.
    pub(super) fn row(
        &mut self,
        time: Option<i64>,
        kind: &str,
        payload: impl FnOnce(&mut Object<'_>),
    ) -> Result<(), ToolError> {
        self.begin_turn(time)?;
        self.rows.row(time, kind, payload)
    }

    fn begin_turn(&mut self, time: Option<i64>) -> Result<(), ToolError> {
        if self.turn.is_some() {
            return Ok(());
        }
        self.turns += 1;
        let started = time.unwrap_or_default().max(self.rows.last());
        let turn = Turn { id: turn_id(self.seed, self.turns, started), started, last: None };
        self.rows.row(time, "event_msg", |event| {
            event
                .text("type", "task_started")
                .text("turn_id", &turn.id)
                .json("started_at", &(started / 1000).to_string())
                .json("model_context_window", "null")
                .text("collaboration_mode_kind", "default");
        })?;
        self.turn = Some(turn);
        Ok(())
    }

    /// Ends the turn, if one is open. A fork takes one that isn't ended for
    /// interrupted.
    fn end_turn(&mut self) -> Result<(), ToolError> {
        self.interrupt()?;
        let Some(turn) = self.turn.take() else { return Ok(()) };
        let ended = self.rows.last();
        self.rows.row(None, "event_msg", |event| {
            event.text("type", "task_complete").text("turn_id", &turn.id);
            match &turn.last {
                Some(last) => event.text("last_agent_message", last),
                None => event.json("last_agent_message", "null"),
            }
            .json("started_at", &(turn.started / 1000).to_string())
            .json("completed_at", &(ended / 1000).to_string())
            .json("duration_ms", &ended.saturating_sub(turn.started).max(0).to_string());
        })
    }
}

const NOTICES: &str = "context that another tool put in is left out, this one puts in its own";

/// The id of the `n`-th turn: a UUID of its time and of what follows from the
/// seed.
fn turn_id(seed: u128, n: u64, time: i64) -> String {
    let bits = checksum(&[seed.to_le_bytes().as_slice(), b"turn", &n.to_le_bytes()].concat());
    let mut random = [0; 10];
    for (place, byte) in random.iter_mut().zip(bits.to_le_bytes().into_iter().chain(n.to_le_bytes())) {
        *place = byte;
    }
    let ms = u64::try_from(time).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(ms, &random).into_uuid().to_string()
}
