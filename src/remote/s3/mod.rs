//! A remote in a bucket of an object store that speaks S3.
//!
//! A file is made by a PUT with `If-None-Match: *`, so that where two make the
//! same one the second is told. A server without it needs none: what is called
//! the same holds the same, and a table has one writer.

mod credentials;

use std::borrow::Cow;
use std::collections::HashSet;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};

use super::dir::INDEX;
use super::listing::FILES_MAX;
use super::web::{Redirects, Web, failure};
use super::{Around, Content, Folder, Key, Remote, RemoteError, S3Address, Sent};
use credentials::{Found, find};

/// How long a signature holds. It is made for each try.
const VALID: Duration = Duration::from_secs(3600);

/// A remote in a bucket.
#[derive(Debug)]
pub struct S3Remote {
    bucket: Bucket,
    credentials: Credentials,
    prefix: String,
    web: Web,
    /// Whether the server knows `If-None-Match` on a PUT, as far as we know.
    conditional: AtomicBool,
}

impl S3Remote {
    /// The remote at an address. The bucket must be there, and is not looked
    /// for before something is asked of it.
    pub fn new(address: &S3Address, around: Around<'_>) -> Result<S3Remote, RemoteError> {
        let place = format!("s3://{}", address.bucket);
        let Found { credentials, region, endpoint } = find(address, around, &place)?;
        let style = if endpoint.is_some() { UrlStyle::Path } else { UrlStyle::VirtualHost };
        let endpoint = endpoint.unwrap_or_else(|| format!("https://s3.{region}.amazonaws.com"));
        let bad = |what: String| RemoteError::Server { place: place.clone(), what };
        let url = endpoint.parse().map_err(|e| bad(format!("the endpoint {endpoint:?} is no URL: {e}")))?;
        let bucket = Bucket::new(url, style, address.bucket.clone(), region);
        let bucket = bucket.map_err(|e| bad(format!("the endpoint {endpoint:?} can't be used: {e}")))?;
        let (prefix, web) = (address.prefix.clone(), Web::new(Redirects::Refused));
        Ok(S3Remote { bucket, credentials, prefix, web, conditional: AtomicBool::new(true) })
    }

    /// The name of a file in the bucket.
    fn name(&self, file: impl std::fmt::Display) -> String {
        format!("{}{file}", self.prefix)
    }

    fn told(&self, name: &str) -> String {
        format!("s3://{}/{name}", self.bucket.name())
    }

    /// Puts a file, if asked to only where there is none; whether it did.
    fn put(&self, name: &str, content: Content<'_>, new: bool, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let (place, put) = (self.told(name), self.bucket.put_object(Some(&self.credentials), name));
        let conditional = new && self.conditional.load(Ordering::Relaxed);
        let headers: &[(&str, &str)] = if conditional { &[("If-None-Match", "*")] } else { &[] };
        let answer = self.web.put(put.sign(VALID).as_str(), &place, headers, content, sent)?;
        match answer.status {
            200..300 => Ok(true),
            412 if new => Ok(false),
            // Not known to this server.
            400 | 501 if conditional && answer.text.contains("NotImplemented") => {
                self.conditional.store(false, Ordering::Relaxed);
                self.put(name, content, new, sent)
            }
            404 => Err(RemoteError::NotThere(format!("s3://{}", self.bucket.name()))),
            _ => Err(failure(&place, &answer)),
        }
    }

    /// A page of a listing: the files that are ours, and where the next begins.
    fn page(&self, prefix: &str, token: Option<&str>) -> Result<Page, RemoteError> {
        let place = self.told(prefix);
        let mut list = self.bucket.list_objects_v2(Some(&self.credentials));
        list.with_prefix(prefix);
        if let Some(token) = token {
            list.with_continuation_token(token);
        }
        let not_there = || RemoteError::NotThere(format!("s3://{}", self.bucket.name()));
        let text = self.web.text(list.sign(VALID).as_str(), &place)?.ok_or_else(not_there)?;
        let page = ListObjectsV2::parse_response(&in_namespace(&text))
            .map_err(|e| RemoteError::Server { place, what: format!("its listing can't be read: {e}") })?;
        let files = page.contents.into_iter().filter_map(|object| {
            let key = Key::parse(object.key.strip_prefix(&self.prefix)?)?;
            Some((key, object.size.unwrap_or(0)))
        });
        Ok((files.collect(), page.next_continuation_token.filter(|next| !next.is_empty())))
    }
}

/// A listing in the namespace that S3 has. Others are in use for the same
/// elements, and some servers leave it out.
fn in_namespace(text: &str) -> Cow<'_, str> {
    const ROOT: &str = "<ListBucketResult";
    let head = text.find(ROOT).map(|at| at + ROOT.len());
    let Some((before, rest)) = head.and_then(|at| text.split_at_checked(at)) else { return text.into() };
    let Some((_, inside)) = rest.split_once('>') else { return text.into() };
    format!("{before} xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inside}").into()
}

/// Files, and where the next page begins.
type Page = (Vec<(Key, u64)>, Option<String>);

impl Remote for S3Remote {
    fn place(&self, key: Key) -> String {
        self.told(&self.name(key))
    }

    fn get(&self, key: Key, range: Range<u64>) -> Result<Vec<u8>, RemoteError> {
        let name = self.name(key);
        let get = self.bucket.get_object(Some(&self.credentials), &name);
        self.web.range(get.sign(VALID).as_str(), &self.told(&name), range)
    }

    fn create(&self, key: Key, content: Content<'_>, sent: &Sent<'_>) -> Result<bool, RemoteError> {
        let name = self.name(key);
        // Nothing is sent in vain, whether or not the server knows conditions.
        let head = self.bucket.head_object(Some(&self.credentials), &name);
        if self.web.has(head.sign(VALID).as_str(), &self.told(&name))? {
            return Ok(false);
        }
        self.put(&name, content, true, sent)
    }

    fn list(&self, folder: Folder) -> Result<Vec<(Key, u64)>, RemoteError> {
        let prefix = self.name(folder);
        let (mut found, mut token) = self.page(&prefix, None)?;
        let mut seen = HashSet::new();
        while let Some(now) = token {
            let (more, next) = self.page(&prefix, Some(&now))?;
            found.extend(more);
            token = next;
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
        let delete = self.bucket.delete_object(Some(&self.credentials), &name);
        self.web.delete(delete.sign(VALID).as_str(), &self.told(&name))
    }

    fn publish(&self, index: &str) -> Result<(), RemoteError> {
        let name = self.name(INDEX);
        self.put(&name, Content::Bytes(index.as_bytes()), false, &|_| ()).map(drop)
    }
}
