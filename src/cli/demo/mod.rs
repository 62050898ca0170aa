//! The demo's stage: a throwaway home, a sample session in it, and the
//! program itself as a process of its own.
//!
//! What happens on it is told in `story.json`, step by step; the transcripts
//! are `session.jsonl` and `turn.jsonl`, in which `{project}` stands for the
//! project's directory.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A step of the story.
#[derive(Debug, serde::Deserialize)]
#[serde(untagged)]
pub(crate) enum Step {
    /// Tells what comes.
    Say {
        /// The words.
        say: String,
    },
    /// Runs the program in the project.
    Run {
        /// Its arguments.
        run: Vec<String>,
    },
    /// Writes a transcript.
    Put {
        /// Which.
        put: String,
        /// The file.
        at: String,
    },
    /// Adds a transcript to the only file below a folder, as its tool would.
    Append {
        /// Which.
        append: String,
        /// The folder.
        below: String,
    },
    /// Moves a folder out of the way.
    Move {
        /// The folder.
        #[serde(rename = "move")]
        from: String,
        /// Where it goes.
        to: String,
    },
    /// Two folders must hold the same.
    Same {
        /// The one.
        same: String,
        /// The other.
        #[serde(rename = "as")]
        other: String,
    },
}

/// The steps of the story.
pub(crate) fn story() -> serde_json::Result<Vec<Step>> {
    serde_json::from_str(include_str!("story.json"))
}

/// Where the story takes place.
pub(crate) struct Stage {
    dir: PathBuf,
    program: PathBuf,
}

impl Stage {
    /// A stage in a folder that is empty.
    pub(crate) fn new(dir: &Path) -> io::Result<Stage> {
        std::fs::create_dir_all(dir.join("home"))?;
        std::fs::create_dir_all(dir.join("project"))?;
        Ok(Stage { dir: std::fs::canonicalize(dir)?, program: std::env::current_exe()? })
    }

    /// The folder.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Variables that make another process see the stage alone.
    pub(crate) fn vars(&self) -> [(&'static str, PathBuf); 3] {
        let home = self.dir.join("home");
        [("HOME", home.clone()), ("USERPROFILE", home), ("SFS_DIR", self.dir.join("store"))]
    }

    /// Runs the program; what it prints and says, in order, and whether it
    /// went well.
    pub(crate) fn run(&self, args: &[String]) -> io::Result<(String, bool)> {
        let (mut output, input) = io::pipe()?;
        let mut command = Command::new(&self.program);
        // Variables move where tools keep things, so only harmless ones are
        // handed on.
        command.env_clear().envs(self.vars()).current_dir(self.dir.join("project"));
        for name in ["PATH", "SYSTEMROOT", "TEMP", "TMP", "TZ", "SFS_TEST_TIME", "SFS_TEST_SEED"] {
            command.envs(std::env::var_os(name).map(|value| (name, value)));
        }
        command.args(args).stdin(Stdio::null()).stdout(input.try_clone()?).stderr(input);
        let mut child = command.spawn()?;
        // It holds our ends of the pipe, which must be closed to see its end.
        drop(command);
        let mut text = Vec::new();
        output.read_to_end(&mut text)?;
        let well = child.wait()?.success();
        Ok((String::from_utf8_lossy(&text).into_owned(), well))
    }

    /// Writes a transcript to a new file.
    pub(crate) fn put(&self, which: &str, at: &str) -> io::Result<()> {
        let path = self.dir.join(at);
        path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
        std::fs::write(path, self.transcript(which))
    }

    /// Adds a transcript to the only file below a folder; the file.
    pub(crate) fn append(&self, which: &str, below: &str) -> io::Result<PathBuf> {
        let files = files(&self.dir.join(below))?;
        let [path] = files.as_slice() else { return Err(io::ErrorKind::NotFound.into()) };
        let mut file = std::fs::OpenOptions::new().append(true).open(path)?;
        io::Write::write_all(&mut file, self.transcript(which).as_bytes())?;
        Ok(path.clone())
    }

    /// Moves a folder.
    pub(crate) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        std::fs::rename(self.dir.join(from), self.dir.join(to))
    }

    /// Compares two folders: the paths and lengths of the files, if all are
    /// the same and there are any.
    pub(crate) fn same(&self, one: &str, other: &str) -> io::Result<Option<Vec<(PathBuf, u64)>>> {
        let (one, other) = (self.dir.join(one), self.dir.join(other));
        let mut same = Vec::new();
        for path in files(&one)? {
            let below = path.strip_prefix(&one).unwrap_or(&path).to_owned();
            let bytes = std::fs::read(&path)?;
            match std::fs::read(other.join(&below)) {
                Ok(others) if others == bytes => same.push((below, bytes.len() as u64)),
                _ => return Ok(None),
            }
        }
        let as_many = !same.is_empty() && files(&other)?.len() == same.len();
        Ok(Some(same).filter(|_| as_many))
    }

    fn transcript(&self, which: &str) -> String {
        let text = match which {
            "turn" => include_str!("turn.jsonl"),
            _ => include_str!("session.jsonl"),
        };
        // As it stands within a string of JSON.
        let project = self.dir.join("project").to_string_lossy().into_owned();
        let quoted = serde_json::Value::String(project).to_string();
        text.replace("{project}", quoted.trim_matches('"'))
    }
}

/// The files below a folder.
fn files(dir: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(dir).sort_by_file_name() {
        let entry = entry?;
        if entry.file_type().is_file() {
            files.push(entry.into_path());
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_story_and_its_transcripts_can_be_read() {
        assert!(story().unwrap().len() > 20);
        let dir = tempfile::tempdir().unwrap();
        let stage = Stage::new(dir.path()).unwrap();
        for which in ["session", "turn"] {
            let text = stage.transcript(which);
            assert!(text.lines().count() > 8 && !text.contains("{project}"));
            for line in text.lines() {
                serde_json::from_str::<serde_json::Value>(line).unwrap();
            }
        }
    }
}
