//! One npm package at one version, in a folder of its own. The test of a tool
//! is a module of this crate, `real/<tool>.rs`, beside `real/own.rs`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::tools::{cache, on_path, path, run_install};

/// An installed package.
#[derive(Clone, Debug)]
pub(crate) struct Package {
    /// Where its programs are.
    pub(crate) bin: PathBuf,
    /// Where its modules are.
    pub(crate) modules: PathBuf,
    /// Value of `PATH` for what is run: its programs, node, git, the shell.
    pub(crate) path: String,
}

/// The package, installed at the first call ever; `None`, with the reason
/// printed, where that isn't possible.
pub(crate) fn package(name: &str, version: &str) -> Option<Package> {
    match install(name, version) {
        Ok(package) => Some(package),
        Err(reason) => {
            eprintln!("SKIPPED: {name}@{version}: {reason}");
            None
        }
    }
}

/// The same, or why not.
pub(super) fn install(name: &str, version: &str) -> Result<Package, String> {
    let node = on_path("node").ok_or("node isn't installed")?;
    let git = on_path("git").ok_or("git isn't installed")?;
    let folder = cache().join(format!("{}@{version}", name.replace(['/', '@'], "+")));
    fs::create_dir_all(&folder).map_err(|e| format!("cannot create a folder for it: {e}"))?;
    let lock = File::create(folder.join("lock")).map_err(|e| format!("cannot create a lock: {e}"))?;
    lock.lock().map_err(|e| format!("cannot lock its folder: {e}"))?;
    let done = folder.join("installed");
    if !done.exists() {
        npm(&folder, &format!("{name}@{version}"))?;
        fs::write(&done, version).map_err(|e| e.to_string())?;
    }
    let modules = folder.join("node_modules");
    let bin = modules.join(".bin");
    Ok(Package { path: path(&[&bin, &node, &git]), bin, modules })
}

/// Runs npm with the user's own settings: where it downloads from is theirs to say.
fn npm(folder: &Path, what: &str) -> Result<(), String> {
    let npm = on_path("npm").ok_or("npm isn't installed")?.join("npm");
    let mut command = Command::new(npm);
    command.stdin(Stdio::null());
    command.args(["install", "--no-audit", "--no-fund", "--no-save", "--prefix"]).arg(folder).arg(what);
    let run = run_install(command, &folder.join("npm"))?;
    if run.succeeded() {
        return Ok(());
    }
    Err(format!("npm can't install it: {}", run.stderr.lines().next().unwrap_or("it hangs")))
}
