//! A session as a folder of format 0.1.0: a line for each message, and what
//! the format wants beside it.

use std::collections::BTreeSet;

use super::content::Content;
use super::find::{MANIFEST, MESSAGES, TOOLS, WORKSPACE};
use crate::object::commit::Usage;
use crate::object::message::{Block, Role};
use crate::tool::form::{About, Output, Writer, Written};
use crate::tool::jsonl::{Object, object};
use crate::tool::{Conversation, Losses, Said, Sink, ToolError, time};

/// The version of the format.
const VERSION: &str = "0.1.0";

/// Writes a session.
pub(super) struct FolderWriter;

impl Writer for FolderWriter {
    fn ending(&self) -> &'static str {
        "sfs"
    }

    /// The form's own program finds a session by the id in its manifest.
    fn called(&self, id: &str, _: &str) -> String {
        format!("{}.{}", session_id(id), self.ending())
    }

    fn is_folder(&self) -> bool {
        true
    }

    fn write(
        &self,
        conversation: &mut dyn Conversation,
        about: &About,
        sink: &mut dyn Sink,
    ) -> Result<Written, ToolError> {
        let mut told = Told::default();
        let mut out = Output { out: sink.create(MESSAGES.as_ref(), 0o600)?, name: MESSAGES };
        while let Some(said) = conversation.next()? {
            told.said(conversation, &said, &mut out)?;
        }
        out.finish()?;
        document(sink, MANIFEST, |manifest| told.manifest(about, manifest))?;
        document(sink, WORKSPACE, |workspace| of_workspace(about, workspace))?;
        document(sink, TOOLS, |tools| {
            tools.json("mcp_servers", "[]").json("custom_tools", "[]");
            tools.texts("tools_used", told.names.iter().map(String::as_str));
        })?;
        Ok(Written { messages: told.messages, losses: told.losses })
    }
}

/// Writes one of the documents.
fn document(
    sink: &mut dyn Sink,
    name: &'static str,
    members: impl FnOnce(&mut Object<'_>),
) -> Result<(), ToolError> {
    let mut out = Output { out: sink.create(name.as_ref(), 0o600)?, name };
    let mut buf = Vec::new();
    object(&mut buf, members);
    buf.push(b'\n');
    out.put(&buf)?;
    out.finish()
}

/// What was written so far.
#[derive(Default)]
struct Told {
    /// Lines.
    lines: u64,
    /// Messages of the conversation; some take two lines.
    messages: u64,
    turns: u64,
    calls: u64,
    usage: Usage,
    names: BTreeSet<String>,
    losses: Losses,
}

impl Told {
    /// Writes a message. What a tool put in among what is said takes a line of
    /// its own, since the format marks lines.
    fn said(
        &mut self,
        conversation: &mut dyn Conversation,
        said: &Said,
        out: &mut Output<'_>,
    ) -> Result<(), ToolError> {
        self.messages += 1;
        self.turns += u64::from(said.begins_turn);
        self.usage = self.usage.plus(&said.usage);
        let is_notice = |block: &Block| matches!(block, Block::Notice(_));
        let mut usage = Some(said.usage).filter(|usage| !usage.is_zero());
        let mut begun = false;
        for blocks in said.message.blocks.chunk_by(|a, b| is_notice(a) == is_notice(b)) {
            if std::mem::replace(&mut begun, true) {
                self.losses.add("a message with something that the tool put into it becomes several");
            }
            let mut content = Content::after(self.calls);
            for block in blocks {
                content.block(conversation, block, &mut self.losses)?;
            }
            self.calls = content.calls();
            self.names.extend(content.names());
            let is_meta = blocks.first().is_some_and(is_notice);
            let role = role(said.message.role, blocks);
            self.lines += 1;
            let line = self.line(said, role, is_meta, usage.take(), &content.finish());
            out.put(&line)?;
        }
        Ok(())
    }

    fn line(&self, said: &Said, role: &str, is_meta: bool, usage: Option<Usage>, content: &str) -> Vec<u8> {
        let id = |number: u64| format!("msg_{number:06}");
        let mut line = Vec::new();
        object(&mut line, |message| {
            message.text("msg_id", &id(self.lines));
            match self.lines {
                1 => message.json("parent_msg_id", "null"),
                number => message.text("parent_msg_id", &id(number - 1)),
            };
            message.text("role", role).json("content", content);
            if let Some(ms) = said.time {
                message.text("timestamp", &time::format(ms));
            }
            if let Some(model) = &said.model {
                message.text("model", model);
            }
            if let Some(usage) = usage {
                message.object("usage", |tokens| {
                    tokens.json("input_tokens", &usage.input.to_string());
                    tokens.json("output_tokens", &usage.output.to_string());
                    tokens.json("cache_read_tokens", &usage.cache_read.to_string());
                    tokens.json("cache_write_tokens", &usage.cache_write.to_string());
                });
            }
            if is_meta {
                message.json("is_meta", "true");
            }
        });
        line.push(b'\n');
        line
    }

    fn manifest(&self, about: &About, manifest: &mut Object<'_>) {
        let when = |ms: Option<i64>| ms.map(time::format);
        manifest.text("sfs_version", VERSION).text("session_id", &session_id(&about.id));
        maybe(manifest, "title", Some(about.title.as_str()).filter(|title| !title.is_empty()));
        manifest.json("tags", "[]");
        manifest.text("created_at", &time::format(about.began.unwrap_or_default()));
        maybe(manifest, "updated_at", when(about.ended).as_deref());
        manifest.object("source", |source| {
            source.text("tool", &about.tool);
            maybe(source, "tool_version", about.version.as_deref());
            maybe(source, "original_session_id", Some(about.native.as_str()));
        });
        if let Some(model) = &about.model {
            manifest.object("model", |told| {
                told.text("model_id", model);
            });
        }
        manifest.object("stats", |stats| {
            stats.json("message_count", &self.lines.to_string());
            stats.json("turn_count", &self.turns.to_string());
            stats.json("tool_use_count", &self.calls.to_string());
            let input = self.usage.input + self.usage.cache_read + self.usage.cache_write;
            stats.json("total_input_tokens", &input.to_string());
            stats.json("total_output_tokens", &self.usage.output.to_string());
            let duration =
                about.began.zip(about.ended).map(|(began, ended)| ended.saturating_sub(began).max(0));
            if let Some(duration) = duration {
                stats.json("duration_ms", &duration.to_string());
            }
        });
        manifest.json("parent_session_id", "null").json("checkpoint_count", "0");
        manifest.json("sub_agents", "[]").json("metadata", "{}");
    }
}

/// The id of a session as the format's own program makes them.
fn session_id(id: &str) -> String {
    let digits: String = id.chars().filter(char::is_ascii_hexdigit).take(16).collect();
    format!("ses_{digits}")
}

/// Who speaks. What answers calls alone is the tool's.
fn role(role: Role, blocks: &[Block]) -> &'static str {
    let answers = |block: &Block| matches!(block, Block::Result { .. });
    match role {
        Role::User if blocks.iter().any(answers) => "tool",
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
    }
}

fn of_workspace(about: &About, workspace: &mut Object<'_>) {
    workspace.text("root_path", about.cwd.as_deref().unwrap_or_default());
    match &about.git_branch {
        Some(branch) => workspace.object("git", |git| {
            git.text("branch", branch);
        }),
        None => workspace.json("git", "null"),
    };
    workspace.json("files", "[]").json("environment", "{}");
}

fn maybe(object: &mut Object<'_>, key: &str, text: Option<&str>) {
    match text {
        Some(text) => object.text(key, text),
        None => object.json(key, "null"),
    };
}
