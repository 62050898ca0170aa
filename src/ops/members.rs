//! Members: who may read an encrypted remote.

use std::path::Path;

use super::Env;
use super::remote::{self, SyncError};
use crate::remote::{Address, Folder, Identities, Recipient, Remote, RemoteError, Ring};
use crate::store::Store;

/// How a remote is to be encrypted.
#[derive(Clone, Debug, Default)]
pub struct Sealing {
    /// Encrypt it to these public keys, which need not be those of people: each
    /// machine may have its own.
    pub encrypt_to: Vec<String>,
    /// The file with the key of this machine.
    pub identity: Option<std::path::PathBuf>,
}

/// Makes the remote at an address one that is encrypted, or makes sure that
/// its newest ring can be opened.
pub(super) fn prepare(env: &Env, address: &Address, sealing: &Sealing) -> Result<(), SyncError> {
    let Some(identity) = &sealing.identity else {
        return match sealing.encrypt_to.is_empty() {
            true => Ok(()),
            false => Err(SyncError::NoIdentity),
        };
    };
    let identities = Identities::read(identity)?;
    let far = crate::remote::open(address, remote::around(env))?;
    if sealing.encrypt_to.is_empty() {
        Ring::newest(&*far, &identities)?;
        return Ok(());
    }
    for (folder, what) in [
        (Folder::Members, "it is encrypted already: leave --encrypt-to out, and use `sfs remote key add`"),
        (Folder::Refs, "there is something in it that is not encrypted: use an empty place"),
    ] {
        match far.list(folder) {
            Ok(files) if files.is_empty() => {}
            Ok(_) => return Err(key(what)),
            Err(RemoteError::NotThere(_)) => {}
            Err(e) => return Err(e.into()),
        }
    }
    let members = sealing.encrypt_to.iter().map(|text| Recipient::parse(text));
    let mut ring = Ring::new(members.collect::<Result<_, _>>()?);
    for own in identities.recipients() {
        ring.add(own.clone());
    }
    if !ring.is_for(&identities)? {
        let file = identity.display();
        return Err(key(&format!(
            "the key in {file} would not open it: add its public key with --encrypt-to"
        )));
    }
    Ok(ring.write(&*far, 0)?)
}

fn key(what: &str) -> SyncError {
    RemoteError::Key { what: what.to_owned() }.into()
}

/// An encrypted remote, opened as far as its ring.
struct Opened {
    name: String,
    remote: Box<dyn Remote>,
    number: u64,
    ring: Ring,
}

fn open(env: &Env, store: &Store, name: Option<&str>) -> Result<Opened, SyncError> {
    let (name, place) = remote::find(store, name)?;
    let Some(identity) = place.identity else { return Err(SyncError::NotEncrypted(name)) };
    let identities = Identities::read(Path::new(&identity))?;
    let remote = crate::remote::open(&Address::parse(&place.address)?, remote::around(env))?;
    let (number, ring) = Ring::newest(&*remote, &identities)?;
    Ok(Opened { name, remote, number, ring })
}

/// The members of a remote, and its name.
pub fn members(env: &Env, store: &Store, name: Option<&str>) -> Result<(String, Vec<Recipient>), SyncError> {
    let opened = open(env, store, name)?;
    Ok((opened.name, opened.ring.members().to_vec()))
}

/// Lets one more read all that is and comes on a remote; its name, and false
/// if that one may already.
pub fn add(env: &Env, store: &Store, name: Option<&str>, member: &str) -> Result<(String, bool), SyncError> {
    let mut opened = open(env, store, name)?;
    let new = opened.ring.add(Recipient::parse(member)?);
    if new {
        opened.ring.write(&*opened.remote, opened.number)?;
    }
    Ok((opened.name, new))
}

/// Lets one no longer read what comes to a remote; its name, and false if that
/// one couldn't. What is there stays readable to whoever had the secrets.
pub fn remove(
    env: &Env,
    store: &Store,
    name: Option<&str>,
    member: &str,
) -> Result<(String, bool), SyncError> {
    let mut opened = open(env, store, name)?;
    let gone = opened.ring.remove(&Recipient::parse(member)?);
    if opened.ring.members().is_empty() {
        return Err(key("it is the last member, without whom nobody could read anything"));
    }
    if gone {
        opened.ring.write(&*opened.remote, opened.number)?;
    }
    Ok((opened.name, gone))
}
