//! The world as the process finds it.
//!
//! Tests set `SFS_TEST_TIME` (milliseconds since 1970) and `SFS_TEST_SEED`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use super::CommandError;
use crate::ops::Env;
use crate::tool::{Os, Places};

/// Where tools keep things, by the environment.
pub(crate) fn places() -> Result<Places, CommandError> {
    let vars: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)))
        .collect();
    let home = std::env::home_dir().filter(|home| !home.as_os_str().is_empty());
    let home = home.ok_or_else(|| CommandError::message("there is no home directory").hint("set HOME"))?;
    Ok(Places { home, vars, os: Os::here(), projects: Vec::new() })
}

/// Builds the [`Env`] of a command. `store` is the directory the user named.
pub(crate) fn new(command: &str, places: Places, store: Option<PathBuf>) -> Result<Env, CommandError> {
    let cwd = std::env::current_dir()
        .and_then(std::fs::canonicalize)
        .map_err(|e| CommandError::message(format!("cannot tell the current directory: {e}")))?;
    let store = store.unwrap_or_else(|| usual_store(&places));
    Ok(Env {
        now: now(&places),
        seed: number(&places, "SFS_TEST_SEED").unwrap_or_else(|| uuid::Uuid::new_v4().as_u128()),
        user: first(&places, &["USER", "LOGNAME", "USERNAME"]).unwrap_or_else(|| "unknown".to_owned()),
        host: host(&places),
        store: cwd.join(store),
        settings: settings(&places),
        cwd,
        places,
        command: command.to_owned(),
        ..Env::default()
    })
}

/// The store that is used where none is named.
pub(crate) fn usual_store(places: &Places) -> PathBuf {
    let data = if cfg!(windows) {
        places.var("LOCALAPPDATA").unwrap_or_else(|| places.home.join("AppData").join("Local"))
    } else if cfg!(target_os = "macos") {
        places.home.join("Library").join("Application Support")
    } else {
        // A relative path there is invalid and to be ignored.
        let data = places.var("XDG_DATA_HOME").filter(|dir| dir.is_absolute());
        data.unwrap_or_else(|| places.home.join(".local").join("share"))
    };
    data.join("sfs")
}

/// The directory of the user's settings of `sfs`.
pub(crate) fn settings(places: &Places) -> PathBuf {
    if let Some(dir) = places.var("SFS_CONFIG_DIR") {
        return dir;
    }
    let config = if cfg!(windows) {
        places.var("APPDATA").unwrap_or_else(|| places.home.join("AppData").join("Roaming"))
    } else if cfg!(target_os = "macos") {
        places.home.join("Library").join("Application Support")
    } else {
        let config = places.var("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute());
        config.unwrap_or_else(|| places.home.join(".config"))
    };
    config.join("sfs")
}

/// Now, in milliseconds since 1970.
pub(crate) fn now(places: &Places) -> i64 {
    number(places, "SFS_TEST_TIME").unwrap_or_else(system_time)
}

fn system_time() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

fn number<N: std::str::FromStr>(places: &Places, name: &str) -> Option<N> {
    places.vars.get(name)?.parse().ok()
}

fn first(places: &Places, names: &[&str]) -> Option<String> {
    names.iter().filter_map(|name| places.vars.get(*name)).find(|value| !value.is_empty()).cloned()
}

fn host(places: &Places) -> String {
    let named = first(places, &["HOSTNAME", "COMPUTERNAME"]);
    let read = || std::fs::read_to_string("/etc/hostname").ok();
    let host = named.or_else(read).unwrap_or_default();
    let host = host.trim();
    if host.is_empty() { "localhost".to_owned() } else { host.to_owned() }
}
