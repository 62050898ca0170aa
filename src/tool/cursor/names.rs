//! What the tool calls its tools.

use crate::object::message::Action;

/// What stands before the name of a call that another tool made, in sessions
/// that were written for this one: as one of an MCP server, which is how tools that
/// are not its own are called in it.
pub(super) const FOREIGN: &str = "mcp_sfs_";

/// What a tool does. The older IDE has names of its own; those of other tools
/// come with sessions that were written for this one.
pub(super) fn action(name: &str) -> Action {
    match name {
        "Bash" | "shell" | "exec_command" | "run_shell_command" => Action::Shell,
        "Edit" | "MultiEdit" | "replace" => Action::Edit,
        "Shell" | "run_terminal_cmd" | "run_terminal_command" | "run_terminal_command_v2" => Action::Shell,
        "Read" | "read_file" | "read_file_v2" | "ReadLints" | "read_lints" => Action::Read,
        "Write" | "write" | "create_file" | "write_file" => Action::Write,
        "StrReplace" | "MultiStrReplace" | "EditNotebook" | "ApplyPatch" | "Delete" | "edit_file"
        | "edit_file_v2" | "search_replace" | "multi_edit" | "edit_notebook" | "apply_patch" | "reapply"
        | "delete_file" => Action::Edit,
        "Grep"
        | "Glob"
        | "LS"
        | "SemanticSearch"
        | "grep"
        | "grep_search"
        | "ripgrep"
        | "ripgrep_search"
        | "ripgrep_raw_search"
        | "glob_file_search"
        | "file_search"
        | "codebase_search"
        | "semantic_search_full"
        | "list_dir"
        | "list_dir_v2" => Action::Search,
        "WebSearch" | "WebFetch" | "Fetch" | "web_search" | "web_fetch" | "fetch" | "fetch_rules" => {
            Action::Fetch
        }
        "Task" | "task" | "task_v2" => Action::Task,
        "TodoWrite" | "CreatePlan" | "todo_write" | "create_plan" | "update_todos" => Action::Plan,
        _ => Action::Other,
    }
}
