//! Secrets of a store: what is found, what it is called, and what may leave.
//!
//! A finding is a secret, not a place: the same secret has one id wherever and
//! however it stands. The id is a hash keyed by chance, so it tells nothing of
//! the secret, and it is another in each store.

mod found;
mod gate;
mod rules;
mod sent;
pub(super) mod streams;
pub(super) mod texts;

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Env;
use crate::object::id::{self, Id};
use crate::redact::{self, Hit, RuleError, Scanner};
use crate::store::{Store, StoreError};

pub use found::{Found, Place};
pub(super) use gate::{Doorkeeper, Mode};
pub use rules::path as rules_path;
pub(super) use sent::Sent;

/// The file with the key of findings' ids.
const KEY: &str = "secrets/key";
/// The file that lists what may leave.
const ALLOWED: &str = "secrets/allowed.json";
/// Digits by which findings are shown.
pub const DIGITS: usize = 8;
/// The fewest digits by which a finding may be named.
const DIGITS_MIN: usize = 4;

/// Why secrets can't be dealt with.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretsError {
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The user's rules can't be read.
    #[error("cannot read {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The user's rules are not written as they must be.
    #[error("{} is not a list of rules: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and where.
        what: String,
    },
    /// One of the user's rules can't be used.
    #[error("{}: {source}", path.display())]
    Rule {
        /// The file.
        path: PathBuf,
        /// Why.
        source: RuleError,
    },
    /// A finding that isn't there.
    #[error("no finding's id begins with {0:?}")]
    Unknown(String),
    /// The beginning of several findings' ids.
    #[error("several findings' ids begin with {0:?}")]
    Ambiguous(String),
}

impl SecretsError {
    /// What to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            SecretsError::Store(_) | SecretsError::Unreadable { .. } => None,
            SecretsError::Malformed { .. } | SecretsError::Rule { .. } => {
                Some("docs/security.md tells how rules are written; nothing was sent or changed")
            }
            SecretsError::Unknown(_) | SecretsError::Ambiguous(_) => Some("`sfs scan --all` lists them"),
        }
    }
}

/// A finding that may leave.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allowed {
    /// The rule that found it.
    pub rule: String,
    /// The secret, masked.
    pub shown: String,
    /// When it was allowed, in milliseconds since 1970.
    pub time: i64,
    /// By whom.
    pub by: String,
}

/// Finds secrets and names them.
pub struct Secrets {
    scanner: Scanner,
    key: Vec<u8>,
    allowed: BTreeMap<String, Allowed>,
}

impl Secrets {
    /// Reads the rules and what is known of this store's secrets.
    pub fn open(env: &Env, store: &Store) -> Result<Secrets, SecretsError> {
        let scanner = rules::scanner(&env.places)?;
        let key = match store.local(KEY)? {
            Some(key) => key,
            None => new_key(env, store)?,
        };
        Ok(Secrets { scanner, key, allowed: read_allowed(store, store.local(ALLOWED)?)? })
    }

    /// The scanner.
    pub(super) fn scanner(&self) -> &Scanner {
        &self.scanner
    }

    /// A secret in words that don't tell it.
    pub(super) fn describe(&self, hit: &Hit) -> String {
        let found = Found::new(self.id(&hit.secret), self.scanner.rule(hit.rule), &hit.secret);
        format!("{} {}", found.rule, found.shown)
    }

    /// What findings depend on besides the bytes.
    pub(super) fn version(&self) -> String {
        let version = [self.key.as_slice(), self.scanner.version().as_bytes()].concat();
        Id::from_bytes(id::digest(&version)).to_string()
    }

    /// The id of a secret.
    pub fn id(&self, secret: &[u8]) -> Id {
        Id::from_bytes(id::digest(&[self.key.as_slice(), secret].concat()))
    }

    /// Tells whether a finding may leave.
    pub fn is_allowed(&self, id: &Id) -> bool {
        self.allowed.contains_key(&id.to_string())
    }

    /// A text to be shown, without what it should not show.
    pub fn without(&self, text: &str) -> String {
        let out = redact::redact(&|bytes| self.scanner.scan(bytes), text.as_bytes(), &mut |hit| {
            Some(self.placeholder(hit, &self.id(&hit.secret)))
        });
        out.map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    }

    /// What stands in a secret's place where it is taken out.
    fn placeholder(&self, hit: &Hit, id: &Id) -> String {
        format!("[redacted:{}:{id:.DIGITS$}]", self.scanner.rule(hit.rule))
    }
}

/// Draws the key of a store.
fn new_key(env: &Env, store: &Store) -> Result<Vec<u8>, SecretsError> {
    let mut drawn = Vec::new();
    store.change_local(KEY, |known| {
        let fresh = || id::digest(&[b"sfs findings".as_slice(), &env.seed.to_le_bytes()].concat()).to_vec();
        drawn = known.unwrap_or_else(fresh);
        Ok::<_, SecretsError>(drawn.clone())
    })?;
    Ok(drawn)
}

fn read_allowed(store: &Store, file: Option<Vec<u8>>) -> Result<BTreeMap<String, Allowed>, SecretsError> {
    let Some(bytes) = file else { return Ok(BTreeMap::new()) };
    serde_json::from_slice(&bytes).map_err(|e| {
        let what = format!("not a list of findings: {e}");
        StoreError::damaged(&store.local_path(ALLOWED), 0, what).into()
    })
}

/// The findings that may leave, by id.
pub fn allowed(store: &Store) -> Result<BTreeMap<String, Allowed>, SecretsError> {
    read_allowed(store, store.local(ALLOWED)?)
}

/// Lets findings leave from now on.
pub fn allow(env: &Env, store: &Store, findings: &[&Found]) -> Result<(), SecretsError> {
    change_allowed(store, |allowed| {
        for found in findings {
            let by = format!("{}@{}", env.user, env.host);
            let entry = Allowed { rule: found.rule.clone(), shown: found.shown.clone(), time: env.now, by };
            allowed.entry(found.id.to_string()).or_insert(entry);
        }
        Ok(())
    })
}

/// What the user lets leave.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lets<'l> {
    /// The beginnings of ids of findings that may leave, now and from now on.
    pub allow: &'l [String],
    /// Let all findings leave, now and from now on.
    pub allow_all: bool,
    /// Nothing leaves yet: remember nothing.
    pub dry_run: bool,
}

/// What became of the secrets that were found.
#[derive(Clone, Debug, Default)]
pub(super) struct Judged {
    /// Those because of which nothing may leave.
    pub(super) stopped: Vec<Found>,
    /// Those that were taken out.
    pub(super) redacted: Vec<Found>,
}

/// Says what becomes of the secrets that a doorkeeper found.
pub(super) fn judge(
    env: &Env,
    store: &Store,
    lets: &Lets<'_>,
    door: &mut Doorkeeper<'_>,
) -> Result<Judged, SecretsError> {
    let found = door.found();
    let mut judged = Judged::default();
    let mut allowed = named(lets.allow, &found)?;
    let (stopped, rest): (Vec<&Found>, Vec<&Found>) = found.iter().partition(|found| door.stops(found));
    match lets.allow_all {
        true => allowed.extend(stopped),
        false => judged.stopped = stopped.into_iter().cloned().collect(),
    }
    judged.redacted = rest.into_iter().filter(|found| door.is_taken_out(found)).cloned().collect();
    if !lets.dry_run && !allowed.is_empty() {
        allow(env, store, &allowed)?;
    }
    Ok(judged)
}

/// Lets a finding leave no more; its id.
pub fn forget(store: &Store, id: &str) -> Result<String, SecretsError> {
    let mut gone = String::new();
    change_allowed(store, |allowed| {
        gone.clone_from(one(id, allowed.keys())?);
        allowed.remove(&gone);
        Ok(())
    })?;
    Ok(gone)
}

fn change_allowed(
    store: &Store,
    change: impl FnOnce(&mut BTreeMap<String, Allowed>) -> Result<(), SecretsError>,
) -> Result<(), SecretsError> {
    store.change_local(ALLOWED, |file| {
        let mut allowed = read_allowed(store, file)?;
        change(&mut allowed)?;
        let text = serde_json::to_string_pretty(&allowed).map_err(std::io::Error::other);
        let text = text.map_err(StoreError::io("write", &store.local_path(ALLOWED)))?;
        Ok((text + "\n").into_bytes())
    })
}

/// The one id among these that begins as the user wrote.
pub(super) fn one<'i, T: ToString>(
    text: &str,
    ids: impl Iterator<Item = &'i T>,
) -> Result<&'i T, SecretsError> {
    let small = text.to_ascii_lowercase();
    let mut found = ids.filter(|id| small.len() >= DIGITS_MIN && id.to_string().starts_with(&small));
    match (found.next(), found.next()) {
        (None, _) => Err(SecretsError::Unknown(text.to_owned())),
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(SecretsError::Ambiguous(text.to_owned())),
    }
}

/// The findings that the user named by the beginnings of their ids.
pub fn named<'f>(texts: &[String], found: &'f [Found]) -> Result<Vec<&'f Found>, SecretsError> {
    let mut named = Vec::new();
    for text in texts {
        let id = one(text, found.iter().map(|found| &found.id))?;
        named.extend(found.iter().filter(|found| found.id == *id));
    }
    Ok(named)
}
