//! Kimi Code's records to steps.
//!
//! Facts: sessions written by 2.1.0 (protocol 1.5), published ones of protocol
//! 1.4, and what the program itself reads when it resumes. Only the records
//! that it folds into the conversation say anything; `agent.…` records repeat
//! them for its window.

use std::path::PathBuf;

use super::content::{self, block, call, native, outcome, string};
use super::state;
use crate::object::codec::{self, Decode, Encode};
use crate::object::commit::Usage;
use crate::object::json::Value;
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::step::first_words;
use crate::tool::{Counted, Draft, Found, Key, Link, Reader, Step, setting};

/// The longest name of a model that is remembered.
const MODEL_MAX: usize = 200;

/// Records that say nothing of the conversation, by their first word.
const SILENT: &[&str] = &[
    "agent",
    "config",
    "context_size",
    "cron",
    "file_history",
    "forked",
    "full_compaction",
    "goal",
    "interaction",
    "llm",
    "mcp",
    "metadata",
    "micro_compaction",
    "permission",
    "plan",
    "plan_mode",
    "plugin",
    "plugin_command",
    "profile",
    "prompt",
    "runtime",
    "skill",
    "spine",
    "subagent",
    "swarm_mode",
    "task",
    "token_counting",
    "tools",
    "tower",
    "tower_mode",
    "turn",
];

/// What must be known to go on.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct State {
    model: String,
    /// Whether the context was cleared: what follows begins anew.
    cleared: bool,
    /// How often tokens were counted.
    counts: u64,
    /// What was counted for an answer that was not seen yet.
    counted: Option<Usage>,
    /// Whether the session of a subagent was told.
    told: bool,
}

/// Reads the records of one agent.
pub(super) struct WireReader {
    /// Where the title stands, until that was told.
    beside: Option<PathBuf>,
    /// The session, for a subagent.
    parent: Option<String>,
    state: State,
}

impl WireReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> WireReader {
        let part = !found.part.is_empty();
        let beside = found.side.iter().find(|file| file.place.ends_with(state::STATE));
        WireReader {
            beside: beside.map(|file| file.path.clone()),
            parent: part.then(|| found.native.clone()),
            state: codec::decode(state).unwrap_or_default(),
        }
    }
}

impl Reader for WireReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        let mut step = Step { time: row.get("time").and_then(|time| time.int()), ..Step::default() };
        step.facts = self.beside.take().map(|path| state::facts(&path)).unwrap_or_default();
        if let Some(parent) = self.parent.clone().filter(|_| !std::mem::replace(&mut self.state.told, true)) {
            step.facts.parent = Some(parent);
        }
        self.record(row, texts, &mut step);
        if step.message.is_some() && step.link == Link::Tip && std::mem::take(&mut self.state.cleared) {
            step.link = Link::Root;
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        codec::encode(&self.state).unwrap_or_default()
    }
}

impl WireReader {
    fn record(&mut self, row: Value<'_>, texts: &mut Texts, step: &mut Step) {
        let kind = string(row, "type").map(|kind| kind.raw()).unwrap_or_default();
        match kind {
            b"context.append_message" => match row.get("message") {
                Some(message) => self.message(message, texts, step),
                None => step.unknown = true,
            },
            b"context.append_loop_event" => match row.get("event") {
                Some(event) => self.event(event, texts, step),
                None => step.unknown = true,
            },
            b"context.apply_compaction" => compaction(row, texts, step),
            b"context.undo" => {
                let turns =
                    row.get("count").and_then(|count| count.int()).and_then(|n| u32::try_from(n).ok());
                step.link = turns.map_or(Link::Tip, Link::TurnsBack);
            }
            b"context.clear" => self.state.cleared = true,
            b"usage.record" => self.usage(row, step),
            b"permission.set_mode" => step.settings.read(setting::PERMISSIONS, row.get("mode")),
            b"config.update" | b"profile.bind" => self.settings(row, step),
            _ => {
                let word = kind.split(|byte| *byte == b'.').next().unwrap_or_default();
                step.unknown = !SILENT.iter().any(|silent| silent.as_bytes() == word);
            }
        }
    }

    fn settings(&mut self, row: Value<'_>, step: &mut Step) {
        self.model(row.string("modelAlias"));
        let cwd = string(row, "cwd").or_else(|| row.path(&["environmentDisclosure", "cwd"]));
        step.settings.read(setting::CWD, cwd);
        step.settings.read(setting::EFFORT, row.get("thinkingEffort"));
        let facts = &mut step.facts;
        facts.cwd = cwd.and_then(|cwd| cwd.str()).map(|cwd| cwd.into_owned()).or(facts.cwd.take());
    }

    fn model(&mut self, name: Option<String>) {
        if let Some(name) = name.filter(|name| !name.is_empty() && name.len() <= MODEL_MAX) {
            self.state.model = name;
        }
    }

    /// Stands before the answer that it counts for, if there is one.
    fn usage(&mut self, row: Value<'_>, step: &mut Step) {
        self.model(row.string("model"));
        self.answered(step);
        self.state.counted = row.get("usage").map(usage).filter(|usage| !usage.is_zero());
    }

    /// Gives a step what was counted for it.
    fn answered(&mut self, step: &mut Step) {
        if let Some(usage) = self.state.counted.take() {
            self.state.counts = self.state.counts.wrapping_add(1);
            step.usage = Some(Counted { api: Key::of(&self.state.counts.to_le_bytes()), usage });
        }
    }

    /// What an answer says, or the calls that it made.
    fn spoken(&mut self, step: &mut Step) {
        step.model = Some(self.state.model.clone()).filter(|model| !model.is_empty());
        self.answered(step);
    }

    fn event(&mut self, event: Value<'_>, texts: &mut Texts, step: &mut Step) {
        match event.get("type").map(|kind| kind.raw()).unwrap_or_default() {
            b"content.part" => {
                let said = event.get("part").map(|part| block(part, texts));
                step.message =
                    said.filter(|said| !is_empty(said)).map(|said| Draft::of(Role::Assistant, vec![said]));
                self.spoken(step);
            }
            b"tool.call" => {
                let name = event.string("name").unwrap_or_default();
                let block = call(&name, event.get("args"), texts, &mut step.files);
                let mut message = Draft::of(Role::Assistant, vec![block]);
                message.calls.push(native(event, "toolCallId"));
                step.message = Some(message);
                self.spoken(step);
            }
            b"tool.result" => {
                let failed = event.path(&["result", "isError"]).is_some_and(|failed| failed.is_true());
                let parts = content::parts(event.path(&["result", "output"]), texts);
                step.message = Some(outcome(native(event, "toolCallId"), failed, parts));
            }
            b"step.begin" | b"step.end" | b"llm.request" => {}
            _ => step.unknown = true,
        }
    }

    fn message(&mut self, message: Value<'_>, texts: &mut Texts, step: &mut Step) {
        let said = message.get("content");
        match message.get("role").map(|role| role.raw()).unwrap_or_default() {
            b"user" => user(message, texts, step),
            b"assistant" => {
                content::answer(message, message.get("toolCalls"), None, texts, step);
                self.spoken(step);
            }
            b"tool" => {
                let failed = message.get("isError").is_some_and(|failed| failed.is_true());
                let parts = content::parts(said, texts);
                step.message = Some(outcome(native(message, "toolCallId"), failed, parts));
            }
            b"system" => step.message = content::put_in(said, texts, Block::Notice),
            _ => step.unknown = true,
        }
    }
}

/// Tells whether nothing is said: neither words nor a proof.
fn is_empty(block: &Block) -> bool {
    match block {
        Block::Text(text) => text.is_empty(),
        Block::Thinking { text, signature } => text.is_empty() && signature.is_none(),
        _ => false,
    }
}

/// What stands in the user's place, as its origin tells: a prompt, what a
/// prompt began that nobody typed, or what the tool put in.
fn user(message: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let (said, origin) = (message.get("content"), message.get("origin"));
    let member = |key: &str| origin.and_then(|origin| origin.get(key)).map(|value| value.raw());
    let begins = match (member("kind"), member("trigger"), member("name")) {
        (None | Some(b"user"), ..) => true,
        (Some(b"skill_activation" | b"plugin_command"), trigger, _) => trigger == Some(b"user-slash"),
        (Some(b"system_trigger"), _, name) => name == Some(b"subagent"),
        _ => false,
    };
    if begins {
        content::prompt(said, texts, step);
        let named = origin.and_then(|origin| {
            let name = origin.string("skillName").or_else(|| origin.string("commandName"))?;
            let args =
                origin.string("skillArgs").or_else(|| origin.string("commandArgs")).unwrap_or_default();
            Some(first_words(&format!("/{name} {args}")))
        });
        if step.prompt.is_some() && named.is_some() {
            step.prompt = named;
        }
        return;
    }
    let make = if member("kind") == Some(b"compaction_summary") { Block::Summary } else { Block::Notice };
    step.message = content::put_in(said, texts, make);
}

/// The words that take the place of what was said before.
fn compaction(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    // In old records the summary is a message.
    let summary = string(row, "contextSummary").or_else(|| row.get("summary"));
    let message = summary.and_then(|summary| summary.get("content"));
    step.message = content::put_in(message.or(summary), texts, Block::Summary);
}

/// `inputOther` is without what was read from or written to the cache.
fn usage(value: Value<'_>) -> Usage {
    let count = |key| value.get(key).and_then(|n| n.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Usage {
        input: count("inputOther"),
        cache_write: count("inputCacheCreation"),
        cache_read: count("inputCacheRead"),
        output: count("output"),
    }
}
