//! The tools' own programs, where a session only gets in by them.

use std::path::Path;
use std::process::{Command, Stdio};

use super::ResumeError;
use crate::tool::Import;

/// How much of what a program said is told when it fails, in bytes.
const TOLD: usize = 2000;

/// The version that a program tells: the first word that looks like one.
pub(super) fn version(command: &[&str]) -> Option<String> {
    let (program, arguments) = command.split_first()?;
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output().ok()?;
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
pub(super) fn import(import: &Import, cwd: &Path) -> Result<String, ResumeError> {
    let failed = |why: String| ResumeError::Import { command: import.command.join(" "), why };
    let Some((program, arguments)) = import.command.split_first() else { return Ok(String::new()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(cwd).stdin(Stdio::null());
    let output = command.output().map_err(|e| match e.kind() {
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

    #[test]
    fn versions_are_found_among_words() {
        assert_eq!(version(&["echo", "tool-cli v0.169.0 (abc)"]).as_deref(), Some("0.169.0"));
        assert_eq!(version(&["echo", "no version. here"]), None);
        assert_eq!(version(&["no-such-program-here"]), None);
    }

    #[test]
    fn what_a_program_says_when_it_fails_is_told() {
        let run = |script: &str| {
            let command = ["sh", "-c", script].map(str::to_owned).to_vec();
            import(&Import { command, uploads_to: None }, Path::new("/"))
        };
        assert_eq!(run("echo T-1").unwrap(), "T-1\n");
        let error = run("echo bad file >&2; exit 3").unwrap_err().to_string();
        assert!(error.contains("bad file") && error.contains('3'), "{error}");
    }
}
