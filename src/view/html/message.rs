//! A message as an article of the page, with a link to itself.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::call::{self, Called};
use super::highlight::Highlighter;
use super::text::{cut, escape, escaped};
use super::{SHOWN_MAX, markdown, moment, time_of_day};
use crate::object::Role;
use crate::ops::show::{Picture, Piece, Shown};
use crate::view::message::role;
use crate::view::tokens;

/// How many calls back a result finds its own.
const CALLS: usize = 1024;
/// Pictures that browsers show and that can hold no script.
const PICTURES: &[&str] = &["image/png", "image/jpeg", "image/gif", "image/webp"];

/// Writes the messages of a conversation, one after another.
#[derive(Debug, Default)]
pub struct Writer {
    /// What has been written since it was last taken.
    pub(super) out: String,
    /// The file that is being written; empty where there is but one.
    pub(super) file: String,
    /// What stands before the number of a message in its anchor.
    pub(super) anchor: String,
    /// What stands before `:n` in the revision of a message.
    pub(super) revision: String,
    /// The runs of subagents: how their prompts begin, and where they stand.
    pub(super) runs: Vec<(String, String)>,
    code: Highlighter,
    calls: VecDeque<Called>,
    n: u64,
}

impl Writer {
    /// Takes what has been written, and begins another page.
    pub fn take(&mut self) -> String {
        self.code = Highlighter::default();
        std::mem::take(&mut self.out)
    }

    /// Begins a conversation of its own.
    pub(super) fn begin(&mut self, anchor: &str, revision: &str) {
        (self.anchor, self.revision) = (anchor.to_owned(), revision.to_owned());
        self.calls.clear();
    }

    /// Writes a message.
    pub fn message(&mut self, shown: &Shown) {
        self.n = shown.n;
        let only = |f: fn(&Piece) -> bool| !shown.pieces.is_empty() && shown.pieces.iter().all(f);
        let kind = match shown.role {
            _ if only(|p| matches!(p, Piece::Result { .. })) => "result",
            _ if only(|p| matches!(p, Piece::Notice(_))) => "system",
            role_of => role(role_of),
        };
        let turn = if shown.begins_turn { " turn" } else { "" };
        let anchor = format!("{}m{}", self.anchor, shown.n);
        let _ = write!(
            self.out,
            "<article id={anchor} class=\"{kind}{turn}\"><header><a href=\"#{anchor}\" title=\"{}\">{}</a> <b>{kind}</b>",
            shown.id, shown.n
        );
        if let Some(time) = shown.time {
            let words = if shown.begins_turn { moment(time) } else { time_of_day(time) };
            let _ = write!(self.out, " {words}");
        }
        if let Some(model) = &shown.model {
            let _ = write!(self.out, " <span>{}</span>", escaped(model));
        }
        let usage = &shown.usage;
        if !usage.is_zero() {
            let sent = usage.input + usage.cache_write + usage.cache_read;
            let _ = write!(
                self.out,
                " <span title=\"input {}, written to cache {}, read from cache {}, output {}\">{} → {} tokens</span>",
                usage.input,
                usage.cache_write,
                usage.cache_read,
                usage.output,
                tokens(sent),
                tokens(usage.output)
            );
        }
        self.out.push_str("</header>\n");
        for piece in &shown.pieces {
            match piece {
                Piece::Text(text) if shown.role == Role::Assistant => self.said(text),
                piece => self.piece(piece),
            }
        }
        self.out.push_str("</article>\n");
    }

    /// Writes a piece of a message.
    pub(super) fn piece(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(text) => self.plain("said", text),
            Piece::Thinking(text) if text.trim().is_empty() => {
                self.push("<p class=note>thought, kept to itself</p>\n");
            }
            Piece::Thinking(text) => self.folded("thinking", "thinking", text, true),
            Piece::Call { name, action, input, is_json } => {
                let mut called = call::call(self, name, *action, input, *is_json);
                called.file.clone_from(&self.file);
                called.anchor = format!("#{}m{}", self.anchor, self.n);
                self.calls.push_front(called);
                self.calls.truncate(CALLS);
            }
            Piece::Result { call, failed, parts } => call::result(self, *call, *failed, parts),
            Piece::Image(picture) => self.picture(picture),
            Piece::File(media, name, len) => {
                let words = format!("file: {} {} ({len} bytes)", escaped(name), escaped(media));
                self.push(&format!("<p class=note>{words}</p>\n"));
            }
            Piece::Summary(text) => self.folded("summary", "summary of what came before", text, true),
            Piece::Notice(text) => self.folded("notice", "notice", text, false),
            Piece::Other(text) => self.folded("other", "of an unknown kind", text, false),
        }
    }

    /// A link to a call.
    pub(super) fn href(&self, called: &Called) -> String {
        let file = if called.file == self.file { "" } else { &called.file };
        format!("{file}{}", called.anchor)
    }

    /// The call so many back, 0 being the last.
    pub(super) fn called(&self, back: u32) -> Option<Called> {
        let called = self.calls.get(usize::try_from(back).ok()?)?;
        Some(called.clone())
    }

    /// The run that a call started, by how its prompt begins: where it stands.
    pub(super) fn run_of(&self, input: &str) -> Option<(String, String)> {
        let found = self.runs.iter().find(|(begin, _)| !begin.is_empty() && input.contains(begin.as_str()));
        found.cloned()
    }

    pub(super) fn push(&mut self, html: &str) {
        self.out.push_str(html);
    }

    /// Writes a text in Markdown.
    pub(super) fn said(&mut self, text: &str) {
        self.push("<div class=said>");
        markdown::write(&mut self.out, text, &mut self.code);
        self.push("</div>\n");
    }

    /// Writes a text as it is.
    fn plain(&mut self, class: &str, text: &str) {
        let (text, left) = cut(text.trim_end(), SHOWN_MAX);
        if text.is_empty() {
            return;
        }
        self.push(&format!("<div class=\"{class} plain\" dir=auto>"));
        escape(&mut self.out, text);
        self.push("</div>\n");
        self.left_out(left);
    }

    fn folded(&mut self, class: &str, name: &str, text: &str, laid_out: bool) {
        self.push(&format!("<details class={class}><summary><b>{name}</b> "));
        let first = crate::view::clean::shorten(text.trim_start().lines().next().unwrap_or_default(), 120);
        self.push(&format!("<span class=of>{}</span></summary>\n", escaped(&first)));
        if laid_out {
            self.said(text)
        } else {
            self.plain("said", text)
        }
        self.push("</details>\n");
    }

    /// Writes code.
    pub(super) fn code(&mut self, text: &str, language: &str) {
        let (text, left) = cut(text, SHOWN_MAX);
        if text.is_empty() {
            return self.push("<p class=note>nothing</p>\n");
        }
        self.push("<pre><code>");
        self.code.write(&mut self.out, text, language);
        self.push("</code></pre>\n");
        self.left_out(left);
    }

    /// Tells words of code apart in a text of its own.
    pub(super) fn highlight(&mut self, out: &mut String, code: &str, language: &str) {
        self.code.write(out, code, language);
    }

    /// Says how much isn't shown, and where it is.
    pub(super) fn left_out(&mut self, bytes: usize) {
        if bytes > 0 {
            let revision = escaped(&format!("{}:{}", self.revision, self.n));
            let words = format!("{bytes} more bytes: <code>sfs show {revision} --full</code>");
            self.push(&format!("<p class=note>{words}</p>\n"));
        }
    }

    fn picture(&mut self, picture: &Picture) {
        let Picture { media, len, data } = picture;
        let is_base64 = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'=' | b'\n'))
        };
        let known = PICTURES.contains(&media.as_str());
        let words = format!("picture, {} ({len} bytes)", escaped(media));
        match data {
            Some(data) if known && is_base64(data) => {
                self.push(&format!("<img alt=\"{words}\" src=\"data:{media};base64,"));
                self.push(data);
                self.push("\">\n");
            }
            Some(url) if markdown::is_safe(url) && url.len() < 4096 => {
                let url = escaped(url);
                self.push(&format!(
                    "<p class=note>picture: <a href=\"{url}\" rel=\"noopener noreferrer nofollow\">{url}</a></p>\n"
                ));
            }
            _ => self.push(&format!("<p class=note>{words}, not shown</p>\n")),
        }
    }
}
