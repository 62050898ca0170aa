//! The one setting that a session must agree with.

use std::path::Path;

/// What is used when nothing is configured.
const DEFAULT: &str = "openai";
/// A longer configuration is not looked through.
const CONFIG_MAX: u64 = 4 << 20;

/// The name of the model provider in `config.toml` of the tool's folder. A
/// session of a provider that isn't configured is not resumed, and one that
/// names none is locked in the picker (0.169).
pub(super) fn model_provider(root: &Path) -> String {
    let path = root.join("config.toml");
    let short = std::fs::metadata(&path).is_ok_and(|meta| meta.is_file() && meta.len() <= CONFIG_MAX);
    let text = if short { std::fs::read_to_string(&path).unwrap_or_default() } else { String::new() };
    find(&text).unwrap_or_else(|| DEFAULT.to_owned())
}

/// The top-level string `model_provider`. Tables follow the top level, and a
/// string over several lines is passed over.
fn find(toml: &str) -> Option<String> {
    let mut open: Option<&str> = None;
    for line in toml.lines() {
        if let Some(quotes) = open {
            if line.contains(quotes) {
                open = None;
            }
            continue;
        }
        let line = line.trim_start();
        if line.starts_with('[') {
            return None;
        }
        let Some((key, value)) = line.split_once('=') else { continue };
        let key = key.trim().trim_matches(['"', '\'']);
        open = ["\"\"\"", "'''"]
            .into_iter()
            .find(|quotes| value.trim_start().starts_with(quotes) && value.matches(quotes).count() == 1);
        if key == "model_provider" && open.is_none() {
            return string(value.trim_start()).filter(|name| !name.is_empty());
        }
    }
    None
}

/// A string on one line: literal, or basic without anything to unescape.
fn string(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (name, _) = value.get(1..)?.split_once(quote)?;
    (!name.contains('\\')).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_top_level_counts() {
        assert_eq!(find("# c\nmodel = \"x\"\nmodel_provider = 'mine' # why\n").as_deref(), Some("mine"));
        assert_eq!(find("\"model_provider\"=\"a-b\"").as_deref(), Some("a-b"));
        assert_eq!(find("[profiles.x]\nmodel_provider = \"other\"\n"), None);
        let text = "notes = \"\"\"\nmodel_provider = \"no\"\n[x]\n\"\"\"\nmodel_provider = \"yes\"\n";
        assert_eq!(find(text).as_deref(), Some("yes"));
        assert_eq!(find("model_provider = 7\n"), None);
    }

    #[test]
    fn without_a_file_it_is_the_default() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(model_provider(dir.path()), "openai");
        std::fs::write(dir.path().join("config.toml"), "model_provider = \"lab\"\n").unwrap();
        assert_eq!(model_provider(dir.path()), "lab");
    }
}
