//! Addresses: what the user types for a place.
//!
//! An address is an argument of other programs and stands in a file, so it
//! holds no password, and neither a host nor a user that a program could take
//! for an option.

use std::fmt;
use std::path::PathBuf;

use super::urls::prefix;
use super::{AzureAddress, DavAddress, GoogleAddress, RemoteError};

/// Where a remote is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A directory.
    Dir(PathBuf),
    /// A directory that is reached through ssh.
    Ssh(SshAddress),
    /// A bucket of an object store that speaks S3.
    S3(S3Address),
    /// A container of Azure's.
    Azure(AzureAddress),
    /// A bucket of Google's.
    Google(GoogleAddress),
    /// A folder of a server that speaks WebDAV.
    Dav(DavAddress),
    /// A published remote, by the URL of its directory.
    Web(String),
}

/// A directory of another machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SshAddress {
    /// As the user wrote it.
    text: String,
    /// `[user@]host`, for ssh.
    pub(super) target: String,
    /// The port, if it isn't the one that ssh uses of itself.
    pub(super) port: Option<u16>,
    /// The directory; relative ones are below the user's home there.
    pub(super) path: String,
}

/// A bucket, and what in it is ours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct S3Address {
    /// As the user wrote it.
    text: String,
    /// The bucket.
    pub(super) bucket: String,
    /// What our keys begin with: nothing, or something with `/` at its end.
    pub(super) prefix: String,
    /// The server, unless the environment names it.
    pub(super) endpoint: Option<String>,
    /// The region, unless the environment names it.
    pub(super) region: Option<String>,
    /// The profile of `~/.aws` with the credentials, instead of the environment's.
    pub(super) profile: Option<String>,
}

impl Address {
    /// Reads an address.
    ///
    /// A directory is `/path`, `path` or `file:///path`; others are
    /// `ssh://[user@]host[:port]/path`, `[user@]host:path`,
    /// `s3://bucket[/prefix][?endpoint=…&region=…&profile=…]`,
    /// `azure://account/container[/prefix]`, `gs://bucket[/prefix]`,
    /// `webdavs://[user@]host[:port]/path` and `https://host/path`.
    pub fn parse(text: &str) -> Result<Address, RemoteError> {
        let parsed = match text.split_once("://") {
            _ if text.chars().any(char::is_control) => Err("it has a control character in it"),
            None => Ok(scp(text).unwrap_or_else(|| Address::Dir(PathBuf::from(text)))),
            Some(("file", path)) if path.starts_with('/') => Ok(Address::Dir(PathBuf::from(path))),
            Some(("file", _)) => Err("write file:///path; for another machine, ssh://host/path"),
            Some(("ssh", rest)) => ssh(text, rest),
            Some(("s3", rest)) => s3(text, rest),
            Some(("azure", rest)) => AzureAddress::parse(text, rest).map(Address::Azure),
            Some(("gs", rest)) => GoogleAddress::parse(text, rest).map(Address::Google),
            Some(("webdavs" | "davs", rest)) => DavAddress::parse(text, rest, true).map(Address::Dav),
            Some(("webdav" | "dav", rest)) => DavAddress::parse(text, rest, false).map(Address::Dav),
            Some(("http" | "https", rest)) => web(text, rest),
            Some(_) => Err("use a directory, ssh://, s3://, azure://, gs://, webdavs:// or https://"),
        };
        let parsed = parsed.and_then(|address| match &address {
            Address::Ssh(ssh) => ssh.check().map(|()| address),
            _ => Ok(address),
        });
        parsed.map_err(|what| RemoteError::Address { address: without_secrets(text), what })
    }
}

/// An address that is no good, to be told: what may be a password or a
/// signature is left out.
fn without_secrets(text: &str) -> String {
    if let (true, Some((before, _))) = (text.contains("://"), text.split_once('?')) {
        return format!("{}?…", without_secrets(before));
    }
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://…@{rest}"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Dir(path) => write!(f, "{}", path.display()),
            Address::Ssh(ssh) => f.write_str(&ssh.text),
            Address::S3(s3) => f.write_str(&s3.text),
            Address::Azure(azure) => f.write_str(&azure.text),
            Address::Google(google) => f.write_str(&google.text),
            Address::Dav(dav) => f.write_str(&dav.text),
            Address::Web(url) => f.write_str(url),
        }
    }
}

impl fmt::Display for SshAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl SshAddress {
    /// Checks what becomes an argument of ssh.
    fn check(&self) -> Result<(), &'static str> {
        let (user, host) = self.target.rsplit_once('@').unwrap_or(("", &self.target));
        let plain = |text: &str| {
            !text.starts_with('-')
                && text
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%' | '+' | '\\'))
        };
        match () {
            () if user.contains(':') => Err("it may not hold a password; use a key, or let ssh ask"),
            () if host.is_empty() || !plain(host) => Err("that can't be the name of a host"),
            () if !plain(user) => Err("that can't be the name of a user"),
            () if self.path.is_empty() => Err("it names no directory"),
            () => Ok(()),
        }
    }
}

/// `[user@]host:path`, which has its colon before any slash. One letter before
/// it is a drive, where there are drives.
fn scp(text: &str) -> Option<Address> {
    let (target, path) = text.split_once(':')?;
    if target.contains('/') || target.contains('\\') || cfg!(windows) && target.len() == 1 {
        return None;
    }
    let (text, target) = (text.to_owned(), target.to_owned());
    Some(Address::Ssh(SshAddress { text, target, port: None, path: home_relative(path) }))
}

/// `~/x` is `x` below the home.
fn home_relative(path: &str) -> String {
    path.strip_prefix("~/").unwrap_or(path).to_owned()
}

fn ssh(text: &str, rest: &str) -> Result<Address, &'static str> {
    let (host, path) = rest.split_once('/').ok_or("it names no directory")?;
    let (target, port) = match host.rsplit_once(':') {
        Some((target, port)) if !port.contains(']') => {
            (target, Some(port.parse().map_err(|_| "that can't be a port")?))
        }
        _ => (host, None),
    };
    // IPv6 addresses stand in brackets in a URL, and bare in an argument.
    let target = target.replace(['[', ']'], "");
    let path = if path.starts_with("~/") { home_relative(path) } else { format!("/{path}") };
    Ok(Address::Ssh(SshAddress { text: text.to_owned(), target, port, path }))
}

fn s3(text: &str, rest: &str) -> Result<Address, &'static str> {
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    if bucket.is_empty() || !bucket.chars().all(plain) {
        return Err("that can't be the name of a bucket, and credentials don't belong into an address");
    }
    let (prefix, text, bucket) = (self::prefix(prefix)?, text.to_owned(), bucket.to_owned());
    let mut address = S3Address { text, bucket, prefix, ..S3Address::default() };
    for part in query.split('&').filter(|part| !part.is_empty()) {
        let (name, value) = part.split_once('=').unwrap_or((part, ""));
        let place = match name {
            "endpoint" if value.contains('@') => return Err("it may not hold a password"),
            "endpoint" => &mut address.endpoint,
            "region" => &mut address.region,
            "profile" => &mut address.profile,
            _ => return Err("after `?` it may have endpoint=, region= and profile="),
        };
        *place = Some(value.to_owned());
    }
    Ok(Address::S3(address))
}

fn web(text: &str, rest: &str) -> Result<Address, &'static str> {
    let host = rest.split('/').next().unwrap_or_default();
    match () {
        () if host.contains('@') => Err("it may not hold a password"),
        () if host.is_empty() || rest.contains(['?', '#', ' ']) => Err("it is not the URL of a directory"),
        () => Ok(Address::Web(text.trim_end_matches('/').to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(target: &str, port: Option<u16>, path: &str) -> (String, Option<u16>, String) {
        (target.to_owned(), port, path.to_owned())
    }

    #[test]
    fn addresses_are_understood() {
        for (text, expected) in [
            ("ssh://host/x/y", at("host", None, "/x/y")),
            ("ssh://me@host:2222/x", at("me@host", Some(2222), "/x")),
            ("ssh://[::1]:22/x", at("::1", Some(22), "/x")),
            ("ssh://host/~/x", at("host", None, "x")),
            ("me@host:x/y", at("me@host", None, "x/y")),
            ("host:/x", at("host", None, "/x")),
            ("host:~/x", at("host", None, "x")),
        ] {
            let Address::Ssh(ssh) = Address::parse(text).unwrap() else { panic!("{text}") };
            assert_eq!((ssh.target.clone(), ssh.port, ssh.path.clone()), expected);
            assert_eq!(Address::Ssh(ssh).to_string(), text);
        }
        for (text, path) in [("file:///x/y", "/x/y"), ("./a:b", "./a:b"), ("x", "x"), ("/a:b", "/a:b")] {
            assert_eq!(Address::parse(text).unwrap(), Address::Dir(PathBuf::from(path)));
        }
        let Address::S3(s3) = Address::parse("s3://b/p/q/?region=eu&endpoint=http://h:1").unwrap() else {
            panic!()
        };
        assert_eq!((s3.bucket.as_str(), s3.prefix.as_str()), ("b", "p/q/"));
        assert_eq!((s3.region.as_deref(), s3.endpoint.as_deref()), (Some("eu"), Some("http://h:1")));
        let Address::Azure(azure) = Address::parse("azure://acc/con/p/?endpoint=http://h:1/acc").unwrap()
        else {
            panic!()
        };
        assert_eq!(
            (azure.account.as_str(), azure.container.as_str(), azure.prefix.as_str()),
            ("acc", "con", "p/")
        );
        assert_eq!(azure.endpoint, "http://h:1/acc");
        let Address::Azure(azure) = Address::parse("azure://acc/con").unwrap() else { panic!() };
        assert_eq!(
            (azure.endpoint.as_str(), azure.prefix.as_str()),
            ("https://acc.blob.core.windows.net", "")
        );
        let Address::Google(google) = Address::parse("gs://b/p").unwrap() else { panic!() };
        assert_eq!((google.bucket.as_str(), google.prefix.as_str()), ("b", "p/"));
        for (text, url, user) in [
            ("webdavs://h/x y/%C3%A4/", "https://h/x%20y/%C3%A4", None),
            ("webdav://me@h:8080", "http://h:8080", Some("me")),
            ("davs://a%40b@[::1]:1/x", "https://[::1]:1/x", Some("a@b")),
            ("dav://h/50%", "http://h/50%25", None),
        ] {
            let Address::Dav(dav) = Address::parse(text).unwrap() else { panic!("{text}") };
            assert_eq!((dav.url.as_str(), dav.user.as_deref()), (url, user));
        }
        assert_eq!(Address::parse("https://h/x/").unwrap(), Address::Web("https://h/x".to_owned()));
    }

    #[test]
    fn what_could_be_an_option_or_holds_a_password_is_refused() {
        for text in [
            "ssh://-oProxyCommand=x/y",
            "ssh://-oProxyCommand=x@h/y",
            "ssh://me@-oProxyCommand=x/y",
            "-oProxyCommand=x:y",
            "me@-oProxyCommand=x:y",
            "ssh://a b/x",
            "ssh://h;reboot/x",
            "ssh://me:secret@host/x",
            "ssh://host:99999/x",
            "ssh://host",
            "ssh:///x",
            "host:",
            "s3://KEY:SECRET@bucket/x",
            "s3:///x",
            "s3://b/../x",
            "s3://b/x?key=1",
            "s3://b/x?me:secret@h",
            "s3://b/x?endpoint=https://me:secret@h",
            "azure://acc",
            "azure://acc/",
            "azure://acc:secret@x/c",
            "azure://acc/con/../x",
            "azure://acc/con?sv=1&sig=secret",
            "azure://acc/con?endpoint=https://me:secret@h",
            "azure://acc/con?endpoint=ftp://h",
            "gs://KEY:SECRET@b/x",
            "gs://b?endpoint=h",
            "gs://",
            "webdavs://me:secret@h/x",
            "webdavs:///x",
            "webdavs://h:x/y",
            "webdavs://h/../x",
            "webdavs://h/a/%2e%2e/x",
            "webdavs://h/a//x",
            "webdavs://h/a?token=secret",
            "webdavs://h/a%0ab",
            "webdavs://h i/x",
            "https://me:secret@h/x",
            "https:///x",
            "file://host/x",
            "ftp://h/x",
            "x\n",
        ] {
            let refused = Address::parse(text);
            assert!(matches!(refused, Err(RemoteError::Address { .. })), "{text}: {refused:?}");
            let told = refused.unwrap_err().to_string();
            assert!(!told.to_lowercase().contains("secret"), "{told}");
        }
    }
}
