//! Tools that are installed apart: the same proof for each.
//!
//! A session that the tool made itself is captured, restored and resumed in
//! it again; a session of Claude Code is resumed in it, whole, and what it goes
//! on to do is captured as new turns of the same session.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::own::{change, drop_line};
use crate::real::PNG_BASE64;
use crate::real::compare::Expected;
use crate::real::conversation::{Conversation, Item, Role};
use crate::real::hand::write_claude;
use crate::real::mock::{Request, Server};
use crate::real::resume::only_session;
use crate::real::sandbox::{Sandbox, files};
use crate::real::script::Rule;
use crate::real::tools::{Run, run_guarded};

/// What is asked after a resume.
pub(crate) const NEXT: &str = "SFS-NEXT go on ✓";

/// A tool, installed.
pub(crate) trait Guest {
    /// Its name in `sfs`.
    fn name(&self) -> &'static str;

    /// A mock of its model that plays `rules`.
    fn server(&self, rules: Vec<Rule>) -> Server;

    /// The command that goes on with a session, or begins one.
    fn command(&self, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Command;

    /// Where its programs are, if what is written for it depends on its version.
    fn programs(&self) -> Option<&Path> {
        None
    }

    /// Whether it only adds to a session's file.
    fn appends(&self) -> bool {
        true
    }

    /// What a user's text says without what the tool put around it.
    fn own<'t>(&self, text: &'t str) -> &'t str {
        text
    }

    /// A conversation of another tool as it is carried into this one.
    fn carried(&self, conversation: Conversation) -> Conversation {
        conversation
    }

    /// The files that it wrote of its sessions.
    fn transcripts(&self, sandbox: &Sandbox) -> Vec<PathBuf>;
}

/// Runs it; fails if it fails.
#[track_caller]
pub(crate) fn run(
    guest: &dyn Guest,
    sandbox: &Sandbox,
    server: &Server,
    resume: Option<&str>,
    prompt: &str,
) -> Run {
    try_run(guest, sandbox, server, resume, prompt).ok()
}

fn try_run(guest: &dyn Guest, sandbox: &Sandbox, server: &Server, resume: Option<&str>, prompt: &str) -> Run {
    thread_local!(static RUNS: Cell<u32> = const { Cell::new(0) });
    let number = RUNS.replace(RUNS.get() + 1);
    let outputs = sandbox.folder("guest-runs").join(format!("{}-{number}", guest.name()));
    run_guarded(guest.command(sandbox, server, resume, prompt), &outputs)
}

/// The conversation of a request, in the guest's own words.
fn plain(guest: &dyn Guest, request: &Request) -> Conversation {
    let own = |item| match item {
        Item::Text { role: Role::User, text } => {
            Item::Text { role: Role::User, text: guest.own(&text).to_owned() }
        }
        item => item,
    };
    let items = Conversation::of(request).items.into_iter().map(own);
    Conversation {
        items: items.filter(|item| !matches!(item, Item::Text { text, .. } if text.is_empty())).collect(),
    }
}

/// The last request that holds what the user said last.
#[track_caller]
pub(crate) fn asked(guest: &dyn Guest, server: &Server, prompt: &str) -> Conversation {
    let said = Conversation::default().and(Role::User, prompt).items;
    let requests = server.requests();
    let holds = |conversation: &Conversation| conversation.items.ends_with(&said);
    let all: Vec<Conversation> = requests.iter().map(|request| plain(guest, request)).collect();
    all.iter()
        .rfind(|c| holds(c))
        .cloned()
        .unwrap_or_else(|| panic!("no request ends in {prompt:?}: {all:#?}"))
}

/// The conversation of the last request.
pub(crate) fn last(guest: &dyn Guest, server: &Server) -> Conversation {
    plain(guest, server.requests().last().expect("a request"))
}

/// A session written for a guest.
pub(crate) struct Written {
    pub(crate) id: String,
    pub(crate) path: PathBuf,
}

/// Resumes `rev` in the guest.
#[track_caller]
pub(crate) fn resume(guest: &dyn Guest, sandbox: &Sandbox, rev: &str) -> Written {
    let args = ["resume", rev, "--in", guest.name(), "--json"];
    let run =
        guest.programs().map_or_else(|| sandbox.sfs(&args), |programs| sandbox.sfs_beside(programs, &args));
    let printed = run.json();
    let text = |key: &str| printed[key].as_str().unwrap_or_else(|| panic!("no {key}: {printed}")).to_owned();
    Written { id: text("native_id"), path: text("path").into() }
}

/// Lets the guest go on with what was written; what it asks its model.
#[track_caller]
pub(crate) fn go_on(guest: &dyn Guest, sandbox: &Sandbox, written: &Written, prompt: &str) -> Conversation {
    let server = guest.server(Vec::new());
    let before = fs::read(&written.path).expect("what was written");
    run(guest, sandbox, &server, Some(&written.id), prompt);
    server.assert_played();
    let now = fs::read(&written.path).expect("the transcript");
    assert!(now.starts_with(&before) || !guest.appends(), "{} changed what sfs wrote", guest.name());
    assert!(
        now.len() > before.len(),
        "{} went on elsewhere than in {}",
        guest.name(),
        written.path.display()
    );
    asked(guest, &server, prompt)
}

/// A conversation with all that a tool can make: calls at once, one that
/// fails, pictures said and seen, odd characters, an empty result.
pub(crate) fn foreign(sandbox: &Sandbox) -> Conversation {
    let path = sandbox.project.join("a b.txt").to_string_lossy().into_owned();
    let text = |role, text: &str| Item::Text { role, text: text.to_owned() };
    let call = |name: &str, input: Value| Item::Call { name: name.to_owned(), input };
    let result = |call, text: &str, images: &[&str]| Item::Result {
        call: Some(call),
        is_error: false,
        texts: vec![text.to_owned()],
        images: images.iter().map(|image| (*image).to_owned()).collect(),
    };
    let items = vec![
        text(Role::User, "SFS-ONE Привет 👋 “quote” \\ \"escape\" \u{2028} end"),
        Item::Image { role: Role::User, data: PNG_BASE64.to_owned() },
        text(Role::Assistant, "I look…"),
        call("Bash", serde_json::json!({"command": "printf 'один'", "n": 1.5, "deep": {"a": [null, true]}})),
        call("Read", serde_json::json!({"file_path": path})),
        result(0, "один\n✓", &[]),
        result(1, "a picture", &[PNG_BASE64]),
        text(Role::Assistant, "Now one alone."),
        call("mcp__server__look", serde_json::json!({})),
        result(2, "seen", &[]),
        text(Role::Assistant, "Done ■."),
        text(Role::User, "SFS-TWO and then?"),
        text(Role::Assistant, "Nothing more."),
    ];
    Conversation { items }
}

/// A conversation in which what results show follows them, in a message that
/// begins with `words`.
pub(crate) fn shown_after(conversation: Conversation, words: &str) -> Conversation {
    let (mut items, mut shown) = (Vec::new(), Vec::new());
    for item in conversation.items {
        if let Item::Result { call, is_error, texts, images } = item {
            shown.extend(images);
            items.push(Item::Result { call, is_error, texts, images: Vec::new() });
            continue;
        }
        if !shown.is_empty() {
            items.push(Item::Text { role: Role::User, text: words.to_owned() });
            items.extend(shown.drain(..).map(|data| Item::Image { role: Role::User, data }));
        }
        items.push(item);
    }
    Conversation { items }
}

/// A session of Claude Code goes on in the guest, whole, and comes back.
pub(crate) fn takes_a_foreign_session(guest: &dyn Guest, sandbox: &Sandbox) {
    let conversation = foreign(sandbox);
    write_claude(sandbox, &conversation);
    sandbox.sfs(&["capture"]).ok();
    let before = only_session(sandbox);
    let expected = Expected::carried(&guest.carried(conversation.clone()).and(Role::User, NEXT));

    let written = resume(guest, sandbox, "@");
    expected.assert(&go_on(guest, sandbox, &written, NEXT));

    sandbox.sfs(&["capture"]).ok();
    let after = only_session(sandbox);
    assert_eq!(after["id"], before["id"], "the same session goes on");
    let count = |session: &Value, key: &str| session[key].as_u64().expect("a number");
    assert_eq!(count(&after, "turns"), count(&before, "turns") + 1, "{after:#}");
    let log = sandbox.sfs(&["log", "@", "--json"]).json();
    let log = log.to_string();
    for (word, times) in [("SFS-ONE", 1), ("SFS-TWO", 1), ("SFS-NEXT", 1)] {
        assert_eq!(log.matches(word).count(), times, "{word} in {log}");
    }
    let again = sandbox.sfs(&["capture", "--json"]).json();
    assert_eq!(again["commits"], 0, "{again}");

    // The comparison says no when something is missing or changed.
    let main = format!("{}/main", before["id"].as_str().expect("an id"));
    let damages: [fn(&Path); 2] =
        [|path| drop_line(path, "Now one alone."), |path| change(path, "Done ■", "D0ne ■")];
    for damage in damages {
        let other = resume(guest, sandbox, &main);
        damage(&other.path);
        let server = guest.server(Vec::new());
        if try_run(guest, sandbox, &server, Some(&other.id), NEXT).succeeded() {
            expected.compare(&asked(guest, &server, NEXT)).expect_err("the damage must be noticed");
        }
    }
}

/// A session of the guest's own comes back byte for byte, and goes on in the
/// guest at its tip and before.
pub(crate) fn keeps_its_own(
    guest: &dyn Guest,
    sandbox: &Sandbox,
    conversation: &Conversation,
    last_prompt: &str,
) {
    let native = guest.transcripts(sandbox);
    let bytes: Vec<Vec<u8>> =
        native.iter().map(|path| fs::read(path).expect("a file of the tool's")).collect();
    sandbox.sfs(&["capture"]).ok();
    let session = only_session(sandbox);
    assert_eq!(session["tool"], guest.name());

    let to = sandbox.folder("restored");
    sandbox.sfs(&["restore", "@", "--to", &to.to_string_lossy()]).ok();
    let restored: Vec<Vec<u8>> =
        files(&to).iter().map(|file| fs::read(file).expect("a restored file")).collect();
    for (path, bytes) in native.iter().zip(&bytes) {
        assert!(restored.contains(bytes), "{} isn't restored byte for byte", path.display());
    }

    let tip = resume(guest, sandbox, "@");
    let earlier = resume(guest, sandbox, "@~1");
    Expected::own(&conversation.clone().and(Role::User, NEXT)).assert(&go_on(guest, sandbox, &tip, NEXT));
    let before = conversation.before(last_prompt).and(Role::User, NEXT);
    Expected::own(&before).assert(&go_on(guest, sandbox, &earlier, NEXT));
    for (path, bytes) in
        native.iter().zip(&bytes).filter(|(path, _)| path.extension().is_some_and(|e| e == "jsonl"))
    {
        assert_eq!(&fs::read(path).expect("a file of the tool's"), bytes, "{} was touched", path.display());
    }
}
