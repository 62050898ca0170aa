//! `sfs demo`

use std::path::PathBuf;

use crate::cli::demo::{Stage, Step, story};
use crate::cli::ui::{FAINT, STRONG, bytes, clean, clean_text, paint};
use crate::cli::{App, CommandError};

/// Play a session through all of it, in a throwaway home
///
/// A small session is captured, read, carried on in another tool, forked,
/// compared, pushed, cloned and restored. Each command that is shown is run,
/// and what it prints is shown. Nothing of yours is read or touched.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Play it in this directory, which must be empty or not exist, and keep it
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let throwaway = match args.keep {
        Some(_) => None,
        None => Some(tempfile::Builder::new().prefix("sfs-demo-").tempdir()?),
    };
    let dir = match (&args.keep, &throwaway) {
        (Some(dir), _) => app.env.cwd.join(dir),
        (None, Some(dir)) => dir.path().to_owned(),
        (None, None) => app.env.cwd.clone(),
    };
    if dir.exists() && std::fs::read_dir(&dir)?.next().is_some() {
        return Err(CommandError::message(format!("{} is not empty", dir.display())));
    }
    let stage = Stage::new(&dir)?;
    for step in story()? {
        play(&step, &stage, app)?;
        // What is shown is shown as it happens.
        app.ui.finish()?;
    }
    if args.keep.is_some() {
        let [(home, at), _, (store, dir)] = stage.vars();
        app.ui.note(&format!("Kept in {}", stage.dir().display()));
        app.ui.hint(&format!("look around with {home}={} {store}={}", at.display(), dir.display()));
    }
    Ok(())
}

fn play(step: &Step, stage: &Stage, app: &App) -> Result<(), CommandError> {
    match step {
        Step::Say { say } => app.ui.line(format!("\n{}", paint(FAINT, format!("# {say}"))))?,
        Step::Put { put, at } => {
            stage.put(put, at)?;
            comment(app, at)?;
        }
        Step::Append { append, below } => {
            let path = stage.append(append, below)?;
            comment(app, &path.strip_prefix(stage.dir()).unwrap_or(&path).to_string_lossy())?;
        }
        Step::Move { from, to } => {
            stage.rename(from, to)?;
            comment(app, &format!("{from} is gone"))?;
        }
        Step::Same { same, other } => compare(stage, app, same, other)?,
        Step::Run { run } => {
            let shown = run.join(" ");
            app.ui.line(format!("\n{}", paint(STRONG, format!("$ sfs {shown}"))))?;
            app.ui.finish()?;
            let (output, well) = stage.run(run)?;
            for line in output.lines() {
                app.ui.line(clean_text(line))?;
            }
            if !well {
                return Err(CommandError::message(format!("`sfs {shown}` failed")));
            }
        }
    }
    Ok(())
}

fn compare(stage: &Stage, app: &App, one: &str, other: &str) -> Result<(), CommandError> {
    let Some(files) = stage.same(one, other)? else {
        return Err(CommandError::message(format!("{other} is not what {one} is")));
    };
    for (path, len) in files {
        comment(app, &format!("the same, {}: {}", bytes(len), path.display()))?;
    }
    Ok(())
}

fn comment(app: &App, words: &str) -> Result<(), CommandError> {
    Ok(app.ui.line(paint(FAINT, format!("# {}", clean(words))))?)
}
