//! The conversation that goes everywhere: unicode, several lines, parallel
//! calls, an error, a picture, an edited file, a thought, a subagent.

use std::path::Path;

use serde_json::{Value, json};

const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAIAAABLbSncAAAAEklEQVR4nGP4z8CAFWEXHbQSACj/P8Fu7N9hAAAAAElFTkSuQmCC";

/// Its rows, as Claude Code writes them.
pub(crate) fn transcript(cwd: &Path) -> String {
    let user = |content: Value| json!({"role": "user", "content": content});
    let results = |results: Vec<Value>| json!({"role": "user", "content": results});
    let says = [
        user(json!("Grüße, 世界 👋\nsecond line\n\ttabbed, with \"quotes\" and a \\ backslash")),
        assistant(
            1,
            json!([
                {"type": "thinking", "thinking": "two things at once", "signature": "c2ln"},
                {"type": "text", "text": "I look at both."},
                {"type": "tool_use", "id": "toolu_1", "name": "Read", "input": {"file_path": "/w/a.rs"}},
                {"type": "tool_use", "id": "toolu_2", "name": "Bash", "input": {"command": "cargo test", "description": "Run"}},
            ]),
        ),
        results(vec![
            json!({"type": "tool_result", "tool_use_id": "toolu_1", "content": "fn main() {}\n"}),
            json!({"type": "tool_result", "tool_use_id": "toolu_2", "is_error": true, "content": "error[E0308]: größer"}),
        ]),
        assistant(
            3,
            json!([
                {"type": "text", "text": "I mend it."},
                {"type": "tool_use", "id": "toolu_3", "name": "Edit", "input":
                    {"file_path": "/w/a.rs", "old_string": "fn main() {}", "new_string": "fn main() {\n    go();\n}"}},
            ]),
        ),
        results(vec![
            json!({"type": "tool_result", "tool_use_id": "toolu_3", "content": "The file was changed."}),
        ]),
        assistant(5, json!([{"type": "text", "text": "Done."}])),
        user(json!([
            {"type": "text", "text": "And what is in this picture?"},
            {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}},
        ])),
        assistant(
            7,
            json!([
                {"type": "tool_use", "id": "toolu_4", "name": "Task", "input":
                    {"description": "look", "prompt": "Look at the picture", "subagent_type": "general-purpose"}},
            ]),
        ),
        results(vec![json!({"type": "tool_result", "tool_use_id": "toolu_4", "content":
            [{"type": "text", "text": "The subagent says: a red square."}]})]),
        assistant(9, json!([{"type": "text", "text": "A red square.\n\nThat is all."}])),
        user(json!("/not a command, and ends with a space ")),
        assistant(11, json!([{"type": "text", "text": "Understood."}])),
    ];
    says.iter().enumerate().map(|(n, message)| format!("{}\n", row(n, cwd, message))).collect()
}

fn assistant(n: usize, content: Value) -> Value {
    json!({
        "id": format!("msg_{n}"), "type": "message", "role": "assistant", "model": "claude-x", "content": content,
        "usage": {"input_tokens": 10, "cache_creation_input_tokens": 1, "cache_read_input_tokens": 100, "output_tokens": 5},
    })
}

fn row(n: usize, cwd: &Path, message: &Value) -> Value {
    let parent = n.checked_sub(1).map(|n| format!("00000000-0000-4000-8000-{n:012}"));
    json!({
        "parentUuid": parent, "isSidechain": false, "type": message["role"], "message": message,
        "uuid": format!("00000000-0000-4000-8000-{n:012}"), "timestamp": format!("2026-01-01T00:{n:02}:00.000Z"),
        "cwd": cwd, "sessionId": "01a20212-a86f-4d30-8a34-f1999c4bbe7a", "version": "2.1.330",
    })
}
