//! Whose the lines of a file are. The lines themselves are not told: the agent
//! has the file.

use std::path::PathBuf;

use super::super::failed::Failed;
use super::Call;
use super::read::{UntilOver, time};
use crate::ops::blame::{self, BlameOptions, Origin};
use crate::view::blame::{how, ranges, runs};
use crate::view::count;

pub(super) fn blame(call: &mut Call<'_>) -> Result<String, Failed> {
    let at = call.args.text("rev").map(|_| call.revision("rev")).transpose()?;
    let number = |name| call.args.number(name).map(|n| usize::try_from(n).unwrap_or(usize::MAX));
    let (first, last) = (number("first"), number("last"));
    let options = BlameOptions {
        path: PathBuf::from(call.args.text("path").unwrap_or_default()),
        at: at.as_ref().map(|at| (at.session, at.commit)),
        lines: (first.or(last)).map(|_| (first.unwrap_or(1), last.unwrap_or(usize::MAX))),
        elsewhere: Vec::new(),
    };
    let found = blame::blame(&call.env, &call.store, &options, &UntilOver(call.is_over))?;
    let by_sessions = found.lines.iter().filter(|line| line.origin.is_some()).count();
    let head = format!(
        "{}: {by_sessions} of {} by sessions, which changed the file in {}",
        found.path,
        count(found.lines.len() as u64, "line"),
        count(found.changes, "change")
    );
    let mut page = call.page()?;
    let mut room = page.item(|| Ok::<_, Failed>(head))?;
    for (origin, lines) in ranges(&found) {
        room = room && page.item(|| Ok::<_, Failed>(of_origin(call, origin, &runs(&lines))))?;
    }
    if found.missed > 0 {
        let missed = count(found.missed, "change");
        page.say(&format!("{missed} were not found in the file; lines of theirs may be told as nobody's."));
    }
    let again = at.map(|at| format!(", rev \"{}\"", at.commit)).unwrap_or_default();
    Ok(page.finish(&format!("the same path{again} and ")))
}

fn of_origin(call: &Call<'_>, origin: Option<&Origin>, lines: &str) -> String {
    let Some(origin) = origin else { return format!("{lines}  not by a session") };
    let model = origin.model.as_deref().unwrap_or_default();
    let title = call.short(origin.title.as_deref().unwrap_or("(before the first prompt)"), 200);
    let (when, tool) = (time(origin.time), &origin.tool);
    format!("{lines}  {:.12}  {when}  {tool} {model}  {}  {title}", origin.commit, how(origin.how))
}
