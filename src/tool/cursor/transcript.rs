//! Transcripts that the tool keeps for reading, `agent-transcripts/*.jsonl`:
//! text and calls, without results, times or ids. It never loads them. They are
//! read where a session has left nothing better.

use super::names;
use crate::object::json::{Type, Value};
use crate::object::message::{Block, Input, Part, Role, Status};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::{Draft, Key, Step, time};

/// What stands for a thought that isn't shown.
const REDACTED: &str = "[REDACTED]";
const OPEN: &str = "<user_query>\n";
const CLOSE: &str = "\n</user_query>";

/// What a line means. `calls` counts the calls so far, which have no ids.
pub(super) fn step(row: Value<'_>, texts: &mut Texts, calls: &mut u64) -> Step {
    let time = row.get("timestamp").and_then(|time| time::parse(&time.bytes()?));
    let mut step = Step { time, ..Step::default() };
    let role = match row.string("role").as_deref() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => {
            let kind = row.string("type").or_else(|| row.string("event"));
            step.unknown = !matches!(kind.as_deref(), Some("turn_ended" | "error"));
            return step;
        }
    };
    let mut draft = Draft::of(role, Vec::new());
    let content = row.path(&["message", "content"]);
    if let Some(text) = content.filter(|content| content.kind() == Type::String) {
        say(text, &mut draft, &mut step, texts);
    }
    for part in content.into_iter().flat_map(|content| content.items()) {
        match (part.string("type").as_deref(), part.get("text")) {
            (Some("text"), Some(text)) => say(text, &mut draft, &mut step, texts),
            (Some("tool_use"), _) => call(part, &mut draft, &mut step, texts, calls),
            (Some("tool_result"), _) => result(part, &mut draft, texts),
            _ => draft.message.blocks.push(Block::Other(texts.json(part))),
        }
    }
    if !draft.message.blocks.is_empty() {
        step.message = Some(draft);
    }
    step
}

fn say(text: Value<'_>, draft: &mut Draft, step: &mut Step, texts: &mut Texts) {
    let Some(words) = text.str() else { return };
    let said = if draft.message.role == Role::User {
        let said = words.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)).unwrap_or(&words);
        step.prompt = step.prompt.take().or_else(|| Some(first_words(said)));
        said
    } else {
        words.strip_suffix(REDACTED).map(|rest| rest.strip_suffix("\n\n").unwrap_or(rest)).unwrap_or(&words)
    };
    if said.is_empty() {
        return;
    }
    let text = if said.len() == words.len() { texts.of(text) } else { texts.make(said.as_bytes()) };
    draft.message.blocks.push(Block::Text(text));
}

fn call(part: Value<'_>, draft: &mut Draft, step: &mut Step, texts: &mut Texts, calls: &mut u64) {
    let name = part.string("name").unwrap_or_default();
    let action = names::action(&name);
    let native = part.string("id").unwrap_or_else(|| format!("call {calls}"));
    *calls += 1;
    draft.calls.push(Key::of(native.as_bytes()));
    let input = part.get("input");
    let path = input.and_then(|input| input.string("path"));
    step.files.extend(path.and_then(|path| step::file(action, &path)));
    let input = Input::Json(input.map(|input| texts.json(input)).unwrap_or_default());
    draft.message.blocks.push(Block::Call { name, action, input });
}

fn result(part: Value<'_>, draft: &mut Draft, texts: &mut Texts) {
    draft.results.push(Key::of(&part.get("tool_use_id").and_then(|id| id.bytes()).unwrap_or_default()));
    let failed = part.get("is_error").is_some_and(|flag| flag.is_true());
    let content = part.get("content");
    let parts = match content.map(|content| content.kind()) {
        Some(Type::String) => content.map(|text| Part::Text(texts.of(text))).into_iter().collect(),
        Some(Type::Array) => {
            let items = content.into_iter().flat_map(|content| content.items());
            items
                .map(|item| match item.get("text") {
                    Some(text) => Part::Text(texts.of(text)),
                    None => Part::Other(texts.json(item)),
                })
                .collect()
        }
        _ => Vec::new(),
    };
    let status = if failed { Status::Error } else { Status::Ok };
    draft.message.blocks.push(Block::Result { call: None, status, parts });
}
