//! Keys of people and machines: those of age, and those of ssh.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use age::secrecy::ExposeSecret;
use age::{ssh, x25519};

use crate::remote::RemoteError;

/// The longest file with a key that is read, in bytes.
const FILE_MAX: u64 = 1 << 20;

/// One for whom something can be sealed: `age1…`, `ssh-ed25519 …`, `ssh-rsa …`.
#[derive(Clone)]
pub struct Recipient {
    text: String,
    age: Arc<dyn age::Recipient + Send + Sync>,
}

impl Recipient {
    /// Reads a public key. A comment behind it is dropped.
    pub fn parse(text: &str) -> Result<Recipient, RemoteError> {
        let text = text.trim();
        let refused = |why: &str| RemoteError::Key { what: format!("{text:?} is no public key: {why}") };
        if text.starts_with("ssh-") {
            let key: Vec<&str> = text.split_whitespace().take(2).collect();
            let key = key.join(" ");
            let recipient: ssh::Recipient =
                key.parse().map_err(|_| refused("write ssh-ed25519 AAAA… or ssh-rsa AAAA…"))?;
            return Ok(Recipient { text: key, age: Arc::new(recipient) });
        }
        if text.starts_with("AGE-SECRET-KEY-") {
            // Not to be repeated.
            return Err(RemoteError::Key { what: "that is a secret key; give the public one".to_owned() });
        }
        let recipient: x25519::Recipient = text.parse().map_err(refused)?;
        Ok(Recipient { text: text.to_owned(), age: Arc::new(recipient) })
    }

    pub(super) fn as_age(&self) -> &dyn age::Recipient {
        &*self.age
    }
}

impl fmt::Display for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Recipient {
    fn eq(&self, other: &Recipient) -> bool {
        self.text == other.text
    }
}

impl Eq for Recipient {}

/// The secret keys of one who reads.
pub struct Identities {
    place: String,
    age: Vec<Box<dyn age::Identity + Send + Sync>>,
    /// Their public keys, where they can be told.
    recipients: Vec<Recipient>,
}

impl Identities {
    /// Reads the keys in a file that the user named: one of age, or a private
    /// key of ssh without a passphrase.
    pub fn read(path: &Path) -> Result<Identities, RemoteError> {
        let place = path.display().to_string();
        let bad = |what: &str| RemoteError::Key { what: format!("{place}: {what}") };
        let read = || -> std::io::Result<String> {
            match std::fs::metadata(path)?.len() {
                0..=FILE_MAX => std::fs::read_to_string(path),
                _ => Err(std::io::Error::other("it is too long for a key")),
            }
        };
        let text = read().map_err(|e| bad(&format!("the key can't be read: {e}")))?;
        let (mut age, mut recipients): (Vec<Box<dyn age::Identity + Send + Sync>>, _) =
            (Vec::new(), Vec::new());
        if text.trim_start().starts_with("-----BEGIN") {
            match ssh::Identity::from_buffer(text.as_bytes(), None) {
                Ok(key @ ssh::Identity::Unencrypted(_)) => age.push(Box::new(key)),
                Ok(ssh::Identity::Encrypted(_)) => {
                    return Err(bad("the key has a passphrase, which is not supported; use a key of age"));
                }
                _ => return Err(bad("this kind of ssh key is not supported; use ed25519 or a key of age")),
            }
        }
        for line in text.lines().map(str::trim).filter(|line| line.starts_with("AGE-SECRET-KEY-")) {
            let key: x25519::Identity = line.parse().map_err(bad)?;
            recipients.push(Recipient::parse(&key.to_public().to_string())?);
            age.push(Box::new(key));
        }
        match age.is_empty() {
            true => Err(bad("there is no secret key in it")),
            false => Ok(Identities { place, age, recipients }),
        }
    }

    /// The file that they came from.
    pub(super) fn place(&self) -> &str {
        &self.place
    }

    /// Their public keys; none for those of ssh.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }

    pub(super) fn as_age(&self) -> impl Iterator<Item = &dyn age::Identity> {
        self.age.iter().map(|key| &**key as &dyn age::Identity)
    }
}

/// A new key of age: the text of its file, and its public key.
pub fn new_identity() -> (String, String) {
    let key = x25519::Identity::generate();
    let public = key.to_public().to_string();
    (format!("# public key: {public}\n{}\n", key.to_string().expose_secret()), public)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_from_what_is_none() {
        let (_, public) = new_identity();
        assert_eq!(Recipient::parse(&format!(" {public}\n")).unwrap().to_string(), public);
        let ssh = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHsKLqeplhpW+uObz5dvMgjz1OxfM/XXUB+VHtZ6isGN";
        assert_eq!(Recipient::parse(&format!("{ssh} me@here")).unwrap().to_string(), ssh);
        for odd in ["", "age1xyz", "ssh-ed25519", "ssh-ed25519 AAAA", "-oX"] {
            assert!(Recipient::parse(odd).is_err(), "{odd}");
        }
        let (secret, _) = new_identity();
        let secret = secret.lines().last().unwrap();
        let error = Recipient::parse(secret).unwrap_err().to_string();
        assert!(error.contains("secret key") && !error.contains(secret), "{error}");
    }
}
