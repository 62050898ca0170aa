//! A remote in a folder of a server that speaks WebDAV (RFC 4918): Nextcloud,
//! ownCloud, a NAS, Apache, nginx, or what else serves files.
//!
//! A file is sent under a name of its own and then moved to its place, with
//! `Overwrite: F`: servers write as bytes come, and some leave what was cut
//! short. `If-None-Match: *` on a PUT would make no whole files of those.

mod address;
mod credentials;
pub(super) mod listing;

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

pub use address::DavAddress;

use super::dir::{ASIDE, INDEX};
use super::listing::FILES_MAX;
use super::web::{Answer, Ask, Sign, Web, failure};
use super::{Around, Content, Folder, Key, Remote, RemoteError, Sent};
use crate::object::id::Id;
use credentials::find;
use listing::{Entry, QUESTION, parse};

/// A remote in a folder behind WebDAV.
#[derive(Debug)]
pub struct DavRemote {
    address: DavAddress,
    web: Web,
    /// Where nobody has said who we are: where it was looked for.
    unknown: Option<String>,
    /// The folders that are known to be there.
    made: Mutex<HashSet<String>>,
}

impl DavRemote {
    /// The remote at an address. Nothing is asked of the server yet.
    pub fn new(address: DavAddress, around: Around<'_>) -> Result<DavRemote, RemoteError> {
        let (signer, unknown) = match find(&address, around) {
            Ok(_) if !address.is_safe() => return Err(RemoteError::Overheard(address.text)),
            Ok(basic) => (Some(Box::new(basic) as Box<dyn Sign>), None),
            Err(looked) => (None, Some(looked)),
        };
        Ok(DavRemote { address, web: Web::signed(signer), unknown, made: Mutex::default() })
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{name}", self.address.url)
    }

    fn told(&self, name: &str) -> String {
        format!("{}/{name}", self.address.text)
    }

    /// An error of a server that doesn't know who we are says so.
    fn because(&self, error: RemoteError) -> RemoteError {
        match (error, &self.unknown) {
            (RemoteError::Denied { place, what }, Some(looked)) => {
                RemoteError::NoCredentials { place, what: format!("{what}; {looked}") }
            }
            (error, _) => error,
        }
    }

    fn failed(&self, name: &str, answer: &Answer) -> RemoteError {
        self.because(failure(&self.told(name), answer))
    }

    /// Whether there is a file. Some servers answer HEAD with a body, which
    /// would be taken for the next answer; so it isn't asked.
    fn has(&self, name: &str) -> Result<bool, RemoteError> {
        Ok(self.entries(name, "0")?.is_some_and(|found| !found.is_empty()))
    }

    /// What a folder holds, or with a depth of 0 itself or a file alone; `None`
    /// if it isn't there.
    fn entries(&self, folder: &str, depth: &str) -> Result<Option<Vec<Entry>>, RemoteError> {
        let (url, place) = (self.url(folder), self.told(folder));
        let headers = [("Depth", depth), ("Content-Type", "application/xml; charset=utf-8")];
        let content = Some(Content::Bytes(QUESTION.as_bytes()));
        let ask = Ask { headers: &headers, content, known: &[409], ..Ask::new("PROPFIND", &url) };
        let answer = self.web.ask(&ask, &place, &|_| ())?;
        let no_dav = |what: String| RemoteError::Server { place: place.clone(), what };
        match answer.status {
            207 => {}
            // A parent that isn't there is 409 to some.
            404 | 409 | 410 => return Ok(None),
            200 | 405 | 501 => return Err(no_dav("the server doesn't speak WebDAV there".to_owned())),
            _ => return Err(self.failed(folder, &answer)),
        }
        let read = parse(&answer.text);
        read.map(Some).map_err(|e| no_dav(format!("its listing can't be read: {e}")))
    }

    /// The files of a folder that are ours, all of the same folder.
    fn files(&self, folder: &str, found: &mut Vec<(Key, u64)>) -> Result<bool, RemoteError> {
        let Some(entries) = self.entries(folder, "1")? else { return Ok(false) };
        self.made().insert(folder.to_owned());
        for entry in entries.into_iter().filter(|entry| !entry.folder) {
            let Some(key) = Key::parse(&format!("{folder}{}", entry.name)) else { continue };
            let Some(len) = entry.len else {
                let what = "its listing doesn't tell its length".to_owned();
                return Err(RemoteError::Server { place: self.place(key), what });
            };
            found.push((key, len));
        }
        Ok(true)
    }

    /// The tables of all writers.
    fn tables(&self, found: &mut Vec<(Key, u64)>) -> Result<bool, RemoteError> {
        let Some(entries) = self.entries("refs/", "1")? else { return Ok(false) };
        for entry in entries.into_iter().filter(|entry| entry.folder) {
            if let Some(writer) = Id::from_hex(&entry.name) {
                self.files(&Folder::Writer(writer).to_string(), found)?;
            }
            if found.len() > FILES_MAX {
                let what = "its listing doesn't end".to_owned();
                return Err(RemoteError::Server { place: self.told("refs/"), what });
            }
        }
        Ok(true)
    }

    /// The folders that are there. Whoever panicked with it changed nothing.
    fn made(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the folder of a file. What the remote's own folder lies in must be
    /// there: an address with a slip in it must not make a tree of folders.
    fn make_folder(&self, folder: &str) -> Result<(), RemoteError> {
        if self.made().contains(folder) || self.made_now(folder)? {
            return Ok(());
        }
        let parts = folder.match_indices('/').filter_map(|(at, _)| folder.get(..=at));
        for part in std::iter::once("").chain(parts) {
            if !self.made_now(part)? {
                return Err(RemoteError::NotThere(self.told(part).trim_end_matches('/').to_owned()));
            }
        }
        Ok(())
    }

    /// Makes a folder, if it isn't there; false if what it lies in isn't.
    fn made_now(&self, folder: &str) -> Result<bool, RemoteError> {
        let url = self.url(folder);
        let ask = Ask { known: &[409], ..Ask::new("MKCOL", &url) };
        let answer = self.web.ask(&ask, &self.told(folder), &|_| ())?;
        match answer.status {
            // 405: there is something already.
            200..300 | 405 => {
                self.made().insert(folder.to_owned());
                Ok(true)
            }
            404 | 409 => Ok(false),
            // Another may have made it just now, which not all say as they should.
            _ if matches!(self.entries(folder, "0"), Ok(Some(_))) => {
                self.made().insert(folder.to_owned());
                Ok(true)
            }
            _ => Err(self.failed(folder, &answer)),
        }
    }

    /// Sends a file aside and moves it to its place; false if there is one.
    fn put(
        &self,
        name: &str,
        content: Content<'_>,
        over: bool,
        sent: &Sent<'_>,
    ) -> Result<bool, RemoteError> {
        let folder = name.rfind('/').and_then(|at| name.get(..=at)).unwrap_or_default();
        self.make_folder(folder)?;
        let aside = format!("{folder}{ASIDE}{:016x}", RandomState::new().hash_one(name));
        let url = self.url(&aside);
        let headers = [("Content-Type", "application/octet-stream")];
        let ask = Ask { headers: &headers, content: Some(content), known: &[409], ..Ask::new("PUT", &url) };
        let done = match self.web.ask(&ask, &self.told(name), sent) {
            Ok(answer) if matches!(answer.status, 200..300) => self.rename(&aside, name, over),
            // The folder was removed since we saw it.
            Ok(answer) if matches!(answer.status, 404 | 409) => {
                self.made().remove(folder);
                Err(RemoteError::NotThere(self.told(folder)))
            }
            Ok(answer) => Err(self.failed(name, &answer)),
            Err(e) => Err(e),
        };
        if !matches!(done, Ok(true)) {
            // If it can't be removed now, it is passed over, as all that is called so.
            drop(self.web.delete(&url, &self.told(&aside)));
        }
        done
    }

    /// Gives a file its name; false if there is one of that name.
    fn rename(&self, aside: &str, name: &str, over: bool) -> Result<bool, RemoteError> {
        let (from, to) = (self.url(aside), self.url(name));
        let headers = [("Destination", to.as_str()), ("Overwrite", if over { "T" } else { "F" })];
        let ask = Ask { headers: &headers, known: &[409], ..Ask::new("MOVE", &from) };
        let answer = self.web.ask(&ask, &self.told(name), &|_| ())?;
        if matches!(answer.status, 200 | 201 | 204) {
            return Ok(true);
        }
        // It may have been moved by a try whose answer was lost.
        match (self.has(name)?, self.has(aside)?) {
            (true, false) => Ok(true),
            (true, true) if !over => Ok(false),
            _ => Err(self.failed(name, &answer)),
        }
    }
}

impl Remote for DavRemote {
    fn place(&self, key: Key) -> String {
        self.told(&key.to_string())
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let name = key.to_string();
        self.web.range(&self.url(&name), &self.told(&name), range).map_err(|e| self.because(e))
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let name = key.to_string();
        // Nothing is sent in vain.
        Ok(!self.has(&name)? && self.put(&name, content, false, sent)?)
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        let mut found = Vec::new();
        let there = match folder {
            Folder::Refs => self.tables(&mut found)?,
            folder => self.files(&folder.to_string(), &mut found)?,
        };
        if !there && self.entries("", "0")?.is_none() {
            return Err(RemoteError::NotThere(self.address.text.clone()));
        }
        Ok(found)
    }

    fn remove(&self, key: Key) -> Result<(), RemoteError> {
        let name = key.to_string();
        self.web.delete(&self.url(&name), &self.told(&name)).map_err(|e| self.because(e))
    }

    fn publish(&self, index: &str) -> Result<(), RemoteError> {
        self.put(INDEX, Content::Bytes(index.as_bytes()), true, &|_| ()).map(drop)
    }
}
