//! A project that sessions work on: a pool of files that are read, edited and read again.

use super::rng::Rng;
use super::text::{Kind, Voice};

/// How many files a project has.
const FILES: usize = 60;

/// Bytes of a source file, by share in a thousand.
const FILE_BYTES: &[(usize, usize)] =
    &[(1, 200), (100, 900), (500, 5000), (900, 20_000), (990, 60_000), (1000, 120_000)];

/// One file of the pool.
pub(super) struct File {
    /// The absolute path.
    pub(super) path: String,
    /// What it holds, ending without a newline.
    pub(super) text: String,
}

/// One project.
pub(super) struct Project {
    /// The working directory of its sessions.
    pub(super) cwd: String,
    /// How its people, code and tools speak.
    pub(super) voice: Voice,
    /// Its files.
    pub(super) files: Vec<File>,
}

/// A change of a few lines in a file.
pub(super) struct Edit {
    /// Which file.
    pub(super) file: usize,
    /// The number of the first line that changed, from 1.
    pub(super) line: usize,
    /// The lines before.
    pub(super) old: String,
    /// The lines after.
    pub(super) new: String,
    /// The whole file before.
    pub(super) original: String,
}

/// A window of a file.
pub(super) struct Window {
    /// Which file.
    pub(super) file: usize,
    /// The number of its first line, from 1.
    pub(super) line: usize,
    /// Its lines.
    pub(super) text: String,
    /// How many lines it has.
    pub(super) lines: usize,
    /// How many lines the file has.
    pub(super) total: usize,
}

impl Project {
    /// The project of a number, with its files.
    pub(super) fn new(rng: &mut Rng, number: usize) -> Self {
        let voice = Voice::new(rng);
        let name = voice.sentence(rng, 2).replace(' ', "-");
        let cwd = format!("/home/dev/code/{name}-{number}");
        let files = (0..FILES).map(|_| file(rng, &voice, &cwd)).collect();
        Self { cwd, voice, files }
    }

    /// Replaces some files by new ones, as others work on the project between two sessions.
    pub(super) fn drift(&mut self, rng: &mut Rng) {
        for _ in 0..FILES / 6 {
            let at = rng.below(FILES);
            self.files[at] = file(rng, &self.voice, &self.cwd);
        }
    }

    /// Picks a file; a session comes back to the same ones.
    pub(super) fn pick(&self, rng: &mut Rng) -> usize {
        rng.zipf(self.files.len())
    }

    /// Reads about `len` bytes of a file, from its start or from a line in it.
    pub(super) fn window(&self, rng: &mut Rng, len: usize) -> Window {
        let file = self.pick(rng);
        let text = &self.files[file].text;
        let from = if rng.chance(350) { 0 } else { line_start(text, rng.below(text.len())) };
        let to = line_end(text, (from + len).min(text.len()));
        Window {
            file,
            line: newlines(&text[..from]) + 1,
            text: text[from..to].to_owned(),
            lines: newlines(&text[from..to]) + 1,
            total: newlines(text) + 1,
        }
    }

    /// Replaces a few lines of a file by new ones.
    pub(super) fn edit(&mut self, rng: &mut Rng, old_len: usize, new_len: usize) -> Edit {
        let file = self.pick(rng);
        let new = self.voice.text(rng, Kind::Code, new_len);
        let text = &mut self.files[file].text;
        let original = text.clone();
        let from = line_start(text, rng.below(text.len()));
        let to = line_end(text, (from + old_len).min(text.len()));
        let old = text[from..to].to_owned();
        text.replace_range(from..to, &new);
        Edit { file, line: newlines(&original[..from]) + 1, old, new, original }
    }

    /// Writes a file anew and returns which.
    pub(super) fn write(&mut self, rng: &mut Rng, len: usize) -> usize {
        let at = self.pick(rng);
        self.files[at] = file(rng, &self.voice, &self.cwd);
        self.files[at].text = self.voice.text(rng, Kind::Code, len);
        at
    }

    /// What a search prints: matching lines with their places.
    pub(super) fn matches(&self, rng: &mut Rng, len: usize) -> String {
        let mut out = String::with_capacity(len + 200);
        while out.len() < len {
            let File { path, text } = &self.files[self.pick(rng)];
            let at = rng.below(text.len());
            let line = &text[line_start(text, at)..line_end(text, at)];
            let place = format!("{}:{}:", &path[self.cwd.len() + 1..], at / 35 + 1);
            out.extend([&place, line, "\n"]);
        }
        out.pop();
        out
    }
}

fn file(rng: &mut Rng, voice: &Voice, cwd: &str) -> File {
    let len = rng.quantile(FILE_BYTES).max(200);
    File { path: format!("{cwd}/{}", voice.path(rng)), text: voice.text(rng, Kind::Code, len) }
}

/// Where the line that holds the byte at `at` starts.
fn line_start(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().rposition(|&b| b == b'\n').map_or(0, |newline| newline + 1)
}

/// Where the line that holds the byte at `at` ends, without its newline.
fn line_end(text: &str, at: usize) -> usize {
    text.as_bytes()[at..].iter().position(|&b| b == b'\n').map_or(text.len(), |newline| at + newline)
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&b| b == b'\n').count()
}
