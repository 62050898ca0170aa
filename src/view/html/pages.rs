//! A whole conversation as one page, or as several when it is long.
//!
//! Messages are written as they come. When a page is full it is done and
//! leaves; only at the end is it known whether there was more than one, and
//! then the contents become a page of their own.

use super::head;
use super::message::Writer;
use super::page::Page;
use super::text::escaped;
use crate::ops::export::Export;
use crate::ops::show::Shown;

/// How many bytes of messages a page has, a message more or less.
pub(super) const PAGE_MAX: usize = 4 << 20;

/// A page that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its place: the number of a part, or `None` for the one to begin with.
    pub part: Option<usize>,
    /// All of it.
    pub html: String,
}

/// Writes the pages of a conversation.
#[derive(Debug)]
pub struct Pages<'e> {
    export: &'e Export,
    writer: Writer,
    /// How the first page is called, as seen from a part.
    index: String,
    /// The folder of the parts, as seen from the first page.
    folder: String,
    /// Whether there may be but one page.
    single: bool,
    /// Whether its beginning has been given away.
    begun: bool,
    /// The line and the message with which each part begins.
    starts: Vec<(usize, u64)>,
    /// The line that is written.
    line: usize,
}

impl<'e> Pages<'e> {
    /// Pages of which the first is called `name`. If it gets too long, parts
    /// go into a folder beside it.
    pub fn new(export: &'e Export, name: &str) -> Pages<'e> {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        Pages::make(export, format!("../{name}"), format!("{stem}-parts"), false)
    }

    /// One page, however long.
    pub fn single(export: &'e Export) -> Pages<'e> {
        Pages::make(export, String::new(), String::new(), true)
    }

    fn make(export: &'e Export, index: String, folder: String, single: bool) -> Pages<'e> {
        let mut writer = Writer::default();
        writer.runs = head::prompts(export);
        writer.begin("", &revision(export, None));
        writer.file = part_name(1);
        Pages { export, writer, index, folder, single, begun: false, starts: vec![(0, 0)], line: 0 }
    }

    /// The folder of the parts.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// Goes on with run `n` of a subagent, from 0.
    pub fn run(&mut self, n: usize) {
        let Some(run) = self.export.runs.get(n) else { return };
        self.line = n + 1;
        self.writer.begin(&format!("r{}", n + 1), &revision(self.export, Some(&run.name)));
        let title = escaped(&head::run_title(run));
        self.writer.push(&format!("<h2 id=r{} dir=auto><small>subagent</small> {title}</h2>\n", n + 1));
    }

    /// Writes a message; gives the page that was full before it.
    pub fn message(&mut self, shown: &Shown) -> Option<File> {
        let full = !self.single && self.writer.out.len() >= PAGE_MAX;
        let file = full.then(|| self.part(false));
        if full {
            self.starts.push((self.line, shown.n));
            self.writer.file = part_name(self.starts.len());
        }
        self.writer.message(shown);
        file
    }

    /// Takes what there is so far of a single page.
    pub fn drain(&mut self) -> String {
        let mut html = String::new();
        if self.single && !self.begun {
            self.begun = true;
            html = self.first();
        }
        html.push_str(&std::mem::take(&mut self.writer.out));
        html
    }

    /// The pages that are left: the last part, if there are any, and the one to
    /// begin with.
    pub fn finish(mut self) -> Vec<File> {
        let title = head::title(self.export);
        let page = Page { title: &title, ..Page::default() };
        if self.starts.len() > 1 {
            let last = self.part(true);
            let index = self.first() + &page.end();
            return vec![last, File { part: None, html: index }];
        }
        let rest = if self.single { self.drain() } else { self.first() + &self.writer.take() };
        vec![File { part: None, html: rest + &page.end() }]
    }

    /// The beginning of the first page.
    fn first(&self) -> String {
        let title = head::title(self.export);
        let mut html = Page { title: &title, ..Page::default() }.begin();
        head::write(&mut html, self.export);
        head::contents(&mut html, self.export, &|line, n| self.href(line, n));
        html
    }

    /// Where a message stands, as seen from the first page.
    fn href(&self, line: usize, n: u64) -> String {
        let anchor = if line == 0 { format!("#m{n}") } else { format!("#r{line}") };
        if self.starts.len() == 1 {
            return anchor;
        }
        // A run's heading stands at the end of the page before, if that has just been filled.
        let after = self.starts.partition_point(|start| *start <= (line, if line == 0 { n } else { 0 }));
        format!("{}/{}{anchor}", self.folder, part_name(after))
    }

    /// Ends a part.
    fn part(&mut self, last: bool) -> File {
        let n = self.starts.len();
        let title = format!("{} ({n})", head::title(self.export));
        let (previous, next) = (part_name(n - 1), part_name(n + 1));
        let page = Page {
            title: &title,
            previous: (n > 1).then_some(previous.as_str()),
            index: Some(&self.index),
            next: (!last).then_some(next.as_str()),
            site: false,
        };
        // Runs are found through the contents: where they will stand isn't known yet.
        let middle = self.writer.take().replace("href=\"#c", &format!("href=\"{}#c", escaped(&self.index)));
        let html = format!("{}<h1 dir=auto>{}</h1>\n{middle}{}", page.begin(), escaped(&title), page.end());
        File { part: Some(n), html }
    }
}

/// How part `n` is called, from 1.
pub fn part_name(n: usize) -> String {
    format!("{n}.html")
}

/// What stands before `:n` in the revision of a message.
fn revision(export: &Export, run: Option<&str>) -> String {
    match run.or(Some(export.line.name.as_str()).filter(|name| !name.is_empty())) {
        Some(branch) => format!("{:.12}/{branch}", export.at.session),
        None => format!("{:.12}", export.at.commit),
    }
}
