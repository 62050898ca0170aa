//! Projects and the folders that the tool keeps for them.
//!
//! From 0.29 on a folder is called by the last name of the project's path,
//! made plain; a file in it says whose it is. Before, it was called by the
//! SHA-256 of the path. `projects.json` is the tool's own index of both; it
//! mends it by itself, so it is only ever read here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::object::json::Tape;
use crate::tool::Found;
use crate::tool::digest::sha256_hex;

/// The file in a project's folder that holds the project's path.
pub(super) const MARKER: &str = ".project_root";
/// The two folders that hold one for each project.
const FOLDERS: [&str; 2] = ["tmp", "history"];
/// Files that list projects, under this member or as their outermost members.
const LISTS: [(&str, &str); 2] = [("projects.json", "projects"), ("trustedFolders.json", "")];

/// Where a session worked, as far as the tool's folders tell.
pub(super) fn of(found: &Found) -> Option<String> {
    let mut places = found.place.split('/');
    let folder = (places.next() == Some("tmp")).then(|| places.next())??;
    let root = found.path.ancestors().nth(found.place.split('/').count())?;
    if let Some(owner) = FOLDERS.iter().find_map(|below| owner(&root.join(below).join(folder))) {
        return Some(owner);
    }
    let listed = LISTS.iter().flat_map(|(file, member)| listed(&root.join(file), member));
    listed
        .into_iter()
        .find(|(path, slug)| slug == folder || sha256_hex(path.as_bytes()) == folder)
        .map(|(path, _)| path)
}

/// The project that a folder belongs to.
fn owner(folder: &Path) -> Option<String> {
    let owner = std::fs::read_to_string(folder.join(MARKER)).ok()?;
    Some(owner.trim().to_owned()).filter(|owner| !owner.is_empty())
}

/// The string members of a JSON file's object.
fn listed(file: &Path, member: &str) -> Vec<(String, String)> {
    let Ok(bytes) = std::fs::read(file) else { return Vec::new() };
    let mut tape = Tape::default();
    if tape.read(&bytes).is_none() {
        return Vec::new();
    }
    let root = tape.root(&bytes);
    let object = if member.is_empty() { Some(root) } else { root.get(member) };
    let members = object.into_iter().flat_map(|object| object.members());
    let key = |raw: &[u8]| String::from_utf8_lossy(&crate::object::escape::decode(raw)).into_owned();
    members.filter_map(|(path, slug)| Some((key(path), slug.str()?.into_owned()))).collect()
}

/// The folder of a project, below the tool's root.
pub(super) struct Home {
    /// Its name.
    pub(super) name: String,
    /// The marker that must be written for it to be the project's.
    pub(super) marker: Option<PathBuf>,
}

/// The folder that the tool itself would take for `project` (0.29 and later).
pub(super) fn home(root: &Path, project: &str) -> Home {
    let listed: BTreeMap<String, String> = LISTS
        .first()
        .map(|(file, member)| listed(&root.join(file), member))
        .unwrap_or_default()
        .into_iter()
        .collect();
    let owners = |slug: &str| FOLDERS.map(|below| owner(&root.join(below).join(slug)));
    let is_free = |slug: &str| owners(slug).iter().flatten().all(|owner| owner == project);
    let known = listed.get(project).filter(|slug| is_safe(slug) && is_free(slug)).cloned();
    if let Some(name) = known.or_else(|| claimed(root, project)) {
        let marker = root.join("tmp").join(&name).join(MARKER);
        return Home { marker: (!marker.exists()).then_some(marker), name };
    }
    let slug = slugify(
        Path::new(project).file_name().map(|name| name.to_string_lossy()).as_deref().unwrap_or_default(),
    );
    let names = std::iter::once(slug.clone()).chain((1u32..).map(|n| format!("{slug}-{n}")));
    let name = names.into_iter().find(|name| is_free(name) && !listed.values().any(|taken| taken == name));
    let name = name.unwrap_or(slug);
    let marker = root.join("tmp").join(&name).join(MARKER);
    Home { marker: (!marker.exists()).then_some(marker), name }
}

/// A folder whose marker names the project.
fn claimed(root: &Path, project: &str) -> Option<String> {
    FOLDERS.iter().find_map(|below| {
        let mut names: Vec<_> =
            std::fs::read_dir(root.join(below)).ok()?.flatten().map(|e| e.path()).collect();
        names.sort();
        let folder = names.into_iter().find(|folder| owner(folder).as_deref() == Some(project))?;
        Some(folder.file_name()?.to_str()?.to_owned())
    })
}

/// Tells whether a name from a file stays where names belong.
fn is_safe(slug: &str) -> bool {
    !slug.is_empty() && slug.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// A project's last name made plain.
fn slugify(name: &str) -> String {
    let mut slug = String::new();
    for c in name.to_lowercase().chars() {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches('-');
    if slug.is_empty() { "project".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_plain_as_the_tool_does() {
        for (name, slug) in [
            (".My Proj_1", "my-proj-1"),
            ("Ünï-Projekt", "n-projekt"),
            ("日本語", "project"),
            ("--a..b--", "a-b"),
            ("", "project"),
        ] {
            assert_eq!(slugify(name), slug);
        }
    }

    #[test]
    fn a_folder_is_the_one_that_the_tool_would_take() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let mark = |place: &str, owner: &str| {
            std::fs::create_dir_all(root.join(place)).unwrap();
            std::fs::write(root.join(place).join(MARKER), owner).unwrap();
        };
        let name = |project: &str| home(root, project).name;
        assert_eq!(name("/w/app"), "app");
        assert_eq!(home(root, "/w/app").marker, Some(root.join("tmp/app/.project_root")));
        // Taken by another project: the next number, whoever says that it is taken.
        mark("tmp/app", "/other/app\n");
        mark("history/app-1", "/third/app");
        std::fs::write(root.join("projects.json"), r#"{"projects":{"/fourth/app":"app-2","/w/b":"../x"}}"#)
            .unwrap();
        assert_eq!(name("/w/app"), "app-3");
        // What is listed, unless its marker or its name speaks against it.
        assert_eq!((name("/fourth/app").as_str(), name("/w/b").as_str()), ("app-2", "b"));
        mark("tmp/app-2", "/other/app");
        assert_eq!(name("/fourth/app"), "app-3");
        // A marker anywhere is enough.
        mark("tmp/whatever", "/w/app");
        let home = home(root, "/w/app");
        assert_eq!((home.name.as_str(), home.marker), ("whatever", None));
    }
}
