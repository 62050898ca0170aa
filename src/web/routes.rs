//! What there is to read, by address.

use super::Answer;
use crate::object::Id;
use crate::ops::export::export;
use crate::ops::list::{ListOptions, list};
use crate::ops::revision::Resolved;
use crate::ops::search::{Hit, SearchOptions, query, search};
use crate::ops::stats::{By, Prices, StatsError, StatsOptions, stats};
use crate::ops::{Env, Quiet, causes, session, show};
use crate::store::Store;
use crate::view::html::site;

/// How many sessions are listed.
const LISTED: usize = 1000;
/// How many messages are listed in which something was found.
const FOUND: usize = 50;
/// The longest picture that is shown, in bytes.
const PICTURE_MAX: u64 = 4 << 20;

/// Answers an address. The store is opened anew, so that what was captured
/// meanwhile is there.
pub(super) fn answer(env: &Env, url: &str) -> Answer {
    let found = Store::open(&env.store).map_err(StatsError::from).and_then(|store| page(env, &store, url));
    match found {
        Ok(Some(html)) => Answer::page(html),
        Ok(None) => Answer::words(404, "nothing here", "There is no such page."),
        Err(e) => Answer::words(500, "this failed", &crate::view::clean::clean(&e.to_string())),
    }
}

fn page(env: &Env, store: &Store, url: &str) -> Result<Option<String>, StatsError> {
    let path = path(url);
    let steps: Vec<&str> = path.split('/').filter(|step| !step.is_empty()).collect();
    Ok(match steps.as_slice() {
        [] => Some(sessions(env, store, url)),
        ["stats"] => Some(counts(env, store)?),
        ["s", id] => conversation(env, store, id, None, url)?,
        ["s", id, part] => conversation(env, store, id, Some(part), url)?,
        _ => None,
    })
}

fn sessions(env: &Env, store: &Store, url: &str) -> String {
    let text = parameter(url, "text").filter(|text| !text.trim().is_empty());
    let options = ListOptions { all: true, text: text.clone(), ..ListOptions::default() };
    let mut found = list(env, store, &options);
    found.sessions.truncate(LISTED);
    let text = text.unwrap_or_default();
    let said = said(env, store, &text);
    site::sessions(&found.sessions, found.total, &text, said.as_deref().map_err(Clone::clone))
}

/// The messages that say what is looked for, or why they can't be found.
fn said(env: &Env, store: &Store, text: &str) -> Result<Vec<Hit>, String> {
    let query = query(env, text).map_err(|e| e.to_string())?;
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let options = SearchOptions { query, ..SearchOptions::default() };
    let found = search(env, store, &options, &Quiet).map_err(|e| causes(&e).join(": "))?;
    found.take(FOUND).map(|hit| hit.map_err(|e| causes(&e).join(": "))).collect()
}

fn conversation(
    env: &Env,
    store: &Store,
    id: &str,
    part: Option<&str>,
    url: &str,
) -> Result<Option<String>, StatsError> {
    let Some(info) = Id::from_hex(id).and_then(|id| session::info(store, &id)) else { return Ok(None) };
    let branch = match parameter(url, "branch") {
        Some(name) => info.branch(&name),
        None => info.default_branch(),
    };
    let part = part.map_or(Ok(1), str::parse::<u64>);
    let (Some(branch), Ok(part)) = (branch, part) else { return Ok(None) };
    let at = Resolved { session: info.id, commit: branch.tip, branch: Some(branch.name.clone()) };
    let export = export(store, at, &Prices::read(&env.prices())?)?;
    if part == 0 || part > site::parts(&export) {
        return Ok(None);
    }
    let first = (part - 1) * site::PART + 1;
    let mut messages = Vec::new();
    for (id, _) in export.line.messages(first, first + site::PART - 1) {
        messages.extend(show::with_pictures(store, *id, PICTURE_MAX)?);
    }
    Ok(Some(site::session(&export, part, &messages)))
}

fn counts(env: &Env, store: &Store) -> Result<String, StatsError> {
    let mut groups = Vec::new();
    for (name, by) in [("day", By::Day), ("model", By::Model), ("tool", By::Tool), ("project", By::Project)] {
        let options = StatsOptions {
            by,
            since: None,
            until: None,
            project: None,
            tool: None,
            commands: false,
            zone: jiff::tz::TimeZone::system(),
            prices: env.prices(),
        };
        groups.push((name, stats(env, store, &options, &Quiet)?));
    }
    Ok(site::stats(&groups))
}

/// The path of an address.
pub(super) fn path(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

/// A parameter of an address.
pub(super) fn parameter(url: &str, name: &str) -> Option<String> {
    let query = url.split_once('?')?.1;
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| decoded(value))
}

/// Text out of an address: `%41` is `A`, `+` a space.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex =
            || std::str::from_utf8(after.get(..2)?).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
        (rest, _) = match (first, hex()) {
            (b'%', Some(byte)) => (after.get(2..).unwrap_or_default(), bytes.push(byte)),
            (b'+', _) => (after, bytes.push(b' ')),
            (byte, _) => (after, bytes.push(*byte)),
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ops::sample::Sample;

    #[test]
    fn parameters_are_read_as_they_were_written() {
        let id = Id::ZERO;
        for branch in ["main", "a/b c+d&e=%41", "é\"<>", ""] {
            assert_eq!(parameter(&site::address(&id, branch, 1), "branch").as_deref(), Some(branch));
        }
        assert_eq!(parameter("/?a=1&b=x%2", "b").as_deref(), Some("x%2"));
        assert_eq!((parameter("/", "a"), parameter("/?ab=1", "a")), (None, None));
    }

    #[test]
    fn pages_are_found_and_others_are_not() {
        let mut sample = Sample::new();
        let prompts: Vec<String> = (0..150).map(|n| format!("prompt <{n}>")).collect();
        let prompts: Vec<&str> = prompts.iter().map(String::as_str).collect();
        let agent = sample.turns(None, &["find it"]);
        let tip = sample.turns(None, &prompts);
        let id = sample.session("first", sample.env.cwd.clone(), tip);
        sample.part("first", "a/1", Some("first"), agent);
        sample.env.store = sample.dir.path().join("store");
        let get = |url: &str| answer(&sample.env, url);
        assert!(get("/").html.contains(&format!("href=\"/s/{id}\"")));
        assert!(!get("/?text=nothing+like+it").html.contains("href=\"/s/"));
        // What was said is found where it was said, and is no markup.
        let said = get("/?text=prompt+120").html;
        let at = format!("href=\"{}#m241\"", site::address(&id, "main", 2));
        assert!(
            said.contains(&at) && said.contains("<mark>prompt</mark> &lt;<mark>120</mark>&gt;"),
            "{said}"
        );
        assert!(said.contains("<small><time ") && !said.contains("&lt;time"), "{said}");
        assert!(get("/?text=kind%3A%3Cb%3E").html.contains("not searched: "));
        let first = get(&format!("/s/{id}"));
        assert_eq!((first.status, first.html.matches("<article").count()), (200, 200));
        // The contents lead to the second part, which has the rest.
        let address = site::address(&id, "main", 2);
        assert!(first.html.contains(&format!("href=\"{address}#m201\"")), "{}", first.html);
        let second = get(&address).html;
        assert_eq!((second.matches("<article").count(), second.matches("id=m201 ").count()), (100, 1));
        let run = site::address(&id, "a/1", 1);
        assert!(first.html.contains(&format!("href=\"{run}\"")));
        assert_eq!(get(&run).html.matches("<article").count(), 2);
        assert!(get("/stats").html.contains("<td class=number>151</td>"));
        for url in [
            "/x",
            "/s/",
            "/s/0",
            &format!("/s/{id}/0"),
            &format!("/s/{id}/3"),
            &format!("/s/{id}/x"),
            &format!("/s/{id}?branch=no"),
            "/../etc/passwd",
        ] {
            assert_eq!(get(url).status, 404, "{url}");
        }
    }
}
