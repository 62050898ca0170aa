//! Events to steps.
//!
//! Events stand in the order in which the model is sent them; `parentId` names
//! the one before, and is not walked (1.0.40 to 1.0.102). Those of subagents
//! stand among them with an `agentId`.

use super::content::{self, Assets};
use super::find;
use crate::object::codec::{self, Decode, Encode};
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Role};
use crate::object::split::Texts;
use crate::tool::step::first_words;
use crate::tool::{Counted, Draft, Found, Key, Link, Reader, Step, setting, time};

/// Longer names are not kept in the state; nothing genuine has them.
const NAME_MAX: usize = 128;
/// How many subagents are remembered.
const AGENTS: usize = 12;

/// Events that say nothing of the conversation (0.0.343 to 1.0.102; those
/// that are never written to disk are not among them).
const SILENT: &[&str] = &[
    "abort",
    "assistant.fusion_phase_completed",
    "assistant.fusion_phase_failed",
    "assistant.reasoning",
    "assistant.turn_end",
    "assistant.turn_start",
    "external_tool.requested",
    "hook.end",
    "hook.start",
    "human_response.recorded",
    "mcp.oauth_recovery_completed",
    "permission.assentDetected",
    "permission.carriedForward",
    "permission.completed",
    "permission.contextualAuthorization",
    "permission.messageAuthorization",
    "permission.messageAuthorizationDegraded",
    "permission.messageAuthorizationRead",
    "permission.requested",
    "session.auto_mode_resolved",
    "session.autopilot_objective_changed",
    "session.canvas.recorded",
    "session.canvas.removed",
    "session.canvas.unavailable",
    "session.compaction_start",
    "session.completion_receipt",
    "session.error",
    "session.fusion_change_checkpoint",
    "session.fusion_commit_started",
    "session.fusion_completed",
    "session.fusion_handoff",
    "session.fusion_resolved",
    "session.fusion_route_failed",
    "session.handoff",
    "session.idle",
    "session.import_legacy",
    "session.info",
    "session.model_deselected",
    "session.permission_recovery",
    "session.plan_changed",
    "session.remote_steerable_changed",
    "session.request_body_compression_disabled",
    "session.schedule_cancelled",
    "session.schedule_created",
    "session.schedule_rearmed",
    "session.session_limits_changed",
    "session.shutdown",
    "session.snapshot_rewind",
    "session.task_complete",
    "session.truncation",
    "session.usage_checkpoint",
    "session.warning",
    "session.workspace_file_changed",
    "skill.context_delivered_ref",
    "skill.invoked",
    "skill.invoked_ref",
    "subagent.completed",
    "subagent.configured",
    "subagent.deselected",
    "subagent.failed",
    "subagent.selected",
    "subagent.started",
    "system.message",
    "tool.execution_start",
    "tool_search.activated",
];

/// What must be known to go on.
#[derive(Clone, Debug, Default, Encode, Decode)]
struct State {
    model: String,
    /// Whether the context was cleared: what follows begins anew.
    cleared: bool,
    /// Whether tokens are counted in records of their own (since 0.0.422).
    counts: bool,
    /// What was counted for an API call whose message was not seen yet.
    counted: Option<(u64, Usage)>,
    /// Subagents, and the last record of each.
    agents: Vec<(u64, u64)>,
    assets: Assets,
}

/// Reads one session's events.
pub(super) struct EventReader {
    /// Where the session's name stands, until that was told.
    workspace: Option<std::path::PathBuf>,
    state: State,
}

impl EventReader {
    pub(super) fn new(found: &Found, state: &[u8]) -> EventReader {
        let beside = found.side.iter().find(|file| file.place.ends_with(find::WORKSPACE));
        EventReader {
            workspace: beside.map(|file| file.path.clone()),
            state: codec::decode(state).unwrap_or_default(),
        }
    }
}

impl Reader for EventReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step { unknown: true, ..Step::default() } };
        let event = Event::of(row);
        let mut step = Step { time: event.time, side: event.agent.is_some(), ..Step::default() };
        if let Some((name, given)) = self.workspace.take().and_then(|path| find::name_in(&path)) {
            let place = if given { &mut step.facts.user_title } else { &mut step.facts.tool_title };
            *place = Some(name);
        }
        match event.data {
            Some(data) => self.event(&event, data, texts, &mut step),
            None => step.unknown = true,
        }
        self.hang(&event, &mut step);
        step
    }

    fn state(&self) -> Vec<u8> {
        codec::encode(&self.state).unwrap_or_default()
    }
}

/// The members of an event, found in one go.
#[derive(Default)]
struct Event<'t> {
    kind: &'t [u8],
    data: Option<Value<'t>>,
    id: Option<Key>,
    agent: Option<Key>,
    time: Option<i64>,
}

impl<'t> Event<'t> {
    fn of(row: Value<'t>) -> Event<'t> {
        let mut event = Event::default();
        let key = |value: Value<'_>| {
            (value.kind() == Type::String && !value.raw().is_empty()).then(|| Key::of(value.raw()))
        };
        for (name, value) in row.members() {
            match name {
                b"type" if value.kind() == Type::String => event.kind = value.raw(),
                b"data" if value.kind() == Type::Object => event.data = Some(value),
                b"id" => event.id = key(value),
                b"agentId" => event.agent = key(value),
                b"timestamp" => event.time = value.bytes().and_then(|t| time::parse(&t)),
                _ => {}
            }
        }
        // Before events had an `agentId`.
        let parent = || event.data.and_then(|data| data.get("parentToolCallId")).and_then(key);
        event.agent = event.agent.or_else(parent);
        event
    }
}

impl EventReader {
    fn event(&mut self, event: &Event<'_>, data: Value<'_>, texts: &mut Texts, step: &mut Step) {
        match event.kind {
            b"user.message" => self.user(data, event.agent.is_some(), texts, step),
            b"assistant.message" => self.assistant(event, data, texts, step),
            b"tool.execution_complete" => {
                step.message = Some(content::outcome(data, &self.state.assets, texts));
            }
            b"tool.user_requested" => step.message = content::request(data, texts, &mut step.files),
            b"session.binary_asset" => self.state.assets.add(data, texts),
            b"session.compaction_complete" => self.compaction(event, data, texts, step),
            b"session.context_cleared" => self.state.cleared = event.agent.is_none(),
            b"session.usage_record" => self.usage_record(event, data, step),
            b"system.notification" | b"skill.context_delivered" | b"session.mode_notice_delivered" => {
                step.message = string(data, "content").map(|text| notice(text, texts));
            }
            b"session.start" | b"session.resume" | b"session.context_changed" | b"session.model_change" => {
                self.facts(event, data, step);
            }
            b"session.permissions_changed" => permissions(data, step),
            b"session.mode_changed" => step.settings.read(setting::MODE, data.get("newMode")),
            kind => step.unknown = !SILENT.iter().any(|silent| silent.as_bytes() == kind),
        }
    }

    /// Says where a step hangs: after the one before it, of its own line.
    fn hang(&mut self, event: &Event<'_>, step: &mut Step) {
        let speaks = step.message.is_some();
        if speaks {
            step.key = event.id;
        }
        let Some(Key(agent)) = event.agent else {
            if speaks && std::mem::take(&mut self.state.cleared) {
                step.link = Link::Root;
            }
            return;
        };
        let agents = &mut self.state.agents;
        let place = agents.iter().position(|(known, _)| *known == agent);
        step.link = match place.and_then(|at| agents.get(at)) {
            Some((_, last)) => Link::Key(Key(*last)),
            None => Link::Root,
        };
        if let Some(Key(id)) = event.id.filter(|_| speaks) {
            if let Some(at) = place {
                agents.remove(at);
            } else if agents.len() >= AGENTS {
                agents.remove(0);
            }
            agents.push((agent, id));
        }
    }

    fn user(&mut self, data: Value<'_>, of_agent: bool, texts: &mut Texts, step: &mut Step) {
        let source = string(data, "source").map(|source| source.raw()).unwrap_or_default();
        let text = string(data, "content").filter(|text| !text.raw().is_empty());
        // What came from elsewhere was put in: skills, hooks, the tool itself.
        if !matches!(source, b"" | b"user" | b"immediate-prompt") && !of_agent {
            step.message = text.map(|text| notice(text, texts));
            return;
        }
        let mut blocks: Vec<Block> = text.map(|text| Block::Text(texts.of(text))).into_iter().collect();
        let attachments = data.get("attachments").into_iter().flat_map(|list| list.items());
        blocks.extend(attachments.map(|item| content::attachment(item, &self.state.assets, texts)));
        if blocks.is_empty() {
            return;
        }
        if !data.get("isAutopilotContinuation").is_some_and(|auto| auto.is_true()) {
            let words = text.and_then(|text| text.str()).unwrap_or_default();
            step.prompt = Some(first_words(&words));
        }
        step.message = Some(Draft::of(Role::User, blocks));
    }

    fn assistant(&mut self, event: &Event<'_>, data: Value<'_>, texts: &mut Texts, step: &mut Step) {
        step.model = name(data, "model").or_else(|| Some(self.state.model.clone())).filter(|m| !m.is_empty());
        let api = ["apiCallId", "messageId"].iter().find_map(|key| string(data, key));
        let api = api.map(|api| Key::of(api.raw())).or(event.id);
        step.usage = match self.state.counted.take() {
            Some((key, usage)) if api == Some(Key(key)) => Some(Counted { api: Key(key), usage }),
            other => {
                self.state.counted = other;
                let output = number(data, "outputTokens").filter(|n| *n > 0 && !self.state.counts);
                api.zip(output)
                    .map(|(api, output)| Counted { api, usage: Usage { output, ..Usage::default() } })
            }
        };
        step.message = content::answer(data, texts, &mut step.files);
    }

    fn compaction(&mut self, event: &Event<'_>, data: Value<'_>, texts: &mut Texts, step: &mut Step) {
        if let Some(tokens) = data.get("compactionTokensUsed").filter(|_| !self.state.counts) {
            step.usage = event.id.map(|api| Counted { api, usage: usage(tokens) });
        }
        let summary = string(data, "summaryContent").filter(|text| !text.raw().is_empty());
        if data.get("success").is_some_and(|success| success.is_true()) {
            step.message = summary.map(|text| Draft::of(Role::System, vec![Block::Summary(texts.of(text))]));
        }
    }

    /// Stands before the message that it counts for, if there is one.
    fn usage_record(&mut self, event: &Event<'_>, data: Value<'_>, step: &mut Step) {
        self.state.counts = true;
        let Some(record) = data.get("usage") else { return };
        let api = string(record, "apiCallId").map(|api| Key::of(api.raw())).or(event.id);
        let before = self.state.counted.take();
        step.usage = before.map(|(key, usage)| Counted { api: Key(key), usage });
        self.state.counted = api.map(|Key(key)| (key, usage(record))).filter(|(_, usage)| !usage.is_zero());
    }

    fn facts(&mut self, event: &Event<'_>, data: Value<'_>, step: &mut Step) {
        if event.agent.is_some() {
            return;
        }
        if let Some(model) = name(data, "newModel").or_else(|| name(data, "selectedModel")) {
            self.state.model = model;
        }
        let context = if event.kind == b"session.context_changed" { Some(data) } else { data.get("context") };
        let member = |key: &str| context.and_then(|c| c.string(key)).filter(|text| !text.is_empty());
        step.facts.git_branch = member("branch");
        if event.kind == b"session.start" {
            step.facts.cwd = member("cwd");
            step.facts.version = data.string("copilotVersion");
        }
        step.settings.facts(&step.facts);
        step.settings.read(setting::CWD, context.and_then(|c| c.get("cwd")));
        step.settings.read(setting::EFFORT, data.get("reasoningEffort"));
    }
}

/// Whether everything may be done unasked: a word (1.0.102), before that
/// whether or not.
fn permissions(data: Value<'_>, step: &mut Step) {
    let all = data.get("allowAllPermissions").map(|all| all.is_true());
    let word = name(data, "allowAllPermissionMode");
    let said = match (word.as_deref(), all) {
        (Some("on"), _) | (None, Some(true)) => "allow-all",
        (Some("off"), _) | (None, Some(false)) => "ask",
        (Some(other), _) => other,
        (None, None) => return,
    };
    step.settings.say(setting::PERMISSIONS, said);
}

/// `inputTokens` includes those read from and written to the cache, and
/// `outputTokens` those of reasoning.
fn usage(record: Value<'_>) -> Usage {
    let count = |key| number(record, key).unwrap_or(0);
    let (cache_read, cache_write) = (count("cacheReadTokens"), count("cacheWriteTokens"));
    let input = count("inputTokens").saturating_sub(cache_read).saturating_sub(cache_write);
    Usage { input, cache_write, cache_read, output: count("outputTokens") }
}

fn number(value: Value<'_>, key: &str) -> Option<u64> {
    u64::try_from(value.get(key)?.int()?).ok()
}

/// A string member.
pub(super) fn string<'t>(value: Value<'t>, key: &str) -> Option<Value<'t>> {
    value.get(key).filter(|v| v.kind() == Type::String)
}

/// A short string member.
fn name(value: Value<'_>, key: &str) -> Option<String> {
    let value = string(value, key).filter(|v| v.raw().len() <= NAME_MAX)?;
    value.str().map(|s| s.into_owned()).filter(|s| !s.is_empty())
}

fn notice(text: Value<'_>, texts: &mut Texts) -> Draft {
    Draft::of(Role::System, vec![Block::Notice(texts.of(text))])
}
