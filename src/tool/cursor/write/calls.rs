//! Calls as steps of a turn, `agent.v1.ToolCall`: for the user's eyes.

use serde_json::Value;

use super::super::names;
use super::super::wire::Message;
use crate::object::message::Action;

/// A call with what came of it.
#[derive(Clone, Debug)]
pub(super) struct Shown<'a> {
    pub(super) id: &'a str,
    /// The name without what marks it as another tool's.
    pub(super) name: &'a str,
    /// What it was given, as JSON.
    pub(super) input: &'a str,
    pub(super) output: &'a str,
    pub(super) failed: bool,
    pub(super) cwd: &'a str,
}

/// The step of a call. What has a form of its own for a command, a file that is
/// read or a file that is written gets that; all else is a call to an MCP server.
pub(super) fn step(call: &Shown<'_>) -> Message {
    let input: Value = serde_json::from_str(call.input).unwrap_or_default();
    let text = |keys: &[&str]| keys.iter().find_map(|key| input.get(key)?.as_str().map(str::to_owned));
    let path = || text(&["path", "file_path", "target_file"]);
    let body = match names::action(call.name) {
        Action::Shell => text(&["command", "cmd"]).map(|command| shell(call, &command)),
        Action::Read => path().map(|path| read(call, &path)),
        Action::Write => {
            path().zip(text(&["contents", "content"])).map(|(path, content)| edit(call, &path, &content))
        }
        _ => None,
    };
    let body = body.unwrap_or_else(|| mcp(call, &input));
    Message::new().bytes(2, body.bytes(57, call.id))
}

fn shell(call: &Shown<'_>, command: &str) -> Message {
    let args = Message::new().bytes(1, command).bytes(2, call.cwd).bytes(4, call.id);
    let ran = Message::new().bytes(1, command).bytes(2, call.cwd);
    let result = match call.failed {
        true => Message::new().bytes(2, ran.number(3, 1).bytes(6, call.output)),
        false => Message::new().bytes(1, ran.number(3, 0).bytes(5, call.output)),
    };
    Message::new().bytes(1, Message::new().bytes(1, args).bytes(2, result))
}

fn read(call: &Shown<'_>, path: &str) -> Message {
    let result = match call.failed {
        true => Message::new().bytes(2, Message::new().bytes(1, call.output)),
        false => Message::new().bytes(1, Message::new().bytes(1, call.output).bytes(7, path)),
    };
    Message::new().bytes(8, Message::new().bytes(1, Message::new().bytes(1, path)).bytes(2, result))
}

fn edit(call: &Shown<'_>, path: &str, content: &str) -> Message {
    let result = match call.failed {
        true => Message::new().bytes(7, Message::new().bytes(1, path).bytes(2, call.output)),
        false => {
            let lines = content.lines().count() as u64;
            let done = Message::new().bytes(1, path).number(3, lines).bytes(7, content).bytes(8, call.output);
            Message::new().bytes(1, done)
        }
    };
    let args = Message::new().bytes(1, path).bytes(6, content);
    Message::new().bytes(12, Message::new().bytes(1, args).bytes(2, result))
}

fn mcp(call: &Shown<'_>, input: &Value) -> Message {
    let mut args = Message::new().bytes(1, call.name);
    for (key, given) in input.as_object().into_iter().flatten() {
        args = args.bytes(2, Message::new().bytes(1, key).bytes(2, value(given)));
    }
    let args = args.bytes(3, call.id).bytes(4, "sfs").bytes(5, call.name);
    let result = match call.failed {
        true => Message::new().bytes(2, Message::new().bytes(1, call.output)),
        false => {
            let text = Message::new().bytes(1, Message::new().bytes(1, call.output));
            Message::new().bytes(1, Message::new().bytes(1, text))
        }
    };
    Message::new().bytes(15, Message::new().bytes(1, args).bytes(2, result))
}

/// A `google.protobuf.Value`. JSON from a conversation is not nested deeper
/// than serde reads it.
fn value(json: &Value) -> Message {
    match json {
        Value::Null => Message::new().number(1, 0),
        Value::Bool(flag) => Message::new().number(4, u64::from(*flag)),
        Value::Number(number) => Message::new().double(2, number.as_f64().unwrap_or_default()),
        Value::String(text) => Message::new().bytes(3, text),
        Value::Object(members) => {
            let fields = members.iter().fold(Message::new(), |fields, (key, member)| {
                fields.bytes(1, Message::new().bytes(1, key).bytes(2, value(member)))
            });
            Message::new().bytes(5, fields)
        }
        Value::Array(items) => {
            let list = items.iter().fold(Message::new(), |list, item| list.bytes(1, value(item)));
            Message::new().bytes(6, list)
        }
    }
}
