//! A mock of the Anthropic Messages API.
//!
//! Facts: the public reference of `POST /v1/messages` and of its streaming
//! events, and requests recorded from Claude Code 2.1.330.

use serde_json::{Value, json};

use super::anthropic_rules;
use super::mock::{Api, Reply, Request, not_found};
use super::script::{Part, Script, serial};

/// The signature of everything that the mocked model thinks.
pub(crate) const SIGNATURE: &str = "bW9ja2VkLXNpZ25hdHVyZQ==";

/// The mocked API, playing a script.
#[derive(Debug)]
pub(crate) struct Anthropic {
    script: Script,
    violations: Vec<String>,
}

impl Anthropic {
    /// An API whose model follows `script`, and says `ok` beyond it.
    pub(crate) fn new(script: Script) -> Self {
        Self { script, violations: Vec::new() }
    }

    fn message(&mut self, body: &Value) -> Reply {
        if let Err(broken) = anthropic_rules::check(body) {
            self.violations.push(broken.clone());
            return refusal(&broken);
        }
        let parts = self.script.answer(&news(body)).unwrap_or_else(|| vec![Part::Text("ok".into())]);
        let blocks: Vec<Value> = parts.into_iter().map(block).collect();
        let message = whole(body, &blocks);
        if body["stream"] == json!(true) {
            Reply::Events(events(&message, &blocks))
        } else {
            Reply::Json(200, message)
        }
    }
}

impl Api for Anthropic {
    fn answer(&mut self, request: &Request) -> Reply {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "/v1/messages") => self.message(&request.body),
            ("POST", "/v1/messages/count_tokens") => Reply::Json(200, json!({"input_tokens": 100})),
            ("HEAD" | "GET", "/") => Reply::Json(200, json!({})),
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
    Reply::Json(400, json!({"type": "error", "error": {"type": "invalid_request_error", "message": message}}))
}

/// What came after the model last spoke, as JSON text without system turns.
fn news(body: &Value) -> String {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let start = messages.iter().rposition(|m| m["role"] == "assistant").map_or(0, |at| at + 1);
    let new = messages.iter().skip(start).filter(|m| m["role"] != "system");
    new.map(Value::to_string).collect()
}

/// A part as a content block.
fn block(part: Part) -> Value {
    match part {
        Part::Text(text) => json!({"type": "text", "text": text}),
        Part::Thinking(text) => json!({"type": "thinking", "thinking": text, "signature": SIGNATURE}),
        Part::Call(name, input) => {
            json!({"type": "tool_use", "id": format!("toolu_mock{:06}", serial()), "name": name, "input": input})
        }
        Part::Custom(name, _) => panic!("the Messages API has no free text tools: {name}"),
    }
}

/// The whole message, as it is answered without streaming.
fn whole(body: &Value, blocks: &[Value]) -> Value {
    let calls = blocks.iter().any(|b| b["type"] == "tool_use");
    json!({
        "id": format!("msg_mock{:06}", serial()),
        "type": "message",
        "role": "assistant",
        "model": body["model"],
        "content": blocks,
        "stop_reason": if calls { "tool_use" } else { "end_turn" },
        "stop_sequence": null,
        "usage": {
            "input_tokens": 100,
            "cache_creation_input_tokens": 10,
            "cache_read_input_tokens": 20,
            "output_tokens": 30,
        },
    })
}

/// The message as the events of a stream.
fn events(message: &Value, blocks: &[Value]) -> Vec<(String, Value)> {
    let mut start = message.clone();
    start["content"] = json!([]);
    start["stop_reason"] = Value::Null;
    start["usage"]["output_tokens"] = json!(1);
    let mut events = vec![json!({"type": "message_start", "message": start})];
    for (index, block) in blocks.iter().enumerate() {
        let (empty, deltas) = pieces(block);
        events.push(json!({"type": "content_block_start", "index": index, "content_block": empty}));
        events.extend(
            deltas.into_iter().map(|d| json!({"type": "content_block_delta", "index": index, "delta": d})),
        );
        events.push(json!({"type": "content_block_stop", "index": index}));
    }
    let delta = json!({"stop_reason": message["stop_reason"], "stop_sequence": null});
    events.push(json!({"type": "message_delta", "delta": delta, "usage": message["usage"]}));
    events.push(json!({"type": "message_stop"}));
    events.into_iter().map(|event| (event["type"].as_str().unwrap_or_default().to_owned(), event)).collect()
}

/// A block without its content, and the deltas that bring the content.
fn pieces(block: &Value) -> (Value, Vec<Value>) {
    let mut empty = block.clone();
    match block["type"].as_str() {
        Some("text") => {
            empty["text"] = json!("");
            let deltas =
                cut(&block["text"]).into_iter().map(|t| json!({"type": "text_delta", "text": t})).collect();
            (empty, deltas)
        }
        Some("thinking") => {
            (empty["thinking"], empty["signature"]) = (json!(""), json!(""));
            let thought = json!({"type": "thinking_delta", "thinking": block["thinking"]});
            (empty, vec![thought, json!({"type": "signature_delta", "signature": block["signature"]})])
        }
        _ => {
            empty["input"] = json!({});
            (empty, vec![json!({"type": "input_json_delta", "partial_json": block["input"].to_string()})])
        }
    }
}

/// A text in two pieces, cut between characters.
pub(crate) fn cut(text: &Value) -> [String; 2] {
    let text = text.as_str().unwrap_or_default();
    let middle = text.char_indices().nth(text.chars().count() / 2).map_or(0, |(at, _)| at);
    let (head, tail) = text.split_at(middle);
    [head.to_owned(), tail.to_owned()]
}
