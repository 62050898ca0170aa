//! `sfs blame`

use std::ffi::OsString;
use std::path::PathBuf;

use crate::cli::ui::{self, clean, clean_text, count};
use crate::cli::{App, CommandError};
use crate::ops::blame::{BlameOptions, BlameOutcome, How, Origin, blame, committed};
use crate::ops::revision;
use crate::view;
use crate::view::blame::Record;

/// How wide models and prompts may be, in characters.
const MODEL: usize = 24;
const PROMPT: usize = 32;

/// Show which turn each line of a file is from
///
/// For the file as it is, or as it was at a revision: commit, tool, model, time
/// and the prompt of each line, over all sessions and tools, from the store
/// alone. A `~` before the commit says that the line was found by its text,
/// a `?` that it came while a command ran between two snapshots: by it, or by
/// hand. Lines that no session explains were there before, or are by hand, or
/// by a command that no snapshot saw.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file; before it, the revision to look at it as of
    #[arg(value_name = "[REV] FILE", num_args = 1..=2, required = true)]
    what: Vec<OsString>,
    /// Only these lines: 10,20 or 10,+5 or 10
    #[arg(short = 'L', long, value_name = "FIRST,LAST", value_parser = range)]
    lines: Option<(usize, usize)>,
    /// Take sessions that worked in this folder for ones of the same project
    #[arg(long, value_name = "DIR")]
    also: Vec<String>,
    /// Write it in another form: a record for tools that read Agent Trace, or
    /// the text of a note for `git notes append -F -`; nothing is changed
    #[arg(long = "as", value_name = "FORM", conflicts_with = "json")]
    form: Option<Form>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Other forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Form {
    AgentTrace,
    GitNotes,
}

/// Reads the first line and the last.
fn range(text: &str) -> Result<(usize, usize), String> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|n| *n > 0);
    let range = match text.split_once(',') {
        None => number(text).map(|first| (first, first)),
        Some((first, last)) => number(first).and_then(|first| match last.strip_prefix('+') {
            Some(more) => Some((first, first.saturating_add(number(more)? - 1))),
            None if last.is_empty() => Some((first, usize::MAX)),
            None => Some((first, number(last)?)),
        }),
    };
    range.filter(|(first, last)| first <= last).ok_or_else(|| "say 10,20 or 10,+5 or 10".to_owned())
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.fresh_store()?;
    let (rev, file) = match args.what.as_slice() {
        [rev, file] => (Some(rev.to_string_lossy()), file),
        [file] => (None, file),
        _ => return Err(CommandError::usage("say which file")),
    };
    let at = rev.map(|rev| revision::resolve(&store, &app.env, &rev)).transpose()?;
    if let Some(found) = &at {
        app.bring_texts(&mut store, found.session)?;
    }
    let options = BlameOptions {
        path: PathBuf::from(file),
        at: at.map(|found| (found.session, found.commit)),
        lines: args.lines,
        elsewhere: args.also.clone(),
    };
    let found = blame(&app.env, &store, &options, &app.ui.patient_monitor())?;
    app.tell_unread(&store)?;
    match args.form {
        None if args.json => Ok(app.ui.json(&view::blame::json(&found))?),
        None => show(app, &found),
        Some(Form::AgentTrace) => {
            let id = uuid(app);
            let revision = committed(&found);
            let record = Record { id: &id, now: app.env.now, revision: revision.as_deref() };
            Ok(app.ui.json(&view::blame::agent_trace(&[found], &record, None))?)
        }
        Some(Form::GitNotes) => {
            if committed(&found).is_none() {
                let error = CommandError::message("the commit that is checked out hasn't the file as it is");
                return Err(error.hint("commit the file first: a note is for a commit of git"));
            }
            view::blame::note(&found).iter().try_for_each(|line| Ok(app.ui.line(line)?))
        }
    }
}

/// An id for a record.
pub(super) fn uuid(app: &App) -> String {
    uuid::Builder::from_random_bytes(app.env.seed.to_le_bytes()).into_uuid().to_string()
}

fn show(app: &App, found: &BlameOutcome) -> Result<(), CommandError> {
    app.ui.page();
    let heads: Vec<[String; 5]> = found.origins.iter().map(head).collect();
    let width = |n: usize| heads.iter().filter_map(|head| head.get(n)).map(|word| wide(word)).max();
    let widths: Vec<usize> = (0..5).map(|n| width(n).unwrap_or(0)).collect();
    let total: usize = widths.iter().sum::<usize>() + 4;
    let nobody = "(not by a session)";
    let total = total.max(wide(nobody));
    let numbers = found.lines.last().map_or(1, |line| line.n.to_string().len());
    for line in &found.lines {
        let head = match line.origin.and_then(|n| heads.get(n)) {
            None => ui::paint(ui::FAINT, pad(nobody, total)),
            Some(head) => {
                let words: Vec<String> =
                    head.iter().zip(&widths).map(|(word, width)| pad(word, *width)).collect();
                let (id, rest) =
                    words.split_first().map_or((String::new(), &[][..]), |(a, b)| (a.clone(), b));
                format!("{} {}", ui::paint(ui::ID, id), rest.join(" "))
            }
        };
        app.ui.line(format!("{head} {:>numbers$}) {}", line.n, clean_text(&line.text)))?;
    }
    tell(app, found);
    Ok(())
}

/// What stands before a line.
fn head(origin: &Origin) -> [String; 5] {
    let mark = match origin.how {
        How::Told => " ",
        How::Text => "~",
        How::Seen => "?",
    };
    [
        format!("{mark}{:.10}", origin.commit),
        clean(&origin.tool),
        view::clean::shorten(origin.model.as_deref().unwrap_or("-"), MODEL),
        origin.time.map_or_else(|| "-".to_owned(), ui::time),
        view::clean::shorten(origin.title.as_deref().unwrap_or_default(), PROMPT),
    ]
}

fn wide(text: &str) -> usize {
    unicode_width::UnicodeWidthStr::width(text)
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(wide(text))))
}

/// What isn't known, and why.
fn tell(app: &App, found: &BlameOutcome) {
    let known = found.lines.iter().filter(|line| line.origin.is_some()).count() as u64;
    let changes = count(found.changes, "change");
    let lines = count(found.lines.len() as u64, "line");
    app.ui.note(&format!("{known} of {lines} by sessions, which changed the file in {changes}."));
    if !found.was.is_empty() {
        let was: Vec<String> = found.was.iter().map(|path| clean(path)).collect();
        app.ui.note(&format!("It was {} before.", was.join(", then ")));
    }
    if found.missed > 0 {
        let missed = count(found.missed, "change");
        app.ui.warn(&format!("{missed} were not found in the file; lines of theirs may be told as nobody's"));
    }
    let elsewhere: std::collections::BTreeSet<&str> =
        found.origins.iter().filter(|origin| origin.elsewhere).filter_map(|o| o.project.as_deref()).collect();
    if !elsewhere.is_empty() {
        let names: Vec<&str> = elsewhere.into_iter().collect();
        app.ui.note(&format!("Not here, and taken for this project: {}.", names.join(", ")));
    }
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_of_lines_are_read() {
        assert_eq!(
            ["3", "3,5", "3,+2", "3,"].map(|text| range(text).unwrap()),
            [(3, 3), (3, 5), (3, 4), (3, usize::MAX)]
        );
        for text in ["", "0", "x", "5,3", "3,+0", ",3", "-1,2"] {
            assert!(range(text).is_err(), "{text}");
        }
    }
}
