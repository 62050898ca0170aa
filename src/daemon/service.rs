//! Having the system start the daemon: a unit for systemd, an agent for
//! launchd. Both are files for one user; only what we made is removed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::{DaemonError, process};
use crate::ops::Env;
use crate::tool::Os;

/// What tells a file that we made.
const MARK: &str = "Made by `sfs daemon install`; `sfs daemon uninstall` removes it.";
/// What the service is called.
const LABEL: &str = "dev.sfs.daemon";
const UNIT: &str = "sfs.service";

/// A service: its file, and the commands that make the system know of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Where it is described.
    pub path: PathBuf,
    /// The description.
    pub text: String,
    /// What takes it up.
    pub enable: Vec<Vec<String>>,
    /// What ends it.
    pub disable: Vec<Vec<String>>,
}

/// Why there can be no service.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The system is none that we know to do it for.
    #[error("there is no service manager on this system that sfs knows")]
    Unknown,
    /// A path can't be written in the description.
    #[error("{} has a name that a service can't be given", path.display())]
    Name {
        /// The path.
        path: PathBuf,
    },
    /// Somebody else made the file.
    #[error("{} was not made by sfs", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A file can't be read, written or removed.
    #[error(transparent)]
    Daemon(#[from] DaemonError),
}

/// Describes the service that runs `program` with `arguments`.
pub fn describe(env: &Env, program: &Path, arguments: &[&Path]) -> Result<Service, ServiceError> {
    let mut words = Vec::new();
    for word in std::iter::once(program).chain(arguments.iter().copied()) {
        let name = word.to_str().filter(|word| !word.chars().any(char::is_control));
        words.push(name.ok_or_else(|| ServiceError::Name { path: word.to_owned() })?);
    }
    let own = |list: &[&[&str]]| list.iter().map(|c| c.iter().map(|&w| w.to_owned()).collect()).collect();
    match env.places.os {
        Os::Linux => Ok(Service {
            path: unit_path(env),
            text: unit(&words),
            enable: own(&[
                &["systemctl", "--user", "daemon-reload"],
                &["systemctl", "--user", "enable", "--now", UNIT],
            ]),
            disable: own(&[&["systemctl", "--user", "disable", "--now", UNIT]]),
        }),
        Os::Mac => {
            let path = env.places.home.join("Library/LaunchAgents").join(format!("{LABEL}.plist"));
            let domain = format!("gui/{}", process::user());
            let file = path.to_string_lossy().into_owned();
            Ok(Service {
                text: agent(&words),
                enable: own(&[&["launchctl", "bootstrap", &domain, &file]]),
                disable: own(&[&["launchctl", "bootout", &format!("{domain}/{LABEL}")]]),
                path,
            })
        }
        Os::Windows => Err(ServiceError::Unknown),
    }
}

fn unit_path(env: &Env) -> PathBuf {
    let config = env.places.var("XDG_CONFIG_HOME").filter(|dir| dir.is_absolute());
    config.unwrap_or_else(|| env.places.home.join(".config")).join("systemd/user").join(UNIT)
}

/// A unit of systemd. The classes of disk access below `best-effort` may have
/// to wait for ever, with the store locked: others would wait for it.
fn unit(words: &[&str]) -> String {
    let command: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let frugal: Vec<String> =
        process::FRUGAL.iter().map(|(name, value)| format!("Environment={name}={value}\n")).collect();
    format!(
        "# {MARK}\n\
         [Unit]\n\
         Description=sfs: captures AI coding sessions as they are written\n\
         \n\
         [Service]\n\
         ExecStart={}\n\
         {}\
         Restart=on-failure\n\
         RestartSec=10\n\
         # It said why it can't run.\n\
         RestartPreventExitStatus=1 2 3\n\
         TimeoutStopSec=60\n\
         Nice=10\n\
         IOSchedulingClass=best-effort\n\
         IOSchedulingPriority=7\n\
         UMask=0077\n\
         # No network: not even a socket for it.\n\
         RestrictAddressFamilies=AF_UNIX\n\
         NoNewPrivileges=yes\n\
         \n\
         [Install]\n\
         WantedBy=default.target\n",
        command.join(" "),
        frugal.concat()
    )
}

/// A word as systemd reads it: in quotes, with what it would replace doubled.
fn quoted(word: &str) -> String {
    let mut out = String::from("\"");
    for c in word.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '%' | '$' => out.extend([c, c]),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// An agent of launchd.
fn agent(words: &[&str]) -> String {
    let arguments: Vec<String> =
        words.iter().map(|word| format!("    <string>{}</string>\n", escaped(word))).collect();
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <!-- {MARK} -->\n\
         <plist version=\"1.0\">\n<dict>\n  \
         <key>Label</key>\n  <string>{LABEL}</string>\n  \
         <key>ProgramArguments</key>\n  <array>\n{}  </array>\n  \
         <key>RunAtLoad</key>\n  <true/>\n  \
         <key>KeepAlive</key>\n  <dict>\n    <key>Crashed</key>\n    <true/>\n  </dict>\n  \
         <key>ProcessType</key>\n  <string>Background</string>\n  \
         <key>LowPriorityIO</key>\n  <true/>\n  \
         <key>Nice</key>\n  <integer>10</integer>\n\
         </dict>\n</plist>\n",
        arguments.concat()
    )
}

fn escaped(word: &str) -> String {
    word.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;")
}

impl Service {
    /// Whether there is a file that we made, or one that we didn't.
    pub fn is_installed(&self) -> Result<bool, ServiceError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) if text.contains(MARK) => Ok(true),
            Ok(_) => Err(ServiceError::Foreign { path: self.path.clone() }),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
            Err(e) if e.kind() == ErrorKind::InvalidData => {
                Err(ServiceError::Foreign { path: self.path.clone() })
            }
            Err(e) => Err(DaemonError::io("read", &self.path)(e).into()),
        }
    }

    /// Writes the file, in place of one that we made before.
    pub fn write(&self) -> Result<(), ServiceError> {
        self.is_installed()?;
        let io = |verb| DaemonError::io(verb, &self.path);
        let folder = self.path.parent().unwrap_or(Path::new("/"));
        std::fs::create_dir_all(folder).map_err(DaemonError::io("create", folder))?;
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io("write"))?;
        std::io::Write::write_all(&mut file, self.text.as_bytes()).map_err(io("write"))?;
        file.persist(&self.path).map_err(|e| io("write")(e.error))?;
        Ok(())
    }

    /// Removes the file, if we made it; whether there was one.
    pub fn remove(&self) -> Result<bool, ServiceError> {
        if !self.is_installed()? {
            return Ok(false);
        }
        std::fs::remove_file(&self.path).map_err(DaemonError::io("remove", &self.path))?;
        Ok(true)
    }
}

/// Runs the commands until one doesn't work out: which one, and why. A
/// service manager that isn't there is such a reason.
pub fn apply(commands: &[Vec<String>]) -> Result<(), String> {
    for words in commands {
        let Some((program, arguments)) = words.split_first() else { continue };
        let line = words.join(" ");
        match Command::new(program).args(arguments).stdin(std::process::Stdio::null()).output() {
            Ok(output) if output.status.success() => {}
            Ok(output) => {
                return Err(format!("`{line}`: {}", String::from_utf8_lossy(&output.stderr).trim()));
            }
            Err(e) if e.kind() == ErrorKind::NotFound => return Err(format!("there is no {program} here")),
            Err(e) => return Err(format!("`{line}`: {e}")),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tool::Places;

    fn env(os: Os) -> Env {
        Env { places: Places { home: "/h o".into(), os, ..Places::default() }, ..Env::default() }
    }

    #[test]
    fn words_reach_the_program_as_they_are() {
        let program = Path::new("/a b/s\"f%s$x\\");
        let unit = describe(&env(Os::Linux), program, &[Path::new("run")]).unwrap();
        assert_eq!(unit.path, Path::new("/h o/.config/systemd/user/sfs.service"));
        let line = unit.text.lines().find(|line| line.starts_with("ExecStart=")).unwrap();
        assert_eq!(line, r#"ExecStart="/a b/s\"f%%s$$x\\" "run""#);
        let agent = describe(&env(Os::Mac), Path::new("/a & <b>"), &[]).unwrap();
        assert!(agent.text.contains("<string>/a &#38; &#60;b&#62;</string>"), "{}", agent.text);
        assert!(matches!(describe(&env(Os::Linux), Path::new("/a\nb"), &[]), Err(ServiceError::Name { .. })));
        assert!(matches!(describe(&env(Os::Windows), program, &[]), Err(ServiceError::Unknown)));
    }

    #[test]
    fn only_what_we_made_is_replaced_or_removed() {
        let dir = tempfile::tempdir().unwrap();
        let mut env = env(Os::Linux);
        env.places.home = dir.path().to_owned();
        let unit = describe(&env, Path::new("/sfs"), &[]).unwrap();
        assert!(!unit.remove().unwrap());
        unit.write().unwrap();
        unit.write().unwrap();
        assert!(unit.is_installed().unwrap());
        assert!(unit.remove().unwrap() && !unit.path.exists());
        std::fs::write(&unit.path, "[Unit]\n").unwrap();
        assert!(matches!(unit.write(), Err(ServiceError::Foreign { .. })));
        assert!(matches!(unit.remove(), Err(ServiceError::Foreign { .. })));
        assert_eq!(std::fs::read(&unit.path).unwrap(), b"[Unit]\n");
    }
}
