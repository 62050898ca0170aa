//! What adapters write, read back by themselves.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;
use sfs::ops::monitor::Quiet;
use sfs::ops::resume::{History, ResumeError, ResumeOptions, ResumeOutcome, resume};
use sfs::ops::session::{SessionInfo, sessions};
use sfs::ops::show;
use sfs::store::Store;
use sfs::tool::{Tool, ToolError, by_name};

use crate::master;
use crate::pieces::{self, Item, Kind, missing};
use crate::world::World;

/// Versions of tools that are written for in another form than the newest.
const FORMS: &[(&str, &str)] =
    &[("amp", "0.0.1767830505-ga62310"), ("cline", "2.18.0"), ("gemini", "0.38.0"), ("gemini", "0.20.0")];

/// Tools whose own program takes in a document of the whole session; where it
/// kept the pieces before it had a database.
const IMPORTERS: &[(&str, &str)] =
    &[("opencode", "home/.local/share/opencode/storage"), ("kilo", "home/.local/share/kilo/storage")];

/// Tools that are given a session by hand, in their window.
pub(crate) const BY_HAND: &[&str] = &["cursor-ide"];

/// Whether what people say and what is called and answered may be lost where
/// it is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strict {
    Yes,
    No,
}

/// A world for each form in which a tool's sessions are written.
fn forms(tool: &'static dyn Tool) -> Vec<World> {
    let mut worlds = vec![World::new(tool, "newest form")];
    #[cfg(unix)]
    for (name, version) in FORMS.iter().filter(|(name, _)| *name == tool.name()) {
        let world = World::new(tool, version);
        world.install(name, &format!("echo {version}"));
        worlds.push(world);
    }
    #[cfg(unix)]
    if let (Some((name, _)), [world]) = (importer(tool), worlds.as_slice()) {
        world.install(name, "/bin/cp \"$2\" \"$HOME/../imported.json\"");
    }
    worlds
}

/// The program that takes sessions of a tool in, and where it puts them.
fn importer(tool: &dyn Tool) -> Option<(&'static str, &'static str)> {
    IMPORTERS.iter().copied().find(|(name, _)| *name == tool.name())
}

/// Does what an importer does with what it was given, in the tool's older
/// form, of files: one for the session, for each message and for each part.
fn import(world: &World) {
    let Some(((_, storage), bytes)) = importer(world.tool).zip(fs::read(world.path("imported.json")).ok())
    else {
        return;
    };
    let export: Value = serde_json::from_slice(&bytes).unwrap();
    let put = |place: String, value: &Value| {
        world.put(&format!("{storage}/{place}.json"), &serde_json::to_vec_pretty(value).unwrap());
    };
    let id = |value: &Value| value["id"].as_str().unwrap().to_owned();
    let session = id(&export["info"]);
    put(format!("session/{}/{session}", export["info"]["projectID"].as_str().unwrap()), &export["info"]);
    for message in export["messages"].as_array().unwrap() {
        let message_id = id(&message["info"]);
        put(format!("message/{session}/{message_id}"), &message["info"]);
        for part in message["parts"].as_array().unwrap() {
            put(format!("part/{message_id}/{}", id(part)), part);
        }
    }
}

/// The conversation that goes everywhere, written for a tool in each of its
/// forms; none for a tool that can't be given one.
pub(crate) fn masters(tool: &'static dyn Tool) -> Vec<World> {
    if tool.resume().is_none() {
        return Vec::new();
    }
    let master = World::new(by_name("claude-code").unwrap(), "the master");
    let transcript = master::transcript(&master.path("work"));
    let place = "home/.claude/projects/-work/01a20212-a86f-4d30-8a34-f1999c4bbe7a.jsonl";
    master.put(place, transcript.as_bytes());
    master.capture();
    let store = master.store();
    let session = sessions(&store).pop().unwrap();
    let worlds = forms(tool).into_iter();
    // What only gets in by the tool's own program is no session of its yet.
    let written = |world: &World| write(&mut master.store(), &session, world, History::All).is_ok();
    worlds.filter(|world| written(world) && !world.found().is_empty()).collect()
}

/// Writes a session into a world; an error where it only gets in by the
/// tool's own program, which isn't there.
fn write(
    store: &mut Store,
    session: &SessionInfo,
    to: &World,
    history: History,
) -> Result<ResumeOutcome, ResumeError> {
    // An importer runs there.
    let kept = session.project.clone().map(PathBuf::from).filter(|_| importer(to.tool).is_none());
    let options = ResumeOptions {
        session: session.id,
        commit: session.default_branch().unwrap().tip,
        tool: to.tool,
        // The same as before, so that no path in it is another.
        project: Some(kept.unwrap_or_else(|| to.path("work"))),
        history,
        dry_run: false,
        agreed: true,
    };
    match resume(&to.env(), store, &options, &Quiet) {
        Err(ResumeError::Import { command, why }) => {
            let plan = resume(&to.env(), store, &ResumeOptions { dry_run: true, ..options }, &Quiet).unwrap();
            assert!(plan.messages > 0, "{}: nothing is written for {command}", to.name);
            Err(ResumeError::Import { command, why })
        }
        Err(ResumeError::Tool(ToolError::Empty)) => {
            let items = items(store, session);
            let said = items.iter().any(|item| item.kind == Kind::Prompt && !item.words.trim().is_empty());
            assert!(!said, "{}: said to be empty: {items:#?}", to.name);
            Err(ResumeError::Tool(ToolError::Empty))
        }
        outcome => {
            let outcome = outcome.unwrap_or_else(|e| panic!("{}: {e}", to.name));
            import(to);
            Ok(outcome)
        }
    }
}

/// Writes each session of a world anew, in each form of its tool, and compares
/// what is read there.
pub(crate) fn understood(world: &World, strict: Strict) -> usize {
    world.capture();
    let mut store = world.store();
    let mut written = 0;
    if world.tool.resume().is_none() {
        return written;
    }
    for session in sessions(&store) {
        if session.messages == 0 {
            continue;
        }
        for there in forms(world.tool) {
            // All turns of it: not its own bytes, which would say nothing.
            let Ok(outcome) = write(&mut store, &session, &there, History::Turns(u64::MAX)) else { continue };
            if there.found().is_empty() {
                continue;
            }
            let report = there.capture();
            assert!(report.trouble.is_empty(), "{}: {:?}", there.name, report.trouble);
            compare(world, &items(&store, &session), &there, &outcome, strict);
            written += 1;
        }
    }
    written
}

/// What a session holds.
fn items(store: &Store, session: &SessionInfo) -> Vec<Item> {
    let Some(branch) = session.default_branch() else { return Vec::new() };
    let line = show::span(store, None, branch.tip).unwrap();
    let messages = line.into_iter().filter_map(|id| show::message(store, id).unwrap());
    messages.flat_map(|message| pieces::of(&message)).collect()
}

fn compare(world: &World, before: &[Item], there: &World, outcome: &ResumeOutcome, strict: Strict) {
    let store = there.store();
    // Some tools keep others beside it.
    let longest = sessions(&store).into_iter().max_by_key(|session| session.messages);
    let session = longest.unwrap_or_else(|| panic!("{} -> {}: no session", world.name, there.name));
    let missing = missing(before, &items(&store, &session));
    let told: Vec<&str> = outcome.losses.iter().map(|loss| loss.what.as_str()).collect();
    let told_of = |item: &&Item| match item.kind {
        // A path that couldn't stay: another system's is none here.
        Kind::Call if outcome.rebased > 0 => true,
        // A last prompt waits in the tail until something answers it.
        Kind::Prompt if importer(world.tool).is_some() && before.last() == Some(*item) => true,
        // Models' APIs refuse texts that are only white space.
        Kind::Prompt | Kind::Answer if item.words.trim().is_empty() => true,
        Kind::Prompt | Kind::Answer | Kind::Call | Kind::Result => strict == Strict::No && !told.is_empty(),
        Kind::Failure | Kind::Image | Kind::Thinking => !told.is_empty(),
    };
    let silent: Vec<&Item> = missing.iter().filter(|item| !told_of(item)).collect();
    assert!(
        silent.is_empty(),
        "{} -> {}: lost in silence: {silent:#?}; told: {told:#?}",
        world.name,
        there.name
    );
}
