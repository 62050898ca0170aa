//! Rows to messages.
//!
//! Conversation rows form a tree by `uuid` and `parentUuid`; an assistant
//! message is spread over a row a content block. Results of parallel calls
//! hang each on its own call, so that a naive walk from the last row would
//! lose all but one: rows that hang in the current group of calls and results
//! are taken in the order of the file.

use super::super::step::{Counted, Draft, Key, Link, Step, StepFacts, first_words};
use super::super::{Action, Reader};
use crate::object::codec::{self, Decode, Encode};
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Input, Message, Part, Role, Status, Text};
use crate::object::split::Texts;

/// The calls and results that are remembered as one group.
const GROUP: usize = 40;

/// What goes on from row to row.
#[derive(Default, Encode, Decode)]
struct State {
    begun: bool,
    /// The last row of the main conversation.
    last: u64,
    /// The API message whose calls are being answered, and its rows.
    api: u64,
    group: Vec<u64>,
    cwd: String,
    git_branch: String,
    version: String,
}

/// Reads the rows of a transcript.
pub(super) struct Rows {
    /// Whether the file is a subagent's own.
    agent: bool,
    state: State,
}

impl Rows {
    pub(super) fn new(agent: bool, state: &[u8]) -> Rows {
        Rows { agent, state: codec::decode(state).unwrap_or_default() }
    }
}

impl Reader for Rows {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let Some((row, texts)) = row else { return Step::default() };
        let kind = row.get("type").map(|v| v.raw()).unwrap_or_default();
        let mut step = Step { time: row.get("timestamp").and_then(|t| millis(t.raw())), ..Step::default() };
        match kind {
            b"user" | b"assistant" | b"attachment" | b"system" | b"progress" => {
                self.hang(row, &mut step);
                self.facts(row, &mut step.facts);
            }
            b"custom-title" => step.facts.user_title = row.string("customTitle"),
            b"ai-title" => step.facts.tool_title = row.string("aiTitle"),
            b"summary" => step.facts.tool_title = row.string("summary"),
            _ => step.unknown = !FLAT.contains(&kind),
        }
        match kind {
            b"user" => user(row, texts, &mut step),
            b"assistant" => self.assistant(row, texts, &mut step),
            _ => {}
        }
        if step.message.is_some() && !step.side {
            self.regroup(kind, row, &step);
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        codec::encode(&self.state).unwrap_or_default()
    }
}

/// Rows outside of the conversation, as far as known.
const FLAT: &[&[u8]] = &[
    b"last-prompt",
    b"mode",
    b"permission-mode",
    b"queue-operation",
    b"file-history-snapshot",
    b"file-history-delta",
    b"content-replacement",
    b"tools-used",
    b"cost-state",
    b"atis-latch",
    b"relocated",
    b"worktree-state",
    b"pr-link",
    b"continued-in",
    b"api-request-shape",
    b"api-request-blob",
    b"api-request",
    b"attribution-snapshot",
    b"session-owner",
    b"repl-mode",
    b"memory-mode",
    b"agent-name",
    b"agent-color",
    b"agent-setting",
    b"tag",
];

impl Rows {
    /// Where the row hangs.
    fn hang(&mut self, row: Value<'_>, step: &mut Step) {
        step.key = row.get("uuid").filter(|v| v.kind() == Type::String).map(|v| Key::of(v.raw()));
        step.side = !self.agent && row.get("isSidechain").is_some_and(|v| v.is_true());
        let named = |name: &str| row.get(name).filter(|v| v.kind() == Type::String).map(|v| Key::of(v.raw()));
        let parent = named("parentUuid").or_else(|| named("logicalParentUuid"));
        step.link = match parent {
            None => Link::Root,
            Some(Key(key)) if !step.side && (key == self.state.last || self.state.group.contains(&key)) => {
                Link::Tip
            }
            Some(key) => Link::Key(key),
        };
        if let (Some(Key(key)), false) = (step.key, step.side) {
            self.state.last = key;
        }
        self.state.begun = true;
    }

    /// Takes note of calls and results that belong together.
    fn regroup(&mut self, kind: &[u8], row: Value<'_>, step: &Step) {
        let Some(draft) = &step.message else { return };
        let api = row.path(&["message", "id"]).map_or(0, |id| Key::of(id.raw()).0);
        let in_group = !draft.calls.is_empty() || !draft.results.is_empty();
        if kind == b"assistant" && api != self.state.api {
            self.state.group.clear();
            self.state.api = api;
        } else if !in_group && kind == b"user" {
            self.state.group.clear();
        }
        if in_group && let Some(Key(key)) = step.key {
            if self.state.group.len() >= GROUP {
                self.state.group.remove(0);
            }
            self.state.group.push(key);
        }
    }

    fn facts(&mut self, row: Value<'_>, facts: &mut StepFacts) {
        let changed = |key: &str, known: &mut String| {
            let value = row.get(key).filter(|v| v.kind() == Type::String && v.raw() != known.as_bytes())?;
            *known = String::from_utf8_lossy(value.raw()).into_owned();
            value.str().map(|s| s.into_owned())
        };
        facts.cwd = changed("cwd", &mut self.state.cwd);
        facts.git_branch = changed("gitBranch", &mut self.state.git_branch);
        facts.version = changed("version", &mut self.state.version);
        facts.forked_from =
            row.path(&["forkedFrom", "sessionId"]).and_then(|v| v.str()).map(|s| s.into_owned());
    }

    fn assistant(&mut self, row: Value<'_>, texts: &mut Texts, step: &mut Step) {
        let Some(message) = row.get("message") else { return };
        let model = message.string("model");
        let synthetic = model.as_deref() == Some("<synthetic>");
        step.model = model.filter(|_| !synthetic);
        let mut draft = draft(Role::Assistant);
        match message.get("content") {
            Some(content) if content.kind() == Type::String => {
                draft.message.blocks.push(Block::Text(texts.of(content)));
            }
            Some(content) => {
                content.items().for_each(|block| assistant_block(block, texts, &mut draft, step))
            }
            None => {}
        }
        if synthetic {
            notice(&mut draft.message);
        }
        step.usage = message.get("usage").filter(|_| !synthetic).map(|usage| Counted {
            api: Key::of(message.get("id").or(row.get("uuid")).map(|id| id.raw()).unwrap_or_default()),
            usage: count(usage),
        });
        step.message = (!draft.message.blocks.is_empty()).then_some(draft);
    }
}

fn draft(role: Role) -> Draft {
    Draft { message: Message { role, blocks: Vec::new() }, calls: Vec::new(), results: Vec::new() }
}

fn count(usage: Value<'_>) -> Usage {
    let number =
        |key: &str| usage.get(key).and_then(|v| v.int()).and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
    Usage {
        input: number("input_tokens"),
        cache_write: number("cache_creation_input_tokens"),
        cache_read: number("cache_read_input_tokens"),
        output: number("output_tokens"),
    }
}

fn assistant_block(block: Value<'_>, texts: &mut Texts, draft: &mut Draft, step: &mut Step) {
    let kind = block.get("type").map(|v| v.raw()).unwrap_or_default();
    let text =
        |key: &str, texts: &mut Texts| block.get(key).map_or(Text::Inline(Vec::new()), |v| texts.of(v));
    draft.message.blocks.push(match kind {
        b"text" => Block::Text(text("text", texts)),
        b"thinking" => {
            let signature = block.get("signature").map(|v| texts.of(v));
            Block::Thinking { text: text("thinking", texts), signature }
        }
        b"redacted_thinking" => {
            Block::Thinking { text: Text::Inline(Vec::new()), signature: Some(text("data", texts)) }
        }
        b"tool_use" => {
            let name = block.string("name").unwrap_or_default();
            let action = action(&name);
            draft.calls.push(Key::of(block.get("id").map(|v| v.raw()).unwrap_or_default()));
            let input = block.get("input");
            step.files.extend(input.and_then(|input| touched(action, input)));
            let input = input.map_or(Input::Text(Text::Inline(Vec::new())), |v| Input::Json(texts.json(v)));
            Block::Call { name, action, input }
        }
        _ => Block::Other(texts.json(block)),
    });
}

fn touched(action: Action, input: Value<'_>) -> Option<String> {
    let letter = match action {
        Action::Read => 'r',
        Action::Write => 'w',
        Action::Edit => 'e',
        _ => return None,
    };
    let path = input.string("file_path").or_else(|| input.string("notebook_path"))?;
    Some(format!("{letter}{path}"))
}

/// What the tool's own tools do (names of 1.0 to 2.1.330).
fn action(name: &str) -> Action {
    match name {
        "Bash" | "BashOutput" | "KillShell" | "KillBash" => Action::Shell,
        "Read" | "NotebookRead" => Action::Read,
        "Write" => Action::Write,
        "Edit" | "MultiEdit" | "NotebookEdit" => Action::Edit,
        "Grep" | "Glob" | "LS" => Action::Search,
        "WebFetch" | "WebSearch" => Action::Fetch,
        "Task" | "Agent" => Action::Task,
        "TodoWrite" | "TaskCreate" | "TaskUpdate" => Action::Plan,
        _ => Action::Other,
    }
}

fn user(row: Value<'_>, texts: &mut Texts, step: &mut Step) {
    let Some(content) = row.path(&["message", "content"]) else { return };
    let mut draft = draft(Role::User);
    if content.kind() == Type::String {
        draft.message.blocks.push(Block::Text(texts.of(content)));
    }
    content.items().for_each(|block| user_block(block, texts, &mut draft));
    if draft.message.blocks.is_empty() {
        return;
    }
    let is = |key: &str| row.get(key).is_some_and(|v| v.is_true());
    let words = first_text(content);
    if is("isCompactSummary") {
        draft.message.role = Role::System;
        for block in &mut draft.message.blocks {
            if let Block::Text(text) = block {
                *block = Block::Summary(std::mem::replace(text, Text::Inline(Vec::new())));
            }
        }
    } else if draft.results.is_empty() {
        if is("isMeta") || INJECTED.iter().any(|start| words.trim_start().starts_with(start)) {
            notice(&mut draft.message);
        } else {
            step.prompt = Some(first_words(&words));
        }
    }
    step.message = Some(draft);
}

/// How rows of the role `user` begin that no user typed.
const INJECTED: &[&str] = &[
    "<command-name>",
    "<command-message>",
    "<local-command-stdout>",
    "<local-command-stderr>",
    "<local-command-caveat>",
    "<task-notification>",
    "<system-reminder>",
    "<bash-stdout>",
    "<bash-stderr>",
    "[Request interrupted by user",
    "Caveat: The messages below were generated by the user",
];

/// The first text of a prompt, for its title; a long one is cut.
fn first_text(content: Value<'_>) -> String {
    let text = match content.kind() {
        Type::String => Some(content),
        _ => content.items().find_map(|block| block.get("text")),
    };
    let raw = text.map(|v| v.raw()).unwrap_or_default();
    let head = raw.get(..raw.len().min(2000)).unwrap_or_default();
    String::from_utf8_lossy(&crate::object::escape::decode(head)).into_owned()
}

fn user_block(block: Value<'_>, texts: &mut Texts, draft: &mut Draft) {
    let kind = block.get("type").map(|v| v.raw()).unwrap_or_default();
    draft.message.blocks.push(match kind {
        b"text" => Block::Text(block.get("text").map_or(Text::Inline(Vec::new()), |v| texts.of(v))),
        b"image" => match picture(block, texts) {
            Some((media, data)) => Block::Image(media, data),
            None => Block::Other(texts.json(block)),
        },
        b"tool_result" => {
            draft.results.push(Key::of(block.get("tool_use_id").map(|v| v.raw()).unwrap_or_default()));
            let failed = block.get("is_error").is_some_and(|v| v.is_true());
            let status = if failed { Status::Error } else { Status::Ok };
            Block::Result { call: None, status, parts: parts(block.get("content"), texts) }
        }
        b"document" => match picture(block, texts) {
            Some((media, data)) => Block::File(media, block.string("title").unwrap_or_default(), data),
            None => Block::Other(texts.json(block)),
        },
        _ => Block::Other(texts.json(block)),
    });
}

fn parts(content: Option<Value<'_>>, texts: &mut Texts) -> Vec<Part> {
    let Some(content) = content else { return Vec::new() };
    if content.kind() == Type::String {
        return vec![Part::Text(texts.of(content))];
    }
    let part = |block: Value<'_>, texts: &mut Texts| {
        let kind = block.get("type").map(|v| v.raw()).unwrap_or_default();
        match (kind, block.get("text")) {
            (b"text", Some(text)) => Part::Text(texts.of(text)),
            (b"image", _) => match picture(block, texts) {
                Some((media, data)) => Part::Image(media, data),
                None => Part::Other(texts.json(block)),
            },
            _ => Part::Other(texts.json(block)),
        }
    };
    content.items().map(|block| part(block, texts)).collect()
}

/// Media type and base64 of an image or a document.
fn picture(block: Value<'_>, texts: &mut Texts) -> Option<(String, Text)> {
    let source = block.get("source")?;
    let data = source.get("data").filter(|v| v.kind() == Type::String)?;
    Some((source.string("media_type")?, texts.of(data)))
}

fn notice(message: &mut Message) {
    message.role = Role::System;
    for block in &mut message.blocks {
        if let Block::Text(text) = block {
            *block = Block::Notice(std::mem::replace(text, Text::Inline(Vec::new())));
        }
    }
}

/// Milliseconds since 1970 of an ISO 8601 time.
fn millis(raw: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(raw).ok()?;
    text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond())
}
