//! Doctor: what may go wrong here, looked for before it does.

use super::status::{ToolStatus, status};
use super::{Env, session};
use crate::store::{Store, StoreError};
use crate::tool;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As it should be.
    Good,
    /// Worth knowing.
    Odd,
    /// Something doesn't work.
    Bad,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is, as a sentence without a dot.
    pub what: String,
    /// What to do about it.
    pub advice: Option<String>,
}

impl Finding {
    fn new(level: Level, what: impl Into<String>) -> Finding {
        Finding { level, what: what.into(), advice: None }
    }

    fn advice(self, advice: &str) -> Finding {
        Finding { advice: Some(advice.to_owned()), ..self }
    }
}

/// Looks at the store and at the tools.
pub fn doctor(env: &Env) -> Vec<Finding> {
    let store = match Store::open(&env.store) {
        Ok(store) => store,
        Err(e) => return vec![unopened(&e)],
    };
    let mut found = vec![Finding::new(Level::Good, format!("the store at {} opens", env.store.display()))];
    found.extend(private(env));
    found.extend(writable(env));
    match status(env, &store) {
        Err(e) => {
            found.push(Finding::new(Level::Bad, e.to_string()).advice("`sfs fsck` checks the whole store"))
        }
        Ok(status) => {
            found.extend(status.tools.iter().flat_map(of_tool));
            let remarks = tool::TOOLS.iter().filter_map(|tool| tool.remark(&env.places));
            found.extend(remarks.map(|(what, advice)| Finding::new(Level::Odd, what).advice(advice)));
            match status.pending() {
                0 => found.push(Finding::new(Level::Good, "everything that the tools wrote is captured")),
                n => found.push(
                    Finding::new(Level::Odd, format!("{n} files of sessions have something new"))
                        .advice("`sfs capture` reads them"),
                ),
            }
        }
    }
    found.extend(records(&store));
    found
}

fn unopened(error: &StoreError) -> Finding {
    let advice = match error {
        StoreError::NoStore(_) => "`sfs capture` makes one of what the tools have written",
        StoreError::Newer { .. } => "a newer version of sfs reads it",
        _ => "`sfs fsck` checks the whole store",
    };
    Finding::new(Level::Bad, error.to_string()).advice(advice)
}

#[cfg(unix)]
fn private(env: &Env) -> Option<Finding> {
    let meta = std::fs::metadata(&env.store).ok()?;
    let mode = std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o777;
    let open = mode & 0o077 != 0;
    Some(match open {
        false => Finding::new(Level::Good, "only you can read the store"),
        true => Finding::new(Level::Odd, format!("others may look into the store: its mode is {mode:o}"))
            .advice("`chmod 700` on its folder keeps them out"),
    })
}

#[cfg(not(unix))]
fn private(_env: &Env) -> Option<Finding> {
    None
}

fn writable(env: &Env) -> Option<Finding> {
    let error = tempfile::tempfile_in(&env.store).err()?;
    Some(Finding::new(Level::Bad, format!("the store can't be written to: {error}")))
}

fn of_tool(status: &ToolStatus) -> Vec<Finding> {
    let title = tool::by_name(&status.name).map_or("", |tool| tool.title());
    let mut found = Vec::new();
    if !status.present {
        let what = format!("{title} has no sessions at {}", status.root.display());
        return vec![Finding::new(Level::Good, what)];
    }
    found.push(Finding::new(Level::Good, format!("{title} has {} files of sessions", status.files)));
    if status.gone > 0 {
        let what = format!("{} files of {title} are gone, and only the store has them", status.gone);
        found.push(Finding::new(Level::Odd, what).advice("`sfs restore` writes them out again"));
    }
    for (path, why) in &status.trouble {
        found.push(Finding::new(Level::Bad, format!("{} can't be read: {why}", path.display())));
    }
    found
}

fn records(store: &Store) -> Option<Finding> {
    let sessions = session::sessions(store);
    let unknown: u64 = sessions.iter().map(|s| s.unknown).sum();
    let broken: u64 = sessions.iter().map(|s| s.broken).sum();
    (unknown + broken > 0).then(|| {
        let what = format!("{unknown} records are of unknown kinds and {broken} are not JSON; all are kept");
        Finding::new(Level::Odd, what).advice("a newer version of sfs may know more of them")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;

    #[test]
    fn a_good_store_and_a_missing_one_are_told_apart() {
        let sample = Sample::new();
        let home = sample.dir.path().to_owned();
        let env = Env { store: home.join("store"), ..sample.env.clone() };
        let env = Env { places: tool::Places { home, ..Default::default() }, ..env };
        let worst = |env: &Env| doctor(env).into_iter().map(|f| f.level).max();
        assert_eq!(worst(&env), Some(Level::Good), "{:?}", doctor(&env));
        let none = Env { store: "/nowhere/at/all".into(), ..env };
        assert_eq!(worst(&none), Some(Level::Bad));
    }
}
