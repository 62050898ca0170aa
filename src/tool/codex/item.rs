//! Items of the model's history to messages: one item, one message.

use super::content;
use super::tools::{self, Failed};
use crate::object::json::{Type, Value};
use crate::object::message::{Action, Block, Input, Json, Message, Part, Role, Status, Text};
use crate::object::split::Texts;
use crate::tool::{Draft, Key};

/// What an item means.
#[derive(Default)]
pub(super) struct Item {
    pub(super) draft: Option<Draft>,
    pub(super) prompt: Option<String>,
    pub(super) files: Vec<String>,
    pub(super) unknown: bool,
    /// Whether it is the output of a call.
    pub(super) output: bool,
}

/// What came before an item, as far as it matters.
pub(super) struct Before {
    /// Whether the thread was started by another.
    pub(super) subagent: bool,
    /// Whether the item before was the output of a call.
    pub(super) output: bool,
}

/// Reads an item.
pub(super) fn read(item: Value<'_>, texts: &mut Texts, before: &Before) -> Item {
    match item.get("type").map(|v| v.raw()) {
        Some(b"message") => content::message(item, texts, before),
        None if item.get("role").is_some() => content::message(item, texts, before),
        Some(b"agent_message") => content::mail(item, texts, before),
        Some(b"reasoning") => said(Role::Assistant, reasoning(item, texts)),
        Some(b"function_call") => function_call(item, texts),
        Some(b"custom_tool_call") => custom_call(item, texts),
        Some(b"local_shell_call") => action_call(item, "local_shell", Action::Shell, texts),
        Some(b"web_search_call") => action_call(item, "web_search", Action::Fetch, texts),
        Some(b"tool_search_call") => {
            let input = item.get("arguments").map_or_else(empty, |v| texts.json(v));
            call(item, "tool_search".to_owned(), Action::Other, Input::Json(input), Vec::new())
        }
        Some(b"function_call_output" | b"custom_tool_call_output" | b"mcp_tool_call_output") => {
            output(item, texts)
        }
        Some(b"tool_search_output") => {
            let found = item.get("tools").or_else(|| item.get("output"));
            let parts = found.map(|v| Part::Other(texts.json(v))).into_iter().collect();
            result(item, Status::Ok, parts)
        }
        Some(b"image_generation_call") => said(Role::Assistant, picture(item, texts)),
        // The provider's own summary, readable to it alone.
        Some(b"compaction" | b"compaction_summary" | b"context_compaction") => {
            said(Role::System, vec![Block::Other(texts.json(item))])
        }
        Some(b"additional_tools" | b"ghost_snapshot" | b"other") => Item::default(),
        _ => Item { unknown: true, ..Item::default() },
    }
}

/// A message without calls; none if there is nothing in it.
pub(super) fn said(role: Role, blocks: Vec<Block>) -> Item {
    let draft = (!blocks.is_empty()).then(|| Draft {
        message: Message { role, blocks },
        calls: Vec::new(),
        results: Vec::new(),
    });
    Item { draft, ..Item::default() }
}

fn reasoning(item: Value<'_>, texts: &mut Texts) -> Vec<Block> {
    let thoughts = ["summary", "content"].into_iter().filter_map(|key| item.get(key)).flat_map(|v| v.items());
    let thoughts: Vec<Value<'_>> =
        thoughts.filter_map(|v| v.get("text")).filter(|v| v.kind() == Type::String).collect();
    let text = match thoughts.as_slice() {
        [] => Text::Inline(Vec::new()),
        [one] => texts.of(*one),
        many => {
            let all: Vec<_> = many.iter().filter_map(|v| v.bytes()).collect();
            texts.make(&all.join(b"\n\n".as_slice()))
        }
    };
    let sealed = item.get("encrypted_content").filter(|v| v.kind() == Type::String && !v.raw().is_empty());
    let signature = sealed.map(|v| texts.of(v));
    if text.is_empty() && signature.is_none() {
        return Vec::new();
    }
    vec![Block::Thinking { text, signature }]
}

/// A picture that the model made: its base64.
fn picture(item: Value<'_>, texts: &mut Texts) -> Vec<Block> {
    match item.get("result").filter(|v| v.kind() == Type::String && !v.raw().is_empty()) {
        Some(base64) => vec![Block::Image("image/png".to_owned(), texts.of(base64))],
        None => vec![Block::Other(texts.json(item))],
    }
}

fn function_call(item: Value<'_>, texts: &mut Texts) -> Item {
    let name = call_name(item);
    let action = tools::action(&name);
    let arguments = item.get("arguments").filter(|v| !v.is_null());
    // Arguments are a string of JSON; some writers put the object itself.
    let (input, files) = match arguments {
        None => (Input::Json(empty()), Vec::new()),
        Some(value) => match value.bytes() {
            Some(text) if text.is_empty() => (Input::Json(empty()), Vec::new()),
            Some(text) => (texts.input(&text), tools::files_of(action, &text)),
            None => (Input::Json(texts.json(value)), tools::files_of(action, value.raw())),
        },
    };
    call(item, name, action, input, files)
}

fn custom_call(item: Value<'_>, texts: &mut Texts) -> Item {
    let name = call_name(item);
    let action = tools::action(&name);
    let Some(value) = item.get("input") else {
        return call(item, name, action, Input::Json(empty()), Vec::new());
    };
    let files = value.bytes().map(|text| tools::files_of(action, &text)).unwrap_or_default();
    let input = match value.kind() {
        Type::String => Input::Text(texts.of(value)),
        _ => Input::Json(texts.json(value)),
    };
    call(item, name, action, input, files)
}

/// A call whose input stands in `action`: the provider's own tools.
fn action_call(item: Value<'_>, name: &str, action: Action, texts: &mut Texts) -> Item {
    let input = item.get("action").map_or_else(empty, |v| texts.json(v));
    call(item, name.to_owned(), action, Input::Json(input), Vec::new())
}

/// The name that the model used. Tools of MCP servers are called by server and
/// tool; newer versions keep the server's part apart.
fn call_name(item: Value<'_>) -> String {
    let name = item.string("name").unwrap_or_default();
    match item.string("namespace") {
        Some(space) if space.starts_with("mcp__") && !name.starts_with("mcp__") => {
            format!("{}__{name}", space.trim_end_matches("__"))
        }
        _ => name,
    }
}

fn call(item: Value<'_>, name: String, action: Action, input: Input, files: Vec<String>) -> Item {
    let message = Message { role: Role::Assistant, blocks: vec![Block::Call { name, action, input }] };
    let draft = Draft { message, calls: vec![call_key(item)], results: Vec::new() };
    Item { draft: Some(draft), files, ..Item::default() }
}

/// The id that pairs calls with outputs; the item's own where there is none,
/// as for searches of the web.
fn call_key(item: Value<'_>) -> Key {
    let id = ["call_id", "id"].into_iter().filter_map(|key| item.get(key)?.bytes()).find(|id| !id.is_empty());
    id.map_or_else(|| Key::of(item.raw()), |id| Key::of(&id))
}

fn output(item: Value<'_>, texts: &mut Texts) -> Item {
    let Some(output) = item.get("output").or_else(|| item.get("result")) else {
        return result(item, Status::Ok, Vec::new());
    };
    let mut failed = Failed::default();
    let parts = match output.kind() {
        Type::String => text_part(output, &mut failed, texts).into_iter().collect(),
        Type::Array => output.items().map(|v| part(v, &mut failed, texts)).collect(),
        Type::Object => object_parts(output, &mut failed, texts),
        Type::Null => Vec::new(),
        _ => vec![Part::Other(texts.json(output))],
    };
    result(item, failed.status(), parts)
}

fn text_part(text: Value<'_>, failed: &mut Failed, texts: &mut Texts) -> Option<Part> {
    failed.look(text.raw());
    (!text.raw().is_empty()).then(|| Part::Text(texts.of(text)))
}

fn part(value: Value<'_>, failed: &mut Failed, texts: &mut Texts) -> Part {
    let text = value.get("text").filter(|v| v.kind() == Type::String);
    match (value.get("type").map(|v| v.raw()), text) {
        (Some(b"input_text" | b"output_text" | b"text"), Some(text)) => {
            failed.look(text.raw());
            Part::Text(texts.of(text))
        }
        (Some(b"input_image"), _) => match content::image(value, texts) {
            Some((media, data)) => Part::Image(media, data),
            None => Part::Other(texts.json(value)),
        },
        _ => Part::Other(texts.json(value)),
    }
}

/// An output as an object: `{"content": …, "success": …}`, or one part.
fn object_parts(output: Value<'_>, failed: &mut Failed, texts: &mut Texts) -> Vec<Part> {
    if output.get("success").is_some_and(|v| v.kind() == Type::False) {
        failed.set();
    }
    match output.get("content") {
        Some(text) if text.kind() == Type::String => text_part(text, failed, texts).into_iter().collect(),
        Some(parts) if parts.kind() == Type::Array => parts.items().map(|v| part(v, failed, texts)).collect(),
        _ => vec![part(output, failed, texts)],
    }
}

fn result(item: Value<'_>, status: Status, parts: Vec<Part>) -> Item {
    let block = Block::Result { call: None, status, parts };
    let message = Message { role: Role::User, blocks: vec![block] };
    let draft = Draft { message, calls: Vec::new(), results: vec![call_key(item)] };
    Item { draft: Some(draft), output: true, ..Item::default() }
}

fn empty() -> Json {
    Json { literal: b"{}".to_vec(), holes: Vec::new() }
}
