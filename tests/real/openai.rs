//! A mock of the OpenAI Responses API.
//!
//! Facts: the public reference of `POST /v1/responses` and of its streaming
//! events, and requests recorded from Codex 0.169.0.

use serde_json::{Value, json};

use super::anthropic::cut;
use super::mock::{Api, Reply, Request, not_found};
use super::openai_rules;
use super::script::{Part, Script, serial};

/// What stands for the encrypted reasoning of the mocked model.
pub(crate) const ENCRYPTED: &str = "gAAAAAmocked-reasoning==";

/// The mocked API, playing a script.
#[derive(Debug)]
pub(crate) struct OpenAi {
    script: Script,
    violations: Vec<String>,
}

impl OpenAi {
    /// An API whose model follows `script`, and says `ok` beyond it.
    pub(crate) fn new(script: Script) -> Self {
        Self { script, violations: Vec::new() }
    }

    fn response(&mut self, body: &Value) -> Reply {
        if let Err(broken) = openai_rules::check(body) {
            self.violations.push(broken.clone());
            return refusal(&broken);
        }
        let parts = self.script.answer(&news(body)).unwrap_or_else(|| vec![Part::Text("ok".into())]);
        let items = items(parts);
        let begun = json!({
            "id": format!("resp_mock{:06}", serial()),
            "object": "response",
            "created_at": 1_700_000_000,
            "model": body["model"],
            "status": "in_progress",
            "output": [],
            "usage": null,
        });
        let done = completed(&begun, &items);
        if body["stream"] == json!(true) {
            Reply::Events(events(&begun, &done, &items))
        } else {
            Reply::Json(200, done)
        }
    }
}

impl Api for OpenAi {
    fn answer(&mut self, request: &Request) -> Reply {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", path) if path.ends_with("/responses") => self.response(&request.body),
            _ => not_found(),
        }
    }

    fn violations(&self) -> Vec<String> {
        self.violations.clone()
    }

    fn unused(&self) -> Vec<String> {
        self.script.unused()
    }
}

/// Refuses a request.
fn refusal(message: &str) -> Reply {
    Reply::Json(
        400,
        json!({"error": {"message": message, "type": "invalid_request_error", "code": "invalid_value"}}),
    )
}

/// Whether an input item is something that the model said or did.
fn is_models(item: &Value) -> bool {
    let made = ["function_call", "custom_tool_call", "reasoning", "local_shell_call"];
    item["role"] == "assistant" || item["type"].as_str().is_some_and(|kind| made.contains(&kind))
}

/// What came after the model last spoke, as JSON text without developer turns.
fn news(body: &Value) -> String {
    let input = body["input"].as_array().map(Vec::as_slice).unwrap_or_default();
    let start = input.iter().rposition(is_models).map_or(0, |at| at + 1);
    let new = input.iter().skip(start).filter(|i| i["role"] != "developer" && i["role"] != "system");
    new.map(Value::to_string).collect()
}

/// The parts as output items. A text before a call is commentary, the last one the answer.
fn items(parts: Vec<Part>) -> Vec<Value> {
    let last = parts.len().saturating_sub(1);
    let item = |(at, part)| item(part, if at == last { "final_answer" } else { "commentary" });
    parts.into_iter().enumerate().map(item).collect()
}

fn item(part: Part, phase: &str) -> Value {
    let n = serial();
    match part {
        Part::Text(text) => json!({
            "type": "message", "id": format!("msg_mock{n:06}"), "status": "completed", "role": "assistant", "phase": phase,
            "content": [{"type": "output_text", "annotations": [], "logprobs": [], "text": text}],
        }),
        Part::Thinking(text) => json!({
            "type": "reasoning", "id": format!("rs_mock{n:06}"), "encrypted_content": ENCRYPTED,
            "summary": [{"type": "summary_text", "text": text}],
        }),
        Part::Call(name, input) => json!({
            "type": "function_call", "id": format!("fc_mock{n:06}"), "status": "completed",
            "call_id": format!("call_mock{n:06}"), "name": name, "arguments": input.to_string(),
        }),
        Part::Custom(name, input) => json!({
            "type": "custom_tool_call", "id": format!("ctc_mock{n:06}"), "status": "completed",
            "call_id": format!("call_mock{n:06}"), "name": name, "input": input,
        }),
    }
}

/// The response when all is said.
fn completed(begun: &Value, items: &[Value]) -> Value {
    let mut done = begun.clone();
    done["status"] = json!("completed");
    done["output"] = json!(items);
    done["usage"] = json!({
        "input_tokens": 100,
        "input_tokens_details": {"cached_tokens": 20},
        "output_tokens": 30,
        "output_tokens_details": {"reasoning_tokens": 5},
        "total_tokens": 130,
    });
    done
}

/// The response as the events of a stream.
fn events(begun: &Value, done: &Value, items: &[Value]) -> Vec<(String, Value)> {
    let mut events = vec![json!({"type": "response.created", "response": begun})];
    for (index, item) in items.iter().enumerate() {
        let mut added = item.clone();
        for (emptied, was) in
            [("content", item["content"].is_array()), ("summary", item["summary"].is_array())]
        {
            if was {
                added[emptied] = json!([]);
            }
        }
        if item["arguments"].is_string() {
            added["arguments"] = json!("");
        }
        events.push(json!({"type": "response.output_item.added", "output_index": index, "item": added}));
        events.extend(deltas(index, item));
        events.push(json!({"type": "response.output_item.done", "output_index": index, "item": item}));
    }
    events.push(json!({"type": "response.completed", "response": done}));
    let numbered = events.into_iter().enumerate().map(|(n, mut event)| {
        event["sequence_number"] = json!(n);
        (event["type"].as_str().unwrap_or_default().to_owned(), event)
    });
    numbered.collect()
}

/// The events that bring the words of an item.
fn deltas(index: usize, item: &Value) -> Vec<Value> {
    let id = &item["id"];
    match item["type"].as_str() {
        Some("message") => {
            let text = &item["content"][0]["text"];
            let delta = |piece| json!({"type": "response.output_text.delta", "item_id": id, "output_index": index, "content_index": 0, "delta": piece});
            let mut events: Vec<Value> = cut(text).into_iter().map(delta).collect();
            events.push(json!({"type": "response.output_text.done", "item_id": id, "output_index": index, "content_index": 0, "text": text}));
            events
        }
        Some("reasoning") => {
            let text = &item["summary"][0]["text"];
            let at = json!({"item_id": id, "output_index": index, "summary_index": 0});
            let event = |kind: &str, key: &str, value: &Value| {
                let mut event = at.clone();
                event["type"] = json!(format!("response.{kind}"));
                event[key] = value.clone();
                event
            };
            vec![
                event("reasoning_summary_part.added", "part", &json!({"type": "summary_text", "text": ""})),
                event("reasoning_summary_text.delta", "delta", text),
                event("reasoning_summary_text.done", "text", text),
            ]
        }
        Some("function_call") => {
            let arguments = &item["arguments"];
            let delta = |piece| json!({"type": "response.function_call_arguments.delta", "item_id": id, "output_index": index, "delta": piece});
            let mut events: Vec<Value> = cut(arguments).into_iter().map(delta).collect();
            events.push(json!({"type": "response.function_call_arguments.done", "item_id": id, "output_index": index, "arguments": arguments}));
            events
        }
        _ => Vec::new(),
    }
}
