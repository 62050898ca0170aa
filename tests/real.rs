//! The real tools as judges: sessions that Claude Code and Codex make are
//! captured by `sfs`, resumed in either, and what the tool then asks its model
//! is compared with the conversation, item by item.
//!
//! The tools come from npm, once, into `target/real-tools` or
//! `$SFS_TEST_TOOLS`; where that isn't possible the tests print `SKIPPED` and
//! pass. Models are mocked on the loopback interface.

#![expect(clippy::expect_used, clippy::print_stderr, reason = "in a test, a panic is the failure")]

#[path = "real/mod.rs"]
mod real;

#[path = "real/amp.rs"]
mod amp;
#[path = "real/broken.rs"]
mod broken;
#[path = "real/cline.rs"]
mod cline;
#[path = "real/copilot.rs"]
mod copilot;
#[path = "real/cursor.rs"]
mod cursor;
#[path = "real/droid.rs"]
mod droid;
#[path = "real/gemini.rs"]
mod gemini;
#[path = "real/guest.rs"]
mod guest;
#[path = "real/hooks.rs"]
mod hooks;
#[path = "real/kimi.rs"]
mod kimi;
#[path = "real/opencode.rs"]
mod opencode;
#[path = "real/own.rs"]
mod own;
#[path = "real/pi.rs"]
mod pi;
#[path = "real/qwen.rs"]
mod qwen;
#[path = "real/work.rs"]
mod work;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use own::{change, drop_line};
use real::compare::Expected;
use real::conversation::{Conversation, Item, Role};
use real::resume::{Resumed, Tool, only_session};
use real::sandbox::{Sandbox, files};
use real::scenario::{
    DELEGATED, LAST, Native, ONE, REPORT, TASK, THREE, claude_session, codex_session, compacted_session,
    delegating_session, last_request,
};
use real::script::{call, on, text};
use real::tools::Age;

/// What is asked after a resume.
const NEXT: &str = "SFS-NEXT go on ✓";
/// What is asked after the resume after that.
const HOME: &str = "SFS-HOME and back";

/// Tells whether this build can't resume yet; then what needs it is skipped.
fn lacks_resume() -> bool {
    let sfs = std::process::Command::new(env!("CARGO_BIN_EXE_sfs")).args(["resume", "--help"]).output();
    let lacks = !sfs.is_ok_and(|output| output.status.success());
    if lacks {
        eprintln!("SKIPPED: this build has no `sfs resume`");
    }
    lacks
}

/// A native session with what is asked next.
fn then_asked(native: &Native) -> Conversation {
    native.conversation.clone().and(Role::User, NEXT)
}

/// Captures, and checks that there is one session of `turns` turns.
#[track_caller]
fn capture(sandbox: &Sandbox, tool: Tool, native: &Native, turns: u64) -> Value {
    sandbox.sfs(&["capture"]).ok();
    let session = only_session(sandbox);
    assert_eq!(session["tool"], tool.name(), "{session:#}");
    assert_eq!(session["native_id"], native.id.as_str(), "{session:#}");
    assert_eq!(session["turns"], turns, "{session:#}");
    session
}

/// Restores the newest session, and checks that each of `transcripts` is there
/// byte for byte.
#[track_caller]
fn assert_restored(sandbox: &Sandbox, transcripts: &[&Path]) {
    let to = sandbox.folder("restored");
    sandbox.sfs(&["restore", "@", "--to", &to.to_string_lossy()]).ok();
    let restored: Vec<Vec<u8>> =
        files(&to).iter().map(|file| fs::read(file).expect("a restored file")).collect();
    for transcript in transcripts {
        let native = fs::read(transcript).expect("a transcript");
        assert!(restored.contains(&native), "{} isn't restored byte for byte", transcript.display());
    }
}

/// There and back: what the tool `there` makes of it becomes new turns of the
/// same session, and the first tool gets its own part back as it was, and the
/// rest carried over.
fn there_and_back(
    sandbox: &Sandbox,
    native: &Native,
    here: Tool,
    there: Tool,
    work: [real::script::Part; 2],
) {
    let before = capture(sandbox, here, native, 3);
    let resumed = Resumed::new(sandbox, "@", there);
    let server = there.server([on("SFS-NEXT", work), on("carried-on", [text("Done there ✓.")])]);
    let asked = resumed.go_on_with(sandbox, &sandbox.project, &server, NEXT);
    Expected::carried(&then_asked(native)).assert(&asked);

    let after = capture(sandbox, here, native, 4);
    assert_eq!(after["id"], before["id"], "the same session goes on");
    let back = Resumed::new(sandbox, "@", here);
    assert_ne!(back.path, native.path, "the session that was there is left alone");
    let there = last_request(&server).from(NEXT).and(Role::Assistant, "Done there ✓.").and(Role::User, HOME);
    Expected::own(&native.conversation).then_carried(&there).assert(&back.go_on(sandbox, HOME));
    capture(sandbox, here, native, 5);
}

#[test]
fn claude_code_to_codex_and_back() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    let work = [text("I carry on."), call("exec_command", json!({"cmd": "echo carried-on"}))];
    there_and_back(&sandbox, &native, Tool::Claude, Tool::Codex, work);
    assert_restored(&sandbox, &[&native.path]);
}

#[test]
fn codex_to_claude_code_and_back() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = codex_session(&sandbox);
    let work =
        [text("I carry on."), call("Bash", json!({"command": "echo carried-on", "description": "Go on"}))];
    there_and_back(&sandbox, &native, Tool::Codex, Tool::Claude, work);
    assert_restored(&sandbox, &[&native.path]);
}

/// The tip and an earlier turn of a session, resumed in its own tool.
fn in_its_own_tool(sandbox: &Sandbox, native: &Native, tool: Tool) {
    let untouched = fs::read(&native.path).expect("the transcript");
    capture(sandbox, tool, native, 3);
    let fork = Resumed::new(sandbox, "@~1", tool);
    let tip = Resumed::new(sandbox, "@", tool);
    assert!(!fork.text().contains(LAST), "the fork has what came after it");

    let earlier = native.conversation.before(THREE).and(Role::User, NEXT);
    Expected::own(&earlier).assert(&fork.go_on(sandbox, NEXT));
    Expected::own(&then_asked(native)).assert(&tip.go_on(sandbox, NEXT));
    assert_eq!(fs::read(&native.path).ok(), Some(untouched), "the session that was there is left alone");
}

#[test]
fn claude_code_to_itself_at_the_tip_and_before() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    in_its_own_tool(&sandbox, &native, Tool::Claude);
}

#[test]
fn codex_to_itself_at_the_tip_and_before() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = codex_session(&sandbox);
    in_its_own_tool(&sandbox, &native, Tool::Codex);
}

#[test]
fn an_earlier_turn_of_claude_code_resumes_in_codex() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    capture(&sandbox, Tool::Claude, &native, 3);
    let fork = Resumed::new(&sandbox, "@~2", Tool::Codex);
    let earlier = native.conversation.before(real::scenario::TWO).and(Role::User, NEXT);
    Expected::carried(&earlier).assert(&fork.go_on(&sandbox, NEXT));
    let prompt_alone = Resumed::new(&sandbox, "@:1", Tool::Codex);
    assert!(prompt_alone.text().contains("SFS-ONE"), "message 1 is the first prompt");
    let asked = prompt_alone.go_on(&sandbox, NEXT);
    let said = Conversation::default().and(Role::User, ONE).and(Role::User, NEXT);
    Expected::carried(&said).assert(&asked);
}

/// The revisions in which the state before a compaction may be found: some
/// turns back, or the tip of a branch that was kept.
fn revisions(session: &Value) -> Vec<String> {
    let id = session["id"].as_str().unwrap_or_default();
    let branches = session["branches"].as_array().map(Vec::as_slice).unwrap_or_default();
    let name = |branch: &Value| branch.as_str().or_else(|| branch["name"].as_str()).map(str::to_owned);
    let tips = branches.iter().filter_map(name).map(|name| format!("{id}/{name}"));
    (1..=3).map(|n| format!("@~{n}")).chain(tips).collect()
}

#[test]
fn the_state_before_a_compaction_resumes_in_codex() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let (_, early) = compacted_session(&sandbox);
    sandbox.sfs(&["capture"]).ok();
    let session = only_session(&sandbox);
    let compacted = Resumed::new(&sandbox, "@", Tool::Codex);
    assert!(compacted.text().contains("SFS-AFTER"), "the tip is what came after the compaction");
    let late = Conversation::default().and(Role::User, "SFS-AFTER it").and(Role::Assistant, "Late answer.");
    let asked = compacted.go_on(&sandbox, NEXT);
    assert!(asked.items.ends_with(&late.and(Role::User, NEXT).items), "{asked:#?}");
    let summary = |item: &Item| matches!(item, Item::Text { text, .. } if text.contains("SFS-SUMMARY"));
    assert!(asked.items.iter().any(summary), "the summary is part of it: {asked:#?}");

    let whole = |resumed: &Resumed| {
        resumed.text().contains("Early answer two.") && !resumed.text().contains("SFS-SUMMARY")
    };
    let tried = revisions(&session);
    let runs = tried.iter().filter(|rev| {
        let args = ["resume", rev.as_str(), "--in", "codex", "--json"];
        sandbox.sfs(&args).succeeded()
    });
    let mut resumed = runs.map(|rev| Resumed::new(&sandbox, rev, Tool::Codex));
    let resumed =
        resumed.find(whole).unwrap_or_else(|| panic!("none of {tried:?} is the state before: {session:#}"));
    Expected::carried(&early.and(Role::User, NEXT)).assert(&resumed.go_on(&sandbox, NEXT));
}

#[test]
fn a_session_resumes_where_the_project_lies_elsewhere() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::moved() else { return };
    let native = claude_session(&sandbox);
    capture(&sandbox, Tool::Claude, &native, 3);
    let other = sandbox.other_project("its new place");
    let folders = [sandbox.project.as_path(), other.as_path()];
    let expected = then_asked(&native).without_paths(&folders);
    let there = other.to_string_lossy().into_owned();

    let codex = Resumed::with(&sandbox, "@", Tool::Codex, &["--project", &there]);
    assert!(codex.path.starts_with(sandbox.codex_home()), "{} is not below CODEX_HOME", codex.path.display());
    let asked = codex.go_on_with(&sandbox, &other, &Tool::Codex.server([]), NEXT);
    Expected::carried(&expected).assert(&asked.without_paths(&folders));

    let claude = Resumed::with(&sandbox, "@", Tool::Claude, &["--project", &there]);
    assert!(
        claude.path.starts_with(sandbox.claude_home()),
        "{} is not below CLAUDE_CONFIG_DIR",
        claude.path.display()
    );
    let asked = claude.go_on_with(&sandbox, &other, &Tool::Claude.server([]), NEXT);
    Expected::own(&expected).assert(&asked.without_paths(&folders));
    for (tool, file) in [("Read", "pic.png"), ("Write", "new.txt"), ("Edit", "new.txt")] {
        let paths: Vec<&Value> = asked.calls(tool).into_iter().map(|input| &input["file_path"]).collect();
        assert_eq!(paths, [&json!(other.join(file))], "{tool} works on the file in the new place");
    }
}

#[test]
fn a_session_with_a_subagent_resumes_whole_and_keeps_the_subagent() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = delegating_session(&sandbox);
    sandbox.sfs(&["capture"]).ok();
    let resumed = Resumed::new(&sandbox, "@", Tool::Codex);
    let server = Tool::Codex.server([]);
    let asked = resumed.go_on_with(&sandbox, &sandbox.project, &server, NEXT);
    Expected::carried(&then_asked(&native)).assert(&asked);
    assert!(resumed.text().contains(REPORT), "what the subagent reported is part of the main line");

    let transcripts = sandbox.claude_transcripts();
    let subagent = transcripts.iter().find(|path| path.iter().any(|part| part == "subagents"));
    assert_restored(&sandbox, &[&native.path, subagent.expect("the subagent's transcript")]);
    let list = sandbox.sfs(&["list", "--all", "--json"]).json();
    assert!(is_listed(&sandbox, &list), "neither list nor log show the subagent: {list:#}");
}

/// Whether what the subagent was asked is in a log that `sfs list` leads to.
fn is_listed(sandbox: &Sandbox, list: &Value) -> bool {
    let sessions = list.as_array().map(Vec::as_slice).unwrap_or_default();
    let ids = sessions.iter().filter_map(|session| session["id"].as_str().map(str::to_owned));
    let revs = ids.chain(sessions.iter().flat_map(revisions));
    let logs = revs.map(|rev| sandbox.sfs(&["log", &rev, "--json"])).filter(real::tools::Run::succeeded);
    logs.into_iter().any(|log| log.stdout.contains(TASK))
}

/// A written session that is damaged before its tool resumes it: the
/// comparison that passes for the whole one must fail.
fn damage_is_noticed(sandbox: &Sandbox, native: &Native, here: Tool, there: Tool) {
    capture(sandbox, here, native, 3);
    let carried = Expected::carried(&then_asked(native));
    let whole = Resumed::new(sandbox, "@", there);
    carried.assert(&whole.go_on(sandbox, NEXT));

    let damages: [fn(&Path); 2] =
        [|path| drop_line(path, "One of them failed."), |path| change(path, "No such file", "No such fi1e")];
    for damage in damages {
        let resumed = Resumed::new(sandbox, "@", there);
        damage(&resumed.path);
        let server = there.server([]);
        let asked = there.go_on(sandbox, &sandbox.project, &server, &resumed.id, NEXT);
        carried.compare(&asked).expect_err("the damage must be noticed");
    }
}

#[test]
fn damage_to_what_is_written_for_codex_is_noticed() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = claude_session(&sandbox);
    damage_is_noticed(&sandbox, &native, Tool::Claude, Tool::Codex);
}

#[test]
fn damage_to_what_is_written_for_claude_code_is_noticed() {
    if lacks_resume() {
        return;
    }
    let Some(sandbox) = Sandbox::new() else { return };
    let native = codex_session(&sandbox);
    damage_is_noticed(&sandbox, &native, Tool::Codex, Tool::Claude);
}

#[test]
fn the_scenarios_hold_what_the_tests_rely_on() {
    let Some(sandbox) = Sandbox::new() else { return };
    let claude = claude_session(&sandbox).conversation.items;
    let codex = codex_session(&sandbox).conversation.items;
    for (name, items) in [("claude", &claude), ("codex", &codex)] {
        let some = |what: &dyn Fn(&Item) -> bool| items.iter().any(what);
        assert_eq!(items.first(), Conversation::default().and(Role::User, ONE).items.first(), "{name}");
        assert!(some(&|item| matches!(item, Item::Thinking { genuine: true, .. })), "{name}: thinking");
        assert!(some(&|item| matches!(item, Item::Image { .. })), "{name}: an image in a prompt");
        assert!(
            some(&|i| matches!(i, Item::Result { images, .. } if !images.is_empty())),
            "{name}: an image in a result"
        );
        let beside = |pair: &[Item]| matches!(pair, [Item::Call { .. }, Item::Call { .. }]);
        assert!(items.windows(2).any(beside), "{name}: calls side by side");
        assert!(!some(&|item| matches!(item, Item::Other { .. })), "{name}: nothing unknown");
    }
    assert!(
        claude.iter().any(|item| matches!(item, Item::Result { is_error: true, .. })),
        "an error in claude"
    );
}

#[test]
fn the_longer_scenarios_hold_what_the_tests_rely_on() {
    let Some(sandbox) = Sandbox::new() else { return };
    let delegating = delegating_session(&sandbox);
    assert!(delegating.conversation.calls("Agent").len() == 1, "a subagent was started");
    let holds = |path: &Path, word: &str| fs::read_to_string(path).expect("a transcript").contains(word);
    assert!(
        !holds(&delegating.path, DELEGATED) && holds(&delegating.path, REPORT),
        "the subagent keeps its own file"
    );
    let transcripts = sandbox.claude_transcripts();
    assert!(
        transcripts.iter().any(|path| *path != delegating.path && holds(path, DELEGATED)),
        "{transcripts:?}"
    );

    let Some(sandbox) = Sandbox::new() else { return };
    let (compacted, early) = compacted_session(&sandbox);
    let text = fs::read_to_string(&compacted.path).expect("a transcript");
    assert!(text.contains("compact_boundary") && text.contains("SFS-SUMMARY"), "the session was compacted");
    assert!(compacted.conversation.calls("Bash").is_empty(), "the early call isn't sent any more");
    assert_eq!(early.calls("Bash").len(), 1, "it was before");
}

/// A session as it goes over to the other tool, in versions that some still use.
fn goes_over(sandbox: &Sandbox, native: &Native, here: Tool, there: Tool) {
    let before = capture(sandbox, here, native, 3);
    let asked = Resumed::new(sandbox, "@", there).go_on(sandbox, NEXT);
    Expected::carried(&then_asked(native)).assert(&asked);
    sandbox.sfs(&["capture"]).ok();
    assert_eq!(only_session(sandbox)["id"], before["id"], "the same session goes on");
    // Claude Code 2.0 copies what it goes on with, so that there may be more than four turns.
    let log = sandbox.sfs(&["log", "@", "--json"]).json();
    assert_eq!(log[0]["title"], NEXT, "{log:#}");
    assert_restored(sandbox, &[&native.path]);
}

#[test]
fn an_old_claude_code_to_an_old_codex() {
    let Some(sandbox) = Sandbox::of(Age::Old) else { return };
    let native = claude_session(&sandbox);
    goes_over(&sandbox, &native, Tool::Claude, Tool::Codex);
}

#[test]
fn an_old_codex_to_an_old_claude_code() {
    let Some(sandbox) = Sandbox::of(Age::Old) else { return };
    let mut native = codex_session(&sandbox);
    // It keeps what a patch said as JSON, and tells its model in other words.
    for item in &mut native.conversation.items {
        let Item::Result { texts, .. } = item else { continue };
        for text in texts.iter_mut().filter(|text| text.contains("Success. Updated")) {
            let output = text.split_once("Output:\n").map_or("", |(_, output)| output);
            let kept = json!({"output": output, "metadata": {"exit_code": 0, "duration_seconds": 0.0}});
            *text = kept.to_string();
        }
    }
    goes_over(&sandbox, &native, Tool::Codex, Tool::Claude);
}

#[test]
fn an_old_claude_code_to_itself_at_the_tip_and_before() {
    let Some(sandbox) = Sandbox::of(Age::Old) else { return };
    let native = claude_session(&sandbox);
    in_its_own_tool(&sandbox, &native, Tool::Claude);
}

#[test]
fn an_old_codex_to_itself_at_the_tip_and_before() {
    let Some(sandbox) = Sandbox::of(Age::Old) else { return };
    let native = codex_session(&sandbox);
    in_its_own_tool(&sandbox, &native, Tool::Codex);
}
