//! What a resume that is killed would leave: files in the store that a tool's
//! own importer was to read, and files aside in the tools' folders. They are
//! listed before they are made, and the next resume a day later removes them.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The list of files aside, in a scratch folder.
const LIST: &str = "aside";
/// What their names end with.
pub(super) const ASIDE: &str = "sfs-tmp";
/// No resume takes so long.
const LEFT: Duration = Duration::from_secs(24 * 60 * 60);

/// The files aside of one resume. They are removed when this is dropped, as
/// far as they are still there.
pub(super) struct Asides {
    dir: PathBuf,
    paths: Vec<PathBuf>,
}

impl Asides {
    /// Of the resume with this scratch folder.
    pub(super) fn new(dir: &Path) -> Asides {
        Asides { dir: dir.to_owned(), paths: Vec::new() }
    }

    /// Lists a file that is about to be made.
    pub(super) fn add(&mut self, path: &Path) -> std::io::Result<()> {
        std::fs::create_dir_all(&self.dir)?;
        let mut list = OpenOptions::new().create(true).append(true).open(self.dir.join(LIST))?;
        writeln!(list, "{}", path.display())?;
        self.paths.push(path.to_owned());
        Ok(())
    }
}

impl Drop for Asides {
    fn drop(&mut self) {
        if self.paths.is_empty() {
            return;
        }
        for path in &self.paths {
            drop(std::fs::remove_file(path));
        }
        drop(std::fs::remove_file(self.dir.join(LIST)));
        // Unless something waits in it for an importer.
        drop(std::fs::remove_dir(&self.dir));
    }
}

/// Removes what resumes left that were killed.
pub(super) fn sweep(scratches: &Path) {
    for entry in std::fs::read_dir(scratches).into_iter().flatten().flatten() {
        let changed = entry.metadata().and_then(|meta| meta.modified());
        if !changed.is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age > LEFT)) {
            continue;
        }
        let list = std::fs::read_to_string(entry.path().join(LIST)).unwrap_or_default();
        for path in list.lines().map(Path::new).filter(|path| path.extension().is_some_and(|e| e == ASIDE)) {
            drop(std::fs::remove_file(path));
        }
        drop(std::fs::remove_dir_all(entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_resume_left_goes_a_day_later_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let (aside, other) = (dir.path().join("s.sfs-tmp"), dir.path().join("s.jsonl"));
        let scratches = dir.path().join("scratch");
        let mut asides = Asides::new(&scratches.join("killed"));
        for path in [&aside, &other] {
            asides.add(path).unwrap();
            std::fs::write(path, "half").unwrap();
        }
        std::mem::forget(asides);
        sweep(&scratches);
        assert!(aside.exists() && scratches.join("killed").exists(), "it may still be going on");
        let old = SystemTime::now() - LEFT - Duration::from_secs(60);
        std::fs::File::open(scratches.join("killed")).unwrap().set_modified(old).unwrap();
        sweep(&scratches);
        assert!(!aside.exists() && other.exists() && !scratches.join("killed").exists());
        // One that ends leaves nothing.
        let mut asides = Asides::new(&scratches.join("ends"));
        asides.add(&aside).unwrap();
        std::fs::write(&aside, "half").unwrap();
        drop(asides);
        assert!(!aside.exists() && !scratches.join("ends").exists());
    }
}
