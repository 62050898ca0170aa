//! A remote that someone published: a directory behind a web server, to be
//! read by all. What is in it says its `index`; see [`super::listing`].

use std::ops::Range;
use std::sync::OnceLock;

use super::dir::INDEX;
use super::listing::{parse_index, within};
use super::web::{Redirects, Web};
use super::{Content, Folder, Key, Remote, RemoteError, Sent};

/// A remote at the URL of its directory.
#[derive(Debug)]
pub struct PublishedRemote {
    url: String,
    web: Web,
    /// The index, read once.
    files: OnceLock<Vec<(Key, u64)>>,
}

impl PublishedRemote {
    /// The remote at `url`.
    pub fn new(url: &str) -> PublishedRemote {
        PublishedRemote { url: url.to_owned(), web: Web::new(Redirects::of(url)), files: OnceLock::new() }
    }

    fn read_only<T>(&self) -> Result<T, RemoteError> {
        Err(RemoteError::ReadOnly(self.url.clone()))
    }
}

impl Remote for PublishedRemote {
    fn place(&self, key: Key) -> String {
        format!("{}/{key}", self.url)
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let url = self.place(key);
        self.web.range(&url, &url, range)
    }

    fn create(&self, _: Key, _: Content<'_>, _: &Sent<'_>) -> Result<bool, RemoteError> {
        self.read_only()
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        if let Some(files) = self.files.get() {
            return Ok(within(files, folder));
        }
        let url = format!("{}/{INDEX}", self.url);
        let text = self.web.text(&url, &url)?.ok_or_else(|| RemoteError::NotThere(self.url.clone()))?;
        let files = parse_index(&text).ok_or_else(|| RemoteError::NotThere(self.url.clone()))?;
        Ok(within(self.files.get_or_init(|| files), folder))
    }

    fn remove(&self, _: Key) -> Result<(), RemoteError> {
        self.read_only()
    }

    fn publish(&self, _: &str) -> Result<(), RemoteError> {
        self.read_only()
    }
}
