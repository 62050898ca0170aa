//! Taking a project: its files into a batch, and what git knows of it.

use std::path::{Path, PathBuf};

use super::rules::Rules;
use super::stamps::Stamps;
use super::walk::Walk;
use super::{Around, Limits, WorkspaceError, git};
use crate::object::Tree;
use crate::object::codec;
use crate::object::id::{Id, Kind};
use crate::object::snapshot::{Git, LeftOut};
use crate::store::{Batch, Store};

/// So many things that were left out are named; the rest is counted.
const NAMED: usize = 256;

/// A project that was taken.
#[derive(Debug)]
pub struct Taken {
    /// The tree of its files.
    pub tree: Id,
    /// What git knows.
    pub git: Option<Git>,
    /// What was left out, by reason and path.
    pub left_out: Vec<LeftOut>,
    /// How much more was.
    pub more: u64,
    /// Whether all was taken that was to be.
    pub complete: bool,
    /// How many files it has.
    pub files: u64,
    /// How many of them were read, for those not known from before.
    pub read: u64,
    /// How many bytes these have.
    pub bytes: u64,
    root: PathBuf,
    stamps: Option<Stamps>,
}

/// Takes the files of the project at `root`, which is absolute. What looks as
/// it did the last time is not read. Nothing of it counts before the batch is
/// applied; [`Taken::remember`] is for after that.
pub fn take(
    store: &Store,
    batch: &mut Batch,
    root: &Path,
    limits: &Limits,
    around: &Around,
) -> Result<Taken, WorkspaceError> {
    let known = Stamps::read(store, root);
    if known.tree() != Id::ZERO && !batch.has_content(store, known.tree())? {
        // A gc took it just now.
        return Err(crate::store::StoreError::Conflict("the files of the last snapshot".to_owned()).into());
    }
    let mut walk = Walk {
        store,
        batch,
        limits,
        rules: Rules::around(root, around.ignore.as_deref()),
        known: &known,
        stamps: Stamps::default(),
        now: around.now,
        left_out: Vec::new(),
        complete: true,
        files: 0,
        read: 0,
        bytes: 0,
    };
    let top = walk.folder(root, "", 0)?;
    let Walk { stamps, mut left_out, complete, files, read, bytes, .. } = walk;
    let tree = match top {
        Some((tree, _)) => tree,
        // It can't be read at all.
        None => {
            let empty = codec::encode(&Tree::default())?;
            let id = Id::of(Kind::Tree, &empty);
            let _ = batch.put(store, Kind::Tree, id, empty)?;
            id
        }
    };
    left_out.sort_by(|a, b| (a.why, &a.path).cmp(&(b.why, &b.path)));
    let more = left_out.len().saturating_sub(NAMED) as u64;
    left_out.truncate(NAMED);
    // What is known already is written only when it changed.
    let stamps = (!stamps.is_same(&known) || known.tree() != tree).then_some(stamps);
    let git = git::facts(root);
    Ok(Taken { tree, git, left_out, more, complete, files, read, bytes, root: root.to_owned(), stamps })
}

impl Taken {
    /// Remembers what the files look like, so that the next time only those
    /// are read that changed. To be called when the store has the tree. What
    /// can't be remembered is read again.
    pub fn remember(&mut self, store: &Store) {
        if let Some(stamps) = self.stamps.take() {
            drop(stamps.write(store, &self.root, self.tree));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Kind;
    use crate::object::snapshot::Why;
    use crate::store::Actor;
    use crate::workspace::compare::compare;
    use crate::workspace::files::files;

    struct World {
        dir: tempfile::TempDir,
        store: Store,
        limits: Limits,
    }

    /// Later than any file that a test makes could be changed unseen.
    fn later() -> Around {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Around { now: i64::try_from(now.as_millis()).unwrap() + 60_000, ignore: None }
    }

    impl World {
        fn new() -> World {
            let dir = tempfile::tempdir().unwrap();
            std::fs::create_dir_all(dir.path().join("p")).unwrap();
            let store = Store::open_or_create(&dir.path().join("store"), Id::ZERO).unwrap();
            World { dir, store, limits: Limits::default() }
        }

        fn put(&self, path: &str, text: impl AsRef<[u8]>) {
            let at = self.dir.path().join("p").join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, text).unwrap();
        }

        fn take(&mut self, around: &Around) -> Taken {
            let mut batch = Batch::default();
            let root = self.dir.path().join("p");
            let mut taken = take(&self.store, &mut batch, &root, &self.limits, around).unwrap();
            self.store.apply(batch, Vec::new(), &Actor::default()).unwrap();
            taken.remember(&self.store);
            taken
        }

        fn names(&self, taken: &Taken) -> Vec<String> {
            files(&self.store, taken.tree).unwrap().into_keys().collect()
        }
    }

    fn left(taken: &Taken) -> Vec<(&str, Why)> {
        taken.left_out.iter().map(|l| (l.path.as_str(), l.why)).collect()
    }

    #[test]
    fn a_large_project_costs_a_walk_and_an_edit_costs_its_file() {
        let mut world = World::new();
        for n in 0..20_000 {
            world.put(&format!("src/m{}/n{}/file-{n}.txt", n % 40, n / 40 % 25), format!("text {n}"));
        }
        let first = world.take(&later());
        assert_eq!((first.files, first.read, first.complete), (20_000, 20_000, true));
        let same = world.take(&later());
        assert_eq!((same.files, same.read, same.tree), (20_000, 0, first.tree));
        let before = world.store.size().unwrap();
        world.put("src/m7/n0/file-7.txt", "an edit");
        let edited = world.take(&later());
        assert_eq!((edited.read, edited.bytes), (1, 7));
        let grown = world.store.size().unwrap() - before;
        assert!(grown < 4_000, "one edited file grew the store by {grown} bytes");
        let changes = compare(&world.store, Some(first.tree), Some(edited.tree)).unwrap();
        assert_eq!(changes.iter().map(|c| c.path.as_str()).collect::<Vec<_>>(), ["src/m7/n0/file-7.txt"]);
        // The cache is one: without it, all is found again.
        std::fs::remove_dir_all(world.store.dir().join("cache")).unwrap();
        let again = world.take(&later());
        assert_eq!((again.read, again.tree), (20_000, edited.tree));
    }

    /// A file that is changed in the same moment, to the same length, and looks as before.
    #[test]
    fn a_file_that_could_have_changed_unseen_is_read_again() {
        let mut world = World::new();
        world.put("a", "one");
        let at = world.dir.path().join("p/a");
        let time = std::fs::metadata(&at).unwrap().modified().unwrap();
        let now = Around { now: later().now - 60_000, ignore: None };
        let first = world.take(&now);
        let file = std::fs::OpenOptions::new().write(true).open(&at).unwrap();
        std::io::Write::write_all(&mut &file, b"two").unwrap();
        file.set_modified(time).unwrap();
        let second = world.take(&now);
        assert_eq!(second.read, 1);
        let blob = |taken: &Taken| files(&world.store, taken.tree).unwrap()["a"].blob;
        assert_eq!(world.store.blob(&blob(&first)).unwrap(), b"one");
        assert_eq!(world.store.blob(&blob(&second)).unwrap(), b"two");
        // Once it is old enough it is read once more and then no more.
        assert_eq!((world.take(&later()).read, world.take(&later()).read), (1, 0));
        // An older time of change doesn't hide a change.
        std::fs::write(&at, "six").unwrap();
        let file = std::fs::OpenOptions::new().write(true).open(&at).unwrap();
        file.set_modified(time).unwrap();
        assert_eq!(world.take(&later()).read, 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_is_left_out_is_told() {
        use std::os::unix::ffi::OsStrExt;
        let mut world = World::new();
        world.limits.file = 100;
        world.put("src/main.rs", "fn main() {}");
        world.put("src/.env", "SECRET=1");
        world.put(".gitignore", "*.log\n");
        world.put("x.log", "noise");
        world.put("node_modules/a/index.js", "x");
        world.put("big.bin", [0; 101]);
        world.put(".git/HEAD", "ref: refs/heads/main");
        world.put("empty/.gitignore", "");
        std::fs::remove_file(world.dir.path().join("p/empty/.gitignore")).unwrap();
        let odd = std::ffi::OsStr::from_bytes(b"bad\xff");
        std::fs::write(world.dir.path().join("p").join(odd), "x").unwrap();
        std::os::unix::fs::symlink("/etc", world.dir.path().join("p/link")).unwrap();
        let socket = std::os::unix::net::UnixListener::bind(world.dir.path().join("p/sock")).unwrap();
        let taken = world.take(&later());
        drop(socket);
        assert_eq!(world.names(&taken), [".gitignore", "link", "src/main.rs"]);
        let told = [
            ("src/.env", Why::Secret),
            ("big.bin", Why::Large),
            ("bad\u{fffd}", Why::Name),
            ("sock", Why::Special),
            ("node_modules/", Why::Output),
            ("x.log", Why::Ignored),
        ];
        assert_eq!(left(&taken), told);
        assert!(taken.complete && taken.more == 0);
        let link = files(&world.store, taken.tree).unwrap()["link"].clone();
        assert_eq!(world.store.blob(&link.blob).unwrap(), b"/etc");
        // No secret is in the store.
        assert!(!world.store.has_content(&Id::of(Kind::Blob, b"SECRET=1")).unwrap());
    }

    #[test]
    fn there_is_an_end_to_files_and_to_what_is_named() {
        let mut world = World::new();
        (0..300).for_each(|n| world.put(&format!("a{n:03}.pem"), "x"));
        (0..20).for_each(|n| world.put(&format!("b{n}/c/d/f"), "x"));
        world.limits = Limits { files: 10, depth: 2, ..Limits::default() };
        let taken = world.take(&later());
        assert_eq!(
            (taken.left_out.len(), taken.more, taken.complete),
            (NAMED, 300 + 20 - NAMED as u64, false)
        );
        assert_eq!(taken.files, 0);
        world.limits.depth = 9;
        let taken = world.take(&later());
        assert_eq!((taken.files, taken.complete), (10, false));
    }

    /// The store may lie in the project, and its files are none of the project's.
    #[test]
    fn the_store_is_no_part_of_the_project() {
        let mut world = World::new();
        world.store = Store::open_or_create(&world.dir.path().join("p/.sfs"), Id::ZERO).unwrap();
        world.put("a", "x");
        let taken = world.take(&later());
        assert_eq!(world.names(&taken), ["a"]);
    }
}
