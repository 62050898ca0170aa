//! A mock of Google's Gemini API.
//!
//! Facts: the public reference of `generateContent`, and requests recorded
//! from Gemini CLI 0.20 to 0.61. Beside the conversation the tool asks for
//! small things, such as which model to take: these get answers of their own.

use serde_json::{Value, json};

use super::mock::{Api, Reply, Request, not_found};
use super::script::{Part, Script, serial};

/// Tools that only the main conversation has, and one that it never has.
const MAIN: [&str; 2] = ["run_shell_command", "write_file"];
const NOT_MAIN: &str = "complete_task";

/// The mocked API, playing a script.
#[derive(Debug)]
pub(crate) struct Google {
    script: Script,
    strict: bool,
    violations: Vec<String>,
}

impl Google {
    /// An API whose model follows `script`, and says `ok` beyond it. One that
    /// isn't `strict` takes what the real one refuses.
    pub(crate) fn new(script: Script, strict: bool) -> Self {
        Self { script, strict, violations: Vec::new() }
    }

    fn generate(&mut self, body: &Value, stream: bool) -> Reply {
        let parts = if is_main(body) {
            if let Some(broken) = check(body).err().filter(|_| self.strict) {
                self.violations.push(broken.clone());
                return Reply::Json(
                    400,
                    json!({"error": {"code": 400, "message": broken, "status": "INVALID_ARGUMENT"}}),
                );
            }
            self.script.answer(&news(body)).unwrap_or_else(|| vec![Part::Text("ok".into())])
        } else {
            // What decides about models or speakers is asked for as JSON.
            let choice = json!({"reasoning": "-", "next_speaker": "user", "complexity_reasoning": "-",
                                "complexity_score": 1, "model_choice": "flash"});
            vec![Part::Text(choice.to_string())]
        };
        let parts: Vec<Value> = parts.into_iter().map(part).collect();
        let answer = json!({
            "candidates": [{"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}],
            "usageMetadata": {"promptTokenCount": 100, "cachedContentTokenCount": 20, "candidatesTokenCount": 30,
                              "totalTokenCount": 130},
            "modelVersion": "gemini-mock",
            "responseId": format!("mock{:06}", serial()),
        });
        if stream { Reply::Events(vec![(String::new(), answer)]) } else { Reply::Json(200, answer) }
    }
}

impl Api for Google {
    fn answer(&mut self, request: &Request) -> Reply {
        let method = request.path.rsplit(':').next().unwrap_or_default();
        match (request.method.as_str(), method) {
            ("POST", "streamGenerateContent") => self.generate(&request.body, true),
            ("POST", "generateContent") => self.generate(&request.body, false),
            ("POST", "countTokens") => Reply::Json(200, json!({"totalTokens": 100})),
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

/// Tells whether a request is one of the main conversation.
pub(crate) fn is_main(body: &Value) -> bool {
    let declared = list(&body["tools"]).iter().flat_map(|tool| list(&tool["functionDeclarations"]));
    let names: Vec<&str> = declared.filter_map(|function| function["name"].as_str()).collect();
    MAIN.iter().any(|main| names.contains(main)) && !names.contains(&NOT_MAIN)
}

/// The rules by which the real API refuses a conversation.
fn check(body: &Value) -> Result<(), String> {
    let contents = list(&body["contents"]);
    let first = contents.first().ok_or("contents is empty")?;
    if first["role"] != "user" {
        return Err("the first turn must be the user's".into());
    }
    let ids = |content: &Value, key: &str| -> Vec<String> {
        list(&content["parts"])
            .iter()
            .filter_map(|part| part.get(key))
            .map(|call| call["id"].to_string())
            .collect()
    };
    let mut open: Vec<String> = Vec::new();
    for (n, content) in contents.iter().enumerate() {
        if list(&content["parts"]).is_empty() {
            return Err(format!("contents[{n}].parts must not be empty"));
        }
        if list(&content["parts"]).iter().any(|part| part["text"] == "") {
            return Err(format!("contents[{n}] has an empty text"));
        }
        let mut answered = ids(content, "functionResponse");
        answered.sort();
        open.sort();
        if answered != open {
            return Err(format!(
                "contents[{n}]: the number of function response parts must be that of the function call parts before: {open:?}, {answered:?}"
            ));
        }
        open = ids(content, "functionCall");
        if !open.is_empty() && content["role"] != "model" {
            return Err(format!("contents[{n}]: only the model calls functions"));
        }
    }
    if open.is_empty() { Ok(()) } else { Err("a call has no response".into()) }
}

/// What came after the model last spoke.
fn news(body: &Value) -> String {
    let contents = list(&body["contents"]);
    let start = contents.iter().rposition(|content| content["role"] == "model").map_or(0, |at| at + 1);
    contents.iter().skip(start).map(Value::to_string).collect()
}

fn part(part: Part) -> Value {
    match part {
        Part::Text(text) => json!({"text": text}),
        Part::Thinking(text) => json!({"text": text, "thought": true}),
        Part::Call(name, args) => {
            let call = json!({"id": format!("mock{:06}", serial()), "name": name, "args": args});
            json!({"functionCall": call, "thoughtSignature": "bW9ja2Vk"})
        }
        Part::Custom(name, _) => panic!("the Gemini API has no free text tools: {name}"),
    }
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[test]
fn the_gemini_api_refuses_what_the_real_one_refuses() {
    let turn = |role: &str, parts: Value| json!({"role": role, "parts": parts});
    let call = |id: &str| json!({"functionCall": {"id": id, "name": "f", "args": {}}});
    let response =
        |id: &str| json!({"functionResponse": {"id": id, "name": "f", "response": {"output": ""}}});
    let hi = || turn("user", json!([{"text": "hi"}]));
    let check = |contents: Vec<Value>| check(&json!({"contents": contents}));
    check(vec![
        hi(),
        turn("model", json!([call("a"), call("b")])),
        turn("user", json!([response("b"), response("a")])),
    ])
    .expect("all answered");
    for (what, contents) in [
        ("nothing", vec![]),
        ("a model that begins", vec![turn("model", json!([{"text": "hi"}]))]),
        ("no parts", vec![turn("user", json!([]))]),
        ("an empty text", vec![turn("user", json!([{"text": ""}]))]),
        ("a call without a response", vec![hi(), turn("model", json!([call("a")]))]),
        (
            "a response too few",
            vec![hi(), turn("model", json!([call("a"), call("b")])), turn("user", json!([response("a")]))],
        ),
        (
            "a response twice",
            vec![
                hi(),
                turn("model", json!([call("a")])),
                turn("user", json!([response("a"), response("a")])),
            ],
        ),
        (
            "a response too late",
            vec![hi(), turn("model", json!([call("a")])), hi(), turn("user", json!([response("a")]))],
        ),
        (
            "a call of the user's",
            vec![turn("user", json!([call("a")])), turn("user", json!([response("a")]))],
        ),
    ] {
        check(contents).expect_err(what);
    }
}
