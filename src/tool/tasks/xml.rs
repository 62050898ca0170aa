//! Calls that a model writes into its text, and the results that are given
//! back as text: how models without calls of their own use tools.
//!
//! A call is one only if it is exact: the last thing said, of a tool that is
//! known, nothing in it but parameters. Else it stays text.

use super::names::is_in_text;
use crate::tool::turns::quoted;

/// The most parameters of a call.
const PARAMETERS: usize = 16;
/// The longest name of a tool or a parameter.
const NAME: usize = 64;
/// How far the head of a result may reach.
const HEAD: usize = 4096;

/// A call found at the end of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call<'t> {
    /// What is said before it.
    pub(super) before: &'t str,
    /// The name of the tool.
    pub(super) name: &'t str,
    /// The parameters, in order, as they are given to the tool.
    pub(super) parameters: Vec<(&'t str, &'t str)>,
}

impl Call<'_> {
    /// The parameters as an object.
    pub(super) fn input(&self) -> String {
        let members = self.parameters.iter().map(|(name, value)| format!("\"{name}\":{}", quoted(value)));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// A parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// The call at the end of a text.
pub(super) fn call(text: &str) -> Option<Call<'_>> {
    let whole = text.trim_end();
    let close = whole.strip_suffix('>')?.rfind("</")?;
    let name = whole.get(close + 2..whole.len() - 1)?;
    if !is_name(name) || !is_in_text(name) {
        return None;
    }
    // The first one that begins a line: what it writes may hold others.
    let open = format!("<{name}>");
    let at = text.match_indices(&open).map(|(at, _)| at).find(|at| {
        let line = text.get(..*at).unwrap_or_default().trim_end_matches([' ', '\t']);
        line.is_empty() || line.ends_with('\n')
    })?;
    let parameters = parameters(whole.get(at + open.len()..close)?, PARAMETERS)?;
    Some(Call { before: text.get(..at)?.trim_end(), name, parameters })
}

fn is_name(name: &str) -> bool {
    (1..=NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

/// Reads parameters to the end; `None` if anything else is there.
fn parameters(text: &str, most: usize) -> Option<Vec<(&str, &str)>> {
    let text = text.trim_start();
    if text.is_empty() {
        return Some(Vec::new());
    }
    let (name, rest) = text.strip_prefix('<')?.split_once('>')?;
    if most == 0 || !is_name(name) {
        return None;
    }
    let close = format!("</{name}>");
    // What is written to a file may hold the end of the parameter itself.
    for end in [rest.find(&close)?, rest.rfind(&close)?] {
        if let Some(mut after) = parameters(rest.get(end + close.len()..)?, most - 1) {
            after.insert(0, (name, value(name, rest.get(..end)?)));
            return Some(after);
        }
    }
    None
}

/// A parameter as the tool is given it: without white space around, of a
/// file's content only without the line ends next to the tags.
fn value<'t>(name: &str, raw: &'t str) -> &'t str {
    if !matches!(name, "content" | "diff") {
        return raw.trim();
    }
    let raw = raw.strip_prefix('\n').unwrap_or(raw);
    raw.strip_suffix('\n').unwrap_or(raw)
}

/// What a text gives as the result of a call: `[read_file for 'a.rs'] Result:`
/// and what follows it.
pub(super) fn result(text: &str) -> Option<&str> {
    let inside = text.strip_prefix('[')?;
    let name = inside.split([' ', ']']).next()?;
    if !is_name(name) || !is_in_text(name) {
        return None;
    }
    let at = inside.find("] Result:").filter(|at| *at <= HEAD)?;
    let rest = inside.get(at + "] Result:".len()..)?;
    Some(rest.strip_prefix('\n').unwrap_or(rest))
}

/// Tells whether a result says that the call failed.
pub(super) fn is_failure(result: &str) -> bool {
    result.starts_with("The tool execution failed with the following error:")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exact_calls_are_found() {
        let text = "Let me look.\n\n<read_file>\n<path>a b.rs</path>\n</read_file>\n";
        let found = call(text).unwrap();
        assert_eq!((found.before, found.name), ("Let me look.", "read_file"));
        assert_eq!(found.input(), r#"{"path":"a b.rs"}"#);
        assert_eq!(found.parameter("path"), Some("a b.rs"));

        let text = "<write_to_file>\n<path>x</path>\n<content>\n<content>é\"</content>\n  y\n</content>\n<line_count>2</line_count>\n</write_to_file>";
        let found = call(text).unwrap();
        assert_eq!(found.parameter("content"), Some("<content>é\"</content>\n  y"));
        assert_eq!(found.parameter("line_count"), Some("2"));
        assert_eq!(call("<list_files></list_files>").unwrap().parameters, []);
    }

    #[test]
    fn what_is_not_exact_is_text() {
        for text in [
            "",
            "</read_file>",
            "<read_file>\n<path>a</path>\n</read_file> and then",
            "<read_file>\n<path>a</path> b\n</read_file>",
            "<read_file>\n<path>a\n</read_file>",
            "<read_file><Path>a</Path></read_file>",
            "<made_up>\n<path>a</path>\n</made_up>",
            "use <read_file>\n<path>a</path>\n</read_file>",
            "<a></a></read_file>",
        ] {
            assert_eq!(call(text), None, "{text}");
        }
    }

    #[test]
    fn results_are_known_by_their_heads() {
        assert_eq!(result("[read_file for 'a] b'] Result:\n1 | x"), Some("1 | x"));
        assert_eq!(result("[list_files for 'src'] Result:"), Some(""));
        assert_eq!(result("[attempt_completion] Result:\nyes"), Some("yes"));
        assert_eq!(result("[made_up] Result:\nyes"), None);
        assert_eq!(result("[read_file for 'a']"), None);
        assert!(is_failure("The tool execution failed with the following error:\n<error>\nno\n</error>"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(<|>|/|read_file|path|content|\n| |x|é){0,24}") {
            let _ = (call(&text), result(&text), super::super::text::kind(&text));
        }
    }
}
