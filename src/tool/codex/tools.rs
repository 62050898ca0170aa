//! What calls do, by the names of tools; and how their outputs tell failure.

use crate::object::escape;
use crate::object::json::{Tape, Type};
use crate::object::message::{Action, Status};

/// What a tool of that name does. Threads that began in another tool hold
/// calls of tools that this one doesn't have.
pub(in crate::tool) fn action(name: &str) -> Action {
    match name {
        "shell" | "shell_command" | "exec_command" | "write_stdin" | "local_shell" | "unified_exec"
        | "container.exec" | "Bash" | "bash" | "run_shell_command" | "execute_command" => Action::Shell,
        "read_file" | "view_image" | "Read" | "read" | "view" | "read_many_files" | "NotebookRead" => {
            Action::Read
        }
        "Write" | "write" | "write_file" | "write_to_file" | "create_file" | "create" => Action::Write,
        "apply_patch" | "Edit" | "edit" | "MultiEdit" | "NotebookEdit" | "replace" | "str_replace"
        | "edit_file" | "replace_in_file" | "apply_diff" => Action::Edit,
        "grep_files"
        | "list_dir"
        | "file_search"
        | "Grep"
        | "grep"
        | "Glob"
        | "glob"
        | "LS"
        | "ls"
        | "list"
        | "list_directory"
        | "search_file_content"
        | "search_files"
        | "list_files" => Action::Search,
        "web_search" | "WebFetch" | "WebSearch" | "webfetch" | "websearch" | "web_fetch"
        | "google_web_search" => Action::Fetch,
        "spawn_agent" | "Task" | "Agent" | "task" => Action::Task,
        "update_plan" | "TodoWrite" | "todowrite" | "write_todos" => Action::Plan,
        _ => Action::Other,
    }
}

/// The members that name a call's file, whatever the tool calls it.
const PATHS: &[&str] = &["file_path", "path", "filePath", "absolute_path", "notebook_path", "target_file"];
const PATCH: &[u8] = b"*** Begin Patch";
/// Longer paths are none.
const PATH_MAX: usize = 4096;

/// The files that a call reads, writes or edits. `input` is its JSON, or the
/// text that it was given.
pub(super) fn files_of(action: Action, input: &[u8]) -> Vec<String> {
    let letter = match action {
        Action::Read => 'r',
        Action::Write => 'w',
        Action::Edit => 'e',
        // Patches are also applied through the shell.
        Action::Shell if memchr::memmem::find(input, PATCH).is_some() => 'e',
        _ => return Vec::new(),
    };
    let mut tape = Tape::default();
    if !input.trim_ascii_start().starts_with(b"{") || tape.read(input).is_none() {
        return patch_files(input);
    }
    let root = tape.root(input);
    let mut files: Vec<String> = Vec::new();
    if action != Action::Shell {
        let path = PATHS.iter().filter_map(|key| root.get(key)).find(|v| v.kind() == Type::String);
        let path = path.filter(|v| v.raw().len() <= PATH_MAX).and_then(|v| v.str());
        files.extend(path.filter(|p| !p.is_empty()).map(|path| format!("{letter}{path}")));
    }
    if letter == 'e' {
        for key in ["input", "patch", "command", "cmd"] {
            let Some(value) = root.get(key) else { continue };
            let texts = std::iter::once(value).chain(value.items()).filter_map(|v| v.bytes());
            files.extend(texts.flat_map(|text| patch_files(&text)));
        }
    }
    files
}

/// The files that a patch adds, changes, moves or deletes.
fn patch_files(patch: &[u8]) -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for at in memchr::memmem::find_iter(patch, b"*** ") {
        if at > 0 && patch.get(at - 1) != Some(&b'\n') {
            continue;
        }
        let rest = patch.get(at + 4..).unwrap_or_default();
        let line = rest.get(..memchr::memchr(b'\n', rest).unwrap_or(rest.len())).unwrap_or_default();
        let kinds: [(&[u8], char); 4] =
            [(b"Add File: ", 'w'), (b"Update File: ", 'e'), (b"Delete File: ", 'e'), (b"Move to: ", 'w')];
        let named = kinds.iter().find_map(|(kind, letter)| Some((line.strip_prefix(*kind)?, letter)));
        let Some((path, letter)) = named else { continue };
        let path = String::from_utf8_lossy(path.trim_ascii());
        let file = format!("{letter}{path}");
        if !path.is_empty() && path.len() <= PATH_MAX && !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// How much of an output is looked at, from its beginning and its end.
const LOOK: usize = 256;
/// How outputs begin of calls that came to nothing (0.40 to 0.169).
const FAILURES: &[&[u8]] = &[
    super::write::ERROR_MARK.as_bytes(),
    super::calls::INTERRUPTED.as_bytes(),
    b"aborted",
    b"apply_patch verification failed",
    b"collab spawn failed",
    b"exec command rejected by user",
    b"exec_command failed",
    b"execution error",
    b"failed in sandbox",
    b"failed to parse function arguments",
    b"patch rejected by user",
    b"unsupported call",
    b"write_stdin failed",
];

/// Whether an output tells of failure. Nothing but its text does.
#[derive(Default)]
pub(super) struct Failed(bool);

impl Failed {
    /// Takes note of a failure.
    pub(super) fn set(&mut self) {
        self.0 = true;
    }

    /// Looks at the text of an output, as written between its quotes.
    pub(super) fn look(&mut self, raw: &[u8]) {
        let head = escape::decode(raw.get(..raw.len().min(LOOK)).unwrap_or_default());
        self.0 |= tells_failure(&head) || raw.starts_with(b"{") && json_failed(raw);
    }

    pub(super) fn status(&self) -> Status {
        if self.0 { Status::Error } else { Status::Ok }
    }
}

/// Tells whether a text that begins so is that of a failed call.
pub(super) fn tells_failure(head: &[u8]) -> bool {
    if FAILURES.iter().any(|failure| head.starts_with(failure)) {
        return true;
    }
    // What the command printed comes after this line.
    let end = memchr::memmem::find(head, b"\nOutput:").unwrap_or(head.len());
    let head = head.get(..end).unwrap_or_default();
    let code = head.strip_prefix(b"Exit code: ").or_else(|| {
        let exec = head.starts_with(b"Chunk ID: ") || head.starts_with(b"Wall time: ");
        let at = memchr::memmem::find(head, b"\nProcess exited with code ").filter(|_| exec)?;
        head.get(at + 26..)
    });
    code.is_some_and(not_zero)
        || head.starts_with(b"Wall time: ") && memchr::memmem::find(head, b"aborted by user").is_some()
}

/// Up to 0.50: `{"output":"…","metadata":{"exit_code":1,…}}`, a string again.
fn json_failed(raw: &[u8]) -> bool {
    let tail = raw.get(raw.len().saturating_sub(LOOK)..).unwrap_or_default();
    let code = [b"\\\"exit_code\\\":".as_slice(), b"\"exit_code\":"]
        .into_iter()
        .find_map(|key| tail.get(memchr::memmem::rfind(tail, key)? + key.len()..));
    raw.starts_with(b"{\\\"output\\\":") && code.is_some_and(|code| not_zero(code.trim_ascii_start()))
}

/// Tells whether a number other than 0 stands there.
fn not_zero(text: &[u8]) -> bool {
    let digits = text.strip_prefix(b"-").unwrap_or(text);
    let end = digits.iter().position(|b| !b.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).is_some_and(|digits| digits.iter().any(|b| *b != b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_are_found_in_every_form() {
        let failed = |text: &str| {
            let mut failed = Failed::default();
            failed.look(text.as_bytes());
            failed.status() == Status::Error
        };
        for text in [
            r"Chunk ID: a\nWall time: 0.0 seconds\nProcess exited with code 2\nOutput:\nx",
            r"Exit code: 1\nWall time: 0 seconds\nOutput:\n",
            r#"{\"output\":\"x\",\"metadata\":{\"exit_code\":127,\"duration_seconds\":0.1}}"#,
            "exec command rejected by user",
            "unsupported call: nothing",
            r"Wall time: 6.4 seconds\naborted by user",
            r"[error]\nno",
        ] {
            assert!(failed(text), "{text}");
        }
        for text in [
            r"Chunk ID: a\nProcess exited with code 0\nOutput:\nProcess exited with code 1",
            r"Exit code: 0\nOutput:\n",
            r#"{\"output\":\"\\\"exit_code\\\":1\",\"metadata\":{\"exit_code\":0,\"duration_seconds\":0.1}}"#,
            r"he said\nProcess exited with code 1",
            r#"{\"exit_code\":1}"#,
            "",
        ] {
            assert!(!failed(text), "{text}");
        }
    }

    #[test]
    fn files_of_calls() {
        let patch = "*** Begin Patch\n*** Add File: a b.txt\n+*** Add File: no\n*** Update File: c\n*** Move to: d\n@@\n-x\n+y\n*** Delete File: e\n*** End Patch\n";
        let files = ["wa b.txt", "ec", "wd", "ee"];
        assert_eq!(files_of(Action::Edit, patch.as_bytes()), files);
        let shell = serde_json::json!({ "command": ["apply_patch", patch] }).to_string();
        assert_eq!(files_of(Action::Shell, shell.as_bytes()), files);
        assert_eq!(files_of(Action::Read, br#"{"path":"/p\u002Fq","x":1}"#), ["r/p/q"]);
        assert_eq!(files_of(Action::Edit, br#"{"file_path":"x","old":"y"}"#), ["ex"]);
        assert!(files_of(Action::Shell, br#"{"cmd":"ls"}"#).is_empty());
        assert!(files_of(Action::Read, b"{\"path\":7}").is_empty());
    }
}
