//! Equip: a tool is offered what another one had in a project.
//!
//! That is the project's file of instructions, under the name that the tool
//! looks for, and the servers that its agent may ask. First it is planned, and
//! nothing is touched. A file that is there stays as it is, but for an entry in
//! settings that is added to the others ([`super::register`]). No value of an
//! environment, no header and nothing that may be a secret goes along: such is
//! told by its name.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::config::server::Server;
use super::config::{self, look};
use super::register::{self, RegisterError, RegisterOptions, Registration};
use super::{Env, resume};
use crate::object::Id;
use crate::store::{Store, StoreError};
use crate::tool::beside::Form;
use crate::tool::{self, Servers, Tool};

/// Why a tool is not equipped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EquipError {
    /// The store can't be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file can't be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A server can't be told of.
    #[error(transparent)]
    Register(#[from] RegisterError),
}

/// Whose things, and for which tool.
pub struct EquipOptions<'t> {
    /// The session.
    pub session: Id,
    /// The revision.
    pub commit: Id,
    /// The tool that is given them.
    pub tool: &'static dyn Tool,
    /// The directory that it will work in; see [`resume::directory`].
    pub project: Option<&'t Path>,
}

/// What will be done, and what not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Equipment {
    /// What will be done, in order.
    pub steps: Vec<Step>,
    /// What stays behind: what it is, and why.
    pub left: Vec<(String, String)>,
}

/// Something that will be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A new file with the instructions of another.
    Instructions {
        /// The file whose bytes they are, or the snapshot's.
        from: String,
        /// The new file.
        path: PathBuf,
        /// Its bytes.
        bytes: Vec<u8>,
    },
    /// A server is told to the tool.
    Server {
        /// What it is called.
        name: String,
        /// The file that tells of it now.
        from: String,
        /// What it is given there besides, by name: it stays behind.
        lacks: Vec<String>,
        /// What starts it.
        command: Vec<String>,
        /// Where the tool is told of it.
        place: Servers,
        /// What will be done.
        planned: Registration,
    },
}

impl Equipment {
    /// Tells whether there is nothing to agree to.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

/// Plans to give a tool what the tool of a revision had.
pub fn plan(env: &Env, store: &Store, options: &EquipOptions<'_>) -> Result<Equipment, EquipError> {
    let mut found = Equipment::default();
    let Some(from) = tool::by_name(&store.commit(&options.commit)?.tool) else { return Ok(found) };
    let to = resume::directory(env, store, options.session, options.project);
    let own = resume::directory(env, store, options.session, None);
    if from.name() == options.tool.name() && own == to {
        return Ok(found);
    }
    instructions(store, options, from, (&own, &to), &mut found)?;
    for server in look::servers(env, from, &own) {
        tell(env, options.tool, &to, server, &mut found);
    }
    Ok(found)
}

/// Plans the file of instructions, if the tool would find none.
fn instructions(
    store: &Store,
    options: &EquipOptions<'_>,
    from: &dyn Tool,
    (own, to): (&Path, &Path),
    found: &mut Equipment,
) -> Result<(), StoreError> {
    let Some(name) = options.tool.guides().first() else { return Ok(()) };
    let is_there = |name: &&str| std::fs::symlink_metadata(to.join(name)).is_ok();
    if let Some(there) = options.tool.guides().iter().copied().find(is_there) {
        let what = format!("instructions of {}", from.title());
        if !from.guides().contains(&there) && from.guides().iter().any(is_there) {
            found.left.push((what, format!("there is a {there} already")));
        }
        return Ok(());
    }
    let here = [to, own].into_iter().flat_map(|folder| from.guides().iter().map(move |name| (folder, name)));
    let here = here.filter_map(|(folder, name)| Some(((*name).to_owned(), look::read(folder, name)?)));
    let kept = || -> Result<Option<(String, Vec<u8>)>, StoreError> {
        let beside = config::at(store, &options.session, options.commit)?.beside;
        let Some(beside) = beside else { return Ok(None) };
        let paths = from.guides().iter().map(|name| format!("project/{name}"));
        let blob = paths.filter_map(|path| beside.instructions.get(&path).map(|blob| (path, *blob))).next();
        blob.map(|(_, blob)| Ok((format!("snapshot {:.12}", beside.snapshot), store.blob(&blob)?)))
            .transpose()
    };
    if let Some((from, bytes)) = here.into_iter().next().map_or_else(kept, |found| Ok(Some(found)))? {
        found.steps.push(Step::Instructions { from, path: to.join(name), bytes });
    }
    Ok(())
}

/// Plans to tell the tool of a server, or says why not.
fn tell(env: &Env, tool: &'static dyn Tool, to: &Path, server: Server, found: &mut Equipment) {
    let Server { name, place: from, is_project, command, lacks } = server;
    let what = format!("server {name} of {from}");
    let step = command.map_err(str::to_owned).and_then(|command| {
        let place = place_for(env, tool, to, is_project)
            .ok_or_else(|| format!("it is not known how {} is told of it", tool.title()))?;
        if let Servers::Json { path, .. } | Servers::Toml { path, .. } = &place {
            tool::stay_within(to, path).map_err(|e| format!("{}: {e}", path.display()))?;
        }
        let options = RegisterOptions { tool, name: name.clone(), command: command.clone(), remove: false };
        let planned = register::plan_in(env, &options, place.clone()).map_err(|e| e.to_string())?;
        Ok(Step::Server { name, from, lacks, command, place, planned })
    });
    match step {
        Ok(Step::Server { planned: Registration::Nothing, .. }) => {}
        Ok(step) => found.steps.push(step),
        Err(why) => found.left.push((what, why)),
    }
}

/// Where a tool is told of a server: a project's in the project, if there is
/// such a place, and a user's for the user alone.
fn place_for(env: &Env, tool: &dyn Tool, to: &Path, is_project: bool) -> Option<Servers> {
    let settings = tool.beside(&env.places, to).settings;
    let own = settings.into_iter().rfind(|file| file.servers.is_some() && file.path.starts_with(to));
    let own = own.filter(|_| is_project).and_then(|file| {
        let (path, key) = (file.path, file.servers?);
        Some(match file.form {
            Form::Json => Servers::Json { path, key },
            Form::Toml => Servers::Toml { path, table: key },
        })
    });
    own.or_else(|| tool.servers(&env.places))
}

/// Does what was planned for a tool.
pub fn carry_out(env: &Env, tool: &'static dyn Tool, planned: &Equipment) -> Result<(), EquipError> {
    for step in &planned.steps {
        match step {
            Step::Instructions { path, bytes, .. } => {
                let written = File::create_new(path).and_then(|mut file| {
                    file.write_all(bytes)?;
                    file.sync_data()
                });
                written.map_err(|source| EquipError::Write { path: path.clone(), source })?;
            }
            Step::Server { name, command, place, .. } => {
                // One file may get several entries, each after the others.
                let (name, command) = (name.clone(), command.clone());
                let options = RegisterOptions { tool, name, command, remove: false };
                let planned = register::plan_in(env, &options, place.clone())?;
                register::carry_out(env, &planned)?;
            }
        }
    }
    Ok(())
}
