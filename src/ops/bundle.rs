//! Bundles: sessions in one file, for someone who shares no place with us.

use std::path::{Path, PathBuf};

use super::fetch::{FetchOptions, fetch_from};
use super::pull::{PullReport, take_over};
use super::push::{PushOptions, PushReport, push_to};
use super::remote::{self, Opened, Place, SyncError};
use super::selection::Selection;
use super::verify::{Verified, verify};
use super::{Env, Monitor};
use crate::remote::{BundleRemote, EncryptedRemote, Recipient, Remote, Ring};
use crate::store::Store;

/// What takes the place of a remote's name: none that a user can give.
const NAME: &str = ".bundle";

/// What to put into a bundle.
#[derive(Clone, Debug, Default)]
pub struct BundleOptions {
    /// What to send. It has no remote.
    pub push: PushOptions,
    /// Encrypt it to these public keys.
    pub encrypt_to: Vec<String>,
    /// Write over a file that is there.
    pub force: bool,
}

/// Writes sessions, and all that they lead to, into a file.
pub fn create(
    env: &Env,
    store: &mut Store,
    path: &Path,
    options: &BundleOptions,
    monitor: &dyn Monitor,
) -> Result<PushReport, SyncError> {
    store.refresh()?;
    let path = env.resolve(path);
    if !options.force && path.exists() {
        return Err(SyncError::Exists(path));
    }
    let members = options.encrypt_to.iter().map(|text| Recipient::parse(text));
    let members = members.collect::<Result<Vec<_>, _>>()?;
    let mut file: Box<dyn Remote> = Box::new(BundleRemote::create(path)?);
    let encrypted = !members.is_empty();
    if encrypted {
        let ring = Ring::new(members);
        ring.write(&*file, 0)?;
        file = Box::new(EncryptedRemote::new(file, ring));
    }
    let far =
        Opened { name: NAME.to_owned(), remote: file, known: store.known(NAME), encrypted, shallow: false };
    let outcome = push_to(env, store, &far, &options.push, monitor).map_err(|e| match e {
        SyncError::Shallow { session, .. } => SyncError::Shallow { session, place: "a bundle".to_owned() },
        e => e,
    });
    // What is known of this file is of no use for the next.
    far.known.forget();
    let report = outcome?;
    match report.is_nothing() {
        true => return Err(SyncError::Nothing),
        false if options.push.dry_run || !report.stopped.is_empty() => {}
        false => {
            remote::publish_files(&*far.remote)?;
        }
    }
    Ok(report)
}

/// Takes over what is in a bundle.
pub fn open(
    env: &Env,
    store: &mut Store,
    path: &Path,
    identity: Option<PathBuf>,
    only: &Selection,
    monitor: &dyn Monitor,
) -> Result<PullReport, SyncError> {
    store.refresh()?;
    let far = opened(env, store, path, identity)?;
    let fetched = fetch_from(env, store, &far, &FetchOptions::of(only), monitor);
    far.known.forget();
    let report = take_over(env, store, fetched?);
    remote::forget_fetched(env, store, NAME)?;
    report
}

/// Checks all that is in a bundle, without a store.
pub fn check(
    env: &Env,
    path: &Path,
    identity: Option<PathBuf>,
    monitor: &dyn Monitor,
) -> Result<Verified, SyncError> {
    verify(|scratch| opened(env, scratch, path, identity), monitor)
}

fn opened(env: &Env, store: &Store, path: &Path, identity: Option<PathBuf>) -> Result<Opened, SyncError> {
    // That it is one is told better than that there is no remote.
    drop(BundleRemote::open(env.resolve(path))?);
    let identity = identity.map(|path| env.resolve(&path));
    let encrypted = identity.is_some();
    let place = Place { address: env.resolve(path).display().to_string(), identity, shallow: false };
    let remote = remote::open_place(env, &place)?;
    Ok(Opened { name: NAME.to_owned(), remote, known: store.known(NAME), encrypted, shallow: false })
}
