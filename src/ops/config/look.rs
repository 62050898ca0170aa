//! A look at what lies beside a session that is being written: instruction
//! files as they are, of settings only those that can hold no secret.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use serde_json::Value;

use super::server::{self, HIDDEN, Server};
use crate::object::id::{Id, Kind};
use crate::object::tree::is_safe_path;
use crate::object::{Config, Entry, Tree};
use crate::ops::Env;
use crate::redact::{self, Scanner, UserRules};
use crate::store::{Batch, Store, StoreError};
use crate::tool::beside::{Form, SettingsFile};
use crate::tool::{self, Os, Tool};

/// Longer instruction files, and settings files, are not read.
const FILE_MAX: u64 = 1 << 20;
/// More instruction files than this are not kept.
const FILES_MAX: usize = 64;
/// Longer values are no settings.
const VALUE_MAX: usize = 1024;
/// How many MCP servers of one file are kept.
const SERVERS_MAX: usize = 64;

/// What was found, as it is in a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::ops) struct Looked {
    /// The [`Config`].
    pub(in crate::ops) config: Option<Id>,
    /// The [`Tree`] of instruction files.
    pub(in crate::ops) instructions: Option<Id>,
}

/// Looks at what lies beside the sessions of a tool in a project, whose folder
/// has its links resolved, and puts it into the batch.
pub(in crate::ops) fn look(
    env: &Env,
    store: &Store,
    batch: &mut Batch,
    tool: &str,
    project: &Path,
) -> Result<Looked, StoreError> {
    let Some(tool) = tool::by_name(tool) else { return Ok(Looked::default()) };
    let beside = tool.beside(&env.places, project);
    let around = Around { project, home: &env.places.home };
    let mut pairs = BTreeMap::from([("os".to_owned(), system(env))]);
    for file in &beside.settings {
        around.settings(file, &mut pairs);
    }
    let config = Config { entries: pairs.into_iter().collect() };
    let config = Some(batch.put_value(store, Kind::Config, &config)?);
    let mut files = BTreeMap::new();
    for path in beside.instructions.iter().flat_map(|path| files_of(path)) {
        let place = around.place(&path);
        if files.len() < FILES_MAX
            && is_safe_path(&place)
            && let Some(bytes) = around.read(&path)
        {
            files.insert(place, bytes);
        }
    }
    let mut tree = Tree::default();
    for (path, bytes) in files {
        let len = bytes.len() as u64;
        tree.entries.push(Entry { path, mode: 0o644, blob: batch.put_blob(store, bytes)?, len });
    }
    let instructions =
        if tree.entries.is_empty() { None } else { Some(batch.put_value(store, Kind::Tree, &tree)?) };
    Ok(Looked { config, instructions })
}

/// The servers that a tool is told of in a project, the project's before the
/// user's, each name once.
pub(in crate::ops) fn servers(env: &Env, tool: &dyn Tool, project: &Path) -> Vec<Server> {
    let around = Around { project, home: &env.places.home };
    let mut found: Vec<Server> = Vec::new();
    for file in tool.beside(&env.places, project).settings.iter().rev() {
        let Some(key) = file.servers else { continue };
        let settings = around.read(&file.path).and_then(|bytes| parse(&bytes, file.form));
        let servers = settings.as_ref().and_then(|settings| settings.get(key)?.as_object());
        for (name, server) in servers.into_iter().flatten().take(SERVERS_MAX) {
            if found.iter().any(|one| one.name == *name) {
                continue;
            }
            let command = server::command(name, server).and_then(|words| {
                match words.iter().all(|word| clean(word) == *word) {
                    true => Ok(words),
                    false => Err("its command holds what may be a secret"),
                }
            });
            found.push(Server {
                place: around.place(&file.path),
                is_project: file.path.starts_with(project),
                lacks: server::lacks(server),
                name: name.clone(),
                command,
            });
        }
    }
    found
}

/// What a project's file holds, if it lies in the project and isn't too long.
pub(in crate::ops) fn read(project: &Path, name: &str) -> Option<Vec<u8>> {
    Around { project, home: project }.read(&project.join(name))
}

/// The operating system: its name, what kind of machine, and which release
/// where a file tells it.
fn system(env: &Env) -> String {
    let release =
        (env.places.os == Os::Linux).then(|| std::fs::read_to_string("/etc/os-release").ok()).flatten();
    let name = release.as_deref().and_then(|text| {
        text.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).map(|name| name.trim_matches('"'))
    });
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    name.map_or_else(|| format!("{os} {arch}"), |name| format!("{os} {arch}, {name}"))
}

/// A file, or the Markdown files in a folder.
fn files_of(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(path) else { return vec![path.to_owned()] };
    let files = entries.flatten().map(|entry| entry.path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.extension().is_some_and(|e| e == "md")).collect();
    files.sort();
    files.truncate(FILES_MAX);
    files
}

struct Around<'a> {
    project: &'a Path,
    home: &'a Path,
}

impl Around<'_> {
    /// What a file is called wherever it came from: `project/…`, `home/…`.
    fn place(&self, path: &Path) -> String {
        let below = |root: &Path, name: &str| {
            let rest = path.strip_prefix(root).ok()?;
            Some(format!("{name}/{}", rest.to_string_lossy().replace('\\', "/")))
        };
        let place = below(self.project, "project").or_else(|| below(self.home, "home"));
        let elsewhere = || format!("elsewhere/{}", path.file_name().unwrap_or_default().to_string_lossy());
        place.unwrap_or_else(elsewhere)
    }

    /// The bytes of a regular file that isn't too long. A link in a project
    /// may not lead out of it: what it leads to is not the project's to give.
    fn read(&self, path: &Path) -> Option<Vec<u8>> {
        let real = std::fs::canonicalize(path).ok()?;
        if path.starts_with(self.project) && !real.starts_with(self.project) {
            return None;
        }
        let is_fit = |meta: &std::fs::Metadata| meta.is_file() && meta.len() <= FILE_MAX;
        std::fs::metadata(&real).ok().filter(is_fit)?;
        let mut bytes = Vec::new();
        File::open(&real).ok()?.take(FILE_MAX + 1).read_to_end(&mut bytes).ok()?;
        (bytes.len() as u64 <= FILE_MAX).then_some(bytes)
    }

    /// Adds what a settings file tells.
    fn settings(&self, file: &SettingsFile, pairs: &mut BTreeMap<String, String>) {
        if std::fs::symlink_metadata(&file.path).is_err() {
            return;
        }
        let place = self.place(&file.path);
        let Some(settings) = self.read(&file.path).and_then(|bytes| parse(&bytes, file.form)) else {
            pairs.insert(place, "could not be read".to_owned());
            return;
        };
        for key in file.keys {
            let value = key.split('.').try_fold(&settings, |value, name| value.get(name));
            if let Some(value) = value.and_then(plain) {
                pairs.insert(format!("{place} {key}"), value);
            }
        }
        let servers = file.servers.and_then(|name| settings.get(name)?.as_object());
        for (name, server) in servers.into_iter().flatten().take(SERVERS_MAX) {
            let line = server::line(server);
            if line.len() <= VALUE_MAX && name.len() <= VALUE_MAX {
                pairs.insert(clean(&format!("{place} mcp {name}")), clean(&line));
            }
        }
    }
}

fn parse(bytes: &[u8], form: Form) -> Option<Value> {
    match form {
        Form::Json => serde_json::from_slice(bytes).ok(),
        Form::Toml => toml::from_str(std::str::from_utf8(bytes).ok()?).ok(),
    }
}

/// A setting that is a word, a number or a switch.
fn plain(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        _ => return None,
    };
    (text.len() <= VALUE_MAX).then(|| clean(&text))
}

/// The same without what looks like a secret wherever it stands.
fn clean(text: &str) -> String {
    static SCANNER: LazyLock<Option<Scanner>> = LazyLock::new(|| Scanner::new(&UserRules::default()).ok());
    let Some(scanner) = &*SCANNER else { return HIDDEN.to_owned() };
    let hidden = redact::redact(&|bytes| scanner.scan(bytes), text.as_bytes(), &mut |_| Some(HIDDEN.into()));
    hidden.map_or_else(|| text.to_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
}
