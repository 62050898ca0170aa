//! The tools' own programs, where a session only gets in by them. They run in
//! the home and with the variables of [`Places`], and with no others: what is
//! to be tried in a throwaway home must not reach the user's own.

use std::path::Path;
use std::process::{Command, Stdio};

use super::ResumeError;
use crate::tool::{Import, Places};

/// How much of what a program said is told when it fails, in bytes.
const TOLD: usize = 2000;

/// A program with the world that it is to see.
fn command<A: AsRef<std::ffi::OsStr>>(places: &Places, program: &A, arguments: &[A]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&places.vars).env("HOME", &places.home).stdin(Stdio::null());
    command
}

/// The version that a program tells: the first word that looks like one.
pub(super) fn version(places: &Places, words: &[&str]) -> Option<String> {
    let (program, arguments) = words.split_first()?;
    let output = command(places, program, arguments).output().ok()?;
    let said = String::from_utf8_lossy(&output.stdout);
    let word = said.split_whitespace().map(|word| word.trim_start_matches('v'));
    word.into_iter().find(|word| looks_like_version(word)).map(str::to_owned)
}

fn looks_like_version(word: &str) -> bool {
    let mut parts = word.split('.');
    let number = |part: Option<&str>| part.is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()));
    number(parts.next()) && number(parts.next())
}

/// Runs what takes a session in; what it printed.
pub(super) fn import(places: &Places, import: &Import, cwd: &Path) -> Result<String, ResumeError> {
    program(places, &import.command, cwd)
}

/// Runs a program of a tool; what it printed.
pub(in crate::ops) fn program(places: &Places, words: &[String], cwd: &Path) -> Result<String, ResumeError> {
    let failed = |why: String| ResumeError::Import { command: words.join(" "), why };
    let Some((program, arguments)) = words.split_first() else { return Ok(String::new()) };
    let output =
        command(places, program, arguments).current_dir(cwd).output().map_err(|e| match e.kind() {
            // The system doesn't tell which of the two it missed.
            std::io::ErrorKind::NotFound if !cwd.is_dir() => {
                failed(format!("there is no directory {} to run it in", cwd.display()))
            }
            std::io::ErrorKind::NotFound => failed(format!("{program} is not installed, or not in PATH")),
            _ => failed(e.to_string()),
        })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(said.get(..said.len().min(TOLD)).unwrap_or_default()).into_owned();
    Err(failed(format!("{}\n{}", output.status, said.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let vars = [("PATH".to_owned(), "/usr/bin:/bin".to_owned())].into();
        Places { home: "/nowhere".into(), vars, ..Places::default() }
    }

    fn run(script: &str) -> Result<String, ResumeError> {
        let command = ["sh", "-c", script].map(str::to_owned).to_vec();
        import(&places(), &Import { command, uploads_to: None }, Path::new("/"))
    }

    #[test]
    fn versions_are_found_among_words() {
        let version = |words: &[&str]| version(&places(), words);
        assert_eq!(version(&["echo", "tool-cli v0.169.0 (abc)"]).as_deref(), Some("0.169.0"));
        assert_eq!(version(&["echo", "no version. here"]), None);
        assert_eq!(version(&["no-such-program-here"]), None);
    }

    #[test]
    fn what_a_program_says_when_it_fails_is_told() {
        assert_eq!(run("echo T-1").unwrap(), "T-1\n");
        let error = run("echo bad file >&2; exit 3").unwrap_err().to_string();
        assert!(error.contains("bad file") && error.contains('3'), "{error}");
    }

    #[test]
    fn a_missing_directory_is_not_taken_for_a_missing_program() {
        let command = vec!["sh".to_owned()];
        let nowhere = Path::new("/nowhere/at/all");
        let error =
            import(&places(), &Import { command, uploads_to: None }, nowhere).unwrap_err().to_string();
        assert!(error.contains("no directory /nowhere/at/all"), "{error}");
    }

    #[test]
    fn programs_see_the_home_they_are_given_and_nothing_else() {
        let said = run("echo $HOME; env | grep -c CARGO").unwrap_err().to_string();
        // What grep counts is nothing, and then it fails.
        assert!(said.contains("/nowhere\n0"), "{said}");
    }
}
