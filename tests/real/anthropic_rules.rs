//! The rules by which the Messages API refuses a conversation with status 400.
//!
//! Facts: the public reference and error texts of the API. Turns of role
//! `system` within `messages` are part of a newer beta that Claude Code 2.1.330
//! uses; they are left out before the rules are applied.

use std::collections::HashSet;

use serde_json::Value;

use super::decode_base64;

/// Blocks that a request may hold.
const BLOCKS: &[&str] = &[
    "text",
    "image",
    "document",
    "search_result",
    "tool_use",
    "tool_result",
    "thinking",
    "redacted_thinking",
    "server_tool_use",
    "web_search_tool_result",
    "mcp_tool_use",
    "mcp_tool_result",
    "container_upload",
    "tool_reference",
];

/// Kinds of image that the API reads.
const IMAGES: &[&str] = &["image/jpeg", "image/png", "image/gif", "image/webp"];

/// Consecutive messages of one role, as the API joins them.
struct Turn<'b> {
    role: &'b str,
    blocks: Vec<&'b Value>,
    /// Whether a text stands in for blocks and is blank.
    blank: bool,
}

/// Checks a request; the error says what the API would.
pub(crate) fn check(body: &Value) -> Result<(), String> {
    let turns = turns(body)?;
    if turns.first().is_none_or(|turn| turn.role != "user") {
        return Err("messages: first message must use the \"user\" role".into());
    }
    let mut ids = HashSet::new();
    for (at, turn) in turns.iter().enumerate() {
        let calls = at.checked_sub(1).and_then(|before| turns.get(before)).map(calls).unwrap_or_default();
        check_turn(turn, &calls, &mut ids).map_err(|error| format!("messages.{at}: {error}"))?;
    }
    match turns.last() {
        Some(last) if last.role == "assistant" && !calls(last).is_empty() => {
            Err("messages: tool_use without tool_result at the end".into())
        }
        _ => Ok(()),
    }
}

fn turns(body: &Value) -> Result<Vec<Turn<'_>>, String> {
    let messages = body["messages"].as_array().ok_or("messages: field required")?;
    let mut turns: Vec<Turn<'_>> = Vec::new();
    for message in messages.iter().filter(|m| m["role"] != "system") {
        let role = message["role"]
            .as_str()
            .filter(|r| ["user", "assistant"].contains(r))
            .ok_or("messages: bad role")?;
        let (blocks, blank): (Vec<&Value>, bool) = match &message["content"] {
            Value::String(text) => (Vec::new(), text.trim().is_empty()),
            Value::Array(blocks) => (blocks.iter().collect(), blocks.is_empty()),
            _ => return Err("messages: content: field required".into()),
        };
        match turns.last_mut().filter(|turn| turn.role == role) {
            Some(turn) => turn.blocks.extend(blocks),
            None => turns.push(Turn { role, blocks, blank }),
        }
    }
    Ok(turns)
}

/// The ids of the calls in a turn.
fn calls<'b>(turn: &Turn<'b>) -> Vec<&'b str> {
    let calls = turn.blocks.iter().filter(|b| b["type"] == "tool_use");
    calls.filter_map(|b| b["id"].as_str()).collect()
}

fn check_turn<'b>(turn: &Turn<'b>, calls: &[&'b str], ids: &mut HashSet<&'b str>) -> Result<(), String> {
    if turn.blank {
        return Err("all messages must have non-empty content".into());
    }
    check_results(turn, calls)?;
    turn.blocks.iter().try_for_each(|block| check_block(turn.role, block, ids))
}

/// Results answer the calls of the turn before, all of them, and come first.
fn check_results(turn: &Turn<'_>, calls: &[&str]) -> Result<(), String> {
    let results: Vec<&str> = turn
        .blocks
        .iter()
        .filter(|b| b["type"] == "tool_result")
        .filter_map(|b| b["tool_use_id"].as_str())
        .collect();
    if turn.role == "assistant" {
        return if results.is_empty() {
            Ok(())
        } else {
            Err("tool_result blocks can only be in user messages".into())
        };
    }
    if let Some(call) = calls.iter().find(|call| !results.contains(call)) {
        return Err(format!("tool_use ids were found without tool_result blocks immediately after: {call}"));
    }
    if let Some(result) = results.iter().find(|result| !calls.contains(result)) {
        return Err(format!("unexpected tool_use_id found in tool_result blocks: {result}"));
    }
    if results.len() != results.iter().collect::<HashSet<_>>().len() {
        return Err("each tool_use must have a single result".into());
    }
    let first_other = turn.blocks.iter().position(|b| b["type"] != "tool_result" && !is_reminder(b));
    let last_result = turn.blocks.iter().rposition(|b| b["type"] == "tool_result");
    match (first_other, last_result) {
        (Some(other), Some(result)) if other < result => Err("tool_result blocks must come first".into()),
        _ => Ok(()),
    }
}

/// Text that the tool itself puts between results.
fn is_reminder(block: &Value) -> bool {
    block["text"].as_str().is_some_and(|text| text.starts_with("<system-reminder>"))
}

fn check_block<'b>(role: &str, block: &'b Value, ids: &mut HashSet<&'b str>) -> Result<(), String> {
    let kind = block["type"].as_str().unwrap_or_default();
    match kind {
        "text" if block["text"].as_str().is_none_or(|text| text.trim().is_empty()) => {
            Err("text content blocks must be non-empty".into())
        }
        "tool_use" => check_call(role, block, ids),
        "tool_result" => check_result(block),
        "thinking" if role != "assistant" => Err("thinking in a user message".into()),
        "thinking" if block["signature"].as_str().is_none_or(str::is_empty) => {
            Err("thinking.signature: field required".into())
        }
        "image" => check_image(block),
        kind if BLOCKS.contains(&kind) => Ok(()),
        kind => Err(format!("content type {kind:?} isn't known")),
    }
}

fn check_call<'b>(role: &str, block: &'b Value, ids: &mut HashSet<&'b str>) -> Result<(), String> {
    let (id, name) = (block["id"].as_str().unwrap_or_default(), block["name"].as_str().unwrap_or_default());
    if role != "assistant" {
        return Err("tool_use blocks can only be in assistant messages".into());
    }
    if !is_word(id, usize::MAX) {
        return Err(format!("tool_use.id: {id:?} should match '^[a-zA-Z0-9_-]+$'"));
    }
    if !ids.insert(id) {
        return Err(format!("tool_use ids must be unique: {id}"));
    }
    if !is_word(name, 128) {
        return Err(format!("tool_use.name: {name:?} should match '^[a-zA-Z0-9_-]{{1,128}}$'"));
    }
    if !block["input"].is_object() {
        return Err("tool_use.input: Input should be a valid dictionary".into());
    }
    Ok(())
}

fn check_result(block: &Value) -> Result<(), String> {
    let Some(inner) = block["content"].as_array() else { return Ok(()) };
    if block["is_error"] == true && inner.iter().any(|b| b["type"] != "text") {
        return Err("all content must be type \"text\" if \"is_error\" is true".into());
    }
    inner.iter().filter(|b| b["type"] == "image").try_for_each(check_image)
}

fn check_image(block: &Value) -> Result<(), String> {
    let source = &block["source"];
    if source["type"] != "base64" {
        return Ok(());
    }
    if !source["media_type"].as_str().is_some_and(|kind| IMAGES.contains(&kind)) {
        return Err(format!("image.source.media_type: {}", source["media_type"]));
    }
    match source["data"].as_str().and_then(decode_base64) {
        Some(bytes) if bytes.len() >= 16 => Ok(()),
        _ => Err("Could not process image".into()),
    }
}

/// Whether `text` is 1 to `longest` letters, digits, `_` and `-`.
pub(crate) fn is_word(text: &str, longest: usize) -> bool {
    let fits = (1..=longest).contains(&text.len());
    fits && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}
