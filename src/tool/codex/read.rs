//! Rollout records to steps.
//!
//! What the model saw are the `response_item` records, each one message;
//! `event_msg` records draw the same for the person and are not messages of
//! their own (0.40 to 0.169). Before 0.32 the items stood bare, without the
//! envelope of `timestamp`, `type` and `payload`; both are read.
//!
//! Ordinals, which paginated threads (0.169) write on every record, are the
//! native ids of records; the older form has none.

use super::item::{self, Item};
use super::usage;
use crate::object::codec::{self, Decode, Encode};
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::{Draft, Found, Key, Link, Reader, Settings, Step, StepFacts, setting, time};

/// Longer ids and names are not kept in the state; nothing genuine has them.
const NAME_MAX: usize = 128;

/// Events that are known to say nothing beyond what the items say.
const EVENTS: &[&[u8]] = &[
    b"agent_message",
    b"agent_reasoning",
    b"agent_reasoning_raw_content",
    b"agent_reasoning_section_break",
    b"background_event",
    b"collab_agent_interaction_begin",
    b"collab_agent_interaction_end",
    b"collab_agent_spawn_begin",
    b"collab_agent_spawn_end",
    b"collab_close_begin",
    b"collab_close_end",
    b"collab_resume_begin",
    b"collab_resume_end",
    b"collab_waiting_begin",
    b"collab_waiting_end",
    b"context_compacted",
    b"deprecation_notice",
    b"dynamic_tool_call_request",
    b"dynamic_tool_call_response",
    b"entered_review_mode",
    b"error",
    b"exec_command_begin",
    b"exec_command_end",
    b"exited_review_mode",
    b"guardian_assessment",
    b"image_generation_end",
    b"item_completed",
    b"item_started",
    b"mcp_tool_call_begin",
    b"mcp_tool_call_end",
    b"model_reroute",
    b"patch_apply_begin",
    b"patch_apply_end",
    b"plan_update",
    b"session_configured",
    b"shutdown_complete",
    b"stream_error",
    b"sub_agent_activity",
    b"task_complete",
    b"task_started",
    b"thread_goal_updated",
    b"thread_settings_applied",
    b"token_count",
    b"turn_aborted",
    b"turn_complete",
    b"turn_diff",
    b"turn_started",
    b"undo_completed",
    b"user_message",
    b"view_image_tool_call",
    b"warning",
    b"web_search_begin",
    b"web_search_end",
];

/// Records that say nothing.
const BOOKKEEPING: &[&[u8]] = &[
    b"dynamic_tools_updated",
    b"inter_agent_communication",
    b"inter_agent_communication_metadata",
    b"realtime_item",
    b"retained_context",
    b"security_risk_score",
    b"world_state",
];

/// What must be known to go on.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct State {
    /// The thread, as its first record names it; empty until then.
    thread: String,
    model: String,
    /// Where the first message hangs: session, part, ordinal of the record.
    base: Option<(String, String, u64)>,
    has_cwd: bool,
    /// Whether another thread started this one.
    subagent: bool,
    /// Whether the item before was the output of a call.
    after_output: bool,
}

/// Reads one rollout.
pub(super) struct RolloutReader {
    part: String,
    state: State,
}

impl RolloutReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> RolloutReader {
        RolloutReader { part: found.part.clone(), state: codec::decode(state).unwrap_or_default() }
    }
}

impl Reader for RolloutReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step::default() };
        let line = Line::of(row);
        let mut step = Step {
            time: line.timestamp.and_then(|t| time::parse(&t.bytes()?)),
            key: line.ordinal.map(|n| key_of(n.unsigned_abs())),
            ..Step::default()
        };
        self.line(&line, row, texts, &mut step);
        if step.message.is_some()
            && let Some((native, part, ordinal)) = self.state.base.take()
        {
            step.link = Link::Other { native, part, key: key_of(ordinal) };
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        codec::encode(&self.state).unwrap_or_default()
    }
}

fn key_of(ordinal: u64) -> Key {
    Key::of(format!("ordinal:{ordinal}").as_bytes())
}

/// The members of a record, found in one go.
#[derive(Default)]
struct Line<'t> {
    timestamp: Option<Value<'t>>,
    kind: Option<&'t [u8]>,
    payload: Option<Value<'t>>,
    ordinal: Option<i64>,
    metadata: Option<Value<'t>>,
}

impl<'t> Line<'t> {
    fn of(row: Value<'t>) -> Line<'t> {
        let mut line = Line::default();
        for (key, value) in row.members() {
            match key {
                b"timestamp" => line.timestamp = Some(value),
                b"type" if value.kind() == Type::String => line.kind = Some(value.raw()),
                b"payload" => line.payload = Some(value),
                b"ordinal" => line.ordinal = value.int(),
                b"metadata" => line.metadata = Some(value),
                _ => {}
            }
        }
        line
    }
}

impl RolloutReader {
    fn line(&mut self, line: &Line<'_>, row: Value<'_>, texts: &mut Texts, step: &mut Step) {
        match (line.kind, line.payload) {
            (Some(kind), Some(payload)) if payload.kind() == Type::Object => {
                self.record(kind, payload, line, texts, step);
            }
            (Some(_), None) => self.item(row, line, texts, step),
            // Before 0.32: the head of the session, and the state of the tool.
            (None, None) if row.get("record_type").is_some() => {}
            (None, None) if row.get("id").is_some() && line.timestamp.is_some() => self.meta(row, step),
            _ => step.unknown = true,
        }
    }

    fn record(
        &mut self,
        kind: &[u8],
        payload: Value<'_>,
        line: &Line<'_>,
        texts: &mut Texts,
        step: &mut Step,
    ) {
        match kind {
            b"response_item" => self.item(payload, line, texts, step),
            b"event_msg" => self.event(payload, step),
            b"session_meta" => self.meta(payload, step),
            b"turn_context" => self.turn_context(payload, step),
            b"token_usage_record" => {
                step.usage = usage::counted(payload.get("thread_token_usage"), payload.get("usage"));
            }
            b"compacted" => {
                self.state.after_output = false;
                step.message = payload.get("message").map(|text| summary(text, texts));
            }
            _ => step.unknown = !BOOKKEEPING.contains(&kind),
        }
    }

    fn item(&mut self, payload: Value<'_>, line: &Line<'_>, texts: &mut Texts, step: &mut Step) {
        // What the model answers to the request for a summary; the record
        // `compacted` that follows says it again.
        if line.metadata.and_then(|m| m.get("compaction_output")).is_some_and(|v| v.is_true()) {
            return;
        }
        let Item { draft, prompt, files, unknown, output } = item::read(
            payload,
            texts,
            &item::Before { subagent: self.state.subagent, output: self.state.after_output },
        );
        if draft.is_some() {
            self.state.after_output = output;
        }
        if draft.as_ref().is_some_and(|d| d.message.role == Role::Assistant) && !self.state.model.is_empty() {
            step.model = Some(self.state.model.clone());
        }
        (step.message, step.prompt, step.files, step.unknown) = (draft, prompt, files, unknown);
    }

    fn event(&mut self, payload: Value<'_>, step: &mut Step) {
        let kind = payload.get("type").map(|v| v.raw()).unwrap_or_default();
        match kind {
            b"token_count" => step.usage = usage::of_event(payload),
            b"thread_rolled_back" => {
                let turns =
                    payload.get("num_turns").and_then(|n| n.int()).and_then(|n| u32::try_from(n).ok());
                step.link = turns.map_or(Link::Tip, Link::TurnsBack);
                step.unknown = turns.is_none();
            }
            b"thread_name_updated" => {
                // A fork copies the events of the thread that it came from.
                let thread = payload.string("thread_id");
                if thread.is_none_or(|id| self.state.thread.is_empty() || id == self.state.thread) {
                    step.facts.user_title = payload.string("thread_name").filter(|name| !name.is_empty());
                }
            }
            _ => step.unknown = !EVENTS.contains(&kind),
        }
    }

    fn turn_context(&mut self, payload: Value<'_>, step: &mut Step) {
        if let Some(model) = name(payload, "model")
            && model != self.state.model
        {
            self.state.model = model;
        }
        if !self.state.has_cwd {
            step.facts.cwd = payload.string("cwd").filter(|cwd| !cwd.is_empty());
            self.state.has_cwd = step.facts.cwd.is_some();
        }
        in_force(payload, &mut step.settings);
    }

    /// The head of the thread, which is written again on every resume; a fork
    /// that copies has its own first and then that of what it copied.
    fn meta(&mut self, payload: Value<'_>, step: &mut Step) {
        let id = name(payload, "id").or_else(|| name(payload, "session_id")).unwrap_or_default();
        let first = self.state.thread.is_empty();
        if !first && id != self.state.thread {
            return;
        }
        step.facts = StepFacts {
            cwd: payload.string("cwd").filter(|cwd| !cwd.is_empty()),
            git_branch: payload.path(&["git", "branch"]).and_then(|b| b.str()).map(|b| b.into_owned()),
            version: payload.string("cli_version"),
            ..StepFacts::default()
        };
        self.state.has_cwd |= step.facts.cwd.is_some();
        step.settings.facts(&step.facts);
        step.settings.read(setting::PROVIDER, payload.get("model_provider"));
        if !first {
            return;
        }
        let forked_from = name(payload, "forked_from_id").filter(|from| *from != id);
        let spawned = payload.path(&["source", "subagent"]);
        let parent = name(payload, "parent_thread_id")
            .or_else(|| name(spawned?.get("thread_spawn")?, "parent_thread_id"))
            .filter(|parent| *parent != id);
        self.state.subagent = parent.is_some() || spawned.is_some();
        self.state.base =
            payload.get("history_base").and_then(|base| self.base(base, &id, forked_from.as_deref()));
        (step.facts.forked_from, step.facts.parent) = (forked_from, parent);
        self.state.thread = id;
    }

    /// What a thread that holds no copy of its beginning goes on from.
    ///
    /// `history_base.thread_id` names a file: the thread's id for its own
    /// file, a segment's id for a segment (0.169). Whose segment is not said:
    /// that of the thread itself for a file that is a segment, else that of
    /// the thread it was forked from.
    fn base(&self, base: Value<'_>, id: &str, forked_from: Option<&str>) -> Option<(String, String, u64)> {
        let file = name(base, "thread_id")?;
        let end = base.get("end_ordinal_exclusive")?.int()?;
        let last = u64::try_from(end.checked_sub(1)?).ok()?;
        let (native, part) = match forked_from {
            _ if file == id => (file, String::new()),
            Some(from) if file == from => (file, String::new()),
            _ if !self.part.is_empty() => (id.to_owned(), file),
            Some(from) => (from.to_owned(), file),
            None => (file, String::new()),
        };
        Some((native, part, last))
    }
}

/// What a turn's context tells of settings (0.40 to 0.169). The sandbox was
/// told by `mode` before it was by `type`; a policy of approvals that is no
/// word is an object with one member, named after it.
fn in_force(context: Value<'_>, settings: &mut Settings) {
    settings.read(setting::CWD, context.get("cwd"));
    let approval = context.get("approval_policy");
    match approval.filter(|policy| policy.kind() == Type::Object).and_then(|policy| policy.members().next()) {
        Some((name, _)) => settings.say(setting::PERMISSIONS, String::from_utf8_lossy(name)),
        None => settings.read(setting::PERMISSIONS, approval),
    }
    if let Some(sandbox) = context.get("sandbox_policy") {
        let member = |key: &str| sandbox.get(key).is_some_and(|value| value.is_true());
        if let Some(kind) = name(sandbox, "type").or_else(|| name(sandbox, "mode")) {
            let network = if member("network_access") { " with network" } else { "" };
            settings.say(setting::SANDBOX, kind + network);
        }
    }
    settings.read(setting::MODE, context.path(&["collaboration_mode", "mode"]));
    // A turn that doesn't tell has none.
    settings.say(setting::EFFORT, name(context, "effort").unwrap_or_default());
}

/// A short string member.
fn name(value: Value<'_>, key: &str) -> Option<String> {
    let value = value.get(key).filter(|v| v.raw().len() <= NAME_MAX)?;
    value.str().map(|s| s.into_owned()).filter(|s| !s.is_empty())
}

fn summary(text: Value<'_>, texts: &mut Texts) -> Draft {
    Draft::of(Role::System, vec![Block::Summary(texts.of(text))])
}
