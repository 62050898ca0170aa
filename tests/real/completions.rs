//! A mock of OpenAI's Chat Completions API that plays a script, and refuses
//! what the real one refuses.
//!
//! Facts: the public reference of `POST /v1/chat/completions` and of its
//! streaming chunks, and requests recorded from Qwen Code 0.5 to 0.24.

use serde_json::{Value, json};

use super::mock::{Api, Reply, Request, not_found};
use super::script::{Part, Script, serial};

/// A request that offers fewer tools is not of the main conversation.
const TOOLS: usize = 3;

/// The mocked API, playing a script.
#[derive(Debug)]
pub(crate) struct Completions {
    script: Script,
    violations: Vec<String>,
}

impl Completions {
    /// An API whose model follows `script`, and says `ok` beyond it.
    pub(crate) fn new(script: Script) -> Self {
        Self { script, violations: Vec::new() }
    }

    fn complete(&mut self, body: &Value) -> Reply {
        if let Err(broken) = check(body) {
            self.violations.push(broken.clone());
            return Reply::Json(400, json!({"error": {"message": broken, "type": "invalid_request_error"}}));
        }
        let main = list(&body["tools"]).len() >= TOOLS;
        let played = if main { self.script.answer(&news(body)) } else { None };
        let parts = played.unwrap_or_else(|| vec![Part::Text("ok".into())]);
        let id = format!("chatcmpl-mock{:06}", serial());
        let (mut content, mut reasoning, mut calls) = (String::new(), String::new(), Vec::new());
        for part in parts {
            match part {
                Part::Text(text) => content.push_str(&text),
                Part::Thinking(text) => reasoning.push_str(&text),
                Part::Call(name, input) => calls.push(json!({
                    "index": calls.len(), "id": format!("call_mock{:06}", serial()), "type": "function",
                    "function": {"name": name, "arguments": input.to_string()},
                })),
                Part::Custom(name, _) => panic!("Chat Completions has no free text tools here: {name}"),
            }
        }
        let end = if calls.is_empty() { "stop" } else { "tool_calls" };
        let mut message = json!({"role": "assistant", "content": content});
        if !reasoning.is_empty() {
            message["reasoning_content"] = json!(reasoning);
        }
        if !calls.is_empty() {
            message["tool_calls"] = json!(calls);
        }
        let usage = json!({"prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 130,
                           "prompt_tokens_details": {"cached_tokens": 20}});
        let base = |kind: &str, choices: Value| json!({"id": id, "object": kind, "created": 1_700_000_000, "model": body["model"], "choices": choices});
        if body["stream"] != json!(true) {
            let choices = json!([{"index": 0, "message": message, "finish_reason": end}]);
            let mut whole = base("chat.completion", choices);
            whole["usage"] = usage;
            return Reply::Json(200, whole);
        }
        let chunk = |delta: Value, end: Value| {
            base("chat.completion.chunk", json!([{"index": 0, "delta": delta, "finish_reason": end}]))
        };
        let mut last = base("chat.completion.chunk", json!([]));
        last["usage"] = usage;
        let chunks = [chunk(message, Value::Null), chunk(json!({}), json!(end)), last];
        Reply::Events(chunks.into_iter().map(|chunk| (String::new(), chunk)).collect())
    }
}

impl Api for Completions {
    fn answer(&mut self, request: &Request) -> Reply {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", path) if path.ends_with("/chat/completions") => self.complete(&request.body),
            ("GET", path) if path.ends_with("/models") => Reply::Json(
                200,
                json!({"object": "list", "data": [{"id": "qwen3-vl-plus", "object": "model"}]}),
            ),
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

/// The rules by which the real API refuses a conversation.
fn check(body: &Value) -> Result<(), String> {
    let messages = list(&body["messages"]);
    if messages.is_empty() {
        return Err("messages is empty".into());
    }
    let mut open: Vec<&str> = Vec::new();
    for (n, message) in messages.iter().enumerate() {
        let role = message["role"].as_str().unwrap_or_default();
        if role == "tool" {
            let id = message["tool_call_id"].as_str().unwrap_or_default();
            let at = open.iter().position(|call| *call == id);
            let at = at.ok_or_else(|| format!("messages[{n}]: {id:?} follows no call of that id"))?;
            open.swap_remove(at);
            continue;
        }
        if !open.is_empty() {
            return Err(format!("messages[{n}]: calls without a result: {open:?}"));
        }
        let calls = list(&message["tool_calls"]);
        open.extend(calls.iter().filter_map(|call| call["id"].as_str()));
        match role {
            "system" | "developer" | "user" | "assistant" => {}
            other => return Err(format!("messages[{n}]: no such role: {other:?}")),
        }
        let content = &message["content"];
        let empty = content.is_null() || content.as_array().is_some_and(Vec::is_empty);
        if empty && calls.is_empty() {
            return Err(format!("messages[{n}] has no content"));
        }
        for call in calls {
            let arguments = call["function"]["arguments"].as_str().unwrap_or_default();
            if !serde_json::from_str::<Value>(arguments).is_ok_and(|arguments| arguments.is_object()) {
                return Err(format!("messages[{n}]: arguments are no object: {arguments:?}"));
            }
        }
    }
    if open.is_empty() { Ok(()) } else { Err(format!("calls without a result: {open:?}")) }
}

/// What came after the model last spoke.
fn news(body: &Value) -> String {
    let messages = list(&body["messages"]);
    let start = messages.iter().rposition(|message| message["role"] == "assistant").map_or(0, |at| at + 1);
    let new = messages.iter().skip(start).filter(|message| message["role"] != "system");
    new.map(Value::to_string).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn the_chat_api_refuses_what_the_real_one_refuses() {
    let user = || json!({"role": "user", "content": "hi"});
    let call = |id: &str| json!({"id": id, "type": "function", "function": {"name": "f", "arguments": "{}"}});
    let calls = |calls: Vec<Value>| json!({"role": "assistant", "content": null, "tool_calls": calls});
    let result = |id: &str| json!({"role": "tool", "tool_call_id": id, "content": ""});
    let check = |messages: Vec<Value>| check(&json!({"messages": messages}));
    check(vec![user(), calls(vec![call("a"), call("b")]), result("b"), result("a"), user()])
        .expect("all answered");
    let odd = json!({"id": "a", "function": {"name": "f", "arguments": "[]"}});
    for (what, messages) in [
        ("nothing", vec![]),
        ("no content", vec![json!({"role": "user", "content": []})]),
        ("no such role", vec![json!({"role": "model", "content": "hi"})]),
        ("a call without a result", vec![user(), calls(vec![call("a")])]),
        ("a result too late", vec![user(), calls(vec![call("a")]), user(), result("a")]),
        ("a result twice", vec![user(), calls(vec![call("a")]), result("a"), result("a")]),
        ("a result of nothing", vec![user(), result("a")]),
        ("arguments that are no object", vec![user(), calls(vec![odd]), result("a")]),
    ] {
        check(messages).expect_err(what);
    }
}
