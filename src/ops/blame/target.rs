//! Target: a file of today, and what sessions called it.
//!
//! A session names files as its tool wrote them: whole, or from where it
//! worked, here or on another machine. A folder that isn't here and is called
//! as the project is taken for the project.

use std::path::{Path, PathBuf};

use crate::object::Id;
use crate::object::id::IdMap;
use crate::ops::rebuilt::plain;
use crate::ops::{Env, source};
use crate::store::Store;

/// A folder that sessions worked in, and which it is here.
#[derive(Clone, Debug)]
struct Root {
    called: String,
    here: Option<String>,
}

/// The file.
#[derive(Debug)]
pub(super) struct Target {
    /// Its path, links to its folder resolved.
    path: String,
    name: String,
    /// The project's folder.
    pub(super) project: PathBuf,
    /// Folders that are the project elsewhere.
    elsewhere: Vec<String>,
    roots: IdMap<Vec<Root>>,
}

impl Target {
    /// The file at a path. Sessions that worked in the folders of `elsewhere`
    /// worked on the same project.
    pub(super) fn new(env: &Env, store: &Store, path: &Path, elsewhere: &[String]) -> Target {
        let called = env.cwd.join(path);
        let name = called.file_name().unwrap_or_default();
        // The file may be gone or be a link; it is its folder that counts.
        let folder = called.parent().map(|dir| env.resolve(dir)).unwrap_or_default();
        let path = plain(&folder.join(name).to_string_lossy());
        let mut target = Target {
            name: name.to_string_lossy().into_owned(),
            project: project(env, store, &folder),
            elsewhere: elsewhere.iter().map(|dir| plain(dir)).collect(),
            roots: IdMap::default(),
            path,
        };
        for source in source::all(store) {
            let Some(called) = source.about.cwd.as_deref().filter(|dir| !dir.is_empty()).map(plain) else {
                continue;
            };
            let roots = target.roots.get(&source.session);
            if roots.is_some_and(|roots| roots.iter().any(|root| root.called == called)) {
                continue;
            }
            let root = Root { here: target.here(env, &called), called };
            target.roots.entry(source.session).or_default().push(root);
        }
        target
    }

    /// Its path below the project's folder, or the whole one.
    pub(super) fn shown(&self) -> String {
        let project = plain(&self.project.to_string_lossy());
        below(&self.path, &project).unwrap_or(&self.path).to_owned()
    }

    /// Its path on this machine.
    pub(super) fn path(&self) -> &Path {
        Path::new(&self.path)
    }

    /// What a folder is here, and `None` if it is some other project's.
    fn here(&self, env: &Env, called: &str) -> Option<String> {
        let project = plain(&self.project.to_string_lossy());
        if let Some(rest) = self.elsewhere.iter().find_map(|dir| below(called, dir)) {
            return Some(if rest.is_empty() { project } else { format!("{project}/{rest}") });
        }
        let resolved = env.resolve(Path::new(called));
        if resolved.is_dir() {
            return Some(plain(&resolved.to_string_lossy()));
        }
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        (name(called) == name(&project)).then_some(project)
    }

    /// Tells whether a tool's path may be this file's or that of one of its name.
    pub(super) fn has_name(&self, path: &str) -> bool {
        path.ends_with(&self.name)
    }

    /// Tells whether a tool's path is this file.
    pub(super) fn is(&self, session: Option<&Id>, path: &str) -> bool {
        if !self.has_name(path) {
            return false;
        }
        let path = plain(path);
        let is_whole = path.starts_with('/') || path.get(1..2) == Some(":");
        let roots = session.and_then(|id| self.roots.get(id)).map_or(&[][..], Vec::as_slice);
        is_whole && path == self.path
            || roots.iter().any(|root| {
                let joined = if is_whole { path.clone() } else { plain(&format!("{}/{path}", root.called)) };
                let here = root.here.as_ref().zip(below(&joined, &root.called));
                here.is_some_and(|(here, rest)| plain(&format!("{here}/{rest}")) == self.path)
            })
    }

    /// Tells whether a session worked in a folder that the file is in.
    pub(super) fn is_within(&self, session: &Id) -> bool {
        let roots = self.roots.get(session).map_or(&[][..], Vec::as_slice);
        let mut here = roots.iter().filter_map(|root| root.here.as_deref());
        here.any(|here| below(&self.path, here).is_some())
    }

    /// Tells whether a path that a tool shows, which may be only a name, is this
    /// file's.
    pub(super) fn is_shown(&self, session: Option<&Id>, path: &str) -> bool {
        path == self.name || self.is(session, path)
    }

    /// Its path in a snapshot of a folder.
    pub(super) fn in_snapshot(&self, env: &Env, root: &str) -> Option<String> {
        let here = self.here(env, &plain(root))?;
        below(&self.path, &here).filter(|path| !path.is_empty()).map(str::to_owned)
    }

    /// Tells whether a session worked in another folder than the project's own.
    pub(super) fn is_elsewhere(&self, session: &Id) -> bool {
        let moved = |root: &Root| root.here.as_ref().is_some_and(|_| !Path::new(&root.called).is_dir());
        self.roots.get(session).is_some_and(|roots| roots.iter().any(moved))
    }
}

/// The folder of the project that a folder is in: of its repository, else the
/// nearest one that a session worked in, else itself.
fn project(env: &Env, store: &Store, folder: &Path) -> PathBuf {
    if let Some(root) = folder.ancestors().find(|dir| dir.join(".git").exists()) {
        return root.to_owned();
    }
    let worked_in = source::all(store).filter_map(|source| source.about.cwd.as_deref());
    let above = worked_in.map(|dir| env.resolve(Path::new(dir))).filter(|dir| folder.starts_with(dir));
    above.max_by_key(|dir| dir.components().count()).unwrap_or_else(|| folder.to_owned())
}

/// What is left of a path below a folder.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() || folder.ends_with('/') { Some(rest) } else { rest.strip_prefix('/') }
}
