//! Addresses of WebDAV: `webdavs://[user@]host[:port]/path`.

use crate::remote::urls::{decoded, encoded_path, host_of, is_here};

/// A folder of a server that speaks WebDAV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DavAddress {
    /// As the user wrote it.
    pub(in crate::remote) text: String,
    /// Its URL, without `/` at its end.
    pub(in crate::remote) url: String,
    /// The host alone.
    pub(in crate::remote) host: String,
    /// Who we are there, if the address says so.
    pub(in crate::remote) user: Option<String>,
}

impl DavAddress {
    /// Reads what follows the scheme; `https` says which one it was.
    pub(in crate::remote) fn parse(text: &str, rest: &str, https: bool) -> Result<DavAddress, &'static str> {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let (user, authority) = match authority.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err("it may not hold a password; set SFS_WEBDAV_PASSWORD, or use ~/.netrc");
            }
            Some((user, authority)) => (Some(decoded(user)), authority),
            None => (None, authority),
        };
        let host = host_of(authority)?;
        if path.contains(['?', '#']) {
            return Err("it is no folder; `?` and `#` of a name are written %3F and %23");
        }
        let path = decoded(path.trim_end_matches('/'));
        let odd =
            |part: &str| matches!(part, "." | "..") || part.is_empty() || part.chars().any(char::is_control);
        if !path.is_empty() && path.split('/').any(odd) {
            return Err("its path has a part that is no name");
        }
        let scheme = if https { "https" } else { "http" };
        let slash = if path.is_empty() { "" } else { "/" };
        let url = format!("{scheme}://{authority}{slash}{}", encoded_path(&path));
        let user = user.filter(|user| !user.is_empty());
        Ok(DavAddress { text: text.trim_end_matches('/').to_owned(), url, host, user })
    }

    /// Whether nobody on the way can read what is sent.
    pub(in crate::remote) fn is_safe(&self) -> bool {
        self.url.starts_with("https:") || is_here(&self.host)
    }
}
