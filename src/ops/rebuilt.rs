//! Rebuilt: files as far as a conversation tells of them, without a snapshot.
//!
//! Whole writes and the edits after them give a file exactly, as long as
//! nothing else changed it; what was edited without having been written is
//! known in part, or not at all. What a tool noted of the whole file for its
//! own display goes before what follows from its calls, and so do the backups
//! that it kept. Nothing is stored.

use std::collections::{BTreeMap, BTreeSet};

use super::backups::{Backups, Proved};
use super::calls::{Calls, Done};
use super::show;
use crate::object::id::{Id, Kind};
use crate::object::tree::is_safe_path;
use crate::object::{Commit, Entry, Part, Sort};
use crate::store::{Result, Store};
use crate::tool::change::{self, Change, Shown, What};
use crate::workspace::WorkspaceError;
use crate::workspace::files::{files, find};

/// What is known of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// It is as a snapshot or a backup had it.
    Stored(Entry),
    /// It has this text.
    Text {
        /// The text.
        text: String,
        /// Its permission bits.
        mode: u32,
        /// Whether that is all of it for certain: it was written whole or in a
        /// snapshot, and every edit since fitted. Else it was only read, or an
        /// edit did not fit.
        exact: bool,
    },
    /// It was changed, and nothing tells what it was.
    Unknown,
    /// It was removed.
    Gone,
}

/// A file that a commit changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    /// The commit with the call, which may be an earlier one than that with
    /// its result.
    pub commit: Id,
    /// The file.
    pub path: String,
}

/// The files of a project, while a conversation is gone through.
pub struct Files {
    root: String,
    /// The tree that they are in but for those below.
    base: Option<Id>,
    files: BTreeMap<String, Known>,
    calls: Calls,
    backups: Backups,
    /// Files that are known by a backup, and by what was done to them since.
    backed: BTreeSet<String>,
    outside: u64,
}

impl Files {
    /// Begins at the beginning of a conversation about the project at `root`,
    /// or where a snapshot had the files of this tree.
    pub fn new(root: &str, base: Option<Id>) -> Files {
        Files {
            root: plain(root),
            base,
            files: BTreeMap::new(),
            calls: Calls::default(),
            backups: Backups::default(),
            backed: BTreeSet::new(),
            outside: 0,
        }
    }

    /// With the backups of files that a session's tool kept beside it.
    pub(super) fn with_backups(self, store: &Store, session: &Id) -> Result<Files> {
        Ok(Files { backups: Backups::of(store, session)?, ..self })
    }

    /// The files that are what they are because a backup of the tool's proves
    /// it, and what was done to them since.
    pub fn backed(&self) -> &BTreeSet<String> {
        &self.backed
    }

    /// The tree that it began with.
    pub fn base(&self) -> Option<Id> {
        self.base
    }

    /// What is known of each file that was changed or read since, by its path
    /// below the root.
    pub fn changed(&self) -> &BTreeMap<String, Known> {
        &self.files
    }

    /// What is known of a file; `None` if nothing is.
    pub fn get(&self, store: &Store, path: &str) -> Result<Option<Known>> {
        match (self.files.get(path), self.base) {
            (Some(known), _) => Ok(Some(known.clone())),
            (None, Some(base)) => Ok(find(store, base, path)?.map(Known::Stored)),
            (None, None) => Ok(None),
        }
    }

    /// What is known of all files.
    pub fn all(&self, store: &Store) -> std::result::Result<BTreeMap<String, Known>, WorkspaceError> {
        let base = self.base.map(|tree| files(store, tree)).transpose()?.unwrap_or_default();
        let mut all: BTreeMap<String, Known> =
            base.into_iter().map(|(path, entry)| (path, Known::Stored(entry))).collect();
        all.extend(self.files.clone());
        Ok(all)
    }

    /// How many changes were of files outside of the project.
    pub fn outside(&self) -> u64 {
        self.outside
    }

    /// Takes the next commit of the conversation in. Returns what it changed.
    pub fn step(&mut self, store: &Store, id: Id, commit: &Commit) -> Result<Vec<Changed>> {
        for proved in self.backups.step(store, id, commit)? {
            self.prove(store, proved)?;
        }
        let mut changed = Vec::new();
        for Done { commit, changes, reads } in self.calls.step(store, id, commit)? {
            if let Some((path, parts)) = reads {
                self.read(store, &path, &parts)?;
            }
            for (change, shown) in changes {
                let paths = self.apply(store, change, shown)?;
                for path in &paths {
                    self.backups.changes(path);
                    // What rests on nothing that was before rests on no backup.
                    if matches!(self.files.get(path), Some(Known::Gone | Known::Unknown)) {
                        self.backed.remove(path);
                    }
                }
                changed.extend(paths.into_iter().map(|path| Changed { commit, path }));
            }
        }
        Ok(changed)
    }

    /// A file that a backup proves to have been so, if it was thought another.
    fn prove(&mut self, store: &Store, Proved { path, bytes }: Proved) -> Result<()> {
        let Some(path) = self.place(&path).filter(|path| !self.backups.is_changed(path)) else {
            return Ok(());
        };
        let known = self.get(store, &path)?;
        let Some(bytes) = bytes else {
            if known.is_some_and(|known| known != Known::Gone) {
                self.files.insert(path.clone(), Known::Gone);
                self.backed.insert(path);
            }
            return Ok(());
        };
        let id = Id::of(Kind::Blob, &bytes);
        let is_known = match &known {
            Some(Known::Text { exact: false, .. }) => false,
            Some(known) => known.entry(&path).is_some_and(|(entry, _)| entry.blob == id),
            None => false,
        };
        if !is_known {
            let mode =
                known.as_ref().and_then(|known| known.entry(&path)).map_or(0o644, |(entry, _)| entry.mode);
            let len = bytes.len() as u64;
            let entry = Entry { path: path.clone(), mode, blob: id, len };
            let now = String::from_utf8(bytes).map(|text| Known::Text { text, mode, exact: true });
            self.files.insert(path.clone(), now.unwrap_or(Known::Stored(entry)));
            self.backed.insert(path);
        }
        Ok(())
    }

    /// A file that was read whole, and of which nothing was known.
    fn read(&mut self, store: &Store, path: &str, parts: &[Part]) -> Result<()> {
        let Some(path) = self.place(path) else { return Ok(()) };
        if !matches!(self.get(store, &path)?, None | Some(Known::Unknown)) {
            return Ok(());
        }
        if let [Part::Text(text)] = parts
            && let Some(text) = change::numbered(&show::string(store, text)?)
        {
            self.files.insert(path, Known::Text { text, mode: 0o644, exact: false });
        }
        Ok(())
    }

    /// Does to the files what a call did; the paths that it changed.
    fn apply(&mut self, store: &Store, change: Change, shown: Option<Shown>) -> Result<Vec<String>> {
        let Some(path) = self.place(&change.path) else {
            self.outside += 1;
            return Ok(Vec::new());
        };
        let names = |one: &Shown| {
            self.place(&one.path).as_ref() == Some(&path) || path.rsplit('/').next() == Some(&one.path)
        };
        if let Some(one) = shown.filter(names)
            && self.see(store, &path, one)?
        {
            return Ok(vec![path]);
        }
        let now = match change.what {
            What::Write(text) => {
                self.backed.remove(&path);
                let mode = self.text(store, &path)?.map_or(0o644, |(_, mode, _)| mode);
                Known::Text { text, mode, exact: true }
            }
            What::Delete => Known::Gone,
            What::Unknown => match self.text(store, &path)? {
                Some((text, mode, _)) => Known::Text { text, mode, exact: false },
                None => Known::Unknown,
            },
            What::Edit(list) => match self.text(store, &path)? {
                None => Known::Unknown,
                Some((mut text, mode, mut exact)) => {
                    for one in list {
                        match one.apply(&text) {
                            Some((next, sure)) => (text, exact) = (next, exact && sure),
                            None => exact = false,
                        }
                    }
                    Known::Text { text, mode, exact }
                }
            },
            What::Move(to) => {
                let moved = self.get(store, &path)?.unwrap_or(Known::Unknown);
                self.files.insert(path.clone(), Known::Gone);
                let was_backed = self.backed.remove(&path);
                let Some(to) = self.place(&to) else { return Ok(vec![path]) };
                if was_backed {
                    self.backed.insert(to.clone());
                }
                self.files.insert(to.clone(), moved);
                return Ok(vec![path, to]);
            }
        };
        self.files.insert(path.clone(), now);
        Ok(vec![path])
    }

    /// Takes over what a record shows of a file; tells whether that is the file
    /// as it is after the call.
    fn see(&mut self, store: &Store, path: &str, one: Shown) -> Result<bool> {
        let known = self.text(store, path)?;
        let mode = known.as_ref().map_or(0o644, |(_, mode, _)| *mode);
        // Line ends may be shown as others than they are.
        let is_shown = |text: &str| one.before.as_deref() == Some(text.replace("\r\n", "\n").as_str());
        let sure = known.is_some_and(|(text, _, exact)| exact && is_shown(&text));
        let after = one.after.is_some();
        match one.after.or(one.before) {
            Some(text) if after || !sure => {
                self.backed.remove(path);
                self.files.insert(path.to_owned(), Known::Text { text, mode, exact: true });
                Ok(after)
            }
            _ => Ok(false),
        }
    }

    /// The text of a file, its mode, and whether it is that for certain.
    fn text(&self, store: &Store, path: &str) -> Result<Option<(String, u32, bool)>> {
        Ok(match self.get(store, path)? {
            Some(Known::Text { text, mode, exact }) => Some((text, mode, exact)),
            Some(Known::Stored(entry)) if entry.sort() == Sort::File => {
                String::from_utf8(store.blob(&entry.blob)?).ok().map(|text| (text, entry.mode, true))
            }
            Some(Known::Stored(_) | Known::Unknown | Known::Gone) | None => None,
        })
    }

    /// The path below the root of a file as a tool wrote it; `None` if it lies
    /// elsewhere.
    pub fn place(&self, path: &str) -> Option<String> {
        let path = plain(path);
        let below = match path.strip_prefix(self.root.as_str()) {
            Some(rest) if rest.starts_with('/') => rest.trim_start_matches('/'),
            _ if path.starts_with('/') || path.get(1..2) == Some(":") => return None,
            _ => &path,
        };
        is_safe_path(below).then(|| below.to_owned())
    }
}

/// A path with `/` between names, without `.`, `..` and what they undo.
pub(super) fn plain(path: &str) -> String {
    let is_windows = path.get(1..2) == Some(":") || path.starts_with("\\\\");
    let path = if is_windows { path.replace('\\', "/") } else { path.to_owned() };
    let mut names: Vec<&str> = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." if names.last().is_some_and(|last| *last != "..") => drop(names.pop()),
            name => names.push(name),
        }
    }
    let start = if path.starts_with('/') { "/" } else { "" };
    format!("{start}{}", names.join("/"))
}

impl Known {
    /// What it is as a file to write, with its bytes if the store may not have
    /// them; `None` if nothing is known that could be written.
    pub fn entry(&self, path: &str) -> Option<(Entry, Option<Vec<u8>>)> {
        match self {
            Known::Stored(entry) => Some((entry.clone(), None)),
            Known::Text { text, mode, .. } => {
                let bytes = text.clone().into_bytes();
                let (blob, len) = (Id::of(Kind::Blob, &bytes), bytes.len() as u64);
                Some((Entry { path: path.to_owned(), mode: *mode, blob, len }, Some(bytes)))
            }
            Known::Unknown | Known::Gone => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::message::Json;
    use crate::object::{Action, Block, Input, Message, Role, Status};
    use crate::ops::sample::{Sample, gives, text};
    use serde_json::{Value, json};

    fn call(name: &str, action: Action, input: Value) -> Message {
        let literal = serde_json::to_vec(&input).unwrap();
        let input = Input::Json(Json { literal, holes: Vec::new() });
        let block = Block::Call { name: name.into(), action, input };
        Message { role: Role::Assistant, blocks: vec![block] }
    }

    /// Goes through calls, each with whether it was done.
    fn through(calls: &[(Message, Option<Status>)], base: Option<Id>) -> BTreeMap<String, Known> {
        let mut sample = Sample::new();
        let mut tip = sample.turns(None, &["go"]);
        for (call, status) in calls {
            tip = sample.commit(Some(tip), None, Some(call.clone()), &[]);
            if let Some(status) = status {
                tip = sample.commit(Some(tip), None, Some(gives("1\tread\n2\tme", *status)), &[]);
            }
        }
        let mut files = Files::new("/p/q", base);
        for id in show::span(&sample.store, None, tip).unwrap() {
            files.step(&sample.store, id, &sample.store.commit(&id).unwrap()).unwrap();
        }
        files.files
    }

    fn write(path: &str, words: &str) -> Message {
        call("Write", Action::Write, json!({"file_path": path, "content": words}))
    }

    fn edit(path: &str, old: &str, new: &str) -> Message {
        call("Edit", Action::Edit, json!({"file_path": path, "old_string": old, "new_string": new}))
    }

    #[test]
    fn writes_and_edits_that_were_done_are_followed() {
        let ok = Some(Status::Ok);
        let files = through(
            &[
                (write("/p/q/a", "one two"), ok),
                (edit("/p/q/./x/../a", "two", "three"), ok),
                (edit("a", "one", "no"), Some(Status::Error)),
                (edit("a", "one", "not yet"), None),
                (write("/p/q/b", "x"), ok),
                (edit("/p/q/b", "not there", "y"), ok),
                (edit("/p/q/c", "x", "y"), ok),
                (call("Read", Action::Read, json!({"file_path": "d"})), ok),
                (edit("d", "me", "you"), ok),
                (write("/p/quite/else", "x"), ok),
                (write("../out", "x"), ok),
                (write("e", "x"), ok),
                (call("delete_file", Action::Edit, json!({"path": "e"})), ok),
            ],
            None,
        );
        let text = |text: &str, exact| Known::Text { text: text.into(), mode: 0o644, exact };
        let wanted = [
            ("a", text("one three", true)),
            ("b", text("x", false)),
            ("c", Known::Unknown),
            ("d", text("read\nyou\n", false)),
            ("e", Known::Gone),
        ];
        let wanted = wanted.map(|(path, known)| (path.to_owned(), known));
        assert_eq!(files.into_iter().collect::<Vec<_>>(), wanted);
    }

    #[test]
    fn results_find_their_calls() {
        let mut sample = Sample::new();
        let two = Message {
            role: Role::Assistant,
            blocks: [write("a", "1"), write("b", "2")].into_iter().flat_map(|m| m.blocks).collect(),
        };
        let result =
            |back, status| Block::Result { call: Some(back), status, parts: vec![Part::Text(text("x"))] };
        let results =
            Message { role: Role::User, blocks: vec![result(0, Status::Ok), result(1, Status::Error)] };
        let calls = sample.commit(None, Some("go"), Some(two), &[]);
        let tip = sample.commit(Some(calls), None, Some(results), &[]);
        let mut files = Files::new("/p", None);
        let mut changed = Vec::new();
        for id in [calls, tip] {
            changed.extend(files.step(&sample.store, id, &sample.store.commit(&id).unwrap()).unwrap());
        }
        assert_eq!(changed, [Changed { commit: calls, path: "b".into() }]);
        assert_eq!(files.changed().keys().collect::<Vec<_>>(), ["b"]);
    }

    #[test]
    fn paths_of_windows_are_paths() {
        let files = Files::new("C:\\p", None);
        assert_eq!(files.place("C:\\p\\a\\b.rs").as_deref(), Some("a/b.rs"));
        assert_eq!(files.place("D:\\p\\a"), None);
        assert_eq!(Files::new("/p", None).place("/p"), None);
    }
}
