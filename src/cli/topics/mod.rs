//! What `sfs help` tells of things that are no command.

use std::fmt::Write;

use crate::ops::settings::KEYS;
use crate::tool::{TOOLS, form};

/// The topics.
pub(crate) const NAMES: [&str; 4] = ["revisions", "remotes", "tools", "config"];

/// What there is to say of a topic; `None` if it is none.
pub(crate) fn text(name: &str) -> Option<String> {
    Some(match name {
        "revisions" => include_str!("revisions.txt").to_owned(),
        "remotes" => include_str!("remotes.txt").to_owned(),
        "tools" => include_str!("tools.txt").replace("{tools}", &tools()).replace("{forms}", &forms()),
        "config" => include_str!("config.txt").replace("{keys}", &keys()),
        _ => return None,
    })
}

fn tools() -> String {
    let mut out = String::new();
    for tool in TOOLS {
        let how = if tool.resume().is_some() { "conversation" } else { "briefing" };
        let _ = writeln!(out, "  {:<14} {:<30} {how}", tool.name(), tool.title());
    }
    out
}

fn forms() -> String {
    form::all().map(|(tool, _)| format!("  {:<12} {}\n", tool.name(), tool.title())).collect()
}

fn keys() -> String {
    let mut out = String::new();
    for key in KEYS {
        let _ = writeln!(out, "  {}", key.name);
        for line in wrapped(&format!("{}.", key.about), 70) {
            let _ = writeln!(out, "      {line}");
        }
        let default = Some(key.default).filter(|default| !default.is_empty());
        let default = default.map(|default| format!("; {default} if not set")).unwrap_or_default();
        let variable = key.variable.map(|name| format!("; also ${name}")).unwrap_or_default();
        let _ = writeln!(out, "      It is {}{default}{variable}.", key.kind.describe());
    }
    out
}

/// Words in lines of at most so many characters.
fn wrapped(words: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let full = lines.last().is_some_and(|line| !line.is_empty() && line.len() + 1 + word.len() > width);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn topics_are_whole_and_fit_on_a_terminal() {
        for name in NAMES {
            let text = text(name).unwrap();
            assert!(text.len() > 500 && !text.contains('{') || name == "revisions", "{name}: {text}");
            assert_eq!(text.lines().find(|line| line.chars().count() > 80), None, "{name}");
        }
        assert_eq!(text("topic"), None);
        let all = text("config").unwrap();
        assert!(KEYS.iter().all(|key| all.contains(&format!("  {}\n", key.name))));
    }
}
