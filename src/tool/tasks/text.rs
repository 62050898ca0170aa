//! Texts that stand as the user's: what a person wrote, and what the extension
//! put around it and beside it (Cline 2.18.0, Roo Code 3.52.1).

/// How texts begin that no person wrote.
const NOTICES: &[&str] = &[
    "<environment_details>",
    "<explicit_instructions",
    "<file_content",
    "<folder_content",
    "<git_commit",
    "<git_working_state>",
    "<terminal_output>",
    "<url_content",
    "<workspace_diagnostics>",
    "# task_progress",
    "# TODO LIST",
    "# Todo List",
    "[ERROR]",
    "[NOTE]",
    "[TASK RESUMPTION]",
];

/// What may stand before what a person wrote.
const BEFORE: &[&str] = &[
    "",
    "New instructions for task continuation:\n",
    "New message to respond to with plan_mode_respond tool (be sure to provide your response in the <response> parameter):\n",
    "The user has provided feedback on the results. Consider their input to continue the task, and then attempt completion again.\n",
];

/// What is put around what a person wrote.
const AROUND: &[&str] = &["task", "user_message", "feedback", "answer"];

/// What a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind<'t> {
    /// What a person wrote in it, and what follows that.
    Wrapped(&'t str, &'t str),
    /// Something that the extension put in.
    Notice,
    /// Neither is known.
    Plain,
}

/// Tells what a text is.
pub(super) fn kind(text: &str) -> Kind<'_> {
    if let Some((words, rest)) = wrapped(text) {
        return Kind::Wrapped(words, rest);
    }
    let begins = text.trim_start();
    if NOTICES.iter().any(|notice| begins.starts_with(notice)) { Kind::Notice } else { Kind::Plain }
}

/// What a person wrote, if it is wrapped as the extensions do, exactly.
pub(super) fn wrapped(text: &str) -> Option<(&str, &str)> {
    for tag in AROUND {
        let open = format!("<{tag}>\n");
        let Some(inside) = BEFORE.iter().find_map(|before| text.strip_prefix(before)?.strip_prefix(&open))
        else {
            continue;
        };
        let close = format!("\n</{tag}>");
        // What is mentioned in the words is put after them.
        let end = inside.match_indices(&close).map(|(at, _)| at).find(|at| {
            let rest = inside.get(at + close.len()..).unwrap_or_default();
            rest.trim().is_empty() || rest.starts_with("\n\n<")
        })?;
        return Some((inside.get(..end)?, inside.get(end + close.len()..)?));
    }
    None
}

/// The working directory that environment details tell.
pub(super) fn directory(details: &str) -> Option<&str> {
    let heads = ["# Current Working Directory (", "# Current Workspace Directory ("];
    let rest = heads.iter().find_map(|head| Some(details.split_once(head)?.1))?;
    let line = rest.lines().next()?;
    let end = line.rfind(") Files").or_else(|| line.rfind(')'))?;
    line.get(..end).filter(|cwd| !cwd.is_empty())
}

/// The model that environment details tell (Roo Code).
pub(super) fn model(details: &str) -> Option<&str> {
    let name = details.split_once("\n<model>")?.1.split_once("</model>")?.0;
    Some(name).filter(|name| !name.is_empty() && name.len() <= 128)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_wrote_is_told_from_what_is_around_it() {
        assert_eq!(kind("<task>\nfix\nit\n</task>"), Kind::Wrapped("fix\nit", ""));
        assert_eq!(
            kind("<task>\nsee </task> 'a'\n</task>\n\n<file_content path=\"a\">\nx\n</file_content>"),
            Kind::Wrapped("see </task> 'a'", "\n\n<file_content path=\"a\">\nx\n</file_content>")
        );
        let resumed = "New instructions for task continuation:\n<user_message>\ngo on\n</user_message>";
        assert_eq!(kind(resumed), Kind::Wrapped("go on", ""));
        // Not closed, or closed in the middle: it is left as it is.
        assert_eq!(kind("<task>\nfix"), Kind::Plain);
        assert_eq!(kind("<task>\na\n</task> b"), Kind::Plain);
        assert_eq!(kind("say <task>\na\n</task>"), Kind::Plain);
        assert_eq!(kind("\n# task_progress RECOMMENDED\n"), Kind::Notice);
        assert_eq!(kind("<environment_details>\n…"), Kind::Notice);
        assert_eq!(kind("hello"), Kind::Plain);
    }

    #[test]
    fn details_tell_where_and_who() {
        let details = "# Current Mode\n<slug>code</slug>\n<model>claude-x</model>\n\n# Current Workspace Directory (/w/a (b)) Files\nx (y)\n";
        assert_eq!((directory(details), model(details)), (Some("/w/a (b)"), Some("claude-x")));
        assert_eq!((directory("# Current Time"), model("a <model>b")), (None, None));
        assert_eq!(directory("# Current Working Directory (f:/Develop/x) Files\n"), Some("f:/Develop/x"));
    }
}
