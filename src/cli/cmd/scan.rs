//! `sfs scan`

use serde_json::{Value, json};

use crate::cli::error::FAILED;
use crate::cli::ui::{self, clean, count, paint};
use crate::cli::{App, CommandError};
use crate::ops::revision;
use crate::ops::scan::{Located, Locator, ScanOptions, ScanReport, scan};
use crate::ops::secrets::{self, DIGITS, Found};
use crate::store::Store;
use crate::view::clean::shorten;

/// So many places of a secret are shown; `--json` has more.
const SHOWN: usize = 5;
/// So many are in the JSON.
const TOLD: usize = 100;

/// Look for secrets in the store
///
/// Keys, tokens, private keys, passwords in URLs and what is assigned to names
/// such as `password`; with rules of your own in `secrets.toml`. What was
/// looked at before is not looked at again. Ends with 1 when something is found.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only these revisions and what led to them
    #[arg(value_name = "REV")]
    revisions: Vec<String>,
    /// List findings that may leave, too
    #[arg(long)]
    all: bool,
    /// Let this finding leave with a push from now on
    #[arg(long, value_name = "FINDING")]
    allow: Vec<String>,
    /// Let this finding leave no more
    #[arg(long, value_name = "FINDING")]
    forget: Vec<String>,
    /// Print a JSON object for each finding, one a line
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args, app: &App) -> Result<(), CommandError> {
    let mut store = app.store()?;
    for id in &args.forget {
        let id = secrets::forget(&store, id)?;
        app.ui.note(&format!("{id:.8} may leave no more"));
    }
    let mut options = ScanOptions { all: args.all, ..ScanOptions::default() };
    for text in &args.revisions {
        let found = revision::resolve(&store, &app.env, text)?;
        app.bring_texts(&mut store, found.session)?;
        options.commits.push(found.commit);
    }
    let mut report = scan(&app.env, &store, &options, &app.ui.monitor())?;
    if !args.allow.is_empty() {
        let named = secrets::named(&args.allow, &report.found)?;
        secrets::allow(&app.env, &store, &named)?;
        report = scan(&app.env, &store, &options, &app.ui.monitor())?;
    }
    if options.commits.is_empty() {
        app.tell_unread(&store)?;
    }
    if args.json {
        print_json(app, &store, &report)?;
    } else {
        show(app, &store, &report.found)?;
        summary(app, &report);
    }
    let allowed = secrets::allowed(&store)?;
    match report.found.iter().all(|found| allowed.contains_key(&found.id.to_string())) {
        true => Ok(()),
        false => Err(CommandError::silent(FAILED)),
    }
}

/// Lists findings and where they stand.
pub(super) fn show(app: &App, store: &Store, found: &[Found]) -> Result<(), CommandError> {
    let locator = Locator::new(&app.env, store)?;
    for found in found {
        let id = paint(ui::ID, format!("{:.DIGITS$}", found.id));
        let (rule, shown) = (paint(ui::STRONG, clean(&found.rule)), clean(&found.shown));
        app.ui.line(format!("{id}  {rule}  {shown}"))?;
        for place in found.places.iter().take(SHOWN) {
            app.ui.line(line(&locator.locate(place)?))?;
        }
        let more = found.count.saturating_sub(SHOWN as u64);
        if more > 0 {
            app.ui.line(paint(ui::FAINT, format!("    and {more} more")))?;
        }
    }
    Ok(())
}

fn line(at: &Located) -> String {
    let message = match at.message {
        Some(n) => format!("  message {n}"),
        None if at.files => "  files of the project".to_owned(),
        None => String::new(),
    };
    let title = match at.title.as_str() {
        "" => String::new(),
        title => format!("  {}", paint(ui::FAINT, shorten(title, 60))),
    };
    format!("    {}{message}{title}", paint(ui::NAME, clean(&at.revision)))
}

fn summary(app: &App, report: &ScanReport) {
    let found = report.found.len() as u64;
    let mut words =
        vec![format!("{}, {} looked at", count(found, "secret"), count(report.objects, "new object"))];
    if report.allowed > 0 {
        words.push(format!("{} more may leave (`--all` lists them)", report.allowed));
    }
    app.ui.note(&words.join("; "));
    if report.opaque > 0 {
        let what = count(report.opaque, "content");
        app.ui.note(&format!(
            "{what} being pictures, archives or the like, only plain letters in them were seen"
        ));
    }
    if found > 0 {
        app.ui.hint(
            "`sfs show REV --full` shows where one stands; `sfs purge FINDING` takes it out of the store",
        );
        app.ui.hint("`sfs scan --allow FINDING` lets one leave with a push, if it is no secret");
    }
}

fn print_json(app: &App, store: &Store, report: &ScanReport) -> Result<(), CommandError> {
    let (locator, allowed) = (Locator::new(&app.env, store)?, secrets::allowed(store)?);
    for found in &report.found {
        let mut places: Vec<Value> = Vec::new();
        for place in found.places.iter().take(TOLD) {
            let at = locator.locate(place)?;
            places.push(json!({
                "session": at.session.map(|id| id.to_string()), "title": at.title,
                "revision": at.revision, "message": at.message, "files": at.files,
            }));
        }
        let id = found.id.to_string();
        app.ui.json(&json!({
            "allowed": allowed.contains_key(&id), "id": id, "rule": found.rule, "shown": found.shown,
            "count": found.count, "places": places,
        }))?;
    }
    Ok(())
}
