//! Waits for changes below folders, whether they are there yet or not.
//!
//! A folder that is watched can be moved away, removed and made again, and one
//! that isn't there can appear at any time. So the folders above it that exist
//! are watched as well, and [`Watch::arm`] puts right what
//! is no longer as it was. What can't be watched is named, with the reason:
//! it must be looked into without being asked.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Sender;

use notify::event::{EventKind, Flag};
use notify::{Config, RecommendedWatcher, RecursiveMode, Watcher};

use crate::tool::Watched;

/// How often watching a folder is tried of which parts vanish meanwhile.
const TRIES: u32 = 3;
/// How often folders above are looked for, when they appear meanwhile.
const ROUNDS: u32 = 8;

/// What is heard of.
#[derive(Debug)]
pub enum Signal {
    /// Something may have happened to this file or folder.
    Changed(PathBuf),
    /// Something may have happened anywhere: events were lost.
    Lost,
    /// This folder isn't watched, though the one above it is.
    Unwatched(PathBuf),
    /// It is time to ask the host whether to go on.
    Wake,
}

/// Tells one folder from another of the same name.
type Identity = (u64, u64);

/// A folder that is wanted.
#[derive(Debug)]
struct Root {
    folder: Watched,
    armed: Option<Identity>,
    /// Why it can't be watched.
    refused: Option<String>,
}

/// What is watched.
pub struct Watch {
    watcher: Result<RecommendedWatcher, String>,
    roots: Vec<Root>,
    /// The folders above, and which they were.
    above: BTreeMap<PathBuf, Identity>,
    /// The user's home, which isn't moved away itself.
    home: PathBuf,
    /// How many more folders may be watched: tests set a limit.
    room: usize,
}

impl Watch {
    /// Sends what is heard to `signals`. Watches nothing yet.
    pub fn new(signals: Sender<Signal>, home: &Path, room: usize) -> Watch {
        let hear = move |event: notify::Result<notify::Event>| {
            // Nobody listens any more when this fails.
            let send = |signal| drop(signals.send(signal));
            match event {
                Ok(event) if event.need_rescan() || event.flag() == Some(Flag::Rescan) => send(Signal::Lost),
                // Reading is none of our business, least of all our own.
                Ok(event) if matches!(event.kind, EventKind::Access(_)) => {}
                Ok(event) => event.paths.into_iter().for_each(|path| send(Signal::Changed(path))),
                // Folders that were made just now are not watched.
                Err(e) if matches!(e.kind, notify::ErrorKind::MaxFilesWatch) && !e.paths.is_empty() => {
                    e.paths.into_iter().for_each(|path| send(Signal::Unwatched(path)));
                }
                Err(_) => send(Signal::Lost),
            }
        };
        // A link below a folder may lead anywhere.
        let config = Config::default().with_follow_symlinks(false);
        let watcher = RecommendedWatcher::new(hear, config).map_err(|e| no_watcher(&e));
        Watch { watcher, roots: Vec::new(), above: BTreeMap::new(), home: home.to_owned(), room }
    }

    /// Watches these folders, and no others; those that are watched already
    /// and are still what they were stay so. Returns the folders that are
    /// watched from now on: what happened in them before was not heard of.
    pub fn arm(&mut self, wanted: &[Watched]) -> Vec<PathBuf> {
        self.want(wanted);
        for _ in 0..ROUNDS {
            let above = self.folders_above();
            if above == self.above {
                break;
            }
            self.watch_above(above);
        }
        let mut fresh = Vec::new();
        let mut roots = std::mem::take(&mut self.roots);
        for root in &mut roots {
            let now = identity(&root.folder.path);
            if now == root.armed && root.refused.is_none() {
                continue;
            }
            if root.armed.take().is_some() {
                self.unwatch(&root.folder.path);
            }
            root.refused = None;
            if now.is_none() {
                continue;
            }
            match self.watch(&root.folder) {
                Ok(()) => {
                    root.armed = now;
                    fresh.push(root.folder.path.clone());
                }
                // It vanished again; the folder above tells when it comes back.
                Err(_) if identity(&root.folder.path).is_none() => {}
                Err(why) => root.refused = Some(why),
            }
        }
        self.roots = roots;
        fresh
    }

    /// Takes note that a folder below one that is watched isn't: the next
    /// [`Watch::arm`] tries again. False if that was known.
    pub fn doubt(&mut self, path: &Path) -> bool {
        let mut doubted = false;
        for root in self.roots.iter_mut().filter(|root| root.armed.is_some() && root.refused.is_none()) {
            if path.starts_with(&root.folder.path) {
                root.refused = Some(refusal(&notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
                doubted = true;
            }
        }
        doubted
    }

    /// The folders that can't be watched, and why not.
    pub fn refused(&self) -> impl Iterator<Item = (&Path, &str)> {
        self.roots.iter().filter_map(|root| Some((root.folder.path.as_path(), root.refused.as_deref()?)))
    }

    /// How many of the folders that are wanted are watched.
    pub fn armed(&self) -> usize {
        self.roots.iter().filter(|root| root.armed.is_some()).count()
    }

    /// Whether something that happened to this path may mean that a folder
    /// must be watched anew.
    pub fn concerns(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| root.folder.path.starts_with(path))
    }

    /// Makes the folders that are wanted the roots. One below another that is
    /// watched with all below it is watched already.
    fn want(&mut self, wanted: &[Watched]) {
        let mut wanted: Vec<Watched> = wanted.to_vec();
        wanted.sort_by(|a, b| (&a.path, !a.deep).cmp(&(&b.path, !b.deep)));
        let mut kept: Vec<Watched> = Vec::new();
        for folder in wanted {
            let inside = |k: &Watched| k.path == folder.path || k.deep && folder.path.starts_with(&k.path);
            if !kept.iter().any(inside) {
                kept.push(folder);
            }
        }
        let (stay, go) = std::mem::take(&mut self.roots).into_iter().partition(|r| kept.contains(&r.folder));
        self.roots = stay;
        for root in go.into_iter().filter(|root: &Root| root.armed.is_some()) {
            self.unwatch(&root.folder.path);
        }
        for folder in kept {
            if !self.roots.iter().any(|root| root.folder == folder) {
                self.roots.push(Root { folder, armed: None, refused: None });
            }
        }
    }

    /// The nearest folder above each root that exists, and those above it up to
    /// the home directory. Those inside of a root are watched with it.
    fn folders_above(&self) -> BTreeMap<PathBuf, Identity> {
        let inside = |path: &Path| {
            self.roots.iter().any(|r| {
                let folder = &r.folder;
                path == folder.path || folder.deep && path.starts_with(&folder.path)
            })
        };
        let mut found = BTreeMap::new();
        for root in &self.roots {
            let above = root.folder.path.ancestors().skip(1).map(|path| (path, identity(path)));
            for (n, (path, which)) in above.skip_while(|(_, which)| which.is_none()).enumerate() {
                if found.contains_key(path) || n > 0 && !path.starts_with(&self.home) {
                    break;
                }
                found.extend(which.filter(|_| !inside(path)).map(|which| (path.to_owned(), which)));
            }
        }
        found
    }

    fn watch_above(&mut self, above: BTreeMap<PathBuf, Identity>) {
        let before = std::mem::take(&mut self.above);
        for path in before.iter().filter(|(path, which)| above.get(*path) != Some(which)).map(|(p, _)| p) {
            self.unwatch(path);
        }
        for (path, which) in &above {
            // Where that fails, the folder below is found by the next look at all.
            if before.get(path) != Some(which) {
                let _ = self.watch(&Watched::flat(path.clone()));
            }
        }
        self.above = above;
    }

    fn watch(&mut self, folder: &Watched) -> Result<(), String> {
        let watcher = self.watcher.as_mut().map_err(|why| why.clone())?;
        let mode = if folder.deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        let mut tries = 1;
        loop {
            if self.room == 0 {
                return Err(refusal(&notify::Error::new(notify::ErrorKind::MaxFilesWatch)));
            }
            match watcher.watch(&folder.path, mode) {
                Ok(()) => {
                    self.room -= 1;
                    return Ok(());
                }
                // A folder below it went away while all were gone through.
                Err(e) if is_gone(&e) && tries < TRIES => tries += 1,
                Err(e) => return Err(refusal(&e)),
            }
        }
    }

    fn unwatch(&mut self, path: &Path) {
        if let Ok(watcher) = &mut self.watcher {
            // One that is gone is no longer watched anyway.
            let _ = watcher.unwatch(path);
            self.room = self.room.saturating_add(1);
        }
    }
}

/// Which folder a path is now; `None` if there is none.
fn identity(path: &Path) -> Option<Identity> {
    let meta = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
    #[cfg(unix)]
    let which = (std::os::unix::fs::MetadataExt::dev(&meta), std::os::unix::fs::MetadataExt::ino(&meta));
    #[cfg(not(unix))]
    let which = {
        let made = meta.created().ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
        (made.as_secs(), u64::from(made.subsec_nanos()))
    };
    Some(which)
}

fn is_gone(error: &notify::Error) -> bool {
    match &error.kind {
        notify::ErrorKind::PathNotFound => true,
        notify::ErrorKind::Io(e) => e.kind() == ErrorKind::NotFound,
        _ => false,
    }
}

/// Why a folder isn't watched, and what helps.
fn refusal(error: &notify::Error) -> String {
    match &error.kind {
        notify::ErrorKind::MaxFilesWatch => "the system's limit on watched folders is reached; \
             `sudo sysctl fs.inotify.max_user_watches=1048576` raises it until the next start, \
             that setting in a file in /etc/sysctl.d for good"
            .to_owned(),
        _ => error.to_string(),
    }
}

/// Why nothing can be watched, and what helps.
fn no_watcher(error: &notify::Error) -> String {
    // EMFILE: too many of these, or too many files.
    let many = matches!(&error.kind, notify::ErrorKind::Io(e) if e.raw_os_error() == Some(24));
    if many {
        "the system's limit on watchers is reached; `sudo sysctl fs.inotify.max_user_instances=1024` \
         raises it until the next start, that setting in a file in /etc/sysctl.d for good"
            .to_owned()
    } else {
        error.to_string()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    use super::*;

    fn watch(home: &Path, room: usize) -> (Watch, Receiver<Signal>) {
        let (sender, signals) = channel();
        (Watch::new(sender, home, room), signals)
    }

    /// Waits until something is heard of this path.
    fn heard(signals: &Receiver<Signal>, path: &Path) {
        loop {
            match signals.recv_timeout(Duration::from_secs(60)) {
                Ok(Signal::Changed(heard)) if heard == path => return,
                Ok(_) => {}
                Err(e) => panic!("nothing was heard of {}: {e}", path.display()),
            }
        }
    }

    #[test]
    fn folders_are_awaited_and_awaited_again() {
        let dir = tempfile::tempdir().unwrap();
        let (mut watch, signals) = watch(dir.path(), usize::MAX);
        let root = dir.path().join("a/b/c");
        let wanted = [Watched::deep(root.clone())];
        for _ in 0..2 {
            assert!(watch.arm(&wanted).is_empty());
            for above in ["a", "a/b", "a/b/c"] {
                fs::create_dir(dir.path().join(above)).unwrap();
                heard(&signals, &dir.path().join(above));
                assert!(watch.concerns(&dir.path().join(above)));
                let fresh = watch.arm(&wanted);
                assert_eq!(fresh.contains(&root), above == "a/b/c");
            }
            fs::create_dir(root.join("d")).unwrap();
            heard(&signals, &root.join("d"));
            assert!(!watch.concerns(&root.join("d")));
            // Moved away as a whole, from far above.
            fs::rename(dir.path().join("a"), dir.path().join("old")).unwrap();
            heard(&signals, &dir.path().join("a"));
            assert_eq!(watch.armed(), 1);
            assert!(watch.arm(&wanted).is_empty());
            assert_eq!(watch.armed(), 0);
            fs::remove_dir_all(dir.path().join("old")).unwrap();
        }
    }

    #[test]
    fn another_folder_of_the_same_name_is_watched_instead() {
        let dir = tempfile::tempdir().unwrap();
        let (mut watch, signals) = watch(dir.path(), usize::MAX);
        let root = dir.path().join("r");
        let wanted = [Watched::deep(root.clone()), Watched::flat(root.join("below"))];
        fs::create_dir(&root).unwrap();
        assert_eq!(watch.arm(&wanted), std::slice::from_ref(&root));
        fs::create_dir(dir.path().join("new")).unwrap();
        fs::remove_dir(&root).unwrap();
        fs::rename(dir.path().join("new"), &root).unwrap();
        assert_eq!(watch.arm(&wanted), std::slice::from_ref(&root));
        assert!(watch.arm(&wanted).is_empty());
        fs::write(root.join("file"), "x").unwrap();
        heard(&signals, &root.join("file"));
    }

    #[test]
    fn what_cannot_be_watched_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (mut watch, _signals) = watch(dir.path(), 2);
        let wanted: Vec<Watched> = ["a", "b"].map(|name| Watched::deep(dir.path().join(name))).to_vec();
        for folder in &wanted {
            fs::create_dir(&folder.path).unwrap();
        }
        // The folder above both takes one, the first of them the other.
        assert_eq!(watch.arm(&wanted), [wanted[0].path.clone()]);
        let refused: Vec<_> = watch.refused().collect();
        assert_eq!(refused[0].0, wanted[1].path);
        assert!(refused[0].1.contains("max_user_watches"), "{refused:?}");
        watch.room = 1;
        assert_eq!(watch.arm(&wanted), [wanted[1].path.clone()]);
        assert_eq!(watch.refused().count(), 0);
        // One that could be watched, but for a folder that was made in it.
        assert!(watch.doubt(&wanted[0].path.join("new")) && !watch.doubt(&wanted[0].path.join("new")));
        assert_eq!(watch.refused().count(), 1);
        assert_eq!(watch.arm(&wanted), [wanted[0].path.clone()]);
        assert_eq!(watch.refused().count(), 0);
    }
}
