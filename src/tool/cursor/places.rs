//! The folders that the tool keeps things in.
//!
//! The command line's folder is `$CURSOR_CONFIG_DIR`, else
//! `$XDG_CONFIG_HOME/cursor`, else `~/.cursor`; later versions move what it
//! keeps with `$CURSOR_DATA_DIR`. The SDK and the transcripts are below
//! `~/.cursor/projects` in any case. The IDE is a VS Code and keeps a `User`
//! folder where that does.

use std::path::{Path, PathBuf};

use crate::tool::{Os, Places};

/// The folder that sessions of the command line are written to.
pub(super) fn config(places: &Places) -> PathBuf {
    places
        .var("CURSOR_DATA_DIR")
        .or_else(|| places.var("CURSOR_CONFIG_DIR"))
        .or_else(|| places.var("XDG_CONFIG_HOME").map(|dir| dir.join("cursor")))
        .unwrap_or_else(|| places.home.join(".cursor"))
}

/// All folders in which the command line may have kept sessions.
pub(super) fn configs(places: &Places) -> Vec<PathBuf> {
    let moved = ["CURSOR_DATA_DIR", "CURSOR_CONFIG_DIR"].into_iter().filter_map(|name| places.var(name));
    let xdg = places.var("XDG_CONFIG_HOME").map(|dir| dir.join("cursor"));
    let mut folders: Vec<PathBuf> = Vec::new();
    for folder in moved.chain(xdg).chain([places.home.join(".cursor")]) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The folder of what the SDK keeps, and of transcripts.
pub(super) fn projects(places: &Places) -> PathBuf {
    places.home.join(".cursor").join("projects")
}

/// The IDE's folder of what belongs to the user.
pub(super) fn user(places: &Places) -> PathBuf {
    let above = match places.os {
        Os::Linux => places.var("XDG_CONFIG_HOME").unwrap_or_else(|| places.home.join(".config")),
        Os::Mac => places.home.join("Library").join("Application Support"),
        Os::Windows => places.var("APPDATA").unwrap_or_else(|| places.home.join("AppData").join("Roaming")),
    };
    above.join("Cursor").join("User")
}

/// The IDE's database.
pub(super) fn database(places: &Places) -> PathBuf {
    user(places).join("globalStorage").join("state.vscdb")
}

/// The path below the home directory, with `/` on every system; of what lies
/// outside, all of it without its beginning.
pub(super) fn place(places: &Places, path: &Path) -> String {
    let below = path.strip_prefix(&places.home).unwrap_or(path);
    let parts = below.components().filter_map(|part| match part {
        std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_its_folders() {
        let mut places = Places { home: "/h".into(), ..Places::default() };
        assert_eq!(config(&places), Path::new("/h/.cursor"));
        assert_eq!(user(&places), Path::new("/h/.config/Cursor/User"));
        places.os = Os::Mac;
        assert_eq!(user(&places), Path::new("/h/Library/Application Support/Cursor/User"));
        places.os = Os::Windows;
        assert_eq!(user(&places), Path::new("/h/AppData/Roaming/Cursor/User"));
        places.vars.insert("APPDATA".into(), "/roam".into());
        assert_eq!(user(&places), Path::new("/roam/Cursor/User"));
        places.vars.insert("XDG_CONFIG_HOME".into(), "/x".into());
        places.vars.insert("CURSOR_CONFIG_DIR".into(), "/c".into());
        assert_eq!(config(&places), Path::new("/c"));
        assert_eq!(configs(&places), [Path::new("/c"), Path::new("/x/cursor"), Path::new("/h/.cursor")]);
        assert_eq!(place(&places, Path::new("/h/.cursor/a/b")), ".cursor/a/b");
        assert_eq!(place(&places, Path::new("/c/a")), "c/a");
    }
}
