//! OpenAI's chat completions API, mocked: it says one thing to everything, and
//! its requests can be read as a conversation.

use serde_json::{Value, json};

use super::mock::{Api, Reply, Request, not_found};

/// What the model answers.
pub(crate) const ANSWER: &str = "SFS-ANSWER ✓";

/// The API.
pub(crate) struct Chat;

impl Api for Chat {
    fn answer(&mut self, request: &Request) -> Reply {
        if !request.path.ends_with("/chat/completions") {
            return not_found();
        }
        let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
        let whole = |kind: &str, key: &str, said: Value, done: Value| {
            json!({
                "id": "chatcmpl-1", "object": kind, "created": 1, "model": "mock-model", "usage": usage,
                "choices": [{"index": 0, key: said, "finish_reason": done}],
            })
        };
        let said = json!({"role": "assistant", "content": ANSWER});
        if request.body["stream"] != true {
            return Reply::Json(200, whole("chat.completion", "message", said, json!("stop")));
        }
        let chunk = |said, done| ("message".to_owned(), whole("chat.completion.chunk", "delta", said, done));
        Reply::Events(vec![chunk(said, Value::Null), chunk(json!({}), json!("stop"))])
    }

    fn violations(&self) -> Vec<String> {
        Vec::new()
    }

    fn unused(&self) -> Vec<String> {
        Vec::new()
    }
}

/// One thing in a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    /// Who says what.
    Said(String, String),
    /// The name of what is called, its id and its input.
    Call(String, String, Value),
    /// The id of the call, and what came of it.
    Result(String, String),
}

/// What a request sends, in order, without what the tool says of itself.
pub(crate) fn items(body: &Value) -> Vec<Item> {
    let messages = body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut items = Vec::new();
    for message in messages.iter().filter(|message| message["role"] != "system") {
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            items.push(Item::Result(id.to_owned(), texts(&message["content"]).concat()));
            continue;
        }
        items.extend(texts(&message["content"]).into_iter().map(|text| Item::Said(role.to_owned(), text)));
        for call in message["tool_calls"].as_array().map(Vec::as_slice).unwrap_or_default() {
            let input = call["function"]["arguments"].as_str().unwrap_or_default();
            let input = serde_json::from_str(input).unwrap_or_else(|_| input.into());
            let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            items.push(Item::Call(word(&call["function"]["name"]), word(&call["id"]), input));
        }
    }
    items
}

fn texts(content: &Value) -> Vec<String> {
    match content {
        Value::String(text) => vec![text.clone()],
        Value::Array(parts) => {
            parts.iter().filter_map(|part| part["text"].as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    }
}
