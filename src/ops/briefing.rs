//! Briefings: a session told to somebody who goes on with it, where the
//! conversation itself can't be handed over or would be too long.
//!
//! Nothing is invented: prompts, answers, commands, files and open tasks are
//! quoted from the conversation. The newest turns stand whole as far as the
//! budget goes, earlier ones with their prompts alone, and what is left out is
//! counted.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::show::{Piece, Shown};
use crate::object::json::{Tape, Type, Value};
use crate::object::{Action, Role};
use crate::store::Result;

/// Bytes of text that count as one token, when nothing counts them exactly.
pub const BYTES_PER_TOKEN: usize = 4;
/// The longest that a prompt or an answer is quoted, in bytes.
const QUOTED: usize = 6000;
/// The longest that a line of a list is, in bytes.
const LINE: usize = 200;
/// How many commands and files are listed.
const LISTED: usize = 30;
/// The most of the budget that lists may take, as one part of so many.
const LISTS_SHARE: usize = 3;

/// A briefing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Briefing {
    /// The words, as markdown.
    pub text: String,
    /// How many turns there are.
    pub turns: u64,
    /// How many of them stand whole.
    pub whole: u64,
}

/// What a briefing is made from.
#[derive(Default)]
struct Gathered {
    turns: Vec<Turn>,
    /// Commands, newest last, and whether they failed.
    commands: Vec<(String, bool)>,
    /// For each call so far, the command that it is, by number.
    calls: Vec<Option<usize>>,
    /// Files, with the letters of what was done to them.
    files: BTreeMap<String, String>,
    /// The list of things to do, as last written.
    plan: Option<String>,
    summary: Option<String>,
}

#[derive(Default)]
struct Turn {
    prompt: String,
    /// The last thing that the model said in it.
    answer: String,
}

/// Tells of the messages on a line in about `tokens` tokens. `title` and `from`
/// say what session it is.
pub fn briefing(
    line: impl IntoIterator<Item = Result<Shown>>,
    title: &str,
    from: &str,
    tokens: usize,
) -> Result<Briefing> {
    let mut gathered = Gathered::default();
    for message in line {
        gathered.take(&message?);
    }
    Ok(gathered.tell(title, from, tokens.saturating_mul(BYTES_PER_TOKEN)))
}

impl Gathered {
    fn take(&mut self, message: &Shown) {
        if message.begins_turn || self.turns.is_empty() {
            self.turns.push(Turn::default());
        }
        for file in &message.files {
            let Some((letter, path)) = file.split_at_checked(1) else { continue };
            let letters = self.files.entry(path.to_owned()).or_default();
            if !letters.contains(letter) {
                letters.push_str(letter);
            }
        }
        for piece in &message.pieces {
            self.piece(message, piece);
        }
    }

    fn piece(&mut self, message: &Shown, piece: &Piece) {
        let Some(turn) = self.turns.last_mut() else { return };
        match piece {
            Piece::Text(text) if message.begins_turn && message.role == Role::User => {
                turn.prompt.push_str(text);
                turn.prompt.push('\n');
            }
            Piece::Text(text) if message.role == Role::Assistant => turn.answer = shortened(text, QUOTED),
            Piece::Summary(text) => self.summary = Some(shortened(text, 2 * QUOTED)),
            Piece::Call { action, input, .. } => {
                let command = (*action == Action::Shell).then(|| command_of(input));
                if *action == Action::Plan {
                    self.plan = tasks(input).or(self.plan.take());
                }
                self.calls.push(command.is_some().then_some(self.commands.len()));
                self.commands.extend(command.map(|command| (command, false)));
            }
            Piece::Result { call: Some(back), failed: true, .. } => {
                let at = self.calls.len().checked_sub(1 + *back as usize);
                let command = at.and_then(|at| self.calls.get(at).copied().flatten());
                if let Some((_, failed)) = command.and_then(|n| self.commands.get_mut(n)) {
                    *failed = true;
                }
            }
            _ => {}
        }
    }

    fn tell(&self, title: &str, from: &str, budget: usize) -> Briefing {
        let mut text = String::new();
        let _ = writeln!(text, "# Briefing: {}\n", one_line(title, LINE));
        let _ = writeln!(
            text,
            "This was put together by `sfs` from {from}. It quotes that conversation and is not the conversation \
             itself: {} turns, of which the newest stand below. Take up the work where it stopped.",
            self.turns.len()
        );
        if let Some(summary) = &self.summary {
            section(&mut text, "Summary that the tool made of earlier turns", summary);
        }
        let lists = budget / LISTS_SHARE;
        section(&mut text, "Open tasks", &fit(self.plan.as_deref().unwrap_or_default(), lists / 3));
        section(&mut text, "Files that were changed", &fit(&self.changed(), lists / 3));
        section(&mut text, "Commands that were run, newest last", &fit(&self.run(), lists / 3));
        let (told, whole) = self.conversation(budget.saturating_sub(text.len()));
        section(&mut text, "Conversation", &told);
        Briefing { text, turns: self.turns.len() as u64, whole }
    }

    fn changed(&self) -> String {
        let changed: Vec<_> = self.files.iter().filter(|(_, letters)| letters.contains(['w', 'e'])).collect();
        let mut out = String::new();
        for (path, _) in changed.iter().take(LISTED) {
            let _ = writeln!(out, "- {}", one_line(path, LINE));
        }
        if changed.len() > LISTED {
            let _ = writeln!(out, "- and {} more", changed.len() - LISTED);
        }
        out
    }

    fn run(&self) -> String {
        let mut out = String::new();
        for (command, failed) in self.commands.iter().skip(self.commands.len().saturating_sub(LISTED)) {
            let _ =
                writeln!(out, "- `{}`{}", command.replace('`', "'"), if *failed { " (failed)" } else { "" });
        }
        out
    }

    /// The newest turns whole, the earlier ones by their prompts, the earliest
    /// as a number.
    fn conversation(&self, budget: usize) -> (String, u64) {
        let (mut told, mut used, mut whole, mut left_out) = (Vec::new(), 0, 0, 0);
        let mut all = true;
        for (n, turn) in self.turns.iter().enumerate().rev() {
            let full = turn.tell(n + 1);
            let short = format!("{}. {}\n", n + 1, one_line(&turn.prompt, LINE));
            all &= used + full.len() <= budget || told.is_empty();
            let words = if all { full } else { short };
            if used + words.len() > budget && !told.is_empty() {
                left_out = n + 1;
                break;
            }
            used += words.len();
            whole += u64::from(all);
            told.push(words);
        }
        if left_out > 0 {
            told.push(format!("({left_out} earlier turns are left out.)\n"));
        }
        told.reverse();
        (told.join("\n"), whole)
    }
}

impl Turn {
    fn tell(&self, n: usize) -> String {
        let mut out = String::new();
        if !self.prompt.trim().is_empty() {
            let _ =
                writeln!(out, "### {n}. The user said\n\n{}", quoted(&shortened(self.prompt.trim(), QUOTED)));
        }
        if !self.answer.trim().is_empty() {
            let _ = writeln!(out, "### {n}. The last answer\n\n{}", quoted(self.answer.trim()));
        }
        out
    }
}

fn section(text: &mut String, title: &str, words: &str) {
    if !words.trim().is_empty() {
        let _ = write!(text, "\n## {title}\n\n{}\n", words.trim_end());
    }
}

/// As a quotation, so that what was said can't pose as the briefing.
fn quoted(words: &str) -> String {
    words.lines().fold(String::new(), |mut out, line| {
        let _ = writeln!(out, "> {line}");
        out
    })
}

/// The last lines that fit.
fn fit(words: &str, budget: usize) -> String {
    let mut from = words.len();
    for line in words.split_inclusive('\n').rev() {
        if words.len() - (from - line.len()) > budget {
            break;
        }
        from -= line.len();
    }
    words.get(from..).unwrap_or_default().to_owned()
}

/// At most `max` bytes: the beginning and the end, with a word between on how
/// much is missing.
fn shortened(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    let (head, tail) = (floor(text, max / 2), ceil(text, text.len() - max / 2));
    let missing = tail - head;
    format!(
        "{}\n[… {missing} bytes left out …]\n{}",
        text.get(..head).unwrap_or_default(),
        text.get(tail..).unwrap_or_default()
    )
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn ceil(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at += 1;
    }
    at
}

fn one_line(text: &str, max: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.len() <= max { line } else { format!("{}…", line.get(..floor(&line, max)).unwrap_or_default()) }
}

/// The command line in the input of a call that runs one.
fn command_of(input: &str) -> String {
    let mut tape = Tape::default();
    let read = tape.read(input.as_bytes()).is_some();
    let root = tape.root(input.as_bytes());
    let value = ["command", "cmd", "commands", "script"].into_iter().find_map(|key| root.get(key));
    let command = match value.filter(|_| read) {
        Some(value) if value.kind() == Type::Array => {
            value.items().filter_map(|word| word.str()).collect::<Vec<_>>().join(" ")
        }
        Some(value) => value.str().unwrap_or_default().into_owned(),
        None => input.to_owned(),
    };
    one_line(&command, LINE)
}

/// What is still to be done, of the input of a call that keeps a list.
fn tasks(input: &str) -> Option<String> {
    let mut tape = Tape::default();
    tape.read(input.as_bytes())?;
    let root = tape.root(input.as_bytes());
    let list = ["todos", "plan", "tasks", "items"].into_iter().find_map(|key| root.get(key))?;
    let open: Vec<String> = list.items().filter_map(|task| open_task(&task)).collect();
    Some(open.concat())
}

fn open_task(task: &Value<'_>) -> Option<String> {
    let words = ["content", "step", "title", "description", "text", "task"]
        .into_iter()
        .find_map(|key| task.string(key))
        .or_else(|| task.str().map(std::borrow::Cow::into_owned))?;
    let status = task.string("status").unwrap_or_default();
    if matches!(status.as_str(), "completed" | "done" | "cancelled") {
        return None;
    }
    let status =
        if status.is_empty() || status == "pending" { String::new() } else { format!(" ({status})") };
    Some(format!("- {}{status}\n", one_line(&words, LINE)))
}

#[cfg(test)]
mod tests;
