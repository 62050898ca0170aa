//! From a path that something happened to, to what must be looked at.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::ops::capture::Work;
use crate::tool::{Framing, Places, TOOLS, Tool, Watched, stamp};

/// What to look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Hint {
    /// A file that is a source and was seen before.
    Source(PathBuf),
    /// All sources of a tool.
    Tool(&'static str),
}

/// What a database's own files are called besides: its log is written first.
const LOGS: &[&str] = &["-wal", "-journal"];
/// Holds nothing but locks and what can be made again.
const SHARED: &str = "-shm";

/// The sources that were found, by their files, and the folders of tools.
#[derive(Default)]
pub(super) struct Index {
    folders: Vec<(Watched, &'static str)>,
    sources: HashMap<PathBuf, Work>,
}

impl Index {
    /// Takes the folders of these tools.
    pub(super) fn of(places: &Places, wants: impl Fn(&str) -> bool) -> Index {
        let tools = TOOLS.iter().filter(|tool| wants(tool.name()));
        let folders = tools.flat_map(|tool| tool.watched(places).into_iter().map(|f| (f, tool.name())));
        Index { folders: folders.collect(), sources: HashMap::new() }
    }

    /// Takes what was found of some tools in place of what was known of them.
    pub(super) fn learn(&mut self, wants: impl Fn(&str) -> bool, found: Work) {
        self.sources.retain(|_, work| {
            work.retain(|(tool, _)| !wants(tool.name()));
            !work.is_empty()
        });
        for (tool, found) in found {
            self.sources.entry(found.path.clone()).or_default().push((tool, found));
        }
    }

    /// The folders in which changes are to be waited for: those of the tools,
    /// and those of sources elsewhere.
    pub(super) fn watched(&self) -> Vec<Watched> {
        let inside = |path: &Path| self.folders.iter().any(|(folder, _)| covers(folder, path));
        let elsewhere = self.sources.keys().filter(|path| !inside(path)).filter_map(|path| path.parent());
        let elsewhere: BTreeSet<&Path> = elsewhere.collect();
        let elsewhere = elsewhere.into_iter().map(|path| Watched::flat(path.to_owned()));
        self.folders.iter().map(|(folder, _)| folder.clone()).chain(elsewhere).collect()
    }

    /// The tools that keep sessions in a folder.
    pub(super) fn tools_in(&self, path: &Path) -> Vec<&'static str> {
        let inside = self.folders.iter().filter(|(folder, _)| folder.path.starts_with(path));
        let mut names: Vec<_> = inside.map(|(_, name)| *name).collect();
        let sources = self.sources.iter().filter(|(file, _)| file.parent() == Some(path));
        names.extend(sources.flat_map(|(_, work)| work.iter().map(|(tool, _)| tool.name())));
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The tools that have a source in a file.
    pub(super) fn tools_of(&self, file: &Path) -> impl Iterator<Item = &'static str> {
        self.sources.get(file).into_iter().flatten().map(|(tool, _)| tool.name())
    }

    /// What must be looked at when something happened to `path`.
    pub(super) fn hints(&self, path: &Path) -> Vec<Hint> {
        let name = path.to_string_lossy();
        if name.ends_with(SHARED) {
            return Vec::new();
        }
        let base = LOGS.iter().find_map(|log| name.strip_suffix(log)).map(Path::new);
        let known = self.sources.get(path).or_else(|| self.sources.get(base?));
        match known {
            Some(work)
                if base.is_none() && work.iter().all(|(tool, found)| is_plain(*tool, found.framing)) =>
            {
                vec![Hint::Source(path.to_owned())]
            }
            Some(work) => {
                let mut names: Vec<_> = work.iter().map(|(tool, _)| Hint::Tool(tool.name())).collect();
                names.dedup();
                names
            }
            None => {
                let of =
                    self.folders.iter().filter(|(folder, _)| covers(folder, path) || folder.path == path);
                let mut names: Vec<_> = of.map(|(_, name)| Hint::Tool(name)).collect();
                names.dedup();
                names
            }
        }
    }

    /// The sources of a file, as it looks now; nothing if it is gone.
    pub(super) fn sources(&self, path: &Path) -> Work {
        let Some(now) = stamp(path) else { return Work::new() };
        let mut work = self.sources.get(path).cloned().unwrap_or_default();
        for (_, found) in &mut work {
            found.stamp = now;
        }
        work
    }
}

/// Whether what happens to a path in a folder is heard of.
fn covers(folder: &Watched, path: &Path) -> bool {
    if folder.deep {
        path.starts_with(&folder.path) && path != folder.path
    } else {
        path.parent() == Some(folder.path.as_path())
    }
}

/// Whether what a source's file looks like is all there is to know of it
/// without opening it.
fn is_plain(tool: &dyn Tool, framing: Framing) -> bool {
    let file = matches!(framing, Framing::Lines | Framing::ZstdLines | Framing::Document);
    file && !tool.shares_files()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Id;
    use crate::ops::Env;
    use crate::ops::capture::{CaptureOptions, Survey};
    use crate::store::Store;

    /// A home with one source of lines, and what finds it.
    fn home() -> (tempfile::TempDir, Index, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let places = Places { home: dir.path().to_owned(), ..Places::default() };
        let env = Env { places, ..Env::default() };
        let folder = TOOLS[0].watched(&env.places)[0].path.join("-p");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("11112222-3333-4444-5555-666677778888.jsonl");
        std::fs::write(&file, "{}\n").unwrap();
        let store = Store::open_or_create(&dir.path().join("store"), Id::ZERO).unwrap();
        let mut index = Index::of(&env.places, |_| true);
        index.learn(|_| true, Survey::take(&env, &store, &CaptureOptions::default()).found);
        (dir, index, file)
    }

    #[test]
    fn a_known_file_is_looked_at_alone_and_another_with_its_tool() {
        let (dir, index, file) = home();
        assert_eq!(index.hints(&file), [Hint::Source(file.clone())]);
        let tool = TOOLS[0].name();
        assert_eq!(index.hints(&file.with_file_name("other.jsonl")), [Hint::Tool(tool)]);
        assert_eq!(index.hints(dir.path()), []);
        assert_eq!(index.hints(&dir.path().join("notes")), []);
        assert_eq!(index.tools_in(file.parent().unwrap().parent().unwrap()), [tool]);
    }

    #[test]
    fn a_known_file_is_taken_as_it_looks_now() {
        let (_dir, mut index, file) = home();
        std::fs::write(&file, "{}\n{}\n").unwrap();
        assert_eq!(index.sources(&file)[0].1.stamp.len, 6);
        std::fs::remove_file(&file).unwrap();
        assert!(index.sources(&file).is_empty());
        index.learn(|tool| tool == TOOLS[0].name(), Work::new());
        assert_eq!(index.hints(&file), [Hint::Tool(TOOLS[0].name())]);
    }

    #[test]
    fn a_log_stands_for_its_database() {
        let (_dir, mut index, file) = home();
        let mut work = index.sources(&file);
        work[0].1.framing = Framing::Rows;
        work[0].1.path = "/elsewhere/x.db".into();
        index.learn(|_| false, work);
        let tool = Hint::Tool(TOOLS[0].name());
        for name in ["/elsewhere/x.db", "/elsewhere/x.db-wal", "/elsewhere/x.db-journal"] {
            assert_eq!(index.hints(Path::new(name)), std::slice::from_ref(&tool), "{name}");
        }
        assert_eq!(index.hints(Path::new("/elsewhere/x.db-shm")), []);
        assert_eq!(index.hints(Path::new("/elsewhere/y.db")), []);
        assert!(index.watched().contains(&Watched::flat("/elsewhere".into())));
    }
}
