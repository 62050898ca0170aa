//! Forms: how sessions are handed on from one program to another, apart from
//! where a tool keeps its own.
//!
//! Sources of a form are only looked for where the user says. They are read
//! like any other; that they are found no more is no news of them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use super::{Conversation, Found, Losses, Sink, Tool, ToolError};

/// The longest first line that is read to recognise a file by, in bytes.
const LINE_MAX: u64 = 64 << 20;

/// A form of sessions, known by the name of the [`Tool`] that reads it.
pub trait Form: Sync {
    /// Whether sessions of this form stand in a file or folder. Links in it are
    /// not followed.
    fn is_in(&self, path: &Path) -> io::Result<bool>;

    /// The sources in a file or folder that has sessions of this form. A native
    /// id depends on names and bytes below `path` alone, so that it is the same
    /// on each machine.
    fn sources(&self, path: &Path) -> io::Result<Vec<Found>>;

    /// How sessions are written in this form.
    fn writes(&self) -> Writes<'_>;
}

/// What is written of a session in a form.
pub enum Writes<'f> {
    /// What was said and done.
    Conversation(&'f dyn Writer),
    /// Which lines of which files it wrote, and nothing of what was said.
    Lines,
}

/// Writes conversations in a form.
pub trait Writer: Sync {
    /// What its files are called: the end of a file's name, or of the folder's
    /// where there are several.
    fn ending(&self) -> &'static str;

    /// What a session is called in a folder of sessions of this form: by its
    /// id, or by a name for people.
    fn called(&self, id: &str, name: &str) -> String {
        let _ = id;
        format!("{name}.{}", self.ending())
    }

    /// Whether it is several files, in a folder.
    fn is_folder(&self) -> bool {
        false
    }

    /// Writes a conversation. The paths of files are names in its folder; for a
    /// form of one file it is that.
    fn write(
        &self,
        conversation: &mut dyn Conversation,
        about: &About,
        sink: &mut dyn Sink,
    ) -> Result<Written, ToolError>;
}

/// What is known of a session that is written in a form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// An id for it, which the store has it under.
    pub id: String,
    /// Its title; empty if it has none.
    pub title: String,
    /// The tool that carried it, by its name.
    pub tool: String,
    /// That tool's own id of it.
    pub native: String,
    /// The version of that tool.
    pub version: Option<String>,
    /// The directory it worked in.
    pub cwd: Option<String>,
    /// The git branch it was on.
    pub git_branch: Option<String>,
    /// The model that spoke last.
    pub model: Option<String>,
    /// When it began, in milliseconds since 1970.
    pub began: Option<i64>,
    /// When it ended.
    pub ended: Option<i64>,
}

impl About {
    /// All that stands in it as words, for whoever must look at what leaves.
    pub fn words(&mut self) -> impl Iterator<Item = &mut String> {
        let About { id: _, title, tool, native, version, cwd, git_branch, model, began: _, ended: _ } = self;
        let some = [version, cwd, git_branch, model].into_iter().flatten();
        [title, tool, native].into_iter().chain(some)
    }
}

/// What was written.
#[derive(Clone, Debug, Default)]
pub struct Written {
    /// How many messages.
    pub messages: u64,
    /// What the form can't hold.
    pub losses: Losses,
}

/// The form called `name`.
pub fn by_name(name: &str) -> Option<(&'static dyn Tool, &'static dyn Form)> {
    all().find(|(tool, _)| tool.name() == name)
}

/// The form that a path's sessions are in; the first that knows it.
pub fn of(path: &Path) -> io::Result<Option<(&'static dyn Tool, &'static dyn Form)>> {
    for (tool, form) in all() {
        if form.is_in(path)? {
            return Ok(Some((tool, form)));
        }
    }
    Ok(None)
}

/// All forms, each with the tool that reads it.
pub fn all() -> impl Iterator<Item = (&'static dyn Tool, &'static dyn Form)> {
    let forms = super::FORMS.iter().chain(super::TOOLS).copied();
    forms.filter_map(|tool| Some((tool, tool.form()?)))
}

/// The first line of a file that isn't blank; `None` if there is none, or
/// none so short.
pub(super) fn first_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut lines = BufReader::new(File::open(path)?.take(LINE_MAX));
    loop {
        let mut line = Vec::new();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        if !blank(&line) {
            return Ok(Some(line));
        }
    }
}

/// Whether nothing stands in a line but white space and a byte order mark.
pub(super) fn blank(line: &[u8]) -> bool {
    line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line).trim_ascii().is_empty()
}

/// The name of a file without its last ending.
pub(super) fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

/// Whether a file's name ends with one of these, whatever the case.
pub(super) fn ends_with(path: &Path, endings: &[&str]) -> bool {
    let ending = path.extension().unwrap_or_default();
    endings.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

/// A writer whose failures name the file.
pub(super) struct Output<'o> {
    pub(super) out: &'o mut dyn Write,
    pub(super) name: &'static str,
}

impl Output<'_> {
    /// Writes all of some bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<(), ToolError> {
        self.out.write_all(bytes).map_err(|source| ToolError::Write { path: self.name.into(), source })
    }

    /// Hands all of it over.
    pub(super) fn finish(self) -> Result<(), ToolError> {
        self.out.flush().map_err(|source| ToolError::Write { path: self.name.into(), source })
    }
}
