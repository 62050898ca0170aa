//! Sessions written by hand: the smallest that the real tools accept. They show
//! that the comparison says yes to a right translation and no to a wrong one,
//! whatever `sfs` does.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::conversation::{Conversation, Item, Role};
use super::sandbox::Sandbox;

/// Id of both handwritten sessions.
pub(crate) const ID: &str = "01a20000-0000-7000-8000-00000000cafe";

const TIME: &str = "2026-01-02T03:04:05.000Z";

/// Writes a conversation for Codex, in the legacy form of a rollout.
pub(crate) fn write_codex(sandbox: &Sandbox, conversation: &Conversation) -> PathBuf {
    let meta = json!({
        "id": ID, "timestamp": TIME, "cwd": sandbox.project, "originator": "codex_cli_rs",
        "cli_version": "0.169.0", "source": "cli", "model_provider": "mock",
    });
    let mut lines = vec![json!({"timestamp": TIME, "type": "session_meta", "payload": meta})];
    let mut calls = 0;
    for item in &conversation.items {
        let payload = codex_item(item, &mut calls);
        lines.extend(
            payload.map(|payload| json!({"timestamp": TIME, "type": "response_item", "payload": payload})),
        );
    }
    let folder = sandbox.codex_home().join("sessions/2026/01/02");
    write(folder, &format!("rollout-2026-01-02T03-04-05-{ID}.jsonl"), &lines)
}

fn codex_item(item: &Item, calls: &mut usize) -> Option<Value> {
    let message = |role: &str, part: Value| json!({"type": "message", "role": role, "content": [part]});
    Some(match item {
        Item::Text { role: Role::User, text } => message("user", json!({"type": "input_text", "text": text})),
        Item::Text { text, .. } => message("assistant", json!({"type": "output_text", "text": text})),
        Item::Image { data, .. } => message("user", codex_image(data)),
        Item::Call { name, input } => {
            *calls += 1;
            json!({"type": "function_call", "name": name, "arguments": input.to_string(), "call_id": format!("call_{}", *calls - 1)})
        }
        Item::Result { call, texts, images, .. } => {
            let texts = texts.iter().map(|text| json!({"type": "input_text", "text": text}));
            let output: Vec<Value> = texts.chain(images.iter().map(|data| codex_image(data))).collect();
            json!({"type": "function_call_output", "call_id": format!("call_{}", call.unwrap_or(0)), "output": output})
        }
        Item::Thinking { .. } | Item::Other { .. } => return None,
    })
}

fn codex_image(data: &str) -> Value {
    json!({"type": "input_image", "image_url": format!("data:image/png;base64,{data}")})
}

/// Writes a conversation for Claude Code: a row for each run of items of one role.
pub(crate) fn write_claude(sandbox: &Sandbox, conversation: &Conversation) -> PathBuf {
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    let mut calls = 0;
    for item in &conversation.items {
        let Some((role, block)) = claude_block(item, &mut calls) else { continue };
        match turns.last_mut().filter(|turn| turn.0 == role) {
            Some(turn) => turn.1.push(block),
            None => turns.push((role, vec![block])),
        }
    }
    let rows: Vec<Value> =
        turns.iter().enumerate().map(|(n, (role, blocks))| row(sandbox, n, role, blocks)).collect();
    let slug = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
    let slug: String = sandbox.project.to_string_lossy().chars().map(slug).collect();
    write(sandbox.claude_home().join("projects").join(slug), &format!("{ID}.jsonl"), &rows)
}

fn row(sandbox: &Sandbox, n: usize, role: &str, blocks: &[Value]) -> Value {
    let uuid = |n: usize| format!("00000000-0000-4000-8000-{n:012}");
    let mut message = json!({"role": role, "content": blocks});
    if role == "assistant" {
        message["id"] = json!(format!("msg_hand{n}"));
        message["type"] = json!("message");
        message["model"] = json!("other-model");
    }
    json!({
        "parentUuid": n.checked_sub(1).map(uuid), "isSidechain": false, "type": role, "message": message,
        "uuid": uuid(n), "timestamp": format!("2026-01-02T03:04:05.{n:03}Z"), "userType": "external",
        "entrypoint": "cli", "cwd": sandbox.project, "sessionId": ID, "version": "2.1.330", "gitBranch": "main",
    })
}

fn claude_block(item: &Item, calls: &mut usize) -> Option<(&'static str, Value)> {
    Some(match item {
        Item::Text { role: Role::User, text } => ("user", json!({"type": "text", "text": text})),
        Item::Text { text, .. } => ("assistant", json!({"type": "text", "text": text})),
        Item::Image { data, .. } => ("user", claude_image(data)),
        Item::Call { name, input } => {
            *calls += 1;
            let input = if input.is_object() { input.clone() } else { json!({"input": input}) };
            (
                "assistant",
                json!({"type": "tool_use", "id": format!("toolu_{}", *calls - 1), "name": name, "input": input}),
            )
        }
        Item::Result { call, texts, images, .. } => {
            let texts = texts.iter().map(|text| json!({"type": "text", "text": text}));
            let content: Vec<Value> = texts.chain(images.iter().map(|data| claude_image(data))).collect();
            let id = format!("toolu_{}", call.unwrap_or(0));
            ("user", json!({"type": "tool_result", "tool_use_id": id, "content": content}))
        }
        Item::Thinking { .. } | Item::Other { .. } => return None,
    })
}

fn claude_image(data: &str) -> Value {
    json!({"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": data}})
}

fn write(folder: PathBuf, name: &str, lines: &[Value]) -> PathBuf {
    fs::create_dir_all(&folder).expect("a folder for the transcript");
    let path = folder.join(name);
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    fs::write(&path, text).expect("the transcript");
    path
}
