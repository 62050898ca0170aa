//! The pages of a site: the list of sessions, a session in parts, counts.

use std::fmt::Write as _;

use super::message::Writer;
use super::page::Page;
use super::plot::{self, Bar};
use super::text::escaped;
use super::{head, moment};
use crate::ops::export::Export;
use crate::ops::search::Hit;
use crate::ops::session::SessionInfo;
use crate::ops::show::Shown;
use crate::ops::stats::{Stats, Sums};
use crate::view;
use crate::view::clean::{clean, shorten};

/// How many rows a table has.
const ROWS: usize = 400;

/// How many messages a part of a session has.
pub const PART: u64 = 200;

/// The list of sessions, and the messages that say what is looked for, or why
/// none could be found.
pub fn sessions(
    sessions: &[SessionInfo],
    total: usize,
    wanted: &str,
    said: Result<&[Hit], String>,
) -> String {
    let page = Page { title: "sessions", site: true, ..Page::default() };
    let mut out = page.begin();
    let _ = write!(
        out,
        "<h1>Sessions</h1>\n<form method=get action=\"/\"><input type=search name=text value=\"{}\" \
         aria-label=\"find\" placeholder=\"title, name, or what was said\"> <button>find</button></form>\n\
         <p class=note>{} of {total} sessions · <a href=\"/stats\">counts</a></p>\n<ul class=sessions>\n",
        escaped(wanted),
        sessions.len()
    );
    for session in sessions {
        let title = shorten(session.label(), 200);
        let title = if title.is_empty() { "(no title)".to_owned() } else { title };
        let when = session.updated_at.map(moment).unwrap_or_default();
        let about = [session.tools.join(" + "), session.project.clone().unwrap_or_default()].join(" · ");
        let _ = writeln!(
            out,
            "<li><a href=\"/s/{}\" dir=auto>{}</a><small>{when} {} · {}, {}</small></li>",
            session.id,
            escaped(&title),
            escaped(&about),
            view::count(session.turns, "turn"),
            view::count(session.messages, "message")
        );
    }
    out.push_str("</ul>\n");
    match said {
        Ok([]) => {}
        Ok(hits) => {
            out.push_str("<h2>Said</h2>\n<ul class=sessions>\n");
            hits.iter().for_each(|hit| said_in(&mut out, hit));
            out.push_str("</ul>\n");
        }
        Err(why) => {
            let _ =
                writeln!(out, "<p class=note>What was said was not searched: {}</p>", escaped(&clean(&why)));
        }
    }
    out + &page.end()
}

/// A message that was found.
fn said_in(out: &mut String, hit: &Hit) {
    let href = format!("{}#m{}", address(&hit.session, &hit.branch, part_of(hit.n)), hit.n);
    let title = shorten(hit.name.as_deref().unwrap_or(&hit.title), 200);
    let when = hit.time.map(moment).unwrap_or_default();
    let about = format!("{} · {}", hit.tool, view::message::role(hit.role));
    let (href, title, about) = (escaped(&href), escaped(&title), escaped(&about));
    let _ = write!(out, "<li><a href=\"{href}\" dir=auto>{title}</a><small>{when} {about}</small>");
    for snippet in &hit.snippets {
        let cut = |cut: bool| if cut { "…" } else { "" };
        let _ = write!(out, "<div dir=auto>{}", cut(snippet.cut_before));
        for (text, is_hit) in view::search::parts(snippet) {
            let text = escaped(&text);
            let _ = if is_hit { write!(out, "<mark>{text}</mark>") } else { write!(out, "{text}") };
        }
        let _ = write!(out, "{}</div>", cut(snippet.cut_after));
    }
    out.push_str("</li>\n");
}

/// A branch of a session, as an address.
pub fn address(session: &crate::object::Id, branch: &str, part: u64) -> String {
    let mut address = format!("/s/{session}/{part}?branch=");
    for byte in branch.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                address.push(char::from(byte))
            }
            byte => {
                let _ = write!(address, "%{byte:02X}");
            }
        }
    }
    address
}

/// The part that a message is in, from 1.
pub fn part_of(n: u64) -> u64 {
    n.saturating_sub(1) / PART + 1
}

/// How many parts a conversation has.
pub fn parts(export: &Export) -> u64 {
    part_of(export.line.messages.max(1))
}

/// A part of a session; the first begins with what is known of it and the
/// contents.
pub fn session(export: &Export, part: u64, messages: &[Shown]) -> String {
    let (id, branch) = (&export.at.session, export.line.name.as_str());
    let own = |part: u64| address(id, branch, part);
    let title = head::title(export);
    let (previous, next) = (own(part.saturating_sub(1)), own(part + 1));
    let page = Page {
        title: &title,
        previous: (part > 1).then_some(previous.as_str()),
        index: Some("/"),
        next: (part < parts(export)).then_some(next.as_str()),
        site: true,
    };
    let mut out = page.begin();
    if part <= 1 {
        head::write(&mut out, export);
        branches(&mut out, export);
        head::contents(&mut out, export, &|line, n| match line.checked_sub(1) {
            None if part_of(n) == 1 => format!("#m{n}"),
            None => format!("{}#m{n}", own(part_of(n))),
            Some(run) => export.runs.get(run).map(|run| address(id, &run.name, 1)).unwrap_or_default(),
        });
    } else {
        let (title, first) = (escaped(&shorten(&title, 200)), escaped(&own(1)));
        let _ = writeln!(out, "<h1 dir=auto><a href=\"{first}\">{title}</a> <small>{part}</small></h1>");
    }
    let mut writer = Writer::default();
    writer.begin("", &format!("{id:.12}/{branch}"));
    writer.runs = head::prompts(export);
    for (run, (_, href)) in export.runs.iter().zip(&mut writer.runs) {
        *href = escaped(&address(id, &run.name, 1));
    }
    messages.iter().for_each(|shown| writer.message(shown));
    out.push_str(&writer.take());
    out + &page.end()
}

/// Links to the other branches.
fn branches(out: &mut String, export: &Export) {
    let Some(session) = &export.session else { return };
    let others: Vec<String> = session
        .branches
        .iter()
        .filter(|branch| !branch.part && branch.name != export.line.name)
        .map(|branch| {
            let (href, name) = (escaped(&address(&session.id, &branch.name, 1)), escaped(&branch.name));
            format!("<a href=\"{href}\">{name}</a>")
        })
        .collect();
    if !others.is_empty() {
        let _ = writeln!(out, "<p class=note>other branches: {}</p>", others.join(", "));
    }
}

/// Counts: a table for each way of grouping, the first with a picture.
pub fn stats(groups: &[(&str, Stats)]) -> String {
    let page = Page { title: "counts", index: Some("/"), site: true, ..Page::default() };
    let mut out = page.begin();
    out.push_str("<h1>Counts</h1>\n");
    if let Some((_, first)) = groups.first() {
        let bar = |row: &crate::ops::stats::Row| Bar {
            name: row.key.clone(),
            href: String::new(),
            usage: row.sums.usage,
        };
        plot::write(&mut out, "day", &first.rows.iter().map(bar).collect::<Vec<_>>());
    }
    for (name, stats) in groups {
        let _ = writeln!(
            out,
            "<details open><summary><b>{name}</b></summary><div class=wide><table><thead><tr><th>{name}</th>\
             <th>tokens</th><th>input</th><th>written</th><th>read</th><th>output</th><th>cost</th><th>turns</th>\
             <th>time</th><th>files</th></tr></thead>"
        );
        // The last days, the largest of others.
        let days = *name == "day";
        let rows = stats.rows.iter().rev().filter(|_| days).chain(stats.rows.iter().filter(|_| !days));
        for row in rows.take(ROWS) {
            row_of(&mut out, row.title.as_deref().unwrap_or(&row.key), &row.sums);
        }
        row_of(&mut out, "total", &stats.total);
        out.push_str("</table></div></details>\n");
    }
    if let Some((_, stats)) = groups.first() {
        let (currency, date) = (escaped(&stats.prices.currency), escaped(&stats.prices.date));
        let _ = writeln!(out, "<p class=note>cost in {currency} by list prices of {date}</p>");
        for (model, count) in &stats.unpriced {
            let model = escaped(&shorten(model, 80));
            let _ = writeln!(
                out,
                "<p class=note>no price is known of {model}: {} tokens</p>",
                view::tokens(*count)
            );
        }
    }
    out + &page.end()
}

fn row_of(out: &mut String, key: &str, sums: &Sums) {
    let key = if key.is_empty() { "(unknown)".to_owned() } else { shorten(key, 100) };
    let _ = write!(out, "<tr><td dir=auto>{}</td>", escaped(&key));
    for cell in view::stats::cells(sums) {
        let _ = write!(out, "<td class=number>{cell}</td>");
    }
    out.push_str("</tr>\n");
}

/// A page that only says something.
pub fn words(title: &str, text: &str) -> String {
    let page = Page { title, index: Some("/"), site: true, ..Page::default() };
    format!("{}<h1>{}</h1>\n<p>{}</p>\n{}", page.begin(), escaped(title), escaped(text), page.end())
}
