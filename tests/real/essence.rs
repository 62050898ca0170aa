//! What of a call must survive when it is told in another tool's words.

use serde_json::Value;

/// Tools that do the same, under the names that Claude Code and Codex have had
/// for them.
const ALIKE: &[&[&str]] = &[
    &["Bash", "exec_command", "shell_command", "shell", "local_shell"],
    &["Write", "Edit", "MultiEdit", "apply_patch"],
    &["Read", "view_image"],
    &["Agent", "Task", "spawn_agent"],
    &["TodoWrite", "update_plan"],
];

/// Whether the call `(name, input)` was carried over as `(new_name, new_input)`:
/// unchanged, or as a call of a like tool that holds the essence of its input.
pub(crate) fn carried(name: &str, input: &Value, new_name: &str, new_input: &Value) -> bool {
    if name == new_name {
        return unwrapped(input) == unwrapped(new_input);
    }
    let alike = ALIKE.iter().any(|names| names.contains(&name) && names.contains(&new_name));
    let held = strings(new_input).join("\n");
    alike && essence(name, input).iter().all(|text| held.contains(text))
}

/// Free text may be an object with one member, where only objects are allowed.
fn unwrapped(input: &Value) -> &Value {
    match input {
        Value::Object(map) if map.len() == 1 => map.values().find(|value| value.is_string()).unwrap_or(input),
        _ => input,
    }
}

/// The texts without which a call isn't the same call.
fn essence(name: &str, input: &Value) -> Vec<String> {
    match name {
        "Bash" => pick(input, &["command"]),
        "exec_command" => pick(input, &["cmd"]),
        "Write" | "Edit" => {
            let lines = pick(input, &["content", "old_string", "new_string"]);
            let lines = lines.iter().flat_map(|text| text.lines()).map(str::to_owned);
            lines.chain(file_name(input, "file_path")).collect()
        }
        "apply_patch" => patch_lines(unwrapped(input).as_str().unwrap_or_default()),
        "Read" => file_name(input, "file_path").into_iter().collect(),
        "view_image" => file_name(input, "path").into_iter().collect(),
        _ => strings(input),
    }
}

fn pick(input: &Value, keys: &[&str]) -> Vec<String> {
    keys.iter().filter_map(|key| input[*key].as_str()).map(str::to_owned).collect()
}

fn file_name(input: &Value, key: &str) -> Option<String> {
    input[key].as_str()?.rsplit('/').next().map(str::to_owned)
}

/// The lines that a patch adds or takes away, and the files that it names.
fn patch_lines(patch: &str) -> Vec<String> {
    let file = |line: &str| line.strip_prefix("*** ")?.split_once(" File: ").map(|(_, file)| file.to_owned());
    let line = |line: &str| line.strip_prefix(['+', '-']).map(str::to_owned).or_else(|| file(line));
    patch.lines().filter_map(line).collect()
}

/// Every string in a JSON value.
fn strings(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(map) => map.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}
