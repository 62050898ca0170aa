//! A throwaway home with a project and a store, and the real binary in them.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

/// The folder that all of it is in.
pub(crate) struct Throwaway(tempfile::TempDir);

impl Throwaway {
    /// With these folders in it, besides the project.
    pub(crate) fn new(folders: &[&str]) -> Throwaway {
        let throwaway = Throwaway(tempfile::tempdir().unwrap());
        for folder in [&["project"], folders].concat() {
            fs::create_dir_all(throwaway.path(folder)).unwrap();
        }
        throwaway
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.0.path().canonicalize().unwrap().join(path)
    }

    /// A program that is run in the project.
    pub(crate) fn program(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path("home")).env("SFS_DIR", self.path("store"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default()).env("TZ", "UTC");
        command.current_dir(self.path("project")).args(args);
        command
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        self.program(env!("CARGO_BIN_EXE_sfs"), args)
    }

    pub(crate) fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// What a command prints that must succeed.
    #[track_caller]
    pub(crate) fn ok(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "sfs {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    pub(crate) fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.ok(args)).unwrap()
    }

    /// What a command says that must end with this code.
    #[track_caller]
    pub(crate) fn fails(&self, code: i32, args: &[&str]) -> String {
        let output = self.run(args);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "sfs {args:?}: {said}");
        said
    }
}
