//! Which programs and tools were run how often.

use std::collections::HashMap;

use serde_json::Value;

use crate::object::{Action, Id};
use crate::ops::show::{self, Piece};
use crate::store::{Result, Store};

/// Programs whose first word after them tells what they do.
const SPEAKING: &[&str] = &[
    "apt",
    "apt-get",
    "brew",
    "bun",
    "cargo",
    "docker",
    "gh",
    "git",
    "go",
    "gradle",
    "jj",
    "kubectl",
    "make",
    "npm",
    "npx",
    "pip",
    "pnpm",
    "poetry",
    "python -m",
    "rustup",
    "systemctl",
    "terraform",
    "uv",
    "yarn",
];
/// Words before a command that are no command.
const BEFORE: &[&str] =
    &["sudo", "time", "env", "nohup", "exec", "then", "do", "else", "if", "while", "!", "{"];
/// The most of a command that is read, in bytes.
const COMMAND_MAX: usize = 4096;

/// Something that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ran {
    /// Its name.
    pub name: String,
    /// How often.
    pub times: u64,
}

/// Counts as they grow.
#[derive(Default)]
pub(super) struct Count {
    commands: HashMap<String, u64>,
    tools: HashMap<String, u64>,
}

impl Count {
    /// Counts the calls of a message.
    pub(super) fn add(&mut self, store: &Store, id: Id) -> Result<()> {
        let Some(message) = show::message(store, id)? else { return Ok(()) };
        for piece in message.pieces {
            let Piece::Call { name, action, input, is_json } = piece else { continue };
            *self.tools.entry(name).or_default() += 1;
            if action == Action::Shell {
                for program in programs(&command(&input, is_json)) {
                    *self.commands.entry(program).or_default() += 1;
                }
            }
        }
        Ok(())
    }

    /// Commands and tools, the most run first.
    pub(super) fn into_ranking(self) -> (Vec<Ran>, Vec<Ran>) {
        let ranking = |counts: HashMap<String, u64>| {
            let mut ran: Vec<Ran> = counts.into_iter().map(|(name, times)| Ran { name, times }).collect();
            ran.sort_by(|a, b| (b.times, &a.name).cmp(&(a.times, &b.name)));
            ran
        };
        (ranking(self.commands), ranking(self.tools))
    }
}

/// The command that a call gives to a shell.
fn command(input: &str, is_json: bool) -> String {
    let value: Option<Value> = is_json.then(|| serde_json::from_str(input).ok()).flatten();
    let Some(value) = value else { return input.to_owned() };
    let told = ["command", "cmd", "script", "code"].iter().find_map(|name| value.get(name));
    match told {
        Some(Value::String(text)) => text.clone(),
        // A program and its arguments; `bash -lc` and the like run the last.
        Some(Value::Array(words)) => {
            let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
            match words.as_slice() {
                [shell, option, script] if shell.ends_with("sh") && option.starts_with('-') => {
                    (*script).to_owned()
                }
                words => words.join(" "),
            }
        }
        _ => String::new(),
    }
}

/// The programs that a command runs, by name, and for some with what they do.
fn programs(command: &str) -> Vec<String> {
    let end = (0..=COMMAND_MAX.min(command.len())).rev().find(|at| command.is_char_boundary(*at));
    let command = command.get(..end.unwrap_or(0)).unwrap_or_default();
    simple_commands(command).iter().filter_map(|words| program(words)).collect()
}

/// The words of each simple command: what stands between `;`, `&&`, `|` and
/// line ends, quotes respected. What follows `<<` is no command.
fn simple_commands(command: &str) -> Vec<Vec<String>> {
    let (mut all, mut words, mut word) = (Vec::new(), Vec::new(), String::new());
    let (mut quote, mut chars) = (None, command.chars().peekable());
    while let Some(c) = chars.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some('\''), c) => word.push(c),
            (_, '\\') => word.extend(chars.next().filter(|c| *c != '\n')),
            (Some(_), c) => word.push(c),
            (None, '\'' | '"') => quote = Some(c),
            (None, '<') if chars.peek() == Some(&'<') => break,
            (None, ';' | '&' | '|' | '\n' | '(' | ')' | '`') => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
                all.push(std::mem::take(&mut words));
            }
            (None, c) if c.is_whitespace() => {
                words.extend(Some(std::mem::take(&mut word)).filter(|w| !w.is_empty()));
            }
            (None, c) => word.push(c),
        }
    }
    words.extend(Some(word).filter(|w| !w.is_empty()));
    all.push(words);
    all
}

fn program(words: &[String]) -> Option<String> {
    let is_setting = |word: &str| {
        word.split_once('=').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
    };
    let mut words = words.iter().map(String::as_str);
    let path = words.by_ref().find(|word| !is_setting(word) && !BEFORE.contains(word))?;
    let name = path.rsplit('/').next().unwrap_or(path);
    // What is left over of redirections, tests and the ends of blocks.
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '+' | '@');
    let ends = ["fi", "done", "esac", "for", "case", "cd", "1", "2"];
    if name.is_empty() || !name.chars().all(is_name) || name.starts_with('-') || ends.contains(&name) {
        return None;
    }
    let does = words.find(|word| !word.starts_with('-')).filter(|word| {
        SPEAKING.contains(&name) && word.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':'))
    });
    Some(does.map_or_else(|| name.to_owned(), |does| format!("{name} {does}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_in_what_a_shell_is_given() {
        let all = |command: &str| programs(command).join(", ");
        assert_eq!(
            all("cd /x && FOO=1 cargo --quiet test -- a | head -5; git status"),
            "cargo test, head, git status"
        );
        assert_eq!(all("sudo /usr/bin/apt-get install -y x"), "apt-get install");
        assert_eq!(all("echo 'a; rm -rf /' \"b && c\" \\; x"), "echo");
        assert_eq!(all("cat > f <<'E'\nrm x\nE\n"), "cat");
        assert_eq!(all("if [ -f x ]; then ls; fi 2>&1"), "ls");
        assert_eq!(all("git log $(git rev-parse HEAD)"), "git log, git rev-parse");
        assert_eq!(
            (all(""), all("'unclosed"), all("&& ||")),
            (String::new(), "unclosed".into(), String::new())
        );
    }

    #[test]
    fn calls_give_commands_in_several_ways() {
        assert_eq!(command(r#"{"command": ["bash", "-lc", "ls -l"]}"#, true), "ls -l");
        assert_eq!(command(r#"{"cmd": ["git", "log"]}"#, true), "git log");
        assert_eq!((command(r#"{"command": "ls"}"#, true), command("ls", false)), ("ls".into(), "ls".into()));
        assert_eq!(command(r#"{"command": 7}"#, true), "");
    }
}
