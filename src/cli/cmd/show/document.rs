//! `sfs show --html` and `--md`: a conversation as a document.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::cli::ui::count;
use crate::cli::{App, CommandError};
use crate::object::Id;
use crate::ops::Monitor as _;
use crate::ops::export::{Export, export};
use crate::ops::revision::Resolved;
use crate::ops::scan::{ScanOptions, scan};
use crate::ops::show::{self, Shown};
use crate::ops::stats::Prices;
use crate::store::Store;
use crate::view::{html, md};

/// The longest picture that goes into a page, in bytes.
const PICTURE_MAX: u64 = 4 << 20;

/// Where a document goes.
enum Place {
    Output,
    File(PathBuf),
}

impl Place {
    /// What the user named; `name` is what a document in a folder is called.
    fn new(app: &App, named: Option<&Path>, name: &str) -> Place {
        match named {
            None => Place::Output,
            Some(path) if path == Path::new("-") => Place::Output,
            Some(path) => {
                let is_folder =
                    path.as_os_str().to_string_lossy().ends_with(['/', std::path::MAIN_SEPARATOR]);
                let path = app.env.cwd.join(path);
                Place::File(if is_folder || path.is_dir() { path.join(name) } else { path })
            }
        }
    }
}

/// Writes a conversation up to a revision as HTML.
pub(super) fn html(app: &App, store: &Store, at: Resolved, to: Option<&Path>) -> Result<(), CommandError> {
    let export = export(store, at, &Prices::read(&app.env.prices())?)?;
    match Place::new(app, to, "index.html") {
        Place::Output => {
            let mut pages = html::Pages::single(&export);
            each(app, store, &export, |step| {
                match step {
                    Step::Run(n) => pages.run(n),
                    Step::Message(shown) => drop(pages.message(&shown)),
                }
                app.ui.bytes(pages.drain().as_bytes())
            })?;
            pages.finish().iter().try_for_each(|file| app.ui.bytes(file.html.as_bytes()))?;
        }
        Place::File(path) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let mut pages = html::Pages::new(&export, &name);
            let folder = path.with_file_name(pages.folder());
            let mut parts = 0;
            let mut put = |file: html::File| match file.part {
                Some(n) => {
                    parts = n;
                    write(&folder.join(html::part_name(n)), &file.html)
                }
                None => write(&path, &file.html),
            };
            each(app, store, &export, |step| match step {
                Step::Run(n) => {
                    pages.run(n);
                    Ok(())
                }
                Step::Message(shown) => pages.message(&shown).map_or(Ok(()), &mut put),
            })?;
            pages.finish().into_iter().try_for_each(&mut put)?;
            let beside = match parts {
                0 => String::new(),
                n => format!(" and {n} pages in {}", folder.display()),
            };
            app.ui.note(&format!("Wrote {}{beside}.", path.display()));
            tell_secrets(app, store, &export)?;
        }
    }
    Ok(())
}

/// Writes a conversation up to a revision as Markdown.
pub(super) fn md(app: &App, store: &Store, at: Resolved, to: Option<&Path>) -> Result<(), CommandError> {
    let export = export(store, at, &Prices::read(&app.env.prices())?)?;
    let step = |step| match step {
        Step::Run(n) => export.runs.get(n).map(md::run).unwrap_or_default(),
        Step::Message(shown) => md::message(&shown),
    };
    let mut text = md::head(&export);
    let place = Place::new(app, to, "index.md");
    if let Place::Output = place {
        app.ui.page();
    }
    each(app, store, &export, |next| {
        text.push_str(&format!("\n{}\n", step(next).trim_end()));
        match place {
            Place::Output => app.ui.line(std::mem::take(&mut text).trim_end_matches('\n')),
            Place::File(_) => Ok(()),
        }
    })?;
    match place {
        Place::Output => Ok(()),
        Place::File(path) => {
            write(&path, &text)?;
            app.ui.note(&format!("Wrote {}.", path.display()));
            tell_secrets(app, store, &export)
        }
    }
}

/// Warns of secrets in what was written, since people hand such files on.
fn tell_secrets(app: &App, store: &Store, export: &Export) -> Result<(), CommandError> {
    let lines = std::iter::once(&export.line).chain(&export.runs);
    let commits = lines.filter_map(|line| line.commits.last().map(|(id, _)| *id)).collect();
    let options = ScanOptions { commits, all: false };
    let found = scan(&app.env, store, &options, &app.ui.patient_monitor())?.found.len() as u64;
    if found > 0 {
        app.ui.warn(&format!("there is {} in it", count(found, "secret")));
        let session = export.at.session;
        app.ui.hint(&format!("`sfs scan {session:.12}` shows where; to hand the session on without, `sfs share` and `sfs export` have --redact"));
    }
    Ok(())
}

/// What comes next in a document.
enum Step {
    /// A run of a subagent begins.
    Run(usize),
    /// A message.
    Message(Shown),
}

/// Reads the messages of a conversation and of its runs, one after another.
fn each(
    app: &App,
    store: &Store,
    export: &Export,
    mut step: impl FnMut(Step) -> io::Result<()>,
) -> Result<(), CommandError> {
    let monitor = app.ui.monitor();
    let lines = || std::iter::once(&export.line).chain(&export.runs);
    let commits: usize = lines().map(|line| line.commits.len()).sum();
    monitor.begin("writing", Some(commits as u64));
    let read = |id: &Id, step: &mut dyn FnMut(Step) -> io::Result<()>| -> Result<(), CommandError> {
        if let Some(shown) = show::with_pictures(store, *id, PICTURE_MAX)? {
            step(Step::Message(shown))?;
        }
        monitor.advance(1);
        Ok(())
    };
    for (n, line) in lines().enumerate() {
        if n > 0 {
            step(Step::Run(n - 1))?;
        }
        line.commits.iter().try_for_each(|(id, _)| read(id, &mut step))?;
    }
    monitor.end();
    Ok(())
}

/// Writes a file as a whole or not at all, for its user alone.
fn write(path: &Path, text: &str) -> io::Result<()> {
    let at = |e: io::Error| io::Error::new(e.kind(), format!("{}: {e}", path.display()));
    let folder = path.parent().unwrap_or(Path::new("."));
    let put = || {
        std::fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist(path).map_err(|e| e.error)
    };
    put().map(drop).map_err(at)
}
