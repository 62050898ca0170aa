//! A home with the sessions of one tool.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sfs::object::Id;
use sfs::ops::Env;
use sfs::ops::capture::{CaptureOptions, CaptureReport, capture};
use sfs::ops::import::{ImportError, ImportOptions, import};
use sfs::ops::monitor::Quiet;
use sfs::store::Store;
use sfs::tool::{FORMS, Found, Places, Tool, rows};

/// What a fixture's name ends with when it is the rows of a database, a line
/// each, to be made into one.
const ROWS: &str = ".rows";
/// The same of lines that are to be compressed.
const LINES: &str = ".lines";

/// Where memory can be had as a disk, syncs of thousands of small captures, which
/// are of no matter here, cost nothing.
const MEMORY: &str = "/dev/shm";

/// A folder that goes when it is dropped.
pub(crate) fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in(MEMORY).or_else(|_| tempfile::tempdir()).unwrap()
}

/// A home, a directory to work in, a store, and the one tool that is looked at.
pub(crate) struct World {
    dir: tempfile::TempDir,
    pub(crate) tool: &'static dyn Tool,
    /// What it is called when something is wrong with it.
    pub(crate) name: String,
}

impl World {
    /// An empty one.
    pub(crate) fn new(tool: &'static dyn Tool, name: &str) -> World {
        let world = World { dir: folder(), tool, name: format!("{} ({name})", tool.name()) };
        for folder in ["home", "work", "bin"] {
            fs::create_dir_all(world.dir.path().join(folder)).unwrap();
        }
        world
    }

    /// The one that is kept with these tests, if there is one.
    pub(crate) fn fixture(tool: &'static dyn Tool) -> Option<World> {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/contract/homes").join(tool.name());
        if !from.is_dir() {
            return None;
        }
        let world = World::new(tool, "by hand");
        for path in files_below(&from) {
            world.put(path.strip_prefix(&from).unwrap().to_str().unwrap(), &fs::read(&path).unwrap());
        }
        Some(world)
    }

    /// Puts a file at a place below the world.
    pub(crate) fn put(&self, place: &str, bytes: &[u8]) {
        let rows = place.strip_suffix(ROWS);
        let path = self.dir.path().join(rows.or(place.strip_suffix(LINES)).unwrap_or(place));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if rows.is_some() {
            let lines = bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty());
            let added = rows::write(&path, lines).unwrap();
            assert_eq!(added.differing, [], "{}", path.display());
        } else if place.ends_with(LINES) {
            fs::write(path, zstd::bulk::compress(bytes, 3).unwrap()).unwrap();
        } else {
            fs::write(path, bytes).unwrap();
        }
    }

    /// Puts in a program that does what this script does.
    #[cfg(unix)]
    pub(crate) fn install(&self, program: &str, script: &str) {
        let path = self.dir.path().join("bin").join(program);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        fs::canonicalize(self.dir.path()).unwrap().join(name)
    }

    /// All that the tool may look at.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        [files_below(&self.path("home")), files_below(&self.path("work"))].concat()
    }

    pub(crate) fn places(&self) -> Places {
        Places {
            home: self.path("home"),
            // No program of the machine's own is asked.
            vars: [("PATH".to_owned(), self.path("bin").to_string_lossy().into_owned())].into(),
            projects: vec![self.path("work")],
            ..Places::default()
        }
    }

    /// What the tool has; of a form, what is found where it is pointed to.
    pub(crate) fn found(&self) -> Vec<Found> {
        let mut found = self.tool.discover(&self.places()).found;
        let Some(form) = self.tool.form().filter(|_| self.is_form()) else { return found };
        let mut walk = walkdir::WalkDir::new(self.path("work")).sort_by_file_name().into_iter();
        while let Some(entry) = walk.next() {
            let entry = entry.unwrap();
            if form.is_in(entry.path()).unwrap() {
                found.extend(form.sources(entry.path()).unwrap());
                if entry.file_type().is_dir() {
                    walk.skip_current_dir();
                }
            }
        }
        found
    }

    /// Whether nothing is found by itself.
    fn is_form(&self) -> bool {
        FORMS.iter().any(|form| form.name() == self.tool.name())
    }

    pub(crate) fn env(&self) -> Env {
        static SEED: AtomicU64 = AtomicU64::new(1);
        let n = SEED.fetch_add(1, Ordering::Relaxed);
        Env {
            now: 1_800_000_000_000 + i64::try_from(n).unwrap() * 1000,
            seed: u128::from(n) << 64 | 0x5F5,
            places: self.places(),
            cwd: self.path("work"),
            store: self.path("store"),
            settings: self.path("config"),
            user: "u".into(),
            host: "h".into(),
            command: "test".into(),
            ..Env::default()
        }
    }

    pub(crate) fn store(&self) -> Store {
        Store::open_or_create(&self.path("store"), Id::ZERO).unwrap()
    }

    pub(crate) fn capture(&self) -> CaptureReport {
        if self.is_form() {
            let options = ImportOptions { form: Some(self.tool.name()), ..ImportOptions::default() };
            return match import(&self.env(), &mut self.store(), &[self.path("work")], &options, &Quiet) {
                // What it was is no longer to be seen.
                Err(ImportError::NotIn { .. }) => CaptureReport::default(),
                report => report.unwrap().capture,
            };
        }
        let options = CaptureOptions { tools: vec![self.tool.name().to_owned()], no_snapshots: true };
        capture(&self.env(), &mut self.store(), &options, &Quiet).unwrap()
    }
}

/// All files below a folder, by name.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let walk = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().flatten();
    walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path).collect()
}
