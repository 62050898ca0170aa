//! What git knows of a project, asked of git itself.
//!
//! Git is asked to run nothing that the repository names, to lock nothing and
//! to go nowhere. Without git (2.31 or later), or outside of a repository,
//! nothing is known.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::object::snapshot::Git;

/// The facts about the repository that a folder is in.
pub fn facts(root: &Path) -> Option<Git> {
    root.ancestors().find(|dir| dir.join(".git").exists())?;
    let status =
        ["status", "--porcelain=v2", "--branch", "--untracked-files=no", "--ignore-submodules=dirty", "-z"];
    let status = ask_without(root, &own_filters(root)?, &status)?;
    let mut git = Git { dirty: Some(false), ..Git::default() };
    for line in status.split('\0').filter(|line| !line.is_empty()) {
        let Some(header) = line.strip_prefix("# ") else {
            git.dirty = Some(true);
            break;
        };
        match header.split_once(' ') {
            Some(("branch.oid", oid)) if oid != "(initial)" => git.head = Some(oid.to_owned()),
            Some(("branch.head", name)) if name != "(detached)" => git.branch = Some(name.to_owned()),
            _ => {}
        }
    }
    git.upstream = upstream(root, git.branch.as_deref());
    Some(git)
}

/// The commit that is checked out, and the text that it has of a file below
/// the root of the repository.
pub fn committed(root: &Path, path: &str) -> Option<(String, String)> {
    let head = ask(root, &["rev-parse", "--verify", "HEAD^{commit}"])?.trim().to_owned();
    let text = ask(root, &["cat-file", "blob", &format!("{head}:{path}")])?;
    Some((head, text))
}

/// The topmost folder of the repository that a folder is in.
pub(super) fn top(here: &Path) -> Option<PathBuf> {
    here.ancestors().find(|dir| dir.join(".git").exists())?;
    let top = ask(here, &["rev-parse", "--show-toplevel"])?;
    Some(PathBuf::from(top.trim_end_matches(['\n', '\r']))).filter(|top| top.is_dir())
}

/// The addresses of all its remotes, without credentials.
pub(super) fn addresses(root: &Path) -> Vec<String> {
    let config = ask(root, &["config", "--null", "--get-regexp", r"^remote\..*\.url$"]).unwrap_or_default();
    let pairs = config.split('\0').filter_map(|pair| pair.split_once('\n'));
    pairs.map(|(_, address)| without_credentials(address)).collect()
}

/// Tells whether it has a commit of that name, which is one in hexadecimal.
pub(super) fn has_commit(root: &Path, name: &str) -> bool {
    ask(root, &["cat-file", "-e", &format!("{name}^{{commit}}")]).is_some()
}

/// A commit of git's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GitCommit {
    /// Its id.
    pub id: String,
    /// The first line of its message.
    pub title: String,
    /// When it was first made, in milliseconds since 1970: a rebase keeps that.
    pub time: i64,
    /// When the newest of its parents was made; `None` if it has none.
    pub since: Option<i64>,
    /// The files that it changes against its first parent, below the root.
    pub files: Vec<String>,
    /// The folders of the repository: where it is worked on.
    pub roots: Vec<PathBuf>,
}

/// A commit of the repository that a folder is in, by any name that git knows.
pub fn commit(root: &Path, name: &str) -> Option<GitCommit> {
    let name = format!("{name}^{{commit}}");
    let id = ask(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &name])?.trim().to_owned();
    let told = ask(root, &["log", "-1", "--no-show-signature", "--format=%at%x00%P%x00%s", &id])?;
    let mut parts = told.trim_end().splitn(3, '\0');
    let time = seconds(parts.next()?)?;
    let mut since = None;
    for parent in parts.next()?.split_whitespace() {
        let at = ask(root, &["log", "-1", "--no-show-signature", "--format=%at", parent])?;
        since = since.max(seconds(at.trim()));
    }
    let title = parts.next().unwrap_or_default().to_owned();
    let diff =
        ["diff-tree", "-r", "-z", "-m", "--first-parent", "--root", "--no-commit-id", "--name-only", &id];
    let files = ask(root, &diff)?.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    Some(GitCommit { id, title, time, since, files, roots: worktrees(root)? })
}

/// The folders in which a repository is worked on.
fn worktrees(root: &Path) -> Option<Vec<PathBuf>> {
    let trees = ask(root, &["worktree", "list", "--porcelain", "-z"])?;
    let roots = trees.split('\0').filter_map(|line| line.strip_prefix("worktree "));
    Some(roots.map(PathBuf::from).collect())
}

/// The commit that would be made now (in milliseconds since 1970) of what is in
/// the index, which may be another file than usual. It has no id and no title.
pub fn staged(root: &Path, index: Option<&Path>, now: i64) -> Option<GitCommit> {
    let since = ask(root, &["log", "-1", "--no-show-signature", "--format=%at"]);
    let since = since.and_then(|told| seconds(told.trim()));
    // Before the first commit there is only the tree without files.
    let empty = || ask(root, &["hash-object", "-t", "tree", "--stdin"]);
    let base = if since.is_some() { "HEAD".to_owned() } else { empty()?.trim().to_owned() };
    let diff = ["diff-index", "--cached", "-z", "--name-only", "--no-ext-diff", &base];
    let files = read(&mut asking(root, &[], &diff, index))?;
    let files = files.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
    Some(GitCommit { time: now, since, files, roots: worktrees(root)?, ..GitCommit::default() })
}

/// The folder of the hooks that git runs in the repository that a folder is in.
pub fn hooks(root: &Path) -> Option<PathBuf> {
    let told = ask(root, &["rev-parse", "--git-path", "hooks"])?;
    Some(root.join(told.trim_end_matches(['\n', '\r'])))
}

/// Adds trailers to a file with a commit's message, but for those that it has.
/// Tells whether that was done.
pub fn add_trailers(root: &Path, message: &Path, trailers: &[String]) -> bool {
    let mut args = vec!["interpret-trailers", "--in-place", "--if-exists", "addIfDifferent"];
    args.extend(trailers.iter().flat_map(|trailer| ["--trailer", trailer]));
    let message = message.to_string_lossy();
    args.extend(["--", &message]);
    ask(root, &args).is_some()
}

/// Seconds since 1970, in milliseconds.
fn seconds(text: &str) -> Option<i64> {
    text.parse::<i64>().ok()?.checked_mul(1000)
}

/// The address that a branch is pulled from: of its own remote, else of
/// `origin`.
fn upstream(root: &Path, branch: Option<&str>) -> Option<String> {
    let config = ask(root, &["config", "--null", "--get-regexp", r"^(remote\..*\.url|branch\..*\.remote)$"])?;
    let find = |key: &str| {
        let mut pairs = config.split('\0').filter_map(|pair| pair.split_once('\n'));
        pairs.find(|(name, _)| *name == key).map(|(_, value)| value)
    };
    let remote = branch.and_then(|branch| find(&format!("branch.{branch}.remote"))).unwrap_or("origin");
    find(&format!("remote.{remote}.url")).map(without_credentials)
}

/// An address without a user's name and password, and without what follows a
/// question mark, where tokens stand too. The user of an SSH address names no
/// person and stays.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let ssh = scheme.eq_ignore_ascii_case("ssh") || scheme.to_lowercase().ends_with("+ssh");
    let host = match host.rsplit_once('@') {
        Some((user, host)) if ssh => match user.split_once(':') {
            Some((user, _)) => format!("{user}@{host}"),
            None => format!("{user}@{host}"),
        },
        Some((_, host)) => host.to_owned(),
        None => host.to_owned(),
    };
    let path = path.split(['?', '#']).next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// The settings by which the repository itself would have commands look at its
/// files: a folder that came from elsewhere may name any.
fn own_filters(root: &Path) -> Option<Vec<String>> {
    // Fails if there are none, so one is there that matches.
    let all = [
        "config",
        "--null",
        "--show-scope",
        "--name-only",
        "--get-regexp",
        r"^(filter\..*|core\.fsmonitor)$",
    ];
    let all = ask(root, &all)?;
    let mut words = all.split('\0');
    let mut own = Vec::new();
    while let (Some(scope), Some(name)) = (words.next(), words.next()) {
        if matches!(scope, "local" | "worktree") && name.starts_with("filter.") {
            own.push(name.to_owned());
        }
    }
    Some(own)
}

fn ask(root: &Path, args: &[&str]) -> Option<String> {
    ask_without(root, &[], args)
}

/// Asks git, with some of its settings empty.
fn ask_without(root: &Path, empty: &[String], args: &[&str]) -> Option<String> {
    read(&mut asking(root, empty, args, None))
}

fn read(git: &mut Command) -> Option<String> {
    let output = git.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The question, about the index in this file if it is not the usual one.
fn asking(root: &Path, empty: &[String], args: &[&str], index: Option<&Path>) -> Command {
    let mut git = Command::new("git");
    git.args(["--no-optional-locks", "-c", "core.fsmonitor=false", "-c", "core.untrackedCache=keep"]);
    // Not `-c`, which ends a name at its first `=`.
    git.args(empty.iter().map(|name| format!("--config-env={name}=SFS_EMPTY"))).env("SFS_EMPTY", "");
    git.args(args).current_dir(root);
    // Where the repository is follows from the folder alone.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR", "GIT_CEILING_DIRECTORIES"] {
        git.env_remove(name);
    }
    git.env("GIT_TERMINAL_PROMPT", "0").env("LC_ALL", "C");
    // What a partial clone lacks is not fetched.
    git.env("GIT_NO_LAZY_FETCH", "1").env("GIT_ALLOW_PROTOCOL", "none");
    git.envs(index.map(|file| ("GIT_INDEX_FILE", file)));
    git.stdin(Stdio::null()).stderr(Stdio::null());
    git
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_keep_no_credentials() {
        for (url, kept) in [
            ("https://me:ghp_secret@example.com/a/b.git", "https://example.com/a/b.git"),
            ("https://ghp_secret@example.com/a?token=x", "https://example.com/a"),
            ("ssh://git:pass@example.com:22/a", "ssh://git@example.com:22/a"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("/srv/a@b.git", "/srv/a@b.git"),
            ("https://example.com/@a", "https://example.com/@a"),
        ] {
            assert_eq!(without_credentials(url), kept);
        }
    }

    #[test]
    fn a_repository_tells_where_it_stands() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(facts(dir.path()), None);
        let git = |args: &[&str]| {
            let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
            let mut command = Command::new("git");
            command.args(who).args(args).current_dir(dir.path()).env("HOME", dir.path());
            assert!(command.output().unwrap().status.success(), "{args:?}");
        };
        git(&["init", "-q", "-b", "work"]);
        let start = facts(dir.path()).unwrap();
        assert_eq!((start.head, start.branch.as_deref(), start.dirty), (None, Some("work"), Some(false)));
        std::fs::create_dir(dir.path().join("sub")).unwrap();
        std::fs::write(dir.path().join("sub/a"), "one").unwrap();
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "x"]);
        git(&["remote", "add", "up", "https://u:p@example.com/r.git"]);
        git(&["config", "branch.work.remote", "up"]);
        std::fs::write(dir.path().join("new"), "not tracked").unwrap();
        let clean = facts(&dir.path().join("sub")).unwrap();
        assert_eq!(clean.head.unwrap().len(), 40);
        assert_eq!(
            (clean.dirty, clean.upstream.as_deref()),
            (Some(false), Some("https://example.com/r.git"))
        );
        std::fs::write(dir.path().join("sub/a"), "two, longer").unwrap();
        assert_eq!(facts(dir.path()).unwrap().dirty, Some(true));
        let first = commit(dir.path(), "work").unwrap();
        assert_eq!(
            (first.since, first.title.as_str(), &*first.files),
            (None, "x", &["sub/a".to_owned()][..])
        );
        assert_eq!(first.roots, [dir.path().canonicalize().unwrap()]);
        git(&["commit", "-q", "-am", "two\n\nmore"]);
        let second = commit(&dir.path().join("sub"), "HEAD").unwrap();
        assert_eq!((second.since, second.title.as_str()), (Some(first.time), "two"));
        assert_eq!(commit(dir.path(), &second.id[..9]), Some(second));
        assert_eq!((commit(dir.path(), "none"), commit(dir.path(), "--all")), (None, None));
        git(&["checkout", "-q", "--detach"]);
        assert_eq!(facts(dir.path()).unwrap().branch, None);
    }

    #[test]
    fn nothing_is_run_that_a_repository_names() {
        let dir = tempfile::tempdir().unwrap();
        let git = |args: &[&str]| {
            let who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
            let mut command = Command::new("git");
            command.args(who).args(args).current_dir(dir.path()).env("HOME", dir.path());
            assert!(command.output().unwrap().status.success(), "{args:?}");
        };
        let file = dir.path().join("a");
        git(&["init", "-q"]);
        std::fs::write(&file, "one").unwrap();
        git(&["add", "a"]);
        git(&["commit", "-q", "-m", "x"]);
        std::fs::write(dir.path().join(".gitattributes"), "a filter=a=b.c\n").unwrap();
        let run = format!("touch '{}'; cat", dir.path().join("run").display());
        for (name, value) in [
            ("filter.a=b.c.clean", &run),
            ("filter.a=b.c.required", &"true".to_owned()),
            ("core.fsmonitor", &run),
        ] {
            git(&["config", name, value]);
        }
        // It was touched, so git must read it to know whether it changed.
        std::fs::File::options()
            .write(true)
            .open(&file)
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        assert_eq!(facts(dir.path()).unwrap().dirty, Some(false));
        assert!(!dir.path().join("run").exists());
    }
}
