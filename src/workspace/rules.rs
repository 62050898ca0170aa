//! What is not taken: secrets, what is made from the rest, what ignore files
//! name.
//!
//! The names are those that the tools which make such files document. A file
//! that holds a secret under another name is taken: what leaves the machine is
//! searched for secrets again.

use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use crate::object::snapshot::Why;

/// The ignore file of ours: the same rules as git's, and it has the last word
/// over all but secrets.
pub const OWN: &str = ".sfsignore";
/// How files that are being put in place are called until they are whole.
pub const ASIDE: &str = ".sfs-tmp";

/// Folders in which version control keeps its own files.
const VCS: &[&str] = &[".git", ".hg", ".svn", ".jj", ".bzr", "_darcs", ".pijul"];

/// Files that hold secrets, in small letters.
const SECRETS: &[&str] = &[
    ".dockercfg",
    ".env",
    ".envrc",
    ".git-credentials",
    ".htpasswd",
    ".netrc",
    ".npmrc",
    ".pgpass",
    ".pypirc",
    ".s3cfg",
    ".vault-token",
    "_netrc",
    "credentials",
    "credentials.json",
    "credentials.toml",
    "secrets.json",
    "secrets.toml",
    "secrets.yaml",
    "secrets.yml",
    "terraform.tfstate",
    "terraform.tfstate.backup",
];
/// How names of keys and of stores of keys end.
const SECRET_ENDS: &[&str] = &[
    ".pem",
    ".key",
    ".p12",
    ".pfx",
    ".jks",
    ".keystore",
    ".kdbx",
    ".ppk",
    ".asc",
    ".agekey",
    ".tfvars",
    ".mobileprovision",
];
/// How names of private keys begin.
const SECRET_STARTS: &[&str] =
    &["id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "service-account", "service_account"];
/// How files like `.env` end that are made to be shown.
const EXAMPLES: &[&str] = &[".example", ".sample", ".template", ".dist", ".defaults"];
/// Folders that hold secrets.
const SECRET_FOLDERS: &[&str] = &[".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".gcloud"];

/// Folders that are made from the rest, or installed.
const OUTPUT: &[&str] = &[
    ".cache",
    ".eggs",
    ".gradle",
    ".mypy_cache",
    ".next",
    ".nox",
    ".nuxt",
    ".parcel-cache",
    ".pnpm-store",
    ".pytest_cache",
    ".ruff_cache",
    ".svelte-kit",
    ".terraform",
    ".tox",
    ".turbo",
    ".venv",
    ".yarn",
    "__pycache__",
    "bower_components",
    "deriveddata",
    "node_modules",
    "target",
    "venv",
];
/// Marks a folder whose content can be made again.
const CACHE_TAG: &str = "CACHEDIR.TAG";
const CACHE_SIGNATURE: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55";

/// What is decided about a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is taken.
    Take,
    /// It is left out and told.
    Leave(Why),
    /// It is no file of the project's.
    Pass,
}

/// Tells whether files of that name hold secrets.
pub fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    let example = EXAMPLES.iter().any(|end| name.ends_with(end));
    let is_key = SECRET_STARTS.iter().any(|start| name.starts_with(start)) && !name.ends_with(".pub");
    SECRETS.contains(&name.as_str())
        || name.starts_with(".env.") && !example
        || SECRET_ENDS.iter().any(|end| name.ends_with(end))
        || is_key
}

/// Tells whether a path leads into the files of version control or of keys,
/// or to a file that holds secrets: nothing is put there.
pub fn is_guarded(path: &str) -> bool {
    let mut names = path.rsplit('/');
    let among = |all: &[&str], name: &str| all.contains(&name.to_lowercase().as_str());
    names.next().is_some_and(|last| is_secret(last) || among(VCS, last))
        || names.any(|name| among(VCS, name) || among(SECRET_FOLDERS, name))
}

/// The ignore files that hold in a folder, those nearest to it last.
pub(super) struct Rules {
    git: Vec<Gitignore>,
    own: Vec<Gitignore>,
}

impl Rules {
    /// The rules from outside a project: the user's, the repository's, and
    /// those of the folders between its root and the project.
    pub(super) fn around(root: &Path, user: Option<&Path>) -> Rules {
        let mut rules = Rules { git: Vec::new(), own: Vec::new() };
        let repository = root.ancestors().find(|dir| dir.join(".git").exists());
        if let Some(file) = user {
            rules.git.extend(read(repository.unwrap_or(root), file));
        }
        if let Some(repository) = repository {
            rules.git.extend(read(repository, &repository.join(".git/info/exclude")));
            let mut between: Vec<&Path> =
                root.ancestors().skip(1).take_while(|dir| dir.starts_with(repository)).collect();
            between.reverse();
            for dir in between {
                let _ = rules.enter(dir);
            }
        }
        rules
    }

    /// Adds the rules of a folder; what is returned takes them away again.
    pub(super) fn enter(&mut self, dir: &Path) -> (usize, usize) {
        let before = (self.git.len(), self.own.len());
        self.git.extend(read(dir, &dir.join(".gitignore")));
        self.own.extend(read(dir, &dir.join(OWN)));
        before
    }

    /// Takes the rules of the folder that was entered last away.
    pub(super) fn leave(&mut self, before: (usize, usize)) {
        self.git.truncate(before.0);
        self.own.truncate(before.1);
    }

    /// Decides about the folder of that name at `path`.
    pub(super) fn folder(&self, path: &Path, name: &str) -> Verdict {
        let small = name.to_lowercase();
        if VCS.contains(&small.as_str()) {
            return Verdict::Pass;
        }
        if SECRET_FOLDERS.contains(&small.as_str()) {
            return Verdict::Leave(Why::Secret);
        }
        match last_word(&self.own, path, true) {
            Some(true) => return Verdict::Leave(Why::Ignored),
            Some(false) => return Verdict::Take,
            None => {}
        }
        if OUTPUT.contains(&small.as_str()) || is_cache(path) {
            return Verdict::Leave(Why::Output);
        }
        match last_word(&self.git, path, true) {
            Some(true) => Verdict::Leave(Why::Ignored),
            _ => Verdict::Take,
        }
    }

    /// Decides about the file or link of that name at `path`.
    pub(super) fn file(&self, path: &Path, name: &str) -> Verdict {
        if name.ends_with(ASIDE) || VCS.contains(&name) {
            return Verdict::Pass;
        }
        if is_secret(name) {
            return Verdict::Leave(Why::Secret);
        }
        let said = last_word(&self.own, path, false).or_else(|| last_word(&self.git, path, false));
        if said == Some(true) { Verdict::Leave(Why::Ignored) } else { Verdict::Take }
    }
}

/// What the nearest file that says something says: whether to ignore it.
fn last_word(files: &[Gitignore], path: &Path, is_dir: bool) -> Option<bool> {
    files.iter().rev().find_map(|file| match file.matched(path, is_dir) {
        Match::Ignore(_) => Some(true),
        Match::Whitelist(_) => Some(false),
        Match::None => None,
    })
}

/// Reads an ignore file, whose lines count from `dir`. Lines that are no
/// pattern are passed over, as git does.
fn read(dir: &Path, file: &Path) -> Option<Gitignore> {
    // A link or a pipe in its place is not read, as git does not either.
    if !file.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        return None;
    }
    let mut builder = GitignoreBuilder::new(dir);
    drop(builder.add(file));
    builder.build().ok().filter(|rules| !rules.is_empty())
}

fn is_cache(dir: &Path) -> bool {
    use std::io::Read;
    let tag = dir.join(CACHE_TAG);
    if !tag.symlink_metadata().is_ok_and(|meta| meta.is_file()) {
        return false;
    }
    let mut start = [0; CACHE_SIGNATURE.len()];
    let read = std::fs::File::open(tag).and_then(|mut file| file.read_exact(&mut start));
    read.is_ok() && start == *CACHE_SIGNATURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_known_by_name() {
        for name in [".env", ".ENV.local", "server.pem", "id_rsa", "id_ed25519_work", "x.tfvars", ".npmrc"] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["env.rs", ".env.example", "id_rsa.pub", "key.rs", "pem.md", "credentials.rs"] {
            assert!(!is_secret(name), "{name}");
        }
        for path in [".git/hooks/post-checkout", "a/.GIT/config", ".git", "x/.ssh/config", "a/.env"] {
            assert!(is_guarded(path), "{path}");
        }
        assert!(!is_guarded("src/git/mod.rs") && !is_guarded(".github/workflows/ci.yml"));
    }

    #[test]
    fn the_nearest_rule_decides_and_ours_before_gits() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let put = |name: &str, text: &str| {
            std::fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            std::fs::write(root.join(name), text).unwrap();
        };
        put(".git/info/exclude", "*.excluded\n");
        put(".gitignore", "*.log\nbuild/\n");
        put("p/.gitignore", "!keep.log\n");
        put("p/.sfsignore", "big.bin\n!build/\n!node_modules/\n!.env\n");
        put("p/cache/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n# x");
        put("user", "*.swp\n");
        let project = root.join("p");
        let mut rules = Rules::around(&project, Some(&root.join("user")));
        let before = rules.enter(&project);
        let file = |name: &str| rules.file(&project.join(name), name);
        let ignored = Verdict::Leave(Why::Ignored);
        assert_eq!([file("a.log"), file("x.excluded"), file("x.swp"), file("big.bin")], [ignored; 4]);
        assert_eq!([file("keep.log"), file("a.rs")], [Verdict::Take; 2]);
        assert_eq!((file(".env"), file("x.sfs-tmp")), (Verdict::Leave(Why::Secret), Verdict::Pass));
        let folder = |name: &str| rules.folder(&project.join(name), name);
        assert_eq!([folder("build"), folder("node_modules"), folder("src")], [Verdict::Take; 3]);
        assert_eq!([folder("target"), folder("cache")], [Verdict::Leave(Why::Output); 2]);
        assert_eq!((folder(".git"), folder(".ssh")), (Verdict::Pass, Verdict::Leave(Why::Secret)));
        rules.leave(before);
        let file = |name: &str| rules.file(&project.join(name), name);
        assert_eq!((file("keep.log"), file("big.bin")), (ignored, Verdict::Take));
    }
}
