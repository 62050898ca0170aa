//! What a recorded request says, free of the API it was made for.
//!
//! Context that a tool injects on its own account is left out: reminders,
//! environment, instruction files, developer and system turns, command echoes.

use std::collections::HashMap;
use std::path::Path;

use serde_json::Value;

use super::anthropic::SIGNATURE;
use super::mock::Request;
use super::openai::ENCRYPTED;

/// Who speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    User,
    Assistant,
}

/// One thing said or done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Item {
    Text {
        role: Role,
        text: String,
    },
    /// An image outside of results, as base64.
    Image {
        role: Role,
        data: String,
    },
    /// Reasoning; `genuine` if it carries the proof that our mock gave it.
    Thinking {
        text: String,
        genuine: bool,
    },
    /// A call; free text is a JSON string.
    Call {
        name: String,
        input: Value,
    },
    /// The result of the call that is number `call` in the conversation.
    Result {
        call: Option<usize>,
        is_error: bool,
        texts: Vec<String>,
        images: Vec<String>,
    },
    /// A kind that no test expects.
    Other {
        kind: String,
    },
}

/// A conversation as a model is shown it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Conversation {
    pub(crate) items: Vec<Item>,
}

/// How texts begin that a tool puts into user turns on its own account.
const INJECTED: &[&str] = &[
    // Claude Code 2.1.330
    "<system-reminder>",
    "<local-command-caveat>",
    "<local-command-stdout>",
    "<command-name>",
    "<task-notification>",
    "[Image: source:",
    // Codex 0.169.0
    "<environment_context>",
    "# AGENTS.md instructions for",
    "<user_instructions>",
    "<skills_instructions>",
    "<permissions",
    "<turn_aborted>",
    "<subagent_notification>",
    "<image name=",
    "<image>",
    "</image>",
    // Gemini CLI 0.61 and 0.20
    "<session_context>",
    "This is the Gemini CLI. We are setting up the context",
];

impl Conversation {
    /// Reads a recorded request of any of the APIs.
    pub(crate) fn of(request: &Request) -> Self {
        match request.path.as_str() {
            path if path.ends_with("/responses") => responses(&request.body),
            path if path.ends_with("enerateContent") => contents_of(&request.body),
            _ => messages(&request.body),
        }
    }

    /// The same, and then `text` said by `role`.
    pub(crate) fn and(mut self, role: Role, text: &str) -> Self {
        self.items.push(said(role, text));
        self
    }

    /// What was said before the turn that `prompt` begins.
    pub(crate) fn before(&self, prompt: &str) -> Self {
        Self { items: self.items.iter().take(self.start_of(prompt)).cloned().collect() }
    }

    /// The turn that `prompt` begins, and all after it. The numbers of calls
    /// still count from the beginning of the conversation.
    pub(crate) fn from(&self, prompt: &str) -> Self {
        Self { items: self.items.iter().skip(self.start_of(prompt)).cloned().collect() }
    }

    /// Where a turn begins: Codex puts images before the words of a prompt.
    fn start_of(&self, prompt: &str) -> usize {
        let at = self.items.iter().position(|item| *item == said(Role::User, prompt));
        let at = at.unwrap_or_else(|| panic!("{prompt:?} isn't in\n{self:#?}"));
        let before = self.items.iter().take(at).rev();
        at - before.take_while(|item| matches!(item, Item::Image { role: Role::User, .. })).count()
    }

    /// The same with each of `folders` called `<project>`.
    pub(crate) fn without_paths(&self, folders: &[&Path]) -> Self {
        let hide = |text: &str| {
            folders.iter().fold(text.to_owned(), |text, f| text.replace(&*f.to_string_lossy(), "<project>"))
        };
        let items = self.items.iter().cloned().map(|item| match item {
            Item::Text { role, text } => Item::Text { role, text: hide(&text) },
            Item::Call { name, input } => Item::Call { name, input: map_strings(input, &hide) },
            Item::Result { call, is_error, texts, images } => {
                Item::Result { call, is_error, texts: texts.iter().map(|t| hide(t)).collect(), images }
            }
            other => other,
        });
        Self { items: items.collect() }
    }

    /// The inputs of all calls of the tool `name`.
    pub(crate) fn calls(&self, name: &str) -> Vec<&Value> {
        let calls = self.items.iter().filter_map(|item| match item {
            Item::Call { name: other, input } if other == name => Some(input),
            _ => None,
        });
        calls.collect()
    }

    fn push_text(&mut self, role: Role, text: &str) {
        if role == Role::Assistant || !INJECTED.iter().any(|start| text.trim_start().starts_with(start)) {
            self.items.push(said(role, text));
        }
    }
}

/// A text; newlines at its end are the tools' own.
fn said(role: Role, text: &str) -> Item {
    Item::Text { role, text: text.trim_end_matches('\n').to_owned() }
}

/// Changes every string in a JSON value.
fn map_strings(value: Value, change: &impl Fn(&str) -> String) -> Value {
    match value {
        Value::String(text) => Value::String(change(&text)),
        Value::Array(items) => items.into_iter().map(|item| map_strings(item, change)).collect(),
        Value::Object(map) => map.into_iter().map(|(key, item)| (key, map_strings(item, change))).collect(),
        other => other,
    }
}

/// Numbers calls in order, and finds the call of a result by its native id.
#[derive(Default)]
struct Numbers(HashMap<String, usize>);

impl Numbers {
    fn call(&mut self, id: &Value) {
        let number = self.0.len();
        self.0.insert(id.as_str().unwrap_or_default().to_owned(), number);
    }

    fn of(&self, id: &Value) -> Option<usize> {
        self.0.get(id.as_str().unwrap_or_default()).copied()
    }
}

/// Reads the body of a Messages API request.
fn messages(body: &Value) -> Conversation {
    let (mut conversation, mut numbers) = (Conversation::default(), Numbers::default());
    for message in list(&body["messages"]) {
        let role = match message["role"].as_str() {
            Some("user") => Role::User,
            Some("assistant") => Role::Assistant,
            _ => continue,
        };
        match &message["content"] {
            Value::String(text) => conversation.push_text(role, text),
            content => list(content)
                .iter()
                .for_each(|block| push_block(&mut conversation, &mut numbers, role, block)),
        }
    }
    conversation
}

fn push_block(conversation: &mut Conversation, numbers: &mut Numbers, role: Role, block: &Value) {
    let item = match block["type"].as_str().unwrap_or_default() {
        "text" => return conversation.push_text(role, string(&block["text"])),
        "image" => Item::Image { role, data: string(&block["source"]["data"]).to_owned() },
        "thinking" => {
            let genuine = block["signature"] == SIGNATURE;
            Item::Thinking { text: string(&block["thinking"]).to_owned(), genuine }
        }
        "tool_use" => {
            numbers.call(&block["id"]);
            Item::Call { name: string(&block["name"]).to_owned(), input: block["input"].clone() }
        }
        "tool_result" => {
            let (texts, images) = contents(&block["content"]);
            let (call, is_error) = (numbers.of(&block["tool_use_id"]), block["is_error"] == true);
            Item::Result { call, is_error, texts, images }
        }
        kind => Item::Other { kind: kind.to_owned() },
    };
    conversation.items.push(item);
}

/// Reads the body of a Responses API request.
fn responses(body: &Value) -> Conversation {
    let (mut conversation, mut numbers) = (Conversation::default(), Numbers::default());
    for item in list(&body["input"]) {
        push_item(&mut conversation, &mut numbers, item);
    }
    conversation
}

fn push_item(conversation: &mut Conversation, numbers: &mut Numbers, item: &Value) {
    let read = match item["type"].as_str().unwrap_or("message") {
        "message" => return push_message(conversation, item),
        "additional_tools" => return,
        "reasoning" => {
            let summary: String = list(&item["summary"]).iter().map(|part| string(&part["text"])).collect();
            Item::Thinking { text: summary, genuine: item["encrypted_content"] == ENCRYPTED }
        }
        "function_call" => {
            numbers.call(&item["call_id"]);
            let arguments = string(&item["arguments"]);
            let input = serde_json::from_str(arguments).unwrap_or_else(|_| arguments.into());
            Item::Call { name: string(&item["name"]).to_owned(), input }
        }
        "custom_tool_call" => {
            numbers.call(&item["call_id"]);
            Item::Call { name: string(&item["name"]).to_owned(), input: item["input"].clone() }
        }
        "function_call_output" | "custom_tool_call_output" => {
            let (texts, images) = contents(&item["output"]);
            Item::Result { call: numbers.of(&item["call_id"]), is_error: false, texts, images }
        }
        kind => Item::Other { kind: kind.to_owned() },
    };
    conversation.items.push(read);
}

fn push_message(conversation: &mut Conversation, item: &Value) {
    let role = match item["role"].as_str() {
        Some("user") => Role::User,
        Some("assistant") => Role::Assistant,
        _ => return,
    };
    for part in list(&item["content"]) {
        match part["type"].as_str() {
            Some("input_image") => conversation.items.push(Item::Image { role, data: image_data(part) }),
            _ => conversation.push_text(role, string(&part["text"])),
        }
    }
}

/// Reads the body of a Gemini API request. Pictures after a result belong to it.
fn contents_of(body: &Value) -> Conversation {
    let (mut conversation, mut numbers) = (Conversation::default(), Numbers::default());
    for content in list(&body["contents"]) {
        let role = if content["role"] == "model" { Role::Assistant } else { Role::User };
        for part in list(&content["parts"]) {
            push_part(&mut conversation, &mut numbers, role, part);
        }
    }
    conversation
}

fn push_part(conversation: &mut Conversation, numbers: &mut Numbers, role: Role, part: &Value) {
    let item = if part["thought"] == true {
        Item::Thinking { text: string(&part["text"]).to_owned(), genuine: false }
    } else if part["text"].is_string() {
        return conversation.push_text(role, string(&part["text"]));
    } else if let Some(call) = part.get("functionCall") {
        numbers.call(&call["id"]);
        Item::Call { name: string(&call["name"]).to_owned(), input: call["args"].clone() }
    } else if let Some(response) = part.get("functionResponse") {
        let (error, output) = (&response["response"]["error"], &response["response"]["output"]);
        let text = string(if error.is_null() { output } else { error }).to_owned();
        let (call, is_error) = (numbers.of(&response["id"]), !error.is_null());
        Item::Result { call, is_error, texts: vec![text], images: Vec::new() }
    } else if let Some(data) = part["inlineData"]["data"].as_str() {
        if let Some(Item::Result { images, .. }) = conversation.items.last_mut() {
            return images.push(data.to_owned());
        }
        Item::Image { role, data: data.to_owned() }
    } else {
        Item::Other { kind: part.to_string() }
    };
    conversation.items.push(item);
}

/// The texts and images of a result of either API.
fn contents(content: &Value) -> (Vec<String>, Vec<String>) {
    let (mut texts, mut images) = (Vec::new(), Vec::new());
    match content {
        Value::String(text) => texts.push(text.clone()),
        parts => {
            for part in list(parts) {
                match part["type"].as_str() {
                    Some("input_image") => images.push(image_data(part)),
                    Some("image") => images.push(string(&part["source"]["data"]).to_owned()),
                    _ => texts.push(string(&part["text"]).to_owned()),
                }
            }
        }
    }
    (texts, images)
}

/// The base64 of a data URL, or the URL itself.
fn image_data(part: &Value) -> String {
    let url = string(&part["image_url"]);
    url.split_once(";base64,").map_or(url, |(_, data)| data).to_owned()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn string(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
