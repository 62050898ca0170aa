//! Messages as text and as JSON.

use serde_json::{Value, json};

use super::clean::{clean, clean_text, shorten};
use crate::object::{Action, Role};
use crate::ops::show::{Piece, Shown};

/// The width to which what is folded is cut.
const WIDTH: usize = 100;

/// Who speaks, in a word.
pub fn role(role: Role) -> &'static str {
    match role {
        Role::User => "user",
        Role::Assistant => "assistant",
        Role::System => "system",
    }
}

/// What a message says, as text. What tools were given, what they gave and
/// what was thought is folded into a line each, unless `full`.
pub fn text(shown: &Shown, full: bool) -> String {
    let pieces = shown.pieces.iter().map(|piece| piece_text(piece, full));
    pieces.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n")
}

/// What a piece says, as text.
pub(super) fn piece_text(piece: &Piece, full: bool) -> String {
    match piece {
        Piece::Text(text) => clean_text(text).trim_end().to_owned(),
        Piece::Thinking(text) if text.trim().is_empty() => "~ thought".to_owned(),
        Piece::Thinking(text) => folded("~", text, full),
        Piece::Call { name, input, is_json, .. } => call(name, input, *is_json, full),
        Piece::Result { failed, parts, .. } => {
            let parts: Vec<String> = parts.iter().map(|part| piece_text(part, true)).collect();
            let mark = if *failed { "! failed:" } else { "<" };
            folded(mark, &parts.join("\n"), full)
        }
        Piece::Image(picture) => format!("[image: {}, {} bytes]", clean(&picture.media), picture.len),
        Piece::File(media, name, len) => format!("[file: {} {}, {len} bytes]", clean(name), clean(media)),
        Piece::Summary(text) => folded("= summary:", text, full),
        Piece::Notice(text) => folded("*", text, full),
        Piece::Other(value) => folded("?", value, full),
    }
}

/// The first line and how many follow; all of them, indented, if `full`.
fn folded(mark: &str, text: &str, full: bool) -> String {
    let text = clean_text(text);
    let mut lines = text.trim().lines();
    let first = lines.next().unwrap_or("(nothing)");
    let more = lines.clone().count();
    if full {
        let rest: String = lines.map(|line| format!("\n  {line}")).collect();
        return format!("{mark} {first}{rest}");
    }
    match more {
        0 => format!("{mark} {}", shorten(first, WIDTH)),
        n => format!("{mark} {} (+{n} {})", shorten(first, WIDTH), if n == 1 { "line" } else { "lines" }),
    }
}

fn call(name: &str, input: &str, is_json: bool, full: bool) -> String {
    let name = clean(name);
    let value: Option<Value> = is_json.then(|| serde_json::from_str(input).ok()).flatten();
    match (&value, full) {
        (Some(value), true) => {
            let pretty = serde_json::to_string_pretty(value).unwrap_or_default();
            folded(&format!("> {name}"), &pretty, true)
        }
        (Some(value), false) => format!("> {name} {}", shorten(&gist(value, input), WIDTH)),
        (None, full) => folded(&format!("> {name}"), input, full),
    }
}

/// What tells most of a call's input.
pub(super) fn gist(value: &Value, input: &str) -> String {
    const TELLING: &[&str] =
        &["command", "cmd", "file_path", "path", "pattern", "query", "url", "description", "prompt"];
    for key in TELLING {
        match value.get(key) {
            Some(Value::String(text)) if !text.is_empty() => return text.clone(),
            Some(Value::Array(words)) if words.iter().all(Value::is_string) => {
                return words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" ");
            }
            _ => {}
        }
    }
    input.to_owned()
}

/// A message as JSON.
pub fn json(shown: &Shown) -> Value {
    json!({
        "id": shown.id.to_string(),
        "n": shown.n,
        "turn": shown.turn,
        "begins_turn": shown.begins_turn,
        "role": role(shown.role),
        "time": super::json::time(shown.time),
        "tool": shown.tool,
        "model": shown.model,
        "usage": super::json::usage(&shown.usage),
        "files": super::json::files(&shown.files),
        "blocks": shown.pieces.iter().map(piece_json).collect::<Vec<_>>(),
    })
}

fn piece_json(piece: &Piece) -> Value {
    let value = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    match piece {
        Piece::Text(text) => json!({"type": "text", "text": text}),
        Piece::Thinking(text) => json!({"type": "thinking", "text": text}),
        Piece::Call { name, action, input, is_json } => {
            let input = if *is_json { value(input) } else { Value::String(input.clone()) };
            json!({"type": "call", "name": name, "action": action_name(*action), "input": input})
        }
        Piece::Result { call, failed, parts } => json!({
            "type": "result", "call": call, "status": if *failed { "error" } else { "ok" },
            "parts": parts.iter().map(piece_json).collect::<Vec<_>>(),
        }),
        Piece::Image(picture) => {
            json!({"type": "image", "media_type": picture.media, "bytes": picture.len})
        }
        Piece::File(media, name, len) => {
            json!({"type": "file", "media_type": media, "name": name, "bytes": len})
        }
        Piece::Summary(text) => json!({"type": "summary", "text": text}),
        Piece::Notice(text) => json!({"type": "notice", "text": text}),
        Piece::Other(text) => json!({"type": "other", "value": value(text)}),
    }
}

fn action_name(action: Action) -> &'static str {
    match action {
        Action::Other => "other",
        Action::Shell => "shell",
        Action::Read => "read",
        Action::Write => "write",
        Action::Edit => "edit",
        Action::Search => "search",
        Action::Fetch => "fetch",
        Action::Task => "task",
        Action::Plan => "plan",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Status;
    use crate::ops::sample::{Sample, calls, gives, says};
    use crate::ops::show;

    #[test]
    fn calls_are_folded_and_unfolded_and_harmless() {
        let mut sample = Sample::new();
        let prompt = sample.commit(None, Some("go"), Some(says(Role::User, "go\x1b[2J")), &[]);
        let call = sample.commit(Some(prompt), None, Some(calls("ls -l\x1b]0;x\x07")), &["r/a"]);
        let result = sample.commit(Some(call), None, Some(gives("one\ntwo\nthree", Status::Error)), &[]);
        let ids = show::turn(&sample.store, result).unwrap();
        let shown: Vec<Shown> =
            ids.into_iter().filter_map(|id| show::message(&sample.store, id).unwrap()).collect();
        let texts = |full| shown.iter().map(|s| text(s, full)).collect::<Vec<_>>();
        assert_eq!(texts(false), ["go[2J", "> Bash ls -l ]0;x", "! failed: one (+2 lines)"]);
        let full = texts(true);
        assert!(full[1].contains("\"command\"") && full[2].ends_with("one\n  two\n  three"), "{full:?}");
        let json = json(&shown[1]);
        assert_eq!(json["blocks"][0]["input"]["command"], "ls -l\x1b]0;x\x07");
        assert_eq!(json["files"][0]["path"], "/a");
    }
}
