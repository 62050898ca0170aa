//! The rules by which the Responses API refuses an input with status 400.
//!
//! Facts: the public reference and error texts of the API, as it behaves with
//! `store: false`, which is how Codex uses it.

use std::collections::HashMap;

use serde_json::Value;

use super::anthropic_rules::is_word;
use super::decode_base64;

/// Longest id of a call.
const CALL_ID_MAX: usize = 64;

/// The calls seen so far, and whether each has its output.
type Calls<'b> = HashMap<&'b str, bool>;

/// Checks a request; the error says what the API would.
pub(crate) fn check(body: &Value) -> Result<(), String> {
    let input = body["input"].as_array().ok_or("input: array expected")?;
    let mut calls = Calls::new();
    for (at, item) in input.iter().enumerate() {
        check_item(item, &mut calls).map_err(|error| format!("input[{at}]{error}"))?;
        check_id(item).map_err(|error| format!("input[{at}]{error}"))?;
    }
    match calls.iter().find(|(_, answered)| !**answered) {
        Some((call, _)) => Err(format!("No tool output found for function call {call}.")),
        None => Ok(()),
    }
}

fn check_item<'b>(item: &'b Value, calls: &mut Calls<'b>) -> Result<(), String> {
    match item["type"].as_str().unwrap_or("message") {
        "message" => check_message(item),
        "function_call" if !item["arguments"].is_string() => Err(".arguments: string expected".into()),
        "custom_tool_call" if !item["input"].is_string() => Err(".input: string expected".into()),
        "function_call" | "custom_tool_call" => check_name(item).and_then(|()| check_call(item, calls)),
        "local_shell_call" => check_call(item, calls),
        "function_call_output" | "custom_tool_call_output" | "local_shell_call_output" => {
            check_output(item, calls)
        }
        "reasoning" if item["encrypted_content"].as_str().is_none_or(str::is_empty) => {
            Err(": reasoning not found. Items are not persisted when `store` is set to false.".into())
        }
        "reasoning" if !item["summary"].is_array() => Err(".summary: array expected".into()),
        _ => Ok(()),
    }
}

fn check_message(item: &Value) -> Result<(), String> {
    // A text may stand for itself.
    if item["content"].is_string() {
        return Ok(());
    }
    let content = item["content"].as_array().ok_or(".content: array expected")?;
    let allowed: &[&str] = match item["role"].as_str() {
        Some("assistant") => &["output_text", "refusal"],
        Some("user" | "developer" | "system") => &["input_text", "input_image", "input_file"],
        other => return Err(format!(".role: {other:?}")),
    };
    content.iter().try_for_each(|part| check_part(part, allowed))
}

fn check_part(part: &Value, allowed: &[&str]) -> Result<(), String> {
    match part["type"].as_str().unwrap_or_default() {
        kind if !allowed.contains(&kind) => Err(format!(".content: type {kind:?} isn't allowed here")),
        "input_image" => check_image(part),
        "input_text" | "output_text" if !part["text"].is_string() => {
            Err(".content.text: string expected".into())
        }
        _ => Ok(()),
    }
}

fn check_image(part: &Value) -> Result<(), String> {
    let url = part["image_url"].as_str().unwrap_or_default();
    if url.starts_with("https://") {
        return Ok(());
    }
    let kinds = ["png", "jpeg", "webp", "gif"];
    let data = kinds.iter().find_map(|kind| url.strip_prefix(&format!("data:image/{kind};base64,")));
    match data.and_then(decode_base64) {
        Some(bytes) if bytes.len() >= 16 => Ok(()),
        _ => Err(": the image data you provided does not represent a valid image".into()),
    }
}

fn check_name(item: &Value) -> Result<(), String> {
    let name = item["name"].as_str().unwrap_or_default();
    if is_word(name, 128) {
        Ok(())
    } else {
        Err(format!(".name: {name:?} should match '^[a-zA-Z0-9_-]{{1,128}}$'"))
    }
}

fn check_call<'b>(item: &'b Value, calls: &mut Calls<'b>) -> Result<(), String> {
    let id = item["call_id"].as_str().unwrap_or_default();
    if id.is_empty() || id.len() > CALL_ID_MAX {
        return Err(format!(".call_id: {id:?} should have 1 to {CALL_ID_MAX} characters"));
    }
    match calls.insert(id, false) {
        Some(_) => Err(format!(".call_id: {id} is there twice")),
        None => Ok(()),
    }
}

fn check_output<'b>(item: &'b Value, calls: &mut Calls<'b>) -> Result<(), String> {
    let id = item["call_id"].as_str().unwrap_or_default();
    match calls.get_mut(id) {
        None => return Err(format!(": No tool call found for function call output with call_id {id}.")),
        Some(answered) if *answered => return Err(format!(": {id} has two outputs")),
        Some(answered) => *answered = true,
    }
    match &item["output"] {
        Value::String(_) => Ok(()),
        Value::Array(parts) => {
            parts.iter().try_for_each(|part| check_part(part, &["input_text", "input_image"]))
        }
        _ => Err(".output: string or array expected".into()),
    }
}

/// An item that has an id has one of its kind.
fn check_id(item: &Value) -> Result<(), String> {
    let prefix = match item["type"].as_str().unwrap_or("message") {
        "message" => "msg",
        "function_call" => "fc",
        "custom_tool_call" => "ctc",
        "reasoning" => "rs",
        _ => return Ok(()),
    };
    match item["id"].as_str() {
        Some(id) if !id.starts_with(prefix) => Err(format!(".id: {id:?} should begin with '{prefix}'")),
        _ => Ok(()),
    }
}
