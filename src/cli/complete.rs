//! What a shell offers at the Tab key: what clap knows by itself, and names
//! out of the store.
//!
//! The shell runs this program with `SFS_COMPLETE` set and what was typed
//! behind `--`. Then nothing else is done: nothing is captured or written, and
//! what can't be read is not offered.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use clap::{Arg, Command};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate, PathCompleter, ValueCompleter};
use clap_complete::env::CompleteEnv;

use super::ui::clean;
use super::{env, settings};
use crate::ops::Env;
use crate::ops::remote;
use crate::ops::session::{self, SessionInfo};
use crate::ops::settings::{KEYS, Key, Kind, Settings};
use crate::ops::shell;
use crate::store::Store;
use crate::tool;

/// The variable that asks for it, with the name of the shell.
pub(crate) const VARIABLE: &str = "SFS_COMPLETE";
/// So many sessions are offered where nothing is typed yet.
const FEW: usize = 20;
/// How the addresses of remotes begin that are no directory.
const SCHEMES: [(&str, &str); 6] = [
    ("ssh://", "a directory of another machine"),
    ("s3://", "a bucket of anything that speaks S3"),
    ("gs://", "a bucket of Google Cloud Storage"),
    ("azure://", "a container of Azure"),
    ("webdavs://", "a folder behind WebDAV"),
    ("https://", "what somebody published, to be read"),
];

/// Answers a shell, if one asks; whether it did.
pub(crate) fn answer(command: fn() -> Command) -> Result<bool, clap::Error> {
    CompleteEnv::with_factory(move || with_names(command()))
        .var(VARIABLE)
        .try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref())
}

/// The command line with what may be offered for each argument.
fn with_names(command: Command) -> Command {
    let path = command.get_name().to_owned();
    let command = command.mut_args(|arg| match offers(&path, &arg) {
        Some(offers) => arg.add(ArgValueCompleter::new(offers)),
        None => arg,
    });
    command.mut_subcommands(with_names)
}

type Offers = fn(&OsStr) -> Vec<CompletionCandidate>;

/// What is offered for an argument, by its name and its command's.
fn offers(command: &str, arg: &Arg) -> Option<Offers> {
    match (command, arg.get_id().as_str()) {
        ("clone" | "add", "address") => Some(places),
        ("clone" | "add", _) => None,
        (_, "rev" | "revisions" | "left" | "right" | "other" | "into" | "target") => Some(revisions),
        (_, "session" | "sessions") | ("purge", "what") => Some(sessions),
        (_, "remote") | ("remove" | "publish", "name") => Some(remotes),
        ("branch", "name") => Some(branches),
        ("tag", "name") => Some(tags),
        ("get" | "set" | "unset", "key") => Some(keys),
        ("set", "value") | ("sfs", "given") => Some(values),
        (_, "tool" | "tools") => Some(tools),
        ("import" | "export", "format") => Some(forms),
        _ => None,
    }
}

/// The store of what was typed.
fn store() -> Option<(Env, Store)> {
    let words: Vec<OsString> = std::env::args_os().skip_while(|word| word != "--").skip(1).collect();
    let after = |word: &OsString, next: Option<&OsString>| match word.to_str() {
        Some("--store") => next.map(PathBuf::from),
        Some(word) => word.strip_prefix("--store=").map(PathBuf::from),
        None => None,
    };
    let named = words.iter().enumerate().find_map(|(n, word)| after(word, words.get(n + 1)));
    let places = env::places().ok()?;
    let file = env::settings(&places).join(crate::ops::env::CONFIG);
    let set = Settings::read(&file, &places.vars, &[]).unwrap_or_default();
    let dir = named.or_else(|| settings::store(&places, &set));
    let env = env::new("complete", places, dir).ok()?;
    let store = Store::open(&env.store).ok()?;
    Some((env, store))
}

/// A candidate, if it begins with what is typed.
fn candidate(typed: &str, value: &str, help: &str) -> Option<CompletionCandidate> {
    // What means something else to a shell, or is an option, is for people to
    // type: a name may come from another machine, and this is put in as it is.
    let plain = !value.starts_with('-') && shell::is_plain(value);
    let help = clean(help);
    let help = Some(help).filter(|help| !help.is_empty()).map(Into::into);
    (plain && value.starts_with(typed)).then(|| CompletionCandidate::new(value).help(help))
}

fn sessions(typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some((env, store))) = (typed.to_str(), store()) else { return Vec::new() };
    of_sessions(&env, &session::sessions(&store), typed)
}

fn of_sessions(env: &Env, all: &[SessionInfo], typed: &str) -> Vec<CompletionCandidate> {
    let here = session::of_directory(env, all, &env.cwd);
    let shown: Vec<&SessionInfo> =
        if typed.is_empty() { here.into_iter().take(FEW).collect() } else { all.iter().collect() };
    let named = all.iter().filter_map(|s| candidate(typed, s.name.as_deref()?, &s.title));
    let by_id = shown.iter().filter_map(|s| candidate(typed, &format!("{:.12}", s.id), s.label()));
    let newest = session::newest_here(env, all).and_then(|s| candidate(typed, "@", s.label()));
    let native = |s: &&SessionInfo| !typed.is_empty() && s.native_id.starts_with(typed);
    let by_native = all.iter().filter(native).filter_map(|s| candidate(typed, &s.native_id, s.label()));
    newest.into_iter().chain(named).chain(by_id).chain(by_native).collect()
}

fn revisions(typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some((env, store))) = (typed.to_str(), store()) else { return Vec::new() };
    let all = session::sessions(&store);
    let here = session::newest_here(&env, &all);
    if let Some((base, _)) = typed.split_once('/') {
        let matches = |s: &&SessionInfo| {
            s.name.as_deref() == Some(base) || base.len() >= 4 && s.id.to_string().starts_with(base)
        };
        let meant = if base == "@" || base.is_empty() { here } else { all.iter().find(matches) };
        let names = meant.iter().flat_map(|s| &s.branches);
        return names.filter_map(|b| candidate(typed, &format!("{base}/{}", b.name), "")).collect();
    }
    let mut found = of_sessions(&env, &all, typed);
    let branches = here.iter().flat_map(|s| s.branches.iter().filter(|b| !b.part));
    found.extend(branches.filter_map(|b| candidate(typed, &b.name, "a branch of @")));
    found.extend(of_tags(&store, typed));
    found
}

fn branches(typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some((env, store))) = (typed.to_str(), store()) else { return Vec::new() };
    let all = session::sessions(&store);
    let here = session::newest_here(&env, &all);
    let own = here.iter().flat_map(|s| s.branches.iter().filter(|b| b.own));
    own.filter_map(|b| candidate(typed, &b.name, "")).collect()
}

fn tags(typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some((_, store))) = (typed.to_str(), store()) else { return Vec::new() };
    of_tags(&store, typed)
}

fn of_tags(store: &Store, typed: &str) -> Vec<CompletionCandidate> {
    let names = store.refs_below("tag/").filter_map(|(name, _)| name.strip_prefix("tag/"));
    names.filter_map(|name| candidate(typed, name, "a tag")).collect()
}

fn remotes(typed: &OsStr) -> Vec<CompletionCandidate> {
    let (Some(typed), Some((_, store))) = (typed.to_str(), store()) else { return Vec::new() };
    let remotes = remote::list(&store).unwrap_or_default();
    remotes.iter().filter_map(|(name, place)| candidate(typed, name, &place.address)).collect()
}

/// Directories, and how other addresses begin.
fn places(typed: &OsStr) -> Vec<CompletionCandidate> {
    let mut offered = PathCompleter::dir().complete(typed);
    if let Some(typed) = typed.to_str() {
        offered.extend(SCHEMES.iter().filter_map(|(scheme, about)| candidate(typed, scheme, about)));
    }
    offered
}

fn tools(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    tool::TOOLS.iter().filter_map(|tool| candidate(typed, tool.name(), tool.title())).collect()
}

fn forms(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    tool::form::all().filter_map(|(tool, _)| candidate(typed, tool.name(), tool.title())).collect()
}

fn keys(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    KEYS.iter().filter_map(|key| candidate(typed, key.name, key.about)).collect()
}

/// Values of the key that stands before, or `KEY=VALUE`.
fn values(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(typed) = typed.to_str() else { return Vec::new() };
    if let Some((name, _)) = typed.split_once('=') {
        let values = Key::find(name).map(|key| possible(key.kind)).unwrap_or_default();
        return values.iter().filter_map(|v| candidate(typed, &format!("{name}={v}"), "")).collect();
    }
    let words: Vec<String> = std::env::args().collect();
    let key = words.iter().rev().find_map(|word| Key::find(word).ok());
    match key {
        Some(key) => possible(key.kind).iter().filter_map(|v| candidate(typed, v, "")).collect(),
        None => KEYS.iter().filter_map(|k| candidate(typed, &format!("{}=", k.name), k.about)).collect(),
    }
}

/// What a value may be, where that is a choice.
fn possible(kind: Kind) -> Vec<&'static str> {
    match kind {
        Kind::Switch => vec!["true", "false"],
        Kind::Choice(words) => words.to_vec(),
        Kind::Tool => tool::TOOLS.iter().map(|tool| tool.name()).collect(),
        Kind::Part => vec!["all", "compacted"],
        Kind::Number(..) | Kind::Path | Kind::Words | Kind::Age => Vec::new(),
    }
}
