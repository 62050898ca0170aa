//! Remotes: their names and addresses.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Env;
use super::members::{self, Sealing};
use crate::object::id::Id;
use crate::remote::{self, Address, Around, EncryptedRemote, Folder, Identities, Remote, RemoteError};
use crate::store::known::Known;
use crate::store::{Batch, Edit, Store, StoreError};

/// The name of the remote that a store was cloned from.
pub const ORIGIN: &str = "origin";

/// Why stores could not be brought together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The remote refused.
    #[error(transparent)]
    Remote(#[from] RemoteError),
    /// What is known of secrets can't be used.
    #[error(transparent)]
    Secrets(#[from] super::secrets::SecretsError),
    /// A file of the remote can't be believed.
    #[error("{place} is damaged: {what}")]
    Damaged {
        /// The file.
        place: String,
        /// What is wrong with it.
        what: String,
    },
    /// Something that is named on the remote isn't there.
    #[error("{place} names object {id:.16}, which is not on the remote")]
    Incomplete {
        /// The file that names it.
        place: String,
        /// The object.
        id: Id,
    },
    /// No remote has that name.
    #[error("no remote is called {0:?}")]
    Unknown(String),
    /// There is no remote, or more than one and none called `origin`.
    #[error("no remote is named, and {0}")]
    Unnamed(&'static str),
    /// A remote has that name already.
    #[error("there is a remote called {0:?} already")]
    Taken(String),
    /// A name that a remote can't have.
    #[error("a remote can't be called {0:?}")]
    BadName(String),
    /// Another store has the same identity as this one.
    #[error("a copy of this store has pushed what this one doesn't have")]
    Behind,
    /// It is encrypted, and there is no key for it.
    #[error("{0} is encrypted, and no key is named for it")]
    Encrypted(String),
    /// It is not encrypted.
    #[error("{0} is not encrypted")]
    NotEncrypted(String),
    /// Something shall be encrypted, and nobody here could read it.
    #[error("it would be encrypted, and no key of this machine is named to read it with")]
    NoIdentity,
    /// A clone would go into a store that has something in it.
    #[error("there is a store with something in it at {0}")]
    NotEmpty(String),
    /// A file would be written over.
    #[error("there is a file at {}", .0.display())]
    Exists(PathBuf),
    /// What was to be sent is not here as a whole.
    #[error("session {session:.12} is here without its texts, which {place} would lack")]
    Shallow {
        /// The session.
        session: Id,
        /// Where it was to go.
        place: String,
    },
    /// No remote is known to have the texts of a session.
    #[error("session {session:.12} is here without its texts, and no remote has them")]
    Lacking {
        /// The session.
        session: Id,
    },
    /// What was to be sent is nothing.
    #[error("there is no such session")]
    Nothing,
}

/// Where a remote is, and the key that opens it.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(from = "Entry", into = "Entry")]
pub struct Place {
    /// Its address.
    pub address: String,
    /// The file with this machine's key, if the remote is encrypted.
    pub identity: Option<PathBuf>,
    /// Whether histories alone are fetched from it.
    pub shallow: bool,
}

/// A place as it stands in the list.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
enum Entry {
    Plain(String),
    Named {
        address: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        identity: Option<PathBuf>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        shallow: bool,
    },
}

impl From<Entry> for Place {
    fn from(entry: Entry) -> Place {
        match entry {
            Entry::Plain(address) => Place { address, identity: None, shallow: false },
            Entry::Named { address, identity, shallow } => Place { address, identity, shallow },
        }
    }
}

impl From<Place> for Entry {
    fn from(Place { address, identity, shallow }: Place) -> Entry {
        match identity.is_some() || shallow {
            false => Entry::Plain(address),
            true => Entry::Named { address, identity, shallow },
        }
    }
}

/// The remotes, by name.
pub type Remotes = BTreeMap<String, Place>;

/// The remotes of a store.
pub fn list(store: &Store) -> Result<Remotes, SyncError> {
    parse(store, store.remotes()?)
}

fn parse(store: &Store, file: Option<Vec<u8>>) -> Result<Remotes, SyncError> {
    let Some(bytes) = file else { return Ok(Remotes::new()) };
    serde_json::from_slice(&bytes).map_err(|e| {
        let what = format!("not a list of remotes: {e}");
        StoreError::damaged(&store.remotes_file(), 0, what).into()
    })
}

fn change(
    store: &Store,
    change: impl FnOnce(&mut Remotes) -> Result<(), SyncError>,
) -> Result<(), SyncError> {
    store.change_remotes(|file| {
        let mut remotes = parse(store, file)?;
        change(&mut remotes)?;
        let text = serde_json::to_string_pretty(&remotes).map_err(std::io::Error::other);
        let text = text.map_err(StoreError::io("write", &store.remotes_file()))?;
        Ok((text + "\n").into_bytes())
    })
}

/// Gives an address a name. A directory's is kept absolute.
pub fn add(
    env: &Env,
    store: &Store,
    name: &str,
    address: &str,
    sealing: &Sealing,
) -> Result<String, SyncError> {
    if !is_name(name) {
        return Err(SyncError::BadName(name.to_owned()));
    }
    let taken = || SyncError::Taken(name.to_owned());
    if list(store)?.contains_key(name) {
        return Err(taken());
    }
    let address = resolved(env, address)?;
    remote::open(&address, around(env))?;
    members::prepare(env, &address, sealing)?;
    let address = address.to_string();
    let identity = sealing.identity.as_ref().map(|path| env.resolve(path));
    change(store, |remotes| match remotes.contains_key(name) {
        true => Err(taken()),
        false => {
            remotes.insert(name.to_owned(), Place { address: address.clone(), identity, shallow: false });
            Ok(())
        }
    })?;
    Ok(address)
}

/// Notes whether histories alone are fetched from a remote.
pub(super) fn set_shallow(store: &Store, name: &str, shallow: bool) -> Result<(), SyncError> {
    if list(store)?.get(name).is_none_or(|place| place.shallow == shallow) {
        return Ok(());
    }
    change(store, |remotes| {
        remotes.get_mut(name).into_iter().for_each(|place| place.shallow = shallow);
        Ok(())
    })
}

/// Forgets a remote and the refs that were fetched from it. On the remote
/// nothing changes.
pub fn remove(env: &Env, store: &mut Store, name: &str) -> Result<(), SyncError> {
    change(store, |remotes| match remotes.remove(name) {
        Some(place) => {
            store.known(&place.address).forget();
            Ok(())
        }
        None => Err(SyncError::Unknown(name.to_owned())),
    })?;
    store.refresh()?;
    forget_fetched(env, store, name)
}

/// Forgets the refs that were fetched from a remote.
pub(super) fn forget_fetched(env: &Env, store: &mut Store, name: &str) -> Result<(), SyncError> {
    let prefix = format!("remote/{name}/");
    let gone = store.refs_below(&prefix).map(|(name, value)| Edit {
        name: name.to_owned(),
        expect: Some(value.clone()),
        new: None,
    });
    let gone: Vec<Edit> = gone.collect();
    Ok(store.apply(Batch::default(), gone, &env.actor())?)
}

/// Writes the list of a remote's files that readers over HTTP go by; the name of
/// the remote and how many files there are.
pub fn publish(env: &Env, store: &Store, name: Option<&str>) -> Result<(String, u64), SyncError> {
    let Opened { name, remote, .. } = open(env, store, name)?;
    Ok((name, publish_files(&*remote)?))
}

/// Writes the list of a remote's files; how many there are.
pub(super) fn publish_files(far: &dyn Remote) -> Result<u64, SyncError> {
    // Tables first: what they name is there when packs are listed.
    let mut files = far.list(Folder::Refs)?;
    files.extend(far.list(Folder::Members)?);
    files.extend(far.list(Folder::Packs)?);
    let count = files.len() as u64;
    far.publish(&remote::index_text(files))?;
    Ok(count)
}

fn is_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=64).contains(&name.len()) && name.chars().all(plain) && !name.starts_with(['-', '.'])
}

/// The place that an address names; a directory's is made absolute.
pub(super) fn resolved(env: &Env, address: &str) -> Result<Address, RemoteError> {
    Ok(match Address::parse(address)? {
        Address::Dir(path) => Address::Dir(env.resolve(&path)),
        other => other,
    })
}

/// What transports may know of the world.
pub(super) fn around(env: &Env) -> Around<'_> {
    Around { vars: &env.places.vars, home: &env.places.home }
}

/// A remote that is open.
pub(super) struct Opened {
    pub(super) name: String,
    pub(super) remote: Box<dyn Remote>,
    /// What is known of it.
    pub(super) known: Known,
    pub(super) encrypted: bool,
    /// Whether histories alone are fetched.
    pub(super) shallow: bool,
}

/// The remote of that name; else `origin`, or the only one.
pub(super) fn find(store: &Store, name: Option<&str>) -> Result<(String, Place), SyncError> {
    let remotes = list(store)?;
    let (name, place) = match name {
        Some(name) => remotes.get_key_value(name).ok_or_else(|| SyncError::Unknown(name.to_owned()))?,
        None => match (remotes.get_key_value(ORIGIN), remotes.len()) {
            (Some(origin), _) => origin,
            (None, 0) => return Err(SyncError::Unnamed("there is none")),
            (None, 1) => remotes.first_key_value().ok_or(SyncError::Unnamed("there is none"))?,
            (None, _) => return Err(SyncError::Unnamed("there are several")),
        },
    };
    Ok((name.clone(), place.clone()))
}

/// Opens the remote of that name; else `origin`, or the only one.
pub(super) fn open(env: &Env, store: &Store, name: Option<&str>) -> Result<Opened, SyncError> {
    let (name, place) = find(store, name)?;
    let remote = open_place(env, &place)?;
    let encrypted = place.identity.is_some();
    Ok(Opened { name, remote, known: store.known(&place.address), encrypted, shallow: place.shallow })
}

/// Opens a remote, with its key if it has one.
pub(super) fn open_place(env: &Env, place: &Place) -> Result<Box<dyn Remote>, SyncError> {
    let remote = env.through.reach(remote::open(&Address::parse(&place.address)?, around(env))?);
    Ok(match &place.identity {
        None => remote,
        Some(path) => Box::new(EncryptedRemote::open(remote, &Identities::read(path)?)?),
    })
}

/// What an error means where a remote is read as if it were not encrypted, and
/// is.
pub(super) fn explained(far: &Opened, error: SyncError) -> SyncError {
    let is_encrypted = || far.remote.list(Folder::Members).is_ok_and(|files| !files.is_empty());
    match error {
        SyncError::Damaged { .. } if !far.encrypted && is_encrypted() => {
            SyncError::Encrypted(far.name.clone())
        }
        error => error,
    }
}
