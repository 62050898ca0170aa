//! Calls of tools and what came of them: folded to a line, unfolded to what
//! was run, written or changed.

use serde_json::Value;

use super::highlight::knows;
use super::message::Writer;
use super::text::{cut, escape, escaped, without_terminal_codes};
use super::{SHOWN_MAX, diff};
use crate::object::Action;
use crate::ops::show::Piece;
use crate::view::clean::shorten;
use crate::view::message::gist;

/// How much of a call stands on its line.
const GIST: usize = 160;

/// How much of a call stands beside its result.
const OF: usize = 60;

/// A call that a result may belong to.
#[derive(Clone, Debug)]
pub(super) struct Called {
    /// What it was called, and what tells most of its input.
    pub(super) words: String,
    /// The file that it stands in.
    pub(super) file: String,
    /// Its anchor there.
    pub(super) anchor: String,
    /// The ending of the file that it read.
    pub(super) language: String,
}

/// Writes a call; tells how to find it again.
pub(super) fn call(to: &mut Writer, name: &str, action: Action, input: &str, is_json: bool) -> Called {
    let value: Option<Value> = is_json.then(|| serde_json::from_str(input).ok()).flatten();
    let gist = value.as_ref().map_or_else(|| input.to_owned(), |value| gist(value, input));
    let (name, gist) = (shorten(name, GIST), shorten(&gist, GIST));
    to.push(&format!("<details class=call><summary><b>{}</b> ", escaped(&name)));
    to.push(&format!("<code>{}</code></summary>\n", escaped(&gist)));
    let language = value.as_ref().and_then(path).map(ending).unwrap_or_default();
    match &value {
        Some(value) => inside(to, action, value, &language),
        None if input.starts_with("***") || input.contains("\n@@") => patch(to, input),
        None => to.code(input, ""),
    }
    if action == Action::Task
        && let Some((title, href)) = to.run_of(input)
    {
        to.push(&format!("<p class=note>its run: <a href=\"{href}\">{}</a></p>\n", escaped(&title)));
    }
    to.push("</details>\n");
    let language = if action == Action::Read { language } else { String::new() };
    let words = shorten(&format!("{name} {gist}"), OF);
    Called { words, language, file: String::new(), anchor: String::new() }
}

/// What a call was given, the way it is best read.
fn inside(to: &mut Writer, action: Action, value: &Value, language: &str) {
    let Value::Object(members) = value else {
        return to.code(&serde_json::to_string_pretty(value).unwrap_or_default(), "json");
    };
    let mut rest = members.clone();
    let mut take = |names: &[&str]| {
        let name = names.iter().find(|name| rest.get(**name).is_some_and(Value::is_string))?;
        match rest.remove(*name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    };
    let shown = match action {
        Action::Shell => Shown::Code(take(&["command", "cmd", "script"]), "bash"),
        Action::Edit | Action::Write => {
            let old = take(&["old_string", "oldString", "old_str", "old_text", "oldText", "search"]);
            let new = take(&["new_string", "newString", "new_str", "new_text", "newText", "replace"]);
            match (old, new) {
                (None, None) => match take(&["patch", "diff", "patchText"]) {
                    Some(patch) => Shown::Patch(patch),
                    None => Shown::Code(take(&["content", "contents", "file_text", "input"]), language),
                },
                (old, new) => Shown::Diff(old.unwrap_or_default(), new.unwrap_or_default()),
            }
        }
        Action::Task => Shown::Said(take(&["prompt", "message", "task"])),
        _ => Shown::Code(None, ""),
    };
    let given: Vec<_> = rest.iter().filter(|(_, value)| **value != Value::Null).collect();
    if !given.is_empty() {
        to.push("<dl>");
        for (name, value) in given {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let (text, left) = cut(&text, SHOWN_MAX);
            to.push(&format!("<dt>{}</dt><dd dir=auto>{}", escaped(name), escaped(text)));
            to.left_out(left);
            to.push("</dd>");
        }
        to.push("</dl>\n");
    }
    shown.write(to);
}

/// The text that a call is about.
enum Shown<'l> {
    Code(Option<String>, &'l str),
    Said(Option<String>),
    Diff(String, String),
    Patch(String),
}

impl Shown<'_> {
    fn write(self, to: &mut Writer) {
        match self {
            Shown::Code(Some(text), language) => to.code(&text, language),
            Shown::Said(Some(text)) => to.said(&text),
            Shown::Code(None, _) | Shown::Said(None) => {}
            Shown::Patch(text) if text.contains('\n') => patch(to, &text),
            Shown::Patch(text) => to.code(&text, ""),
            Shown::Diff(old, new) => {
                let ((old, a), (new, b)) = (cut(&old, SHOWN_MAX), cut(&new, SHOWN_MAX));
                to.push("<pre class=diff>");
                diff::write(&mut to.out, old, new);
                to.push("</pre>\n");
                to.left_out(a + b);
            }
        }
    }
}

fn patch(to: &mut Writer, text: &str) {
    let (text, left) = cut(text, SHOWN_MAX);
    to.push("<pre class=diff>");
    diff::patch(&mut to.out, text);
    to.push("</pre>\n");
    to.left_out(left);
}

/// The file that a call is about.
fn path(value: &Value) -> Option<&str> {
    ["file_path", "path", "filePath", "absolute_path", "filename", "notebook_path"]
        .iter()
        .find_map(|name| value.get(name)?.as_str())
}

/// What a file's name ends with, if that names a language.
fn ending(path: &str) -> String {
    let name = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let ending = name.rsplit('.').next().unwrap_or_default();
    if knows(ending) { ending.to_owned() } else { String::new() }
}

/// Writes what came of a call.
pub(super) fn result(to: &mut Writer, call: Option<u32>, failed: bool, parts: &[Piece]) {
    let called = call.and_then(|back| to.called(back));
    let class = if failed { "result failed" } else { "result" };
    to.push(&format!("<details class=\"{class}\"><summary>"));
    to.push(if failed { "<b>failed</b> " } else { "<b>→</b> " });
    match &called {
        Some(called) => {
            to.push(&format!("<span class=of>{}</span> ", escaped(&called.words)));
        }
        None => to.push("<span class=of>of an earlier call</span> "),
    }
    if let Some(first) = first_line(parts) {
        to.push(&format!("<code>{}</code>", escaped(&first)));
    }
    to.push("</summary>\n");
    if let Some(called) = &called {
        let href = to.href(called);
        to.push(&format!("<p class=note><a href=\"{href}\">the call</a></p>\n"));
    }
    let language = called.map(|called| called.language).unwrap_or_default();
    for part in parts {
        match part {
            Piece::Text(text) => {
                let text = without_terminal_codes(text);
                match (is_diff(&text), language.is_empty()) {
                    (true, true) => patch(to, &text),
                    (_, false) if text.lines().take(3).any(is_numbered) => numbered(to, &text, &language),
                    _ => to.code(&text, &language),
                }
            }
            other => to.piece(other),
        }
    }
    to.push("</details>\n");
}

/// The first line of a result and how many follow.
fn first_line(parts: &[Piece]) -> Option<String> {
    let text = parts.iter().find_map(|part| match part {
        Piece::Text(text) if !text.trim().is_empty() => Some(text),
        _ => None,
    })?;
    let plain = without_terminal_codes(text);
    let first = plain.trim_start().lines().next().unwrap_or_default();
    match plain.trim().lines().count() {
        0 | 1 => Some(shorten(first, GIST)),
        n => Some(format!("{} (+{})", shorten(first, GIST), n - 1)),
    }
}

/// Whether a text is what `git diff` writes.
fn is_diff(text: &str) -> bool {
    text.starts_with("diff --git ") || text.starts_with("--- ") && text.contains("\n+++ ")
}

/// Whether a line of code has its number before it, as tools write it for
/// models: `   12→`, `12\t` or `12: `.
fn is_numbered(line: &str) -> bool {
    split_number(line).is_some()
}

fn split_number(line: &str) -> Option<(&str, &str)> {
    let start = line.trim_start();
    let digits = start.bytes().take_while(u8::is_ascii_digit).count();
    let sign = start.get(digits..)?.chars().next().filter(|c| matches!(c, '→' | '\t' | '|'))?;
    let at = line.len() - start.len() + digits + sign.len_utf8();
    (digits > 0).then(|| line.split_at(at))
}

/// Writes code with numbers before its lines: these are no part of it.
fn numbered(to: &mut Writer, text: &str, language: &str) {
    let (text, left) = cut(text, SHOWN_MAX);
    let (mut code, mut numbers) = (String::with_capacity(text.len()), Vec::new());
    for line in text.lines() {
        let (number, line) = split_number(line).unwrap_or(("", line));
        numbers.push(number.trim_end_matches(['→', '\t', '|']));
        code.push_str(line);
        code.push('\n');
    }
    let mut colored = String::with_capacity(code.len() * 2);
    to.highlight(&mut colored, &code, language);
    to.push("<pre class=numbered><code>");
    // A span of several lines, as of a comment, holds the numbers of its lines.
    for (line, number) in colored.split_inclusive('\n').zip(numbers.iter().chain(std::iter::repeat(&""))) {
        to.push("<span>");
        escape(&mut to.out, number);
        to.push("</span>");
        to.push(line);
    }
    to.push("</code></pre>\n");
    to.left_out(left);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_lines_are_told_from_code() {
        assert_eq!(split_number("    12→let a;"), Some(("    12→", "let a;")));
        assert_eq!(split_number("7\tx"), Some(("7\t", "x")));
        assert_eq!((split_number("12 x"), split_number("→x"), split_number("")), (None, None, None));
    }

    #[test]
    fn endings_name_languages() {
        assert_eq!((ending("/a/b.rs"), ending("C:\\x\\y.py")), ("rs".to_owned(), "py".to_owned()));
        assert_eq!((ending("notes"), ending("a.nolanguage")), (String::new(), String::new()));
    }
}
