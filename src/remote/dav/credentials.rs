//! Who we are to a server: what the environment says, or the user's `.netrc`.

use std::fmt;
use std::path::PathBuf;

use crate::remote::sign::basic;
use crate::remote::web::{Ask, Sign};
use crate::remote::{Around, DavAddress};

const USER: &str = "SFS_WEBDAV_USER";
const PASSWORD: &str = "SFS_WEBDAV_PASSWORD";

/// A user and a password, as `Authorization` has them.
pub(super) struct Basic(String);

impl Basic {
    pub(super) fn new(user: &str, password: &str) -> Basic {
        Basic(format!("Basic {}", basic(user, password)))
    }
}

impl fmt::Debug for Basic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Basic(…)")
    }
}

impl Sign for Basic {
    fn headers(&self, _: &Ask<'_>, _: u64) -> Vec<(&'static str, String)> {
        vec![("Authorization", self.0.clone())]
    }
}

/// Looks for who we are; if that is nowhere said, where it was looked for.
pub(super) fn find(address: &DavAddress, around: Around<'_>) -> Result<Basic, String> {
    let var = |name: &str| around.vars.get(name).filter(|value| !value.is_empty());
    let (said, password) = (address.user.as_ref().or(var(USER)), var(PASSWORD));
    if let (Some(user), Some(password)) = (said, password) {
        return Ok(Basic::new(user, password));
    }
    let mut looked = Vec::new();
    for path in netrc(around) {
        let entry = std::fs::read_to_string(&path).ok().and_then(|text| entry(&text, &address.host, said));
        if let Some((user, password)) = entry {
            return Ok(Basic::new(&user, &password));
        }
        looked.push(path.display().to_string());
    }
    let (host, looked) = (&address.host, looked.join(" and "));
    Err(format!("{USER} and {PASSWORD} are not set, and no `machine {host}` with a login is in {looked}"))
}

/// Where a `.netrc` may be.
fn netrc(around: Around<'_>) -> Vec<PathBuf> {
    match around.vars.get("NETRC").filter(|path| !path.is_empty()) {
        Some(path) => vec![PathBuf::from(path)],
        None if cfg!(windows) => vec![around.home.join("_netrc"), around.home.join(".netrc")],
        None => vec![around.home.join(".netrc")],
    }
}

/// The login and password for a host, of that user if one is named. The entry
/// `default`, which holds for any host, doesn't count: who answers at an
/// address that somebody sent must not be told it.
fn entry(text: &str, host: &str, user: Option<&String>) -> Option<(String, String)> {
    let words = words(text);
    let mut words = words.iter();
    let (mut meant, mut login, mut password) = (false, None, None);
    let whole = |meant: bool, login: &Option<String>, password: &Option<String>| {
        let (login, password) = (login.clone()?, password.clone()?);
        (meant && user.is_none_or(|user| *user == login)).then_some((login, password))
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "machine" | "default" => {
                if let Some(found) = whole(meant, &login, &password) {
                    return Some(found);
                }
                meant = word == "machine" && words.next().is_some_and(|name| name.eq_ignore_ascii_case(host));
                (login, password) = (None, None);
            }
            "login" => login = words.next().cloned(),
            "password" => password = words.next().cloned(),
            "account" => drop(words.next()),
            _ => {}
        }
    }
    whole(meant, &login, &password)
}

/// The words of a `.netrc`, without comments and macros. A word may stand in
/// quotes, in which `\` takes the next character as it is.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut in_macro) = (Vec::new(), false);
    for line in text.lines() {
        // A macro goes on to an empty line.
        in_macro &= !line.trim().is_empty();
        if in_macro || line.trim_start().starts_with('#') {
            continue;
        }
        let mut chars = line.chars().peekable();
        while let Some(first) = chars.find(|c| !c.is_whitespace()) {
            let (quoted, mut word) = (first == '"', String::new());
            if !quoted {
                word.push(first);
            }
            while let Some(c) = chars.next() {
                match c {
                    '"' if quoted => break,
                    '\\' if quoted => word.extend(chars.next()),
                    c if !quoted && c.is_whitespace() => break,
                    c => word.push(c),
                }
            }
            in_macro = !quoted && word == "macdef";
            if in_macro {
                break;
            }
            words.push(word);
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::Path;

    use super::*;
    use crate::remote::Address;

    const NETRC: &str = "# machine h login no password no\nmacdef init\nmachine h login m password m\n\n\
        machine other login o password op\nmachine H\n\tlogin me account x password \"p \\\"w\"\n\
        machine h login you password yp default login d password dp\n";

    fn found(address: &str, vars: &[(&str, &str)], home: &Path) -> Result<String, String> {
        let Ok(Address::Dav(address)) = Address::parse(address) else { panic!("{address}") };
        let vars: BTreeMap<String, String> =
            vars.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        find(&address, Around { vars: &vars, home }).map(|basic| basic.0)
    }

    #[test]
    fn the_environment_goes_before_netrc_and_default_counts_for_nobody() {
        let home = tempfile::tempdir().unwrap();
        let is = |user: &str, password: &str| Ok(Basic::new(user, password).0);
        let told = found("webdavs://h/x", &[], home.path()).unwrap_err();
        assert!(told.contains(PASSWORD) && told.contains(".netrc") && told.contains("machine h"), "{told}");
        std::fs::write(home.path().join(".netrc"), NETRC).unwrap();
        let vars = [(USER, "u"), (PASSWORD, "s")];
        assert_eq!(found("webdavs://h/x", &vars, home.path()), is("u", "s"));
        assert_eq!(found("webdavs://me@h/x", &vars, home.path()), is("me", "s"));
        assert_eq!(found("webdavs://h:99/x", &[], home.path()), is("me", "p \"w"));
        assert_eq!(found("webdavs://you@h/x", &[], home.path()), is("you", "yp"));
        assert_eq!(found("webdavs://h/x", &[(USER, "you")], home.path()), is("you", "yp"));
        assert_eq!(found("webdavs://other/x", &[], home.path()), is("o", "op"));
        assert!(found("webdavs://somebody@h/x", &[], home.path()).is_err());
        assert!(found("webdavs://elsewhere/x", &[], home.path()).is_err());
        let named = home.path().join("named");
        std::fs::write(&named, "machine elsewhere login e password f").unwrap();
        let vars = [("NETRC", named.to_str().unwrap())];
        assert_eq!(found("webdavs://elsewhere/x", &vars, home.path()), is("e", "f"));
        assert_eq!(format!("{:?}", Basic::new("u", "secret")), "Basic(…)");
    }

    #[test]
    fn odd_files_are_no_trouble() {
        for text in
            ["", "machine", "machine h login", "machine h login \"", "machine h password \"\\", "macdef"]
        {
            assert_eq!(entry(text, "h", None), None, "{text}");
        }
    }
}
