//! Listing, searching and showing.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::super::failed::Failed;
use super::super::page::Page;
use super::Call;
use crate::object::Id;
use crate::ops::list::{ListOptions, moment};
use crate::ops::log::Turn;
use crate::ops::search::{Hit, SearchOptions};
use crate::ops::session::{self, SessionInfo};
use crate::ops::show::Shown;
use crate::ops::{self, Monitor, revision};
use crate::search::Order;
use crate::store::StoreError;
use crate::view;

/// No item of a log is shorter.
const SHORTEST_TURN: u64 = 16;

pub(super) fn list(call: &mut Call<'_>) -> Result<String, Failed> {
    let since = call.args.text("since").map(|text| {
        let no_time = || Failed::new(format!("{text:?} is no time")).hint("say 7d, 12h or 2026-01-31");
        moment(call.env.now, text).ok_or_else(no_time)
    });
    let options = ListOptions {
        all: call.args.flag("all"),
        project: call.args.text("project").map(PathBuf::from),
        tool: call.args.text("tool").map(str::to_owned),
        since: since.transpose()?,
        text: call.args.text("text").map(str::to_owned),
    };
    let found = ops::list::list(&call.env, &call.store, &options);
    let mut page = call.page()?;
    if found.sessions.is_empty() {
        page.say(&match (found.total, options.all) {
            (0, _) => "There are no sessions yet.".to_owned(),
            (total, true) => format!("No such session among {total}."),
            (total, false) => format!("No such session of this directory; \"all\" looks at all {total}."),
        });
    }
    for session in &found.sessions {
        if !page.item(|| Ok::<_, Failed>(of_session(call, session)))? {
            break;
        }
    }
    Ok(page.finish("the same and "))
}

fn of_session(call: &Call<'_>, session: &SessionInfo) -> String {
    let when = time(session.updated_at);
    let name = session.name.as_ref().map(|name| format!("({name}) ")).unwrap_or_default();
    let title = call.short(&session.title, 200);
    let mut text = format!(
        "{:.12}  {when}  {}  {}  {name}{title}",
        session.id,
        session.tools.join("+"),
        view::count(session.turns, "turn")
    );
    if let Some(project) = &session.project {
        let _ = write!(text, "\n    in {project}");
    }
    let branches: Vec<&str> = session.branches.iter().filter(|b| !b.part).map(|b| b.name.as_str()).collect();
    if branches.len() > 1 {
        let _ = write!(text, "\n    branches: {}", branches.join(", "));
    }
    text
}

/// Hears of the end alone.
pub(super) struct UntilOver<'o>(pub(super) &'o (dyn Fn() -> bool + Sync));

impl Monitor for UntilOver<'_> {
    fn is_over(&self) -> bool {
        (self.0)()
    }
}

pub(super) fn search(call: &mut Call<'_>) -> Result<String, Failed> {
    let words = call.args.text("query").unwrap_or_default();
    let query = ops::search::query(&call.env, words)
        .map_err(|e| Failed::new(e.to_string()).hint("put it in quotes to look for it as it is"))?;
    if query.is_empty() {
        return Err(Failed::new("nothing is looked for"));
    }
    let order = match call.args.text("sort") {
        Some("newest") => Order::Newest,
        Some("oldest") => Order::Oldest,
        _ => Order::Best,
    };
    let options = SearchOptions { query, order, copies: call.args.flag("copies") };
    let found = ops::search::search(&call.env, &call.store, &options, &UntilOver(call.is_over))?;
    let mut found = found.without(&call.secrets);
    let (mut page, mut any) = (call.page()?, false);
    for hit in found.by_ref() {
        let hit = hit?;
        any = true;
        if !page.item(|| Ok::<_, Failed>(of_hit(call, &hit)))? {
            break;
        }
    }
    if !any {
        page.say("Nothing was found.");
    }
    if found.unreadable() > 0 {
        page.say(&format!("{} could not be read.", view::count(found.unreadable(), "message")));
    }
    Ok(page.finish("the same and "))
}

fn of_hit(call: &Call<'_>, hit: &Hit) -> String {
    let title = call.short(hit.name.as_deref().unwrap_or(&hit.title), 120);
    let role = view::message::role(hit.role);
    let mut text = format!("{}  {}  {} {role}  {title}", hit.revision, time(hit.time), hit.tool);
    for snippet in &hit.snippets {
        let words: String = view::search::parts(snippet).into_iter().map(|(words, _)| words).collect();
        let cut = |cut: bool| if cut { "…" } else { "" };
        let (before, after) = (cut(snippet.cut_before), cut(snippet.cut_after));
        let _ = write!(text, "\n    {}: {before}{words}{after}", snippet.kind);
    }
    text
}

pub(super) fn show(call: &mut Call<'_>) -> Result<String, Failed> {
    let found = call.revision("rev")?;
    let full = call.args.flag("full");
    let (ids, again) = if call.args.flag("all") {
        let ids = ops::show::span(&call.store, None, found.commit)?;
        (ids, format!("rev \"{}\", \"all\" and ", found.commit))
    } else if revision::names_message(call.args.text("rev").unwrap_or_default()) {
        let n = call.store.commit(&found.commit)?.counts.messages;
        (vec![found.commit], format!("rev \"{}:{n}\" and ", found.commit))
    } else {
        (ops::show::turn(&call.store, found.commit)?, format!("rev \"{}\" and ", found.commit))
    };
    let mut page = call.page()?;
    let head =
        session::info(&call.store, &found.session).map(|info| of_session(call, &info)).unwrap_or_default();
    if page.item(|| Ok::<_, Failed>(head))? {
        messages(call, &ids, full, &mut page)?;
    }
    Ok(page.finish(&again))
}

/// Messages as items, as far as there is room.
pub(super) fn messages(
    call: &Call<'_>,
    ids: &[Id],
    full: bool,
    page: &mut Page<'_>,
) -> Result<bool, StoreError> {
    for id in ids {
        let text = || -> Result<String, StoreError> {
            let shown = ops::show::message(&call.store, *id)?.map(|shown| shown.without(&call.secrets));
            Ok(shown.map(|shown| of_message(&shown, full)).unwrap_or_default())
        };
        if !page.item(text)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn of_message(shown: &Shown, full: bool) -> String {
    let text = view::message::text(shown, full);
    if text.trim().is_empty() {
        return String::new();
    }
    let (role, model) = (view::message::role(shown.role), shown.model.as_deref().unwrap_or_default());
    format!("\n[{:.12} :{} {role}  {}  {model}]\n{text}", shown.id, shown.n, time(shown.time))
}

pub(super) fn log(call: &mut Call<'_>) -> Result<String, Failed> {
    let found = call.revision("rev")?;
    let mut page = call.page()?;
    // More than can be told, so that it is known whether there are more.
    let most = page.from().items.saturating_add(call.limit() / SHORTEST_TURN + 1);
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    for turn in ops::log::log(&call.store, found.commit, most, true)? {
        if !page.item(|| Ok::<_, Failed>(of_turn(call, &turn)))? {
            break;
        }
    }
    Ok(page.finish(&format!("rev \"{}\" and ", found.commit)))
}

fn of_turn(call: &Call<'_>, turn: &Turn) -> String {
    let title = call.short(turn.title.as_deref().unwrap_or("(before the first prompt)"), 200);
    let (when, model) = (time(turn.time), turn.model.as_deref().unwrap_or_default());
    let mut text = format!("{:.12}  {when}  {} {model}  {title}", turn.tip, turn.tool);
    for file in &turn.files {
        let _ = write!(text, "\n    {}", view::file(file));
    }
    text
}

pub(super) fn briefing(call: &mut Call<'_>) -> Result<String, Failed> {
    let found = call.revision("rev")?;
    let line = ops::show::span(&call.store, None, found.commit)?;
    let title = session::info(&call.store, &found.session).map(|info| info.title).unwrap_or_default();
    let tool = call.store.commit(&found.commit)?.tool.clone();
    let from = format!("a session of {tool} at revision {:.12}", found.commit);
    let limit = usize::try_from(call.limit()).unwrap_or(usize::MAX);
    // The marks of the quotation take room as well.
    let tokens = limit / ops::briefing::BYTES_PER_TOKEN * 3 / 4;
    let said = ops::show::messages(&call.store, &line).map(|said| Ok(said?.without(&call.secrets)));
    let told = ops::briefing::briefing(said, &call.secrets.without(&title), &from, tokens)?;
    let mut page = call.page()?;
    page.item(|| Ok::<_, Failed>(told.text))?;
    Ok(page.finish(&format!("rev \"{}\" and ", found.commit)))
}

pub(super) fn time(ms: Option<i64>) -> String {
    view::json::time(ms).as_str().unwrap_or("?").to_owned()
}
