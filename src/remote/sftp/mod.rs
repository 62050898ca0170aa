//! A remote over SFTP, for machines without `sfs`: version 3 of the protocol,
//! as in draft-ietf-secsh-filexfer-02, which is what servers speak.
//!
//! Files are read and written in pieces, many of them under way at once. A new
//! file is written aside and renamed, which a server refuses if there is one
//! of that name (section 6.5 there).

mod packet;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io::{self, Read, Write};
use std::ops::Range;

use packet::{
    Answer, Attrs, EOF, NO_SUCH_FILE, OK, OPEN_NEW, OPEN_READ, PERMISSION_DENIED, attrs, hello, kind, odd,
    parse, put_string, receive, send,
};

use super::dir::{ASIDE, INDEX};
use super::listing::FILES_MAX;
use super::{Folder, Key, RemoteError};

/// So much is read or written at once; all servers take that.
const PIECE: u32 = 32 << 10;
/// So many pieces are under way at once.
const WINDOW: usize = 32;
/// Extensions of OpenSSH's server, in its file PROTOCOL.
const FSYNC: &str = "fsync@openssh.com";
const REPLACE: &str = "posix-rename@openssh.com";

/// A remote behind a stream that speaks SFTP.
pub(super) struct Sftp<S> {
    stream: S,
    root: String,
    place: String,
    next: u32,
    extensions: Vec<String>,
}

/// Why something was not done.
enum Failure {
    Stream(io::Error),
    Status(u32, String),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Stream(error)
    }
}

type Outcome<T> = Result<T, Failure>;

impl<S: Read + Write> Sftp<S> {
    /// Begins to speak; gives the stream back where that fails.
    pub(super) fn start(mut stream: S, root: &str, place: String) -> Result<Sftp<S>, (S, io::Error)> {
        match hello(&mut stream) {
            Ok(extensions) => {
                let root = root.trim_end_matches('/').to_owned();
                let root = if root.is_empty() { "/.".to_owned() } else { root };
                Ok(Sftp { stream, root, place, next: 0, extensions })
            }
            Err(e) => Err((stream, e)),
        }
    }

    pub(super) fn into_stream(self) -> S {
        self.stream
    }

    /// Reads a range of a file.
    pub(super) fn get(&mut self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let path = self.path(key);
        self.check_place()?;
        let read = self.read(&path, range);
        read.map_err(|e| self.failed(e, "read", &path))
    }

    /// Makes a file of `len` bytes; false if there is one of that name.
    pub(super) fn create(&mut self, key: Key, len: u64, bytes: &mut dyn Read) -> Result<bool, RemoteError> {
        let path = self.path(key);
        self.check_place()?;
        let made = self.make(key, &path, len, bytes);
        made.map_err(|e| self.failed(e, "write", &path))
    }

    /// The files of a folder.
    pub(super) fn list(&mut self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        let root = self.root.clone();
        self.check_place()?;
        match self.stat(&root).map_err(|e| self.failed(e, "look at", &root))? {
            Some(attrs) if attrs.is_dir() => {}
            _ => return Err(RemoteError::NotThere(self.place.clone())),
        }
        let mut found = Vec::new();
        let mut folders = vec![folder.to_string()];
        if folder == Folder::Refs {
            let writers = self.entries("refs/")?;
            folders =
                writers.into_iter().filter(|(_, a)| a.is_dir()).map(|(n, _)| format!("refs/{n}/")).collect();
        }
        for inside in folders {
            let files = self.entries(&inside)?.into_iter().filter(|(_, attrs)| attrs.is_file());
            found.extend(
                files.filter_map(|(n, attrs)| Some((Key::parse(&format!("{inside}{n}"))?, attrs.size))),
            );
        }
        found.retain(|(key, _)| key.is_in(folder));
        Ok(found)
    }

    /// Removes a file.
    pub(super) fn remove(&mut self, key: Key) -> Result<(), RemoteError> {
        let path = self.path(key);
        let removed = self.on_path(kind::REMOVE, &path, &[]);
        removed.map_err(|e| self.failed(e, "remove", &path))
    }

    /// Replaces the index.
    pub(super) fn publish(&mut self, index: &str) -> Result<(), RemoteError> {
        let (path, aside) = (format!("{}/{INDEX}", self.root), self.aside(""));
        let replace = |sftp: &mut Sftp<S>| -> Outcome<()> {
            sftp.write(&aside, index.len() as u64, &mut index.as_bytes(), 0o644)?;
            if sftp.knows(REPLACE) {
                return sftp.extended(REPLACE, &[aside.as_bytes(), path.as_bytes()]);
            }
            match sftp.on_path(kind::REMOVE, &path, &[]) {
                Err(Failure::Status(NO_SUCH_FILE, _)) | Ok(()) => {}
                refused => refused?,
            }
            sftp.rename(&aside, &path)
        };
        replace(self).map_err(|e| self.failed(e, "write", &path))
    }

    fn path(&self, key: Key) -> String {
        format!("{}/{key}", self.root)
    }

    /// A name for a file that isn't finished.
    fn aside(&self, folder: &str) -> String {
        let random = RandomState::new();
        format!("{}/{folder}{ASIDE}{:016x}", self.root, random.hash_one(self.next))
    }

    fn knows(&self, extension: &str) -> bool {
        self.extensions.iter().any(|known| known == extension)
    }

    fn check_place(&mut self) -> Result<(), RemoteError> {
        let path = format!("{}/current", self.root);
        match self.stat(&path) {
            Ok(Some(attrs)) if attrs.is_file() => Err(RemoteError::IsStore(self.place.clone())),
            Ok(_) => Ok(()),
            Err(e) => Err(self.failed(e, "look at", &path)),
        }
    }

    /// Writes a file aside and gives it its name, if that is free.
    fn make(&mut self, key: Key, path: &str, len: u64, bytes: &mut dyn Read) -> Outcome<bool> {
        if self.stat(path)?.is_some() {
            return Ok(false);
        }
        let folder = match key {
            Key::Pack(_) | Key::Index(_) => Folder::Packs,
            Key::Table(writer, _) => Folder::Writer(writer),
            Key::Members(_) => Folder::Members,
        };
        // What the root lies in must be there.
        let root = self.root.clone();
        self.make_dir(&root)?;
        if let Folder::Writer(_) = folder {
            self.make_dir(&format!("{root}/refs"))?;
        }
        self.make_dir(format!("{root}/{folder}").trim_end_matches('/'))?;
        let aside = self.aside(&folder.to_string());
        self.write(&aside, len, bytes, 0o600)?;
        match self.rename(&aside, path) {
            Ok(()) => Ok(true),
            Err(Failure::Stream(e)) => Err(e.into()),
            Err(refused) => {
                // What can't be removed is passed over by all who read.
                drop(self.on_path(kind::REMOVE, &aside, &[]));
                if self.stat(path)?.is_some() { Ok(false) } else { Err(refused) }
            }
        }
    }

    fn make_dir(&mut self, path: &str) -> Outcome<()> {
        let made = self.on_path(kind::MKDIR, path, &attrs(0o700));
        match made {
            // Most say no more than that it failed if it is there.
            Err(Failure::Status(..)) if self.stat(path)?.is_some_and(Attrs::is_dir) => Ok(()),
            made => made,
        }
    }

    fn rename(&mut self, from: &str, to: &str) -> Outcome<()> {
        let mut to_bytes = Vec::new();
        put_string(&mut to_bytes, to.as_bytes());
        self.on_path(kind::RENAME, from, &to_bytes)
    }

    fn stat(&mut self, path: &str) -> Outcome<Option<Attrs>> {
        let id = self.ask(kind::STAT, &[path.as_bytes()], &[])?;
        match self.hear(id)? {
            Answer::Attrs(attrs) => Ok(Some(attrs)),
            Answer::Status(NO_SUCH_FILE, _) => Ok(None),
            other => Err(unexpected(other)),
        }
    }

    /// What is in a folder; nothing if there is none.
    fn entries(&mut self, folder: &str) -> Result<Vec<(String, Attrs)>, RemoteError> {
        let path = format!("{}/{}", self.root, folder.trim_end_matches('/'));
        let listed = self.read_dir(&path);
        listed.map_err(|e| self.failed(e, "read", &path))
    }

    fn read_dir(&mut self, path: &str) -> Outcome<Vec<(String, Attrs)>> {
        let id = self.ask(kind::OPENDIR, &[path.as_bytes()], &[])?;
        let handle = match self.hear(id)? {
            Answer::Handle(handle) => handle,
            Answer::Status(NO_SUCH_FILE, _) => return Ok(Vec::new()),
            other => return Err(unexpected(other)),
        };
        let (mut found, mut parts) = (Vec::new(), 0);
        loop {
            let id = self.ask(kind::READDIR, &[&handle], &[])?;
            match self.hear(id)? {
                Answer::Names(names) if names.is_empty() => break,
                Answer::Names(names) => found.extend(names),
                Answer::Status(EOF, _) => break,
                other => return Err(unexpected(other)),
            }
            parts += 1;
            if parts + found.len() > FILES_MAX {
                return Err(Failure::Status(EOF, "its listing doesn't end".to_owned()));
            }
        }
        self.close(&handle)?;
        Ok(found)
    }

    fn open(&mut self, path: &str, how: u32, mode: u32) -> Outcome<Vec<u8>> {
        let mut rest = how.to_be_bytes().to_vec();
        rest.extend(attrs(mode));
        let id = self.ask(kind::OPEN, &[path.as_bytes()], &rest)?;
        match self.hear(id)? {
            Answer::Handle(handle) => Ok(handle),
            other => Err(unexpected(other)),
        }
    }

    fn close(&mut self, handle: &[u8]) -> Outcome<()> {
        let id = self.ask(kind::CLOSE, &[handle], &[])?;
        self.hear_ok(id)
    }

    /// Reads with many requests under way. A server may give less than was
    /// asked for, and then the rest is asked for again.
    fn read(&mut self, path: &str, range: Range<u64>) -> Outcome<Vec<u8>> {
        let handle = self.open(path, OPEN_READ, 0)?;
        let mut bytes = Vec::new();
        let (mut at, mut asked) = (range.start, std::collections::VecDeque::new());
        loop {
            while at < range.end && asked.len() < WINDOW {
                let len = u32::try_from(range.end - at).unwrap_or(PIECE).min(PIECE);
                asked.push_back((self.ask_read(&handle, at, len)?, at, len));
                at += u64::from(len);
            }
            let Some((id, mut from, mut len)) = asked.pop_front() else { break };
            let mut answer = self.hear(id)?;
            loop {
                let data = match answer {
                    Answer::Data(data) if !data.is_empty() && data.len() <= len as usize => data,
                    Answer::Data(_) | Answer::Status(EOF, _) => {
                        return Err(Failure::Status(EOF, "it is shorter than it was said to be".to_owned()));
                    }
                    other => return Err(unexpected(other)),
                };
                bytes.extend_from_slice(&data);
                (from, len) = (from + data.len() as u64, len - u32::try_from(data.len()).unwrap_or(len));
                if len == 0 {
                    break;
                }
                // The others were asked for before, and are answered before.
                let again = self.ask_read(&handle, from, len)?;
                answer = self.hear_late(again, &mut asked, &handle)?;
            }
        }
        self.close(&handle)?;
        Ok(bytes)
    }

    fn ask_read(&mut self, handle: &[u8], at: u64, len: u32) -> Outcome<u32> {
        let mut rest = at.to_be_bytes().to_vec();
        rest.extend(len.to_be_bytes());
        self.ask(kind::READ, &[handle], &rest)
    }

    /// Hears the answer to what was asked last. Those that come before it are
    /// dropped and asked for again behind it.
    fn hear_late(
        &mut self,
        id: u32,
        asked: &mut std::collections::VecDeque<(u32, u64, u32)>,
        handle: &[u8],
    ) -> Outcome<Answer> {
        for (earlier, ..) in asked.iter() {
            self.hear(*earlier)?;
        }
        let answer = self.hear(id)?;
        for (id, at, len) in asked.iter_mut() {
            *id = self.ask_read(handle, *at, *len)?;
        }
        Ok(answer)
    }

    /// Writes a new file, and makes it durable where the server can.
    fn write(&mut self, path: &str, len: u64, bytes: &mut dyn Read, mode: u32) -> Outcome<()> {
        let handle = self.open(path, OPEN_NEW, mode)?;
        let (mut at, mut asked) = (0u64, std::collections::VecDeque::new());
        let mut piece = vec![0; PIECE as usize];
        while at < len {
            let wanted = usize::try_from(len - at).unwrap_or(usize::MAX).min(PIECE as usize);
            let Some(piece) = piece.get_mut(..wanted) else { break };
            bytes.read_exact(piece)?;
            let mut rest = at.to_be_bytes().to_vec();
            put_string(&mut rest, piece);
            asked.push_back(self.ask(kind::WRITE, &[&handle], &rest)?);
            at += wanted as u64;
            if asked.len() >= WINDOW
                && let Some(id) = asked.pop_front()
            {
                self.hear_ok(id)?;
            }
        }
        for id in asked {
            self.hear_ok(id)?;
        }
        if self.knows(FSYNC) {
            self.extended(FSYNC, &[&handle])?;
        }
        self.close(&handle)
    }

    fn extended(&mut self, name: &str, strings: &[&[u8]]) -> Outcome<()> {
        let all: Vec<&[u8]> = [name.as_bytes()].into_iter().chain(strings.iter().copied()).collect();
        let id = self.ask(kind::EXTENDED, &all, &[])?;
        self.hear_ok(id)
    }

    fn on_path(&mut self, kind: u8, path: &str, rest: &[u8]) -> Outcome<()> {
        let id = self.ask(kind, &[path.as_bytes()], rest)?;
        self.hear_ok(id)
    }

    fn ask(&mut self, kind: u8, strings: &[&[u8]], rest: &[u8]) -> Outcome<u32> {
        self.next = self.next.wrapping_add(1);
        let mut body = self.next.to_be_bytes().to_vec();
        strings.iter().for_each(|string| put_string(&mut body, string));
        body.extend_from_slice(rest);
        send(&mut self.stream, kind, &body)?;
        Ok(self.next)
    }

    fn hear_ok(&mut self, id: u32) -> Outcome<()> {
        match self.hear(id)? {
            Answer::Status(OK, _) => Ok(()),
            other => Err(unexpected(other)),
        }
    }

    /// Servers answer in the order in which they were asked.
    fn hear(&mut self, id: u32) -> Outcome<Answer> {
        self.stream.flush()?;
        let (kind, body) = receive(&mut self.stream)?;
        Ok(parse(kind, &body, id).ok_or_else(odd)?)
    }

    fn failed(&self, failure: Failure, verb: &str, path: &str) -> RemoteError {
        match failure {
            Failure::Stream(source) => RemoteError::Lost { place: self.place.clone(), source },
            Failure::Status(NO_SUCH_FILE, _) if verb == "read" => {
                RemoteError::Missing(format!("{path} on {}", self.place))
            }
            Failure::Status(NO_SUCH_FILE, _) if verb == "write" => RemoteError::NotThere(self.place.clone()),
            Failure::Status(code, words) => {
                let what = format!("it can't {verb} {path}: {words}");
                match code {
                    PERMISSION_DENIED => RemoteError::Denied { place: self.place.clone(), what },
                    _ => RemoteError::Server { place: self.place.clone(), what },
                }
            }
        }
    }
}

fn unexpected(answer: Answer) -> Failure {
    match answer {
        Answer::Status(code, words) => Failure::Status(code, words),
        _ => Failure::Stream(odd()),
    }
}
