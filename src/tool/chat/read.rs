//! Messages to steps.

use crate::object::json::{Type, Value};
use crate::object::message::Role as Speaker;
use crate::object::split::Texts;
use crate::tool::blocks::{Making, string, time};
use crate::tool::{Reader, Step};

/// Who speaks, by the many names that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    User,
    Assistant,
    System,
    Tool,
}

/// Who speaks in a row; `None` if it is no message.
pub(super) fn role(row: Value<'_>) -> Option<Role> {
    let said = ["content", "value", "text", "tool_calls", "function_call"];
    if !said.iter().any(|key| row.get(key).is_some()) {
        return None;
    }
    match string(row, "role").or_else(|| string(row, "from"))?.raw() {
        b"user" | b"human" => Some(Role::User),
        b"assistant" | b"gpt" | b"model" | b"ai" | b"bot" | b"chatbot" => Some(Role::Assistant),
        b"system" | b"developer" => Some(Role::System),
        b"tool" | b"function" | b"observation" | b"tool_response" => Some(Role::Tool),
        _ => None,
    }
}

/// Reads the messages of one conversation. Nothing must be known to go on.
pub(super) struct MessageReader;

impl Reader for MessageReader {
    fn read(&mut self, row: Option<(Value<'_>, &mut Texts)>) -> Step {
        let known = row.and_then(|(row, texts)| Some((role(row)?, row, texts)));
        let Some((role, row, texts)) = known else { return Step { unknown: true, ..Step::default() } };
        let when = ["timestamp", "created_at", "time", "create_time", "date"];
        let mut step = Step { time: when.iter().find_map(|key| time(row.get(key)?)), ..Step::default() };
        let content = ["content", "value", "text"].iter().find_map(|key| row.get(key));
        let mut making = Making::default();
        match role {
            Role::Tool => {
                let id = ["tool_call_id", "call_id", "name"].iter().find_map(|key| string(row, key));
                let failed = row.get("is_error").is_some_and(|failed| failed.is_true());
                making.result(id, failed, content, texts);
                making.finish(Speaker::User, &mut step);
            }
            Role::User => {
                content.into_iter().for_each(|content| making.content(content, texts));
                making.finish(Speaker::User, &mut step);
            }
            Role::System => {
                content.into_iter().for_each(|content| making.content(content, texts));
                making.finish_notice(Speaker::System, &mut step);
            }
            Role::Assistant => {
                step.model =
                    string(row, "model").and_then(|model| model.str()).map(|model| model.into_owned());
                assistant(row, content, texts, &mut making);
                making.finish(Speaker::Assistant, &mut step);
            }
        }
        step
    }

    fn state(&self) -> Vec<u8> {
        Vec::new()
    }
}

/// What the model thinks, says and calls.
fn assistant(row: Value<'_>, content: Option<Value<'_>>, texts: &mut Texts, making: &mut Making) {
    let thought = ["reasoning_content", "reasoning", "thinking"].iter().find_map(|key| string(row, key));
    if let Some(thought) = thought.filter(|thought| !thought.raw().is_empty()) {
        making.thought(thought, None, texts);
    }
    content.into_iter().for_each(|content| making.content(content, texts));
    if let Some(refusal) = string(row, "refusal") {
        making.content(refusal, texts);
    }
    for call in row.get("tool_calls").into_iter().flat_map(|calls| calls.items()) {
        let what = call.get("function").unwrap_or(call);
        let input = what.get("arguments").or_else(|| what.get("input"));
        making.call(call.get("id"), what.get("name"), input, texts);
    }
    // Before there were several calls at once.
    if let Some(call) = row.get("function_call").filter(|call| call.kind() == Type::Object) {
        making.call(None, call.get("name"), call.get("arguments"), texts);
    }
}
