//! What the tools of Cline (2.18.0, 3.0.65) and Roo Code (3.52.1) do.

use crate::object::json::Value;
use crate::object::message::Action;
use crate::tool::step;

/// What a tool does.
pub(super) fn action(name: &str) -> Action {
    match name {
        "execute_command" | "read_command_output" | "run_commands" => Action::Shell,
        "read_file" | "read_files" | "simple_read_file" => Action::Read,
        "write_to_file" | "new_rule" => Action::Write,
        "apply_diff" | "apply_patch" | "edit" | "edit_file" | "editor" | "insert_content"
        | "multi_apply_diff" | "replace_in_file" | "search_and_replace" | "search_replace" => Action::Edit,
        "codebase_search"
        | "list_code_definition_names"
        | "list_files"
        | "search_codebase"
        | "search_files" => Action::Search,
        "browser_action" | "fetch_web_content" | "web_fetch" | "web_search" => Action::Fetch,
        "new_task" | "spawn_agent" | "team_spawn_teammate" | "use_subagents" => Action::Task,
        "update_todo_list" => Action::Plan,
        _ => Action::Other,
    }
}

/// Tools that are called in text, as XML, by models that have no calls.
pub(super) fn is_in_text(name: &str) -> bool {
    action(name) != Action::Other
        || matches!(
            name,
            "access_mcp_resource"
                | "ask_followup_question"
                | "attempt_completion"
                | "condense"
                | "fetch_instructions"
                | "load_mcp_documentation"
                | "plan_mode_respond"
                | "report_bug"
                | "run_slash_command"
                | "summarize_task"
                | "switch_mode"
                | "use_mcp_tool"
        )
}

/// The file that a call in text reads, writes or edits.
pub(super) fn file_in_text(name: &str, path: Option<&str>) -> Option<String> {
    step::file(action(name), path?)
}

/// The files that a call reads, writes or edits: a letter and a path.
pub(super) fn files(name: &str, input: Value<'_>) -> Vec<String> {
    // The editor writes the whole file where it is given no text to replace.
    let whole = name == "editor" && input.get("old_text").is_none();
    let action = if whole { Action::Write } else { action(name) };
    let listed = input.get("files").into_iter().flat_map(|files| files.items());
    let one = std::iter::once(input).chain(listed);
    one.filter_map(|value| value.string("path").or_else(|| value.string("file_path")))
        .filter_map(|path| step::file(action, &path))
        .collect()
}
