//! A remote in an object store: what those of S3, Azure and Google do alike.
//!
//! A file is made by a PUT on the condition that there is none, so that where
//! two make the same one the second is told. A server without it needs none:
//! what is called the same holds the same, and a table has one writer.

use std::collections::HashSet;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

use super::dir::INDEX;
use super::listing::FILES_MAX;
use super::web::{Answer, Ask, Web, failure};
use super::{Content, Folder, Key, Remote, RemoteError, Sent};

/// What is to be done with an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    Get,
    Head,
    Delete,
    /// Written, whether or not there is one.
    Put,
    /// Written if there is none.
    Create,
}

impl Verb {
    /// The method of its requests.
    pub(super) fn method(self) -> &'static str {
        match self {
            Verb::Get => "GET",
            Verb::Head => "HEAD",
            Verb::Delete => "DELETE",
            Verb::Put | Verb::Create => "PUT",
        }
    }
}

/// Names and lengths of objects, and where the next page begins.
pub(super) type Page = (Vec<(String, u64)>, Option<String>);

/// Files that are ours, and where the next page begins.
type Files = (Vec<(Key, u64)>, Option<String>);

/// What one kind of object store has of its own.
pub(super) trait Service: Send + Sync + Debug {
    /// The bucket, in words for the user, as in `s3://bucket`.
    fn place(&self) -> &str;

    /// The URL of a request for an object.
    fn object(&self, verb: Verb, name: &str) -> String;

    /// The headers of a PUT, on a condition or not.
    fn headers(&self, verb: Verb) -> &'static [(&'static str, &'static str)];

    /// Whether an answer says that there is an object already.
    fn exists(&self, answer: &Answer) -> bool;

    /// Answers to a PUT that mean something here, and are not of the moment.
    fn known(&self) -> &'static [u16] {
        &[]
    }

    /// The URL of a page of the objects whose names begin so.
    fn listing(&self, prefix: &str, from: Option<&str>) -> String;

    /// Reads that page. Errors are words.
    fn page(&self, text: &str) -> Result<Page, String>;
}

/// A remote in a bucket.
#[derive(Debug)]
pub struct ObjectRemote {
    service: Box<dyn Service>,
    prefix: String,
    web: Web,
    /// Whether the server knows conditions, as far as we know.
    conditional: AtomicBool,
}

impl ObjectRemote {
    /// The remote in a bucket. It must be there, and is not looked for before
    /// something is asked of it.
    pub(super) fn new(service: Box<dyn Service>, prefix: String, web: Web) -> ObjectRemote {
        ObjectRemote { service, prefix, web, conditional: AtomicBool::new(true) }
    }

    /// The name of a file in the bucket.
    fn name(&self, file: impl std::fmt::Display) -> String {
        format!("{}{file}", self.prefix)
    }

    fn told(&self, name: &str) -> String {
        format!("{}/{name}", self.service.place())
    }

    fn not_there(&self) -> RemoteError {
        RemoteError::NotThere(self.service.place().to_owned())
    }

    /// Puts a file, if asked to only where there is none; whether it did.
    fn put(&self, name: &str, content: Content<'_>, new: bool, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let conditional = new && self.conditional.load(Ordering::Relaxed);
        let verb = if conditional { Verb::Create } else { Verb::Put };
        let (place, url) = (self.told(name), self.service.object(verb, name));
        let (headers, known) = (self.service.headers(verb), self.service.known());
        let ask = Ask { headers, content: Some(content), known, ..Ask::new(verb.method(), &url) };
        let answer = self.web.ask(&ask, &place, sent)?;
        match answer.status {
            200..300 => Ok(true),
            _ if new && self.service.exists(&answer) => Ok(false),
            // Not known to this server.
            400 | 501 if conditional && answer.text.contains("NotImplemented") => {
                self.conditional.store(false, Ordering::Relaxed);
                self.put(name, content, new, sent)
            }
            404 => Err(self.not_there()),
            _ => Err(failure(&place, &answer)),
        }
    }

    /// A page of a listing: the files that are ours, and where the next begins.
    fn page(&self, prefix: &str, from: Option<&str>) -> Result<Files, RemoteError> {
        let place = self.told(prefix);
        let url = self.service.listing(prefix, from);
        let text = self.web.text(&url, &place)?.ok_or_else(|| self.not_there())?;
        let (objects, next) = self.service.page(&text).map_err(|e| {
            let what = format!("its listing can't be read: {e}");
            RemoteError::Server { place, what }
        })?;
        let ours = |(name, len): (String, u64)| Some((Key::parse(name.strip_prefix(&self.prefix)?)?, len));
        Ok((objects.into_iter().filter_map(ours).collect(), next.filter(|next| !next.is_empty())))
    }
}

impl Remote for ObjectRemote {
    fn place(&self, key: Key) -> String {
        self.told(&self.name(key))
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let name = self.name(key);
        self.web.range(&self.service.object(Verb::Get, &name), &self.told(&name), range)
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let name = self.name(key);
        // Nothing is sent in vain, whether or not the server knows conditions.
        if self.web.has(&self.service.object(Verb::Head, &name), &self.told(&name))? {
            return Ok(false);
        }
        self.put(&name, content, true, sent)
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        let prefix = self.name(folder);
        let (mut found, mut from) = self.page(&prefix, None)?;
        let mut seen = HashSet::new();
        while let Some(now) = from {
            let (more, next) = self.page(&prefix, Some(&now))?;
            found.extend(more);
            from = next;
            if !seen.insert(now) || seen.len() + found.len() > FILES_MAX {
                let what = "its listing doesn't end".to_owned();
                return Err(RemoteError::Server { place: self.told(&prefix), what });
            }
        }
        found.retain(|(key, _)| key.is_in(folder));
        Ok(found)
    }

    fn remove(&self, key: Key) -> Result<(), RemoteError> {
        let name = self.name(key);
        self.web.delete(&self.service.object(Verb::Delete, &name), &self.told(&name))
    }

    fn publish(&self, index: &str) -> Result<(), RemoteError> {
        let name = self.name(INDEX);
        self.put(&name, Content::Bytes(index.as_bytes()), false, &|_| ()).map(drop)
    }
}
