//! Where editors of the VS Code family keep what belongs to a user: extensions
//! store their sessions below it. Folders of remote servers and browser
//! editors are among them.

use std::path::{Component, Path, PathBuf};

use super::{Os, Places};

/// The names under which desktop editors of the family keep their settings.
const DESKTOP: &[&str] = &[
    "Code",
    "Code - Insiders",
    "Code - OSS",
    "VSCodium",
    "VSCodium - Insiders",
    "Cursor",
    "Windsurf",
    "Windsurf - Next",
    "Kiro",
    "Trae",
    "Antigravity",
    "Positron",
    "Void",
];

/// Servers that run on the machine that is worked on: folders in the home.
const SERVERS: &[&str] = &[
    ".vscode-server",
    ".vscode-server-insiders",
    ".vscode-server-oss",
    ".vscodium-server",
    ".cursor-server",
    ".windsurf-server",
    ".openvscode-server",
    ".vscode-remote",
];

/// Editors in a sandbox: the name of the application and that of the editor.
const SANDBOXED: &[(&str, &str)] = &[
    ("com.visualstudio.code", "Code"),
    ("com.visualstudio.code.insiders", "Code - Insiders"),
    ("com.vscodium.codium", "VSCodium"),
];

/// The `User` folders of all editors, whether they are there or not. Desktop
/// editors come first, Visual Studio Code before the others.
pub(super) fn user_dirs(places: &Places) -> Vec<PathBuf> {
    let home = &places.home;
    let config = match places.os {
        Os::Linux => places.var("XDG_CONFIG_HOME").unwrap_or_else(|| home.join(".config")),
        Os::Mac => home.join("Library").join("Application Support"),
        Os::Windows => places.var("APPDATA").unwrap_or_else(|| home.join("AppData").join("Roaming")),
    };
    let user = |folder: PathBuf| folder.join("User");
    let mut dirs: Vec<PathBuf> = DESKTOP.iter().map(|name| user(config.join(name))).collect();
    if places.os == Os::Linux {
        let apps = home.join(".var").join("app");
        dirs.extend(SANDBOXED.iter().map(|(app, name)| user(apps.join(app).join("config").join(name))));
    }
    // A portable editor and a moved server say so to what they start.
    dirs.extend(places.var("VSCODE_PORTABLE").map(|dir| user(dir.join("user-data"))));
    dirs.extend(places.var("VSCODE_AGENT_FOLDER").map(|dir| user(dir.join("data"))));
    dirs.extend(SERVERS.iter().map(|name| user(home.join(name).join("data"))));
    let data = places.var("XDG_DATA_HOME").unwrap_or_else(|| home.join(".local").join("share"));
    dirs.push(user(data.join("code-server")));
    dirs
}

/// The deepest folder that the home and all of `dirs` are below: what places
/// are told from. The home where a folder shares nothing with it.
pub(super) fn root(home: &Path, dirs: &[PathBuf]) -> PathBuf {
    let mut root = home.to_owned();
    for dir in dirs.iter().filter(|dir| !dir.starts_with(home)) {
        let same = root.components().zip(dir.components()).take_while(|(a, b)| a == b);
        let shared: PathBuf = same.map(|(component, _)| component).collect();
        if shared.components().next().is_some() {
            root = shared;
        }
    }
    root
}

/// The path of a file below `root`, with `/`. Of one that lies elsewhere, what
/// follows the root of its own.
pub(super) fn place(root: &Path, path: &Path) -> String {
    let names = path.strip_prefix(root).unwrap_or(path).components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    });
    names.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dirs(os: Os, vars: &[(&str, &str)]) -> Vec<String> {
        let vars = vars.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let places = Places { home: PathBuf::from("/h"), vars, os };
        user_dirs(&places).iter().map(|dir| dir.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn each_system_has_folders_of_its_own() {
        let linux = dirs(Os::Linux, &[]);
        for dir in [
            "/h/.config/Code/User",
            "/h/.config/Code - Insiders/User",
            "/h/.config/VSCodium/User",
            "/h/.config/Cursor/User",
            "/h/.config/Windsurf/User",
            "/h/.vscode-server/data/User",
            "/h/.vscode-server-insiders/data/User",
            "/h/.cursor-server/data/User",
            "/h/.local/share/code-server/User",
            "/h/.var/app/com.vscodium.codium/config/VSCodium/User",
        ] {
            assert!(linux.iter().any(|known| known == dir), "{dir}");
        }
        assert_eq!(dirs(Os::Mac, &[])[0], "/h/Library/Application Support/Code/User");
        assert_eq!(dirs(Os::Windows, &[])[0], "/h/AppData/Roaming/Code/User");
        assert_eq!(dirs(Os::Windows, &[("APPDATA", "/d/Roaming")])[5], "/d/Roaming/Cursor/User");
        assert_eq!(dirs(Os::Linux, &[("XDG_CONFIG_HOME", "/c")])[0], "/c/Code/User");
        let moved = dirs(Os::Linux, &[("VSCODE_AGENT_FOLDER", "/a"), ("VSCODE_PORTABLE", "/p")]);
        assert!(moved.contains(&"/a/data/User".to_owned()));
        assert!(moved.contains(&"/p/user-data/User".to_owned()));
    }

    #[test]
    fn places_are_below_a_root_that_all_folders_share() {
        let home = Path::new("/home/u");
        let dirs = |list: &[&str]| list.iter().map(PathBuf::from).collect::<Vec<_>>();
        assert_eq!(root(home, &dirs(&["/home/u/.x", "/home/u/a/b"])), home);
        assert_eq!(root(home, &dirs(&["/home/other/data", "/home/u/.x"])), Path::new("/home"));
        assert_eq!(root(home, &dirs(&["/srv/data"])), Path::new("/"));
        assert_eq!(root(home, &dirs(&["elsewhere"])), home);
        assert_eq!(place(home, Path::new("/home/u/a b/c.json")), "a b/c.json");
        assert_eq!(place(home, Path::new("/srv/c.json")), "srv/c.json");
    }
}
