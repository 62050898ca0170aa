//! Where databases lie: in the directories that people work in, and in those
//! that the tool itself keeps a list of.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::{FILES, LAYOUT};
use crate::object::json::Tape;
use crate::tool::table::{self, Rows};
use crate::tool::{
    Discovery, Found, Frame, Framing, Os, Pieces, Places, Stamp, Trouble, absolute_place, stay_within,
};

/// Where the databases of projects are, those in the tool's own list among
/// them.
pub(super) fn databases(places: &Places) -> Vec<PathBuf> {
    by_project(places).into_keys().collect()
}

/// The same, each with the project whose it is said to be; one in the tool's
/// list may be anywhere.
fn by_project(places: &Places) -> BTreeMap<PathBuf, Option<&Path>> {
    let known = places.projects.iter().map(|project| (project.join(".crush"), Some(project.as_path())));
    let folders = known.chain(listed(places).into_iter().map(|folder| (folder, None)));
    folders.map(|(folder, project)| (folder.join("crush.db"), project)).collect()
}

/// Looks into the projects.
pub(super) fn discover(places: &Places) -> Discovery {
    let mut discovery = Discovery::default();
    for (path, project) in by_project(places).into_iter().filter(|(path, _)| path.is_file()) {
        let within = project.map_or(Ok(()), |project| stay_within(project, &path));
        if let Err(error) = within.and_then(|()| database(&path, &mut discovery.found)) {
            discovery.trouble.push(Trouble { path, error });
        }
    }
    discovery
}

/// The tool's own list of projects.
pub(super) fn list(places: &Places) -> PathBuf {
    let data = places.var("CRUSH_GLOBAL_DATA").unwrap_or_else(|| match places.os {
        Os::Windows => {
            let local = places.var("LOCALAPPDATA");
            local.unwrap_or_else(|| places.home.join("AppData").join("Local")).join("crush")
        }
        Os::Linux | Os::Mac => {
            let data = places.var("XDG_DATA_HOME").unwrap_or_else(|| places.home.join(".local/share"));
            data.join("crush")
        }
    });
    data.join("projects.json")
}

/// The data folders in that list.
fn listed(places: &Places) -> Vec<PathBuf> {
    let Ok(bytes) = std::fs::read(list(places)) else { return Vec::new() };
    let mut tape = Tape::default();
    tape.read(&bytes);
    let projects = tape.root(&bytes).get("projects");
    let projects = projects.into_iter().flat_map(|projects| projects.items());
    projects
        .filter_map(|project| Some(PathBuf::from(project.string("data_dir")?)))
        .filter(|path| path.is_absolute())
        .collect()
}

fn database(path: &Path, out: &mut Vec<Found>) -> std::io::Result<()> {
    let files: HashMap<String, u64> = table::counts(path, FILES)?.into_iter().collect();
    for session in table::list(path, &LAYOUT)? {
        let changes = files.get(&session.id).copied();
        let mut found = |part: &str, stamp| {
            out.push(Found {
                native: session.id.clone(),
                part: part.to_owned(),
                path: path.to_owned(),
                place: absolute_place(path),
                framing: Framing::Rows,
                stamp,
                side: Vec::new(),
            });
        };
        found("", session.stamp);
        if let Some(changes) = changes {
            found("files", Stamp { len: changes * 1000, mtime: 0, inode: 0 });
        }
    }
    Ok(())
}

/// The rows of a session, with the project that its database lies in.
pub(super) struct Told {
    rows: Rows,
    cwd: Option<String>,
}

impl Told {
    pub(super) fn of(rows: Rows, path: &Path) -> Told {
        let project = path.parent().filter(|folder| folder.ends_with(".crush")).and_then(Path::parent);
        Told { rows, cwd: project.map(|project| project.to_string_lossy().into_owned()) }
    }
}

impl Pieces for Told {
    fn next(&mut self) -> std::io::Result<Option<Cow<'_, [u8]>>> {
        self.rows.next()
    }

    fn frame(&mut self) -> std::io::Result<Frame> {
        let mut frame = self.rows.frame()?;
        frame.facts.cwd = self.cwd.clone();
        Ok(frame)
    }
}
