//! OpenAI's chat completions API, mocked: it says one thing to everything, and
//! its requests can be read as a conversation.

use serde_json::{Value, json};

use super::mock::{Api, Reply, Request, not_found};

/// What the model answers.
pub(crate) const ANSWER: &str = "SFS-ANSWER ✓";

/// The API.
pub(crate) struct Chat;

/// The same, with a model that says these messages first, each once, to
/// requests that go on with one of its conversations, and then the last words.
pub(crate) struct Scripted {
    said: Vec<Value>,
    then: &'static str,
}

impl Scripted {
    /// Messages as the API returns them.
    pub(crate) fn new(said: impl IntoIterator<Item = Value>, then: &'static str) -> Scripted {
        Scripted { said: said.into_iter().collect(), then }
    }
}

impl Api for Chat {
    fn answer(&mut self, request: &Request) -> Reply {
        say(request, json!({"role": "assistant", "content": ANSWER}))
    }

    fn violations(&self) -> Vec<String> {
        Vec::new()
    }

    fn unused(&self) -> Vec<String> {
        Vec::new()
    }
}

impl Api for Scripted {
    fn answer(&mut self, request: &Request) -> Reply {
        let next = if self.said.is_empty() { None } else { Some(self.said.remove(0)) };
        say(request, next.unwrap_or_else(|| json!({"role": "assistant", "content": self.then})))
    }

    fn violations(&self) -> Vec<String> {
        Vec::new()
    }

    fn unused(&self) -> Vec<String> {
        self.said.iter().map(Value::to_string).collect()
    }
}

fn say(request: &Request, said: Value) -> Reply {
    if !request.path.ends_with("/chat/completions") {
        return not_found();
    }
    let calls = said["tool_calls"].is_array();
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    let whole = |kind: &str, key: &str, said: Value, done: Value| {
        json!({
            "id": "chatcmpl-1", "object": kind, "created": 1, "model": "mock-model", "usage": usage,
            "choices": [{"index": 0, key: said, "finish_reason": done}],
        })
    };
    let done = json!(if calls { "tool_calls" } else { "stop" });
    if request.body["stream"] != true {
        return Reply::Json(200, whole("chat.completion", "message", said, done));
    }
    let chunk = |said, done| ("message".to_owned(), whole("chat.completion.chunk", "delta", said, done));
    Reply::Events(vec![chunk(said, Value::Null), chunk(json!({}), done)])
}

/// A message that calls a function, as a stream tells it.
pub(crate) fn calls(id: &str, text: &str, name: &str, input: &Value) -> Value {
    let function = json!({"name": name, "arguments": input.to_string()});
    let call = json!({"index": 0, "id": id, "type": "function", "function": function});
    json!({"role": "assistant", "content": text, "tool_calls": [call]})
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
