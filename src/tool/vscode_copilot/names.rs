//! Names: what tools do, which files they touch, and where URIs lead.

use crate::object::json::{Type, Value};
use crate::object::message::Action;
use crate::tool::step;

/// What the extension's tools do, by the names that the model knows and by
/// those that the editor does (`src/extension/tools/common/toolNames.ts`).
pub(super) fn action(name: &str) -> Action {
    match name {
        "run_in_terminal"
        | "copilot_runInTerminal"
        | "run_task"
        | "create_and_run_task"
        | "runTests"
        | "run_tests"
        | "copilot_runTests1"
        | "copilot_createAndRunTask"
        | "get_terminal_output"
        | "send_to_terminal" => Action::Shell,
        "read_file" | "copilot_readFile" | "view_image" | "copilot_viewImage" => Action::Read,
        "create_file" | "copilot_createFile" => Action::Write,
        "insert_edit_into_file"
        | "copilot_insertEdit"
        | "replace_string_in_file"
        | "copilot_replaceString"
        | "multi_replace_string_in_file"
        | "copilot_multiReplaceString"
        | "apply_patch"
        | "copilot_applyPatch"
        | "edit_notebook_file"
        | "copilot_editNotebook"
        | "vscode_editFile_internal"
        | "textEditGroup"
        | "notebookEditGroup" => Action::Edit,
        "grep_search"
        | "copilot_findTextInFiles"
        | "file_search"
        | "copilot_findFiles"
        | "semantic_search"
        | "copilot_searchCodebase"
        | "list_dir"
        | "copilot_listDirectory"
        | "list_code_usages"
        | "copilot_listCodeUsages"
        | "vscode_listCodeUsages" => Action::Search,
        "fetch_webpage"
        | "copilot_fetchWebPage"
        | "vscode_fetchWebPage_internal"
        | "github_repo"
        | "copilot_githubRepo" => Action::Fetch,
        "runSubagent" | "search_subagent" | "execution_subagent" => Action::Task,
        "manage_todo_list" => Action::Plan,
        _ => Action::Other,
    }
}

/// The files that a call touches.
pub(super) fn files(name: &str, arguments: Value<'_>, files: &mut Vec<String>) {
    let action = action(name);
    let mut add = |action: Action, path: &str| {
        let file = step::file(action, path).filter(|file| !files.contains(file));
        files.extend(file);
    };
    let many = arguments.get("replacements").into_iter().flat_map(|list| list.items());
    for at in std::iter::once(arguments).chain(many) {
        if let Some(path) = at.string("filePath") {
            add(action, &path);
        }
    }
    let patch =
        arguments.string("input").filter(|_| name.ends_with("apply_patch") || name.ends_with("applyPatch"));
    for line in patch.iter().flat_map(|patch| patch.lines()) {
        const HEADS: [(&str, Action); 3] = [
            ("*** Add File: ", Action::Write),
            ("*** Update File: ", Action::Edit),
            ("*** Delete File: ", Action::Edit),
        ];
        if let Some((path, action)) =
            HEADS.iter().find_map(|(head, action)| Some((line.strip_prefix(head)?, *action)))
        {
            add(action, path.trim());
        }
    }
}

/// The path of a URI as the editor keeps it: an object, alone or with a range or
/// a name around it, or a string.
pub(super) fn path_of(uri: Value<'_>) -> Option<String> {
    if uri.kind() == Type::String {
        let text = uri.str()?;
        return crate::tool::uri::path_anywhere(&text).or_else(|| Some(text.into_owned()));
    }
    let inner = ["uri", "location"].into_iter().find_map(|key| uri.get(key));
    match inner {
        Some(inner) if uri.get("path").is_none() => {
            let inner = inner.get("uri").unwrap_or(inner);
            inner.string("fsPath").or_else(|| inner.string("path"))
        }
        _ => uri.string("fsPath").or_else(|| uri.string("path")),
    }
    .filter(|path| !path.is_empty())
}
