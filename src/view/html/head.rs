//! The top of a conversation's page: what is known of it, tokens over its
//! turns, and its contents.

use std::fmt::Write as _;

use super::moment;
use super::plot::{self, Bar};
use super::text::escaped;
use crate::object::Usage;
use crate::ops::export::{Export, Line};
use crate::view::clean::{clean, shorten};
use crate::view::{count, tokens};

/// How much of a prompt stands in the contents.
const TITLE: usize = 200;

/// What a conversation is called.
pub(super) fn title(export: &Export) -> String {
    let label = export.session.as_ref().map(|session| clean(session.label())).unwrap_or_default();
    if label.is_empty() { "a session".to_owned() } else { label }
}

/// The title of a run: how it was asked for.
pub(super) fn run_title(run: &Line) -> String {
    let prompt = run.turns.iter().find_map(|turn| turn.title.clone()).unwrap_or_default();
    if prompt.is_empty() { clean(&run.name) } else { shorten(&prompt, TITLE) }
}

/// For each run, how its prompt begins as it stands in the JSON of the call
/// that started it (up to what is escaped there), and a link to it in the
/// contents.
pub(super) fn prompts(export: &Export) -> Vec<(String, String)> {
    let runs = export.runs.iter().enumerate();
    let prompt = |(n, run): (usize, &Line)| {
        let title = run.turns.iter().find_map(|turn| turn.title.clone()).unwrap_or_default();
        let begin = title.trim_end_matches('…').split(['"', '\\', '\n']).next().unwrap_or_default();
        let begin = if begin.len() < 8 { String::new() } else { begin.to_owned() };
        (begin, format!("#c{}", n + 1))
    };
    runs.map(prompt).collect()
}

/// Writes what is known of a conversation.
pub(super) fn write(out: &mut String, export: &Export) {
    let _ = write!(out, "<h1 dir=auto>{}</h1>\n<dl class=about>", escaped(&shorten(&title(export), TITLE)));
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = write!(out, "<dt>{name}</dt><dd>{value}</dd>");
        }
    };
    let line = &export.line;
    row("session", format!("<code>{:.12}</code>", export.at.session));
    if let Some(session) = &export.session {
        row("tool", escaped(&format!("{} ({})", session.tools.join(", "), session.native_id)));
        row("project", escaped(session.project.as_deref().unwrap_or_default()));
        let branches: Vec<&str> =
            session.branches.iter().filter(|b| !b.part).map(|b| b.name.as_str()).collect();
        if branches.len() > 1 {
            row("branch", escaped(&format!("{} of {}", line.name, branches.join(", "))));
        }
    }
    row("revision", format!("<code>{:.12}</code>", export.at.commit));
    let mut models: Vec<&str> = line.turns.iter().filter_map(|turn| turn.model.as_deref()).collect();
    models.sort_unstable();
    models.dedup();
    row("model", escaped(&models.join(", ")));
    let moments: Vec<String> = [line.began, line.ended].into_iter().flatten().map(moment).collect();
    row("time", moments.join(" to "));
    row("length", length(line.turns.len() as u64, line.messages, line.calls));
    row("tokens", used(&line.usage));
    if !export.runs.is_empty() {
        let usage = export.runs.iter().fold(Usage::default(), |sum, run| sum.plus(&run.usage));
        row("subagents", format!("{}; tokens: {}", export.runs.len(), used(&usage)));
    }
    let cost = &export.cost;
    let more = if cost.unpriced > 0 {
        format!("; no price is known of {} tokens", tokens(cost.unpriced))
    } else {
        String::new()
    };
    if cost.sum > 0.0 || cost.unpriced > 0 {
        let words = format!("{:.2} {} by list prices of {}{more}", cost.sum, cost.currency, cost.date);
        row("cost", escaped(&words));
    }
    // One that was read and written is one.
    let mut paths: Vec<Option<&str>> = files(line).iter().map(|file| file.get(1..)).collect();
    paths.dedup();
    row("files", paths.len().to_string());
    out.push_str("</dl>\n");
}

fn length(turns: u64, messages: u64, calls: u64) -> String {
    [count(turns, "turn"), count(messages, "message"), count(calls, "call")].join(", ")
}

fn used(usage: &Usage) -> String {
    if usage.is_zero() {
        return "none counted".to_owned();
    }
    let Usage { input, cache_write, cache_read, output } = *usage;
    let (input, output) = (tokens(input), tokens(output));
    let (written, read) = (tokens(cache_write), tokens(cache_read));
    format!("{input} input, {written} written to cache, {read} read from cache, {output} output")
}

/// The files that were touched, each once, as how and path.
fn files(line: &Line) -> Vec<&String> {
    let mut files: Vec<&String> = line.turns.iter().flat_map(|turn| &turn.files).collect();
    files.sort_by_key(|file| (file.get(1..), file.get(..1)));
    files.dedup();
    files
}

/// Writes tokens over the turns, the contents and the files. `href` says
/// where message `n` of a line stands: 0 is the conversation, 1 the first run.
pub(super) fn contents(out: &mut String, export: &Export, href: &dyn Fn(usize, u64) -> String) {
    let mut before = 0;
    let mut bars = Vec::new();
    let mut list = String::new();
    for turn in &export.line.turns {
        let first = before + 1;
        before += turn.messages;
        let href = if turn.messages > 0 { href(0, first) } else { String::new() };
        let title = shorten(turn.title.as_deref().unwrap_or("(before the first prompt)"), TITLE);
        bars.push(Bar { name: title.clone(), href: href.clone(), usage: turn.usage });
        let when = turn.time.map(moment).unwrap_or_default();
        let (title, href) = (escaped(&title), escaped(&href));
        let _ = writeln!(
            list,
            "<li><a href=\"{href}\" dir=auto>{title}</a> <small>{when} {}, {}</small></li>",
            count(turn.messages, "message"),
            count(turn.calls, "call")
        );
    }
    plot::write(out, "turn", &bars);
    let open = if export.line.turns.len() <= 20 { " open" } else { "" };
    let _ = write!(
        out,
        "<nav><details{open}><summary><b>Contents</b> {}</summary>\n<ol>{list}</ol></details>\n",
        count(export.line.turns.len() as u64, "turn")
    );
    if !export.runs.is_empty() {
        let _ = write!(out, "<details><summary><b>Subagents</b> {}</summary>\n<ol>", export.runs.len());
        for (n, run) in export.runs.iter().enumerate() {
            let (title, href) = (escaped(&run_title(run)), escaped(&href(n + 1, 1)));
            let when = run.began.map(moment).unwrap_or_default();
            let _ = writeln!(
                out,
                "<li id=c{}><a href=\"{href}\" dir=auto>{title}</a> <small>{when} {}</small></li>",
                n + 1,
                count(run.messages, "message")
            );
        }
        out.push_str("</ol></details>\n");
    }
    let files = files(&export.line);
    if !files.is_empty() {
        let _ = write!(
            out,
            "<details><summary><b>Files</b> and what was done to them</summary>\n<ul class=files>"
        );
        for file in files {
            let _ = writeln!(out, "<li>{}</li>", escaped(&crate::view::file(file)));
        }
        out.push_str("</ul></details>\n");
    }
    out.push_str("</nav>\n");
}
