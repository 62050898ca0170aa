//! A conversation as Markdown, to be read, kept or handed on.

use std::fmt::Write as _;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use super::clean::{clean, clean_text, shorten};
use super::message::{gist, role};
use super::{count, file, tokens};
use crate::object::{Role, Usage};
use crate::ops::export::{Export, Line};
use crate::ops::show::{Piece, Shown};

/// How much of a call stands on its line.
const GIST: usize = 160;

/// What is known of a conversation.
pub fn head(export: &Export) -> String {
    let label = export.session.as_ref().map(|session| clean(session.label())).unwrap_or_default();
    let label = if label.is_empty() { "A session".to_owned() } else { label };
    let mut out = format!("# {}\n\n", inline(&shorten(&label, 200)));
    let mut row = |name: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(out, "- {name}: {}", inline(&clean(value)));
        }
    };
    let line = &export.line;
    row("session", &format!("{:.12}", export.at.session));
    row("revision", &format!("{:.12}", export.at.commit));
    if let Some(session) = &export.session {
        row("tool", &format!("{} ({})", session.tools.join(", "), session.native_id));
        row("project", session.project.as_deref().unwrap_or_default());
        row("model", session.model.as_deref().unwrap_or_default());
    }
    let moments: Vec<String> = [line.began, line.ended].into_iter().flatten().map(moment).collect();
    row("time", &moments.join(" to "));
    let Usage { input, cache_write, cache_read, output } = line.usage;
    let turns = count(line.turns.len() as u64, "turn");
    row("length", &format!("{turns}, {}, {}", count(line.messages, "message"), count(line.calls, "call")));
    row(
        "tokens",
        &format!(
            "{} input, {} written to cache, {} read from cache, {} output",
            tokens(input),
            tokens(cache_write),
            tokens(cache_read),
            tokens(output)
        ),
    );
    let mut files: Vec<&String> = line.turns.iter().flat_map(|turn| &turn.files).collect();
    files.sort_by_key(|file| (file.get(1..), file.get(..1)));
    files.dedup();
    if !files.is_empty() {
        let words: Vec<String> = files.into_iter().map(|name| code(&file(name))).collect();
        let _ = writeln!(out, "- files: {}", words.join(", "));
    }
    out
}

/// The heading of a subagent's run.
pub fn run(run: &Line) -> String {
    let prompt = run.turns.iter().find_map(|turn| turn.title.as_deref()).unwrap_or(&run.name);
    format!("# Subagent: {}\n", inline(&shorten(prompt, 200)))
}

/// A message.
pub fn message(shown: &Shown) -> String {
    let mut out = format!("## {} · {}", shown.n, role(shown.role));
    if let Some(time) = shown.time {
        let _ = write!(out, " · {}", moment(time));
    }
    if let Some(model) = &shown.model {
        let _ = write!(out, " · {}", inline(&clean(model)));
    }
    out.push_str("\n\n");
    for piece in &shown.pieces {
        match piece {
            Piece::Text(text) if shown.role == Role::Assistant => out.push_str(&said(text)),
            piece => write_piece(&mut out, piece),
        }
        out.push('\n');
    }
    out
}

fn write_piece(out: &mut String, piece: &Piece) {
    match piece {
        Piece::Text(text) => out.push_str(&said(text)),
        Piece::Thinking(text) if text.trim().is_empty() => out.push_str("*(thought, kept to itself)*\n"),
        Piece::Thinking(text) => quoted(out, "Thinking:", &said(text)),
        Piece::Summary(text) => quoted(out, "Summary of what came before:", &said(text)),
        Piece::Notice(text) => quoted(out, "Notice:", &fenced(text, "")),
        Piece::Call { name, input, is_json, .. } => {
            let value: Option<serde_json::Value> =
                is_json.then(|| serde_json::from_str(input).ok()).flatten();
            let told = value.as_ref().map_or(input.clone(), |value| gist(value, input));
            let _ = writeln!(out, "**{}** {}\n", inline(&clean(name)), code(&shorten(&told, GIST)));
            match value {
                Some(value) => {
                    out.push_str(&fenced(&serde_json::to_string_pretty(&value).unwrap_or_default(), "json"));
                }
                None => out.push_str(&fenced(input, "")),
            }
        }
        Piece::Result { failed, parts, .. } => {
            out.push_str(if *failed { "**failed**\n\n" } else { "**result**\n\n" });
            for part in parts {
                match part {
                    Piece::Text(text) => out.push_str(&fenced(text, "")),
                    part => write_piece(out, part),
                }
            }
        }
        Piece::Image(picture) => {
            let _ = writeln!(out, "*(picture, {}, {} bytes)*", inline(&clean(&picture.media)), picture.len);
        }
        Piece::File(media, name, len) => {
            let words = inline(&clean(&format!("{name} {media}")));
            let _ = writeln!(out, "*(file: {words}, {len} bytes)*");
        }
        Piece::Other(text) => out.push_str(&fenced(text, "json")),
    }
}

fn moment(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).map(|at| at.to_string()).unwrap_or_default()
}

/// Words in which nothing means anything.
fn inline(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '|' | '&' => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

/// Words as code on a line.
fn code(text: &str) -> String {
    if text.trim().is_empty() {
        return String::new();
    }
    let ticks = "`".repeat(longest_run(text, '`') + 1);
    let space = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{text}{space}{ticks}")
}

/// Text as a block of code that it can't end.
fn fenced(text: &str, language: &str) -> String {
    let text = clean_text(text);
    let fence = "`".repeat(longest_run(&text, '`').max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", text.trim_end())
}

fn quoted(out: &mut String, name: &str, text: &str) {
    let _ = writeln!(out, "> *{name}*\n>");
    for line in text.lines() {
        let _ = writeln!(out, "> {line}");
    }
}

fn longest_run(text: &str, of: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == of { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// How often a text is looked at again after something in it was changed.
const PASSES: usize = 6;

/// Markdown that stays within its message: HTML in it is text, pictures are
/// links, links lead to the web or to mail or are text, and a block of code
/// that it leaves open is closed.
fn said(text: &str) -> String {
    let mut out = clean_text(text);
    // What is no link any more may let HTML in it out.
    let mut passes = 0;
    loop {
        let tamed = tame(&out);
        if tamed == out {
            break;
        }
        passes += 1;
        if passes == PASSES {
            return fenced(text, "");
        }
        out = tamed;
    }
    let trimmed = out.trim_end().len();
    out.truncate(trimmed);
    out.push('\n');
    if let Some(fence) = open_fence(&out) {
        out.push_str(&fence);
        out.push('\n');
    }
    out
}

/// Takes the edge off what a reader of Markdown would do something with.
fn tame(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let (mut done, mut in_code) = (0, false);
    let mut instead = |out: &mut String, at: usize, len: usize, words: &str| {
        out.push_str(text.get(done..at).unwrap_or_default());
        out.push_str(words);
        done = at + len;
    };
    for (event, range) in Parser::new_ext(text, Options::empty()).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Text(_) | Event::Html(_) | Event::InlineHtml(_) if !in_code => {
                let part = text.get(range.clone()).unwrap_or_default();
                let opens = |at: &usize| {
                    let rest = text.get(range.start + at + 1..).unwrap_or_default();
                    !rest.starts_with(|c: char| c.is_whitespace() || c == '=')
                };
                for at in part.match_indices('<').map(|(at, _)| at).filter(opens) {
                    instead(&mut out, range.start + at, 1, "&lt;");
                }
            }
            Event::Start(Tag::Link { dest_url, .. }) if has_other_scheme(&dest_url) => {
                match text.get(range.start..).is_some_and(|rest| rest.starts_with('<')) {
                    true => instead(&mut out, range.start, 1, "&lt;"),
                    false => instead(&mut out, range.start, 0, "\\"),
                }
            }
            // The mark that makes it a picture goes.
            Event::Start(Tag::Image { .. }) => instead(&mut out, range.start, 1, "picture: "),
            _ => {}
        }
    }
    instead(&mut out, text.len(), 0, "");
    out
}

/// Whether a link leads elsewhere than to the web, to mail or to a file beside.
fn has_other_scheme(url: &str) -> bool {
    let scheme =
        url.split(['/', '?', '#']).next().and_then(|start| start.split_once(':')).map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| !["http", "https", "mailto"].contains(&scheme.to_ascii_lowercase().as_str()))
}

/// The fence of a block of code that is still open at the end of a text.
fn open_fence(text: &str) -> Option<String> {
    let mut open: Option<(char, usize)> = None;
    for line in text.lines() {
        let start = line.trim_start();
        let Some(sign) = start.chars().next().filter(|c| matches!(c, '`' | '~')) else { continue };
        let run = start.chars().take_while(|c| *c == sign).count();
        let rest = start.get(run..).unwrap_or_default();
        open = match open {
            None if run >= 3 && !(sign == '`' && rest.contains('`')) => Some((sign, run)),
            Some((of, least)) if sign == of && run >= least && rest.trim().is_empty() => None,
            state => state,
        };
    }
    open.map(|(sign, run)| sign.to_string().repeat(run))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_what_is_open_is_closed() {
        let script = "a <script>x</script>\n\n`<b>` 1 < 2";
        assert_eq!(said(script), "a &lt;script>x&lt;/script>\n\n`<b>` 1 < 2\n");
        assert_eq!(said("<div>\n\\<svg onload=a=1>"), "&lt;div>\n\\&lt;svg onload=a=1>\n");
        assert_eq!(
            said("[a](javascript:<b>) <data:x> [b](https://x) [c](s/a.rs:1)"),
            "\\[a](javascript:&lt;b>) &lt;data:x> [b](https://x) [c](s/a.rs:1)\n"
        );
        let pictures = "![p](https://x/p.png) ![q](data:x)";
        assert_eq!(said(pictures), "picture: [p](https://x/p.png) picture: \\[q](data:x)\n");
        assert_eq!(said("````rs\n```\nx"), "````rs\n```\nx\n````\n");
        assert_eq!(said("```\nx\n```\n\u{1b}[2J"), "```\nx\n```\n[2J\n");
        assert_eq!(fenced("a\n````\n", ""), "`````\na\n````\n`````\n");
        assert_eq!((code("a"), code("`a"), code("")), ("`a`".into(), "`` `a ``".into(), String::new()));
        assert_eq!(inline("<a> [b](c) *d* &e"), "&lt;a> \\[b\\](c) \\*d\\* \\&e");
    }

    proptest::proptest! {
        #[test]
        fn nothing_in_it_acts(
            text in "([<>a/! \\n`\\[\\]()*_&\\\\~-]|javascript:|http://|<b>|```|<!--|&lt;){0,40}"
        ) {
            let out = said(&text);
            for event in Parser::new(&out) {
                let acts = match &event {
                    Event::Html(_) | Event::InlineHtml(_) | Event::Start(Tag::Image { .. }) => true,
                    Event::Start(Tag::Link { dest_url, .. }) => has_other_scheme(dest_url),
                    _ => false,
                };
                proptest::prop_assert!(!acts, "{:?} in {:?}", event, out);
            }
        }
    }
}
