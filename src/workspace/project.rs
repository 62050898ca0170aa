//! The same project in another place: by where its repository comes from, or
//! by a commit that both have.

use std::path::{Path, PathBuf};

use super::git;
use crate::object::snapshot::Git;

/// Why two folders are of the same project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Same {
    /// Both repositories come from this place.
    Address(String),
    /// The repository here has the commit that was checked out there.
    Commit(String),
}

/// If the repository around `here` is the one that these facts are of, why, and
/// its topmost folder.
pub fn same(here: &Path, there: &Git) -> Option<(PathBuf, Same)> {
    let top = git::top(here)?;
    let wanted = there.upstream.as_deref().and_then(plain);
    if let Some(wanted) = wanted
        && git::addresses(&top).iter().any(|address| plain(address).as_ref() == Some(&wanted))
    {
        return Some((top, Same::Address(wanted)));
    }
    // What came from another machine may be anything.
    let is_name = |name: &&String| name.len() >= 40 && name.bytes().all(|b| b.is_ascii_hexdigit());
    let head = there.head.as_ref().filter(is_name)?;
    git::has_commit(&top, head).then(|| (top, Same::Commit(head.clone())))
}

/// Host and path of an address, however it is written; none for a folder,
/// which is another on each machine.
fn plain(address: &str) -> Option<String> {
    let (host, path) = match address.split_once("://") {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("file") => return None,
        Some((_, rest)) => rest.split_once('/')?,
        // A letter and a colon begin a folder of Windows.
        None => address.split_once(':').filter(|(host, _)| host.len() > 1 && !host.contains('/'))?,
    };
    let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
    let host = host.split_once(':').map_or(host, |(host, _)| host);
    let path = path.trim_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    let good = !host.is_empty() && !path.is_empty();
    good.then(|| format!("{}/{path}", host.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_however_it_is_written() {
        for address in [
            "https://Example.com/a/b.git",
            "https://example.com/a/b/",
            "ssh://git@example.com:22/a/b",
            "git@example.com:a/b.git",
            "example.com:/a/b",
        ] {
            assert_eq!(plain(address).as_deref(), Some("example.com/a/b"), "{address}");
        }
        for folder in ["/srv/git/b.git", "../b", "file:///srv/b", "c:\\b", "c:/b", "https://example.com/", ""]
        {
            assert_eq!(plain(folder), None, "{folder}");
        }
    }
}
