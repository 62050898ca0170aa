//! Bubbles: how the IDE keeps what it shows, one a row or one an element of
//! `conversation` (before 2025). `type` 1 is the user, 2 the assistant; a call
//! stands with its result in `toolFormerData`, both as JSON in strings.
//! Observed: `_v` 1 to 3 of bubbles, described by several projects that read
//! them from IDEs up to 3.22.

use super::names;
use crate::object::commit::Usage;
use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Part, Role, Status, Text};
use crate::object::split::Texts;
use crate::tool::step::{self, first_words};
use crate::tool::{Counted, Draft, Key, Step};

/// Calls that are over, one way or another.
const OVER: &[&str] = &["completed", "error", "cancelled", "canceled", "rejected", "aborted", "failed"];

/// Whether the user speaks.
pub(super) fn is_user(bubble: Value<'_>) -> bool {
    bubble.get("type").and_then(|kind| kind.int()) == Some(1)
}

/// Whether a call in it is still under way.
pub(super) fn is_open(bubble: Value<'_>) -> bool {
    let Some(call) = bubble.get("toolFormerData").filter(|call| call.kind() == Type::Object) else {
        return false;
    };
    let over = call.string("status").is_none_or(|status| OVER.contains(&status.as_str()));
    !over && call.string("result").is_none_or(|result| result.is_empty())
}

/// The native id of a bubble.
pub(super) fn id(bubble: Value<'_>) -> Option<String> {
    bubble.string("bubbleId").filter(|id| !id.is_empty())
}

/// When it was made, in milliseconds since 1970.
pub(super) fn time(bubble: Value<'_>) -> Option<i64> {
    let made = bubble.get("createdAt").and_then(|time| match time.str() {
        Some(text) => crate::tool::time::parse(text.as_bytes()),
        None => time.int(),
    });
    let began = || bubble.path(&["timingInfo", "clientStartTime"])?.int();
    made.or_else(began).filter(|time| *time > 0)
}

/// The model that was asked.
pub(super) fn model(bubble: Value<'_>) -> Option<String> {
    let name = bubble.path(&["modelInfo", "modelName"])?.str()?;
    (name != "default" && !name.is_empty()).then(|| name.into_owned())
}

/// The tokens counted for it; mostly none are.
pub(super) fn usage(bubble: Value<'_>) -> Option<Usage> {
    let counts = bubble.get("tokenCount")?;
    let count = |key| counts.get(key).and_then(|n| u64::try_from(n.int()?).ok()).unwrap_or(0);
    let usage = Usage { input: count("inputTokens"), output: count("outputTokens"), ..Usage::default() };
    (!usage.is_zero()).then_some(usage)
}

/// What a bubble says, and the result of the call in it after that.
pub(super) fn step(bubble: Value<'_>, texts: &mut Texts) -> Step {
    let own = id(bubble);
    let mut step = Step {
        key: own.as_ref().map(|id| Key::of(id.as_bytes())),
        time: time(bubble),
        model: model(bubble).filter(|_| !is_user(bubble)),
        unknown: !matches!(bubble.get("type").and_then(|kind| kind.int()), Some(1 | 2)),
        ..Step::default()
    };
    let counted = usage(bubble).zip(step.key);
    step.usage = counted.map(|(usage, api)| Counted { api, usage });
    let text = bubble.get("text").filter(|text| text.kind() == Type::String && !text.raw().is_empty());
    if is_user(bubble) {
        if let Some(text) = text {
            step.prompt = text.str().map(|words| first_words(&words));
            step.message = Some(Draft::of(Role::User, vec![Block::Text(texts.of(text))]));
        }
        return step;
    }
    let mut said = Draft::of(Role::Assistant, Vec::new());
    said.message.blocks.extend(thinking(bubble, texts));
    said.message.blocks.extend(text.map(|text| Block::Text(texts.of(text))));
    if let Some(call) = bubble.get("toolFormerData").filter(|call| call.get("name").is_some()) {
        let native = call.string("toolCallId").or(own).unwrap_or_default();
        let key = Key::of(native.as_bytes());
        said.calls.push(key);
        said.message.blocks.push(call_of(call, texts, &mut step.files));
        step.then = result(call, texts).map(|block| then(block, key, step.time)).into_iter().collect();
    }
    if !said.message.blocks.is_empty() {
        step.message = Some(said);
    }
    step
}

fn then(block: Block, call: Key, time: Option<i64>) -> Step {
    let mut message = Draft::of(Role::User, vec![block]);
    message.results.push(call);
    // Its key is not that of the bubble, of which there is one only.
    let key = Key::of(&[b"result".as_slice(), &call.0.to_le_bytes()].concat());
    Step { key: Some(key), message: Some(message), time, ..Step::default() }
}

fn thinking(bubble: Value<'_>, texts: &mut Texts) -> Option<Block> {
    let thought = bubble.get("thinking")?;
    let text = thought.get("text").unwrap_or(thought);
    let signature = thought.get("signature").filter(|it| it.kind() == Type::String && !it.raw().is_empty());
    if text.kind() != Type::String || text.raw().is_empty() {
        return None;
    }
    Some(Block::Thinking { text: texts.of(text), signature: signature.map(|it| texts.of(it)) })
}

fn call_of(call: Value<'_>, texts: &mut Texts, files: &mut Vec<String>) -> Block {
    let name = call.string("name").unwrap_or_default();
    let action = names::action(&name);
    let given = ["rawArgs", "params"].into_iter().filter_map(|key| call.get(key));
    let args = given.into_iter().find(|args| !args.raw().is_empty() && !args.is_null());
    let input = match args.map(|args| (args, args.bytes())) {
        Some((_, Some(text))) => texts.input(&text),
        Some((args, None)) => Input::Json(texts.json(args)),
        None => Input::Text(Text::Inline(Vec::new())),
    };
    files.extend(file(&input, action));
    Block::Call { name, action, input }
}

/// The file that a call names. The names of its members changed often.
fn file(input: &Input, action: Action) -> Option<String> {
    let Input::Json(json) = input else { return None };
    let mut tape = crate::object::json::Tape::default();
    tape.read(&json.literal).filter(|_| json.holes.is_empty())?;
    let root = tape.root(&json.literal);
    let keys = ["targetFile", "target_file", "path", "file_path", "relativeWorkspacePath", "effectiveUri"];
    let path = keys.into_iter().find_map(|key| root.string(key))?;
    step::file(action, &path)
}

fn result(call: Value<'_>, texts: &mut Texts) -> Option<Block> {
    let status = call.string("status").unwrap_or_default();
    let filled = |key: &str| call.get(key).filter(|it| !it.raw().is_empty() && !it.is_null());
    let given = filled("result").or_else(|| filled("error"));
    if given.is_none() && !OVER.contains(&status.as_str()) {
        return None;
    }
    let failed = OVER.contains(&status.as_str()) && status != "completed";
    let part = given.map(|given| match given.kind() {
        Type::String => Part::Text(texts.of(given)),
        _ => Part::Other(texts.json(given)),
    });
    Some(Block::Result {
        call: None,
        status: if failed { Status::Error } else { Status::Ok },
        parts: part.into_iter().collect(),
    })
}
