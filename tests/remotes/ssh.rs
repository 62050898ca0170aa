//! Through ssh: once without a network, to a program that only looks like
//! ssh, and once to a real sshd.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use sfs::object::id::Id;
use sfs::remote::{Address, Content, Key, RemoteError};

use super::contract::{check, opened};
use super::servers::{free_port, listening, run};
use super::world::{Machine, contents, round_trip};

/// Where OpenSSH's server of SFTP may be.
const SFTP_SERVERS: [&str; 3] =
    ["/usr/lib/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server"];

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn path_with(folder: &Path) -> String {
    format!("{}:/usr/bin:/bin", folder.display())
}

fn sfs_folder() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_sfs")).parent().unwrap()
}

/// A program `ssh` that runs here what it should run there, through `filter`;
/// `PATH` with it in front.
fn looks_like_ssh(dir: &Path, with_sfs: bool, filter: &str) -> Option<String> {
    let sftp = SFTP_SERVERS.iter().find(|path| Path::new(path).exists());
    if sftp.is_none() && !with_sfs {
        eprintln!("SKIPPED: there is no sftp-server; install openssh-server");
        return None;
    }
    let there = if with_sfs { path_with(sfs_folder()) } else { "/usr/bin:/bin".to_owned() };
    let text = format!(
        "echo \"$@\" >>{log}\n\
         while [ \"$1\" != -- ]; do if [ \"$1\" = -s ]; then sub=1; fi; shift; done\n\
         shift 2\n\
         PATH={there}; export PATH; cd {dir}\n\
         if [ -n \"$sub\" ]; then exec {sftp}; fi\n\
         {{ sh -c \"$1\"; echo $? >{dir}/status; }} {filter}; exit $(cat {dir}/status)",
        log = dir.join("log").display(),
        dir = dir.display(),
        sftp = sftp.unwrap_or(&"false"),
    );
    script(&dir.join("bin/ssh"), &text);
    Some(path_with(&dir.join("bin")))
}

#[test]
fn a_directory_behind_sfs() {
    let dir = tempfile::tempdir().unwrap();
    let path = looks_like_ssh(dir.path(), true, "").unwrap();
    let root = dir.path().join("it's a $(remote)");
    let address = format!("ssh://host{}", root.display());
    check(&*opened(&address, &[("PATH", &path)], dir.path()), &root.as_path());
    round_trip(dir.path(), &[("PATH", &path)], "me@host:below the home");
    assert!(dir.path().join("below the home/packs").is_dir());
}

#[test]
fn a_directory_behind_sftp() {
    let dir = tempfile::tempdir().unwrap();
    let Some(path) = looks_like_ssh(dir.path(), false, "") else { return };
    let root = dir.path().join("re mote");
    let address = format!("ssh://host{}", root.display());
    check(&*opened(&address, &[("PATH", &path)], dir.path()), &root.as_path());
    round_trip(dir.path(), &[("PATH", &path)], "host:below");
    let log = fs::read_to_string(dir.path().join("log")).unwrap();
    assert!(log.contains("-s -- host sftp"), "{log}");
}

#[test]
fn what_is_no_place_for_a_remote_is_told() {
    let dir = tempfile::tempdir().unwrap();
    for with_sfs in [true, false] {
        let Some(path) = looks_like_ssh(dir.path(), with_sfs, "") else { return };
        let vars = [("PATH", path.as_str())];
        let a = Machine::with_session(dir.path().join("a"), &vars, 3);
        a.ok(&["remote", "add", "store", &format!("host:{}", a.dir.join("store").display())]);
        a.ok(&["remote", "add", "stick", &format!("host:{}/nowhere/stick", dir.path().display())]);
        assert!(a.fails(&["push", "store"]).contains("is a store"));
        for command in ["push", "pull"] {
            let said = a.fails(&[command, "stick"]);
            assert!(said.contains("there is no remote at"), "{said}");
        }
        fs::remove_dir_all(&a.dir).unwrap();
    }
    script(&dir.path().join("bin/ssh"), "echo 'no route to host' >&2; exit 255");
    let vars = [("PATH", path_with(&dir.path().join("bin")))];
    let vars = [("PATH", vars[0].1.as_str())];
    let a = Machine::with_session(dir.path().join("a"), &vars, 3);
    a.ok(&["remote", "add", "far", "host:x"]);
    let said = a.fails(&["push"]);
    assert!(said.contains("no route to host") && said.contains("run it again"), "{said}");
}

#[test]
fn no_address_becomes_an_option_or_a_command() {
    let dir = tempfile::tempdir().unwrap();
    let path = looks_like_ssh(dir.path(), true, "").unwrap();
    let vars = [("PATH", path.as_str())];
    let a = Machine::with_session(dir.path().join("a"), &vars, 3);
    for address in ["ssh://-oProxyCommand=touch${IFS}pwned/x", "-oProxyCommand=touch pwned:x", "u@-F:x"] {
        let said = a.fails(&["remote", "add", "bad", "--", address]);
        assert!(said.contains("is no address"), "{said}");
        assert!(a.fails(&["clone", "--", address]).contains("is no address"));
    }
    // One that came into the list by other means is refused as well.
    let list = "{\"bad\":\"ssh://-oProxyCommand=touch pwned/x\"}";
    fs::write(a.dir.join("store/remotes.json"), list).unwrap();
    assert!(a.fails(&["push", "bad"]).contains("is no address"));
    assert!(!dir.path().join("log").exists(), "ssh was run");
    fs::write(a.dir.join("store/remotes.json"), "{}").unwrap();
    a.ok(&["remote", "add", "odd", "host:-x; touch pwned; '$(touch pwned)'"]);
    a.ok(&["push", "odd"]);
    assert!(dir.path().join("-x; touch pwned; '$(touch pwned)'/packs").is_dir());
    assert!(contents(dir.path()).iter().all(|(path, _)| !path.ends_with("pwned")));
}

#[test]
fn a_connection_that_is_cut_leaves_nothing_half() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("remote");
    let key = Key::Pack(Id::from_bytes([1; 16]));
    let bytes = vec![7; 1_000_000];
    for said in [30, 13, 5] {
        // After so many bytes of answers, all is over at once.
        let filter = format!("| {{ dd bs=1 count={said} status=none; kill $$; }}");
        let path = looks_like_ssh(dir.path(), true, &filter).unwrap();
        let remote = opened(&format!("host:{}", root.display()), &[("PATH", &path)], dir.path());
        let outcome = remote.create(key, Content::Bytes(&bytes), &|_| ());
        assert!(outcome.is_err() || said == 30, "{said}");
        // It is there whole, or not at all.
        let there = fs::read(root.join(key.to_string()));
        assert!(there.as_ref().is_err() || there.as_ref().is_ok_and(|there| *there == bytes));
        let outcome = remote.get(key, 0..1_000_000);
        assert!(matches!(outcome, Err(RemoteError::Lost { .. })), "{said}: {outcome:?}");
    }
    let path = looks_like_ssh(dir.path(), true, "").unwrap();
    let remote = opened(&format!("host:{}", root.display()), &[("PATH", &path)], dir.path());
    remote.create(key, Content::Bytes(&bytes), &|_| ()).unwrap();
    assert!(remote.get(key, 0..1_000_000).unwrap() == bytes);
}

/// A real sshd on loopback, with keys of its own.
struct Sshd {
    child: Child,
    port: u16,
    dir: tempfile::TempDir,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Sshd {
    /// Starts it; `None`, with the reason printed, where that isn't possible.
    fn start(with_sfs: bool) -> Option<Sshd> {
        Sshd::try_start(with_sfs).inspect_err(|reason| eprintln!("SKIPPED: sshd: {reason}")).ok()
    }

    fn try_start(with_sfs: bool) -> Result<Sshd, String> {
        let program = PathBuf::from("/usr/sbin/sshd");
        if !program.exists() {
            return Err("openssh-server is not installed".to_owned());
        }
        // What it separates privileges with, if it is started by root.
        drop(fs::create_dir_all("/run/sshd"));
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).display().to_string();
        for key in ["host", "user"] {
            run(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at(key)]))?;
        }
        let port = free_port();
        let there = if with_sfs { path_with(sfs_folder()) } else { "/usr/bin:/bin".to_owned() };
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             StrictModes no\nPasswordAuthentication no\nPermitRootLogin prohibit-password\n\
             Subsystem sftp internal-sftp\nSetEnv PATH={there}\n",
            at("host"),
            at("user.pub"),
        );
        fs::write(at("sshd_config"), config).unwrap();
        let client = format!(
            "IdentityFile {}\nIdentitiesOnly yes\nUserKnownHostsFile {}\nStrictHostKeyChecking accept-new\n\
             LogLevel ERROR\n",
            at("user"),
            at("known_hosts"),
        );
        fs::write(at("ssh_config"), client).unwrap();
        script(&dir.path().join("bin/ssh"), &format!("exec /usr/bin/ssh -F {} \"$@\"", at("ssh_config")));
        let mut command = Command::new(program);
        command.args(["-D", "-f", &at("sshd_config")]);
        let child = listening(command, port)?;
        Ok(Sshd { child, port, dir })
    }

    fn path(&self) -> String {
        path_with(&self.dir.path().join("bin"))
    }
}

#[test]
fn a_real_sshd_with_and_without_sfs() {
    for with_sfs in [true, false] {
        let Some(sshd) = Sshd::start(with_sfs) else { return };
        let (dir, path) = (sshd.dir.path(), sshd.path());
        let root = dir.join("remote");
        let address = format!("ssh://127.0.0.1:{}{}", sshd.port, root.display());
        check(&*opened(&address, &[("PATH", &path)], dir), &root.as_path());
        round_trip(dir, &[("PATH", &path)], &format!("ssh://127.0.0.1:{}{}/two", sshd.port, dir.display()));
    }
}

#[test]
fn addresses_that_ssh_takes_are_taken() {
    assert!(matches!(Address::parse("me@host:dir").unwrap(), Address::Ssh(_)));
    assert!(matches!(Address::parse("./me@host:dir").unwrap(), Address::Dir(_)));
}
